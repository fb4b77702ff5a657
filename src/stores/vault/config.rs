//! Settings and environment -> [`Config`]. Pure.
//!
//! For each X, `BAO_X` wins over `VAULT_X` as soon as it is set, even to nothing, as in OpenBao's own CLI.

use super::infer::{self, Login};
use super::locate::clean;
use super::settings::{Named, complaint, text_of};
use crate::auth::{Source, Spoken};
use crate::environment::Environment;
use crate::net::{Identity, Origin, Trust};
use crate::stores::{Complaint, Settings};
use std::path::PathBuf;

/// Where a Vault is when nothing says so.
const DEFAULT_ADDRESS: &str = "https://127.0.0.1:8200";
/// The KV mount of a dev server and of every tutorial.
const DEFAULT_MOUNT: &str = "secret";

/// A Vault or OpenBao, ready to log in.
#[derive(Clone, Debug)]
pub struct Config {
    /// Addresses, tried in turn; at least one.
    pub origins: Vec<Origin>,
    /// The namespace, without slashes at its ends.
    pub namespace: Option<String>,
    /// The mount that paths are relative to, without slashes at its ends.
    pub mount: String,
    /// The version of the mount, where the user knows it.
    pub kv_version: Option<u8>,
    /// Whom to trust.
    pub trust: Trust,
    /// The certificate to show.
    pub identity: Option<Identity>,
    /// The name to verify instead of the address's host.
    pub server_name: Option<String>,
    /// How to log in.
    pub login: Login,
    /// Why that way.
    pub reason: String,
}

impl Config {
    /// Reads settings, and the environment where they are silent.
    ///
    /// # Errors
    ///
    /// Everything that is wrong with them.
    pub fn new(settings: &Settings, environment: &Environment<'_>) -> Result<Config, Vec<Complaint>> {
        let mut complaints = Vec::new();
        let mut twin = |name: &str| keep(text_of(environment, name), &mut complaints).flatten();
        let address = twin("ADDR");
        let namespace = twin("NAMESPACE");
        let server_name = twin("TLS_SERVER_NAME");
        let skip = twin("SKIP_VERIFY");
        let authorities = [twin("CACERT"), twin("CACERT_BYTES"), twin("CAPATH")];
        let identity = [twin("CLIENT_CERT"), twin("CLIENT_KEY")];

        let origins = keep(origins(settings, address), &mut complaints);
        let login = keep(infer::login(settings, environment), &mut complaints);
        let mount = keep(mount(settings), &mut complaints);
        let namespace = keep(self::namespace(settings, namespace), &mut complaints);
        let skip = keep(skip_tls_verify(settings, skip), &mut complaints);
        let identity = keep(client_identity(settings, identity), &mut complaints);
        if !complaints.is_empty() {
            return Err(complaints);
        }
        let (Some(origins), Some((login, reason)), Some(mount), Some(namespace), Some(skip), Some(identity)) =
            (origins, login, mount, namespace, skip, identity)
        else {
            return Err(complaints);
        };
        Ok(Config {
            origins,
            namespace,
            mount,
            kv_version: settings.text("kv_version").and_then(|text| text.parse().ok()),
            trust: if skip { Trust::Anyone } else { trust(settings, authorities) },
            identity,
            server_name: settings.text("tls_server_name").or(server_name.map(|(_, text)| text)).map(str::to_owned),
            login,
            reason,
        })
    }

    /// Who is asked, and as whom. Two providers with one identity share a login; what they do with it may differ.
    pub fn identity(&self) -> String {
        let origins: Vec<String> = self.origins.iter().map(|origin| format!("{origin}{}", origin.prefix)).collect();
        let login = match &self.login {
            Login::Token(source) => format!("token {}", Spoken(source)),
            Login::Left(path) => format!("token {}", path.display()),
            Login::AppRole { mount, role_id, secret_id } => {
                let secret_id = secret_id.as_ref().map(|source| Spoken(source).to_string()).unwrap_or_default();
                format!("approle {mount} {} {secret_id}", Spoken(role_id))
            }
        };
        let namespace = self.namespace.as_deref().unwrap_or_default();
        let origins = origins.join(",");
        format!("vault {origins} [{namespace}] {login} {:?} {:?} {:?}", self.trust, self.identity, self.server_name)
    }

    /// The variables that a credential is taken from.
    pub fn credentials(&self) -> Vec<String> {
        let source = match &self.login {
            Login::Token(source) => Some(source),
            Login::Left(_) => None,
            Login::AppRole { secret_id, .. } => secret_id.as_ref(),
        };
        match source {
            Some(Source::Variable(name)) => vec![name.clone()],
            _ => Vec::new(),
        }
    }
}

fn at(mut complaint: Complaint, settings: &Settings, key: &str) -> Complaint {
    complaint.place = settings.place_of(key);
    complaint
}

fn keep<T>(outcome: Result<T, Complaint>, complaints: &mut Vec<Complaint>) -> Option<T> {
    outcome.map_err(|complaint| complaints.push(complaint)).ok()
}

fn mount(settings: &Settings) -> Result<String, Complaint> {
    let mount = settings.text("mount").unwrap_or(DEFAULT_MOUNT).trim_matches('/');
    clean("mount", mount).map(str::to_owned).map_err(|complaint| at(complaint, settings, "mount"))
}

fn namespace(settings: &Settings, variable: Option<Named<'_>>) -> Result<Option<String>, Complaint> {
    let text = settings.text("namespace").or(variable.map(|(_, text)| text)).unwrap_or_default();
    match text.trim().trim_matches('/') {
        "" => Ok(None),
        text => clean("namespace", text)
            .map(|text| Some(text.to_owned()))
            .map_err(|complaint| at(complaint, settings, "namespace")),
    }
}

fn origins(settings: &Settings, variable: Option<Named<'_>>) -> Result<Vec<Origin>, Complaint> {
    let written = settings.list("address");
    let cure = "write it as https://vault.internal:8200";
    if settings.keys.contains_key("address") {
        if written.is_empty() {
            return Err(at(complaint("`address` is empty".to_owned(), cure), settings, "address"));
        }
        let parse = |text: &&str| {
            Origin::parse(text.trim())
                .map_err(|why| at(complaint(format!("`address`: {why}"), cure), settings, "address"))
        };
        return written.iter().map(parse).collect();
    }
    let (name, text) = variable.unwrap_or_else(|| ("the default address".to_owned(), DEFAULT_ADDRESS));
    let origin = Origin::parse(text).map_err(|why| complaint(format!("{name}: {why}"), cure))?;
    Ok(vec![origin])
}

/// As in Vault, the first that is set of CACERT, CACERT_BYTES and CAPATH, alone, in the place of the system's roots.
fn trust(settings: &Settings, [file, bytes, directory]: [Option<Named<'_>>; 3]) -> Trust {
    if let Some(text) = settings.text("ca_cert") {
        return if text.contains("-----BEGIN") {
            Trust::Pem(text.to_owned())
        } else {
            Trust::File(PathBuf::from(text))
        };
    }
    if let Some(path) = settings.text("ca_path") {
        return Trust::Directory(PathBuf::from(path));
    }
    match (file, bytes, directory) {
        (Some((_, path)), ..) => Trust::File(PathBuf::from(path)),
        (None, Some((_, pem)), _) => Trust::Pem(pem.to_owned()),
        (None, None, Some((_, path))) => Trust::Directory(PathBuf::from(path)),
        (None, None, None) => Trust::System,
    }
}

fn skip_tls_verify(settings: &Settings, variable: Option<Named<'_>>) -> Result<bool, Complaint> {
    if let Some(flag) = settings.flag("skip_tls_verify") {
        return Ok(flag);
    }
    match variable {
        None => Ok(false),
        Some((_, "1" | "t" | "T" | "true" | "TRUE" | "True")) => Ok(true),
        Some((_, "0" | "f" | "F" | "false" | "FALSE" | "False")) => Ok(false),
        Some((name, _)) => Err(complaint(format!("{name} is neither true nor false"), "write true or false")),
    }
}

fn client_identity(
    settings: &Settings,
    [certificate, key]: [Option<Named<'_>>; 2],
) -> Result<Option<Identity>, Complaint> {
    let cure = "give the paths of both PEM files, or neither";
    let written = (settings.text("client_cert"), settings.text("client_key"));
    let pair = match written {
        (None, None) => (certificate.map(|(_, text)| text), key.map(|(_, text)| text)),
        written => written,
    };
    match pair {
        (None, None) => Ok(None),
        (Some(_), Some(key)) if key.contains("-----BEGIN") => {
            let what = "`client_key` holds a private key".to_owned();
            Err(at(complaint(what, "keep the key in a file and write its path"), settings, "client_key"))
        }
        (Some(certificate), Some(key)) => {
            Ok(Some(Identity { certificate: PathBuf::from(certificate), key: PathBuf::from(key) }))
        }
        // The other one was written and refused.
        (Some(_), None) | (None, Some(_)) if settings.refused => Ok(None),
        (Some(_), None) => {
            Err(at(complaint("a client certificate without its key".to_owned(), cure), settings, "client_cert"))
        }
        (None, Some(_)) => {
            Err(at(complaint("a client key without its certificate".to_owned(), cure), settings, "client_key"))
        }
    }
}
