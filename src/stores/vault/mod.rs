//! HashiCorp Vault and OpenBao: one protocol, one room.
//!
//! # Where it is
//! `address`, else `BAO_ADDR`, `VAULT_ADDR`, else `https://127.0.0.1:8200`; several are tried in turn.
//!
//! # Who logs in
//! `token` or `approle`, as the manifest says or as the variables of Vault's own CLI let one infer ([`infer`]).
//!
//! # What a path is
//! Relative to `mount`, with the version of the KV found out, unless it leads to another engine ([`locate`], [`read`]).
//!
//! # What is left behind
//! Nothing: the token of a login is revoked after the last read, unless leases hang on it ([`session`]).

mod config;
#[cfg(test)]
mod config_tests;
mod door;
mod infer;
mod locate;
mod login;
mod lookup;
mod read;
mod session;
mod settings;
#[cfg(not(fuzzing))]
mod wire;
#[cfg(fuzzing)]
pub mod wire;
#[cfg(test)]
mod wire_tests;

use super::{Complaint, Context, Failure, Form, Key, Locator, Method, Session, Shape, Spec, Store, Wanted};
use crate::net::{Client, Options};
use config::Config;
use locate::Reading;
use std::sync::{Arc, Mutex, PoisonError};

/// Connections for reads that are opened ahead: as many as there are workers for one login.
const CONNECTIONS: usize = 16;

/// What the plan may know of it.
pub static SPEC: Spec = Spec {
    kind: "vault",
    aliases: &["openbao"],
    title: "HashiCorp Vault, OpenBao",
    keys: &[
        Key { name: "address", form: Form::List, meaning: "where it is, https://HOST:PORT; several are tried in turn" },
        Key { name: "mount", form: Form::Text, meaning: "the KV mount that paths are relative to; default secret" },
        Key { name: "namespace", form: Form::Text, meaning: "the namespace" },
        Key {
            name: "kv_version",
            form: Form::OneOf(&["1", "2"]),
            meaning: "the version of the KV, to save the look-up",
        },
        Key { name: "ca_cert", form: Form::Text, meaning: "the CA to trust: a PEM file, or the PEM itself" },
        Key { name: "ca_path", form: Form::Text, meaning: "a directory of PEM files with CAs to trust" },
        Key { name: "skip_tls_verify", form: Form::Boolean, meaning: "trust whoever answers; warned of at each start" },
        Key { name: "tls_server_name", form: Form::Text, meaning: "the name to verify instead of the address's host" },
        Key { name: "client_cert", form: Form::Text, meaning: "a PEM file with a certificate to show" },
        Key { name: "client_key", form: Form::Text, meaning: "the PEM file of its key" },
    ],
    methods: &[
        Method {
            name: "token",
            fields: &[Key { name: "token", form: Form::Credential, meaning: "the token; default VAULT_TOKEN" }],
            meaning: "a token from outside, which is never revoked",
        },
        Method {
            name: "approle",
            fields: &[
                Key { name: "role_id", form: Form::Name, meaning: "the role; default VAULT_ROLE_ID" },
                Key { name: "secret_id", form: Form::Credential, meaning: "its secret; default VAULT_SECRET_ID" },
                Key { name: "mount", form: Form::Text, meaning: "where the method is mounted; default approle" },
            ],
            meaning: "AppRole",
        },
    ],
    credentials: &["VAULT_TOKEN", "BAO_TOKEN", "VAULT_SECRET_ID", "BAO_SECRET_ID"],
    shape: Shape::Fields,
    configure: |settings, environment| {
        let config = Config::new(settings, environment)?;
        Ok(Arc::new(Vault { config, client: Mutex::default() }))
    },
};

/// A configured Vault.
struct Vault {
    config: Config,
    /// Made at the first attempt to log in, because it reads CA files.
    client: Mutex<Option<Arc<Client>>>,
}

impl Vault {
    fn client(&self, context: &Context) -> Result<Arc<Client>, Failure> {
        let mut slot = self.client.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = &*slot {
            return Ok(Arc::clone(client));
        }
        let options = Options {
            origins: &self.config.origins,
            trust: &self.config.trust,
            identity: self.config.identity.as_ref(),
            server_name: self.config.server_name.as_deref(),
            trust_cure: "name the CA that signed it in `ca_cert` of the provider, or in VAULT_CACERT",
        };
        let client = Arc::new(Client::new(&options, context)?);
        *slot = Some(Arc::clone(&client));
        Ok(client)
    }
}

impl Store for Vault {
    fn identity(&self) -> String {
        self.config.identity()
    }

    fn location(&self) -> String {
        self.config.origins.first().map(ToString::to_string).unwrap_or_default()
    }

    fn login_reason(&self) -> String {
        self.config.reason.clone()
    }

    fn credentials(&self) -> Vec<String> {
        self.config.credentials()
    }

    fn locate(&self, wanted: &Wanted<'_>) -> Result<Locator, Complaint> {
        locate::locate(wanted, &self.config.mount, self.config.kv_version)
    }

    /// A connection for each read and one for the look-up of the mounts, where one is needed; the login takes whichever is
    /// ready first, and gives it back.
    fn expect(&self, reads: &[&Locator], context: &Context) {
        let Ok(client) = self.client(context) else {
            return;
        };
        let lookup = reads.iter().any(|read| matches!(locate::open(read).0, Reading::Either | Reading::Mount));
        client.open_ahead(reads.len().min(CONNECTIONS) + usize::from(lookup), context.deadline);
    }

    fn login(&self, context: &Context) -> Result<Box<dyn Session>, Failure> {
        let client = self.client(context)?;
        Ok(Box::new(login::login(&self.config, client, context)?))
    }
}
