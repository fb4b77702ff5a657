//! Stores for tests: data that behaves like a store's provider, and asks nobody.

use crate::environment::Environment;
use crate::stores::{
    Complaint, Context, Failure, Form, Key, Locator, Method, Retry, Session, Settings, Shape, Spec, Store, Value,
    Wanted,
};
use std::sync::Arc;

/// A store with logins and fields, and one with neither.
pub static SPECS: &[&Spec] = &[&VAULT, &FILE];

const fn key(name: &'static str, form: Form) -> Key {
    Key { name, form, meaning: "" }
}

static VAULT: Spec = Spec {
    kind: "vault",
    aliases: &["openbao"],
    title: "Vault",
    keys: &[
        key("address", Form::List),
        key("mount", Form::Text),
        key("namespace", Form::Text),
        key("kv_version", Form::OneOf(&["1", "2"])),
        key("ca_cert", Form::Text),
        key("skip_tls_verify", Form::Boolean),
    ],
    methods: &[
        Method { name: "token", fields: &[key("token", Form::Credential)], meaning: "" },
        Method {
            name: "approle",
            fields: &[key("mount", Form::Text), key("role_id", Form::Name), key("secret_id", Form::Credential)],
            meaning: "",
        },
    ],
    credentials: &["VAULT_TOKEN", "VAULT_SECRET_ID"],
    shape: Shape::Fields,
    configure: |settings, environment| configure("vault", settings, environment),
};

static FILE: Spec = Spec {
    kind: "file",
    aliases: &[],
    title: "files",
    keys: &[key("root", Form::Text)],
    methods: &[],
    credentials: &[],
    shape: Shape::Value,
    configure: |settings, environment| configure("file", settings, environment),
};

fn configure(kind: &str, settings: &Settings, environment: &Environment<'_>) -> Result<Arc<dyn Store>, Vec<Complaint>> {
    let location = match kind {
        "file" => settings.text("root").unwrap_or("/run/secrets"),
        _ => match settings.list("address").first() {
            Some(address) => address,
            None => environment.filled("VAULT_ADDR").ok_or_else(|| {
                vec![Complaint {
                    what: "no address".into(),
                    cure: "set VAULT_ADDR, or `address`".into(),
                    place: settings.place.clone(),
                }]
            })?,
        },
    };
    let credentials = settings.auth.values().filter_map(|given| match &given.value {
        Value::Env(name) => Some(name.clone()),
        _ => None,
    });
    let method = settings.method.clone().unwrap_or_else(|| "token".into());
    let login = if kind == "file" { String::new() } else { format!("{method} (a test)") };
    Ok(Arc::new(Fake {
        identity: format!("{location} {}", settings.text("namespace").unwrap_or_default()),
        location: location.to_owned(),
        login,
        credentials: credentials.collect(),
    }))
}

struct Fake {
    identity: String,
    location: String,
    login: String,
    credentials: Vec<String>,
}

impl Store for Fake {
    fn identity(&self) -> String {
        self.identity.clone()
    }

    fn location(&self) -> String {
        self.location.clone()
    }

    fn login_reason(&self) -> String {
        self.login.clone()
    }

    fn credentials(&self) -> Vec<String> {
        self.credentials.clone()
    }

    fn locate(&self, wanted: &Wanted<'_>) -> Result<Locator, Complaint> {
        if wanted.path == "bad" {
            return Err(Complaint { what: "a bad path".into(), cure: "write a good one".into(), place: None });
        }
        Ok(Locator {
            path: wanted.path.to_owned(),
            mount: wanted.mount.map(str::to_owned),
            version: wanted.version.map(str::to_owned),
        })
    }

    fn login(&self, _: &Context) -> Result<Box<dyn Session>, Failure> {
        Err(Failure {
            kind: crate::exit::Kind::Unavailable,
            answered: "a test asks nobody".into(),
            cure: None,
            retry: Retry::Never,
        })
    }
}
