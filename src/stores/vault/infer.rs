//! How to log in: as the manifest says, else as the variables let one infer. Pure.

use super::locate::clean;
use super::settings::{complaint, field, text_of, twin_of};
use crate::auth::Source;
use crate::environment::Environment;
use crate::stores::{Complaint, Settings, Value};
use std::path::PathBuf;

/// Methods of Vault that a later version may take: their names give a better message than "unknown".
const LATER: [&str; 8] = ["kubernetes", "jwt", "cert", "userpass", "ldap", "aws", "azure", "gcp"];

/// The cure where there is nothing to log in with.
pub const WHAT_TO_SET: &str =
    "set VAULT_TOKEN, VAULT_TOKEN_FILE, or VAULT_ROLE_ID with VAULT_SECRET_ID or VAULT_SECRET_ID_FILE";

/// How to log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Login {
    /// With a token given from outside, which is never revoked.
    Token(Source),
    /// With the token that the CLI left in this file, for want of anything else.
    Left(PathBuf),
    /// With AppRole.
    AppRole {
        /// Where the auth method is mounted, without `auth/`.
        mount: String,
        /// The role.
        role_id: Source,
        /// Its secret; none for a role that needs none (`bind_secret_id=false`).
        secret_id: Option<Source>,
    },
}

/// How to log in, and why that way.
///
/// # Errors
///
/// A method that is not there, a field that is missing, or nothing to log in with at all.
pub fn login(settings: &Settings, environment: &Environment<'_>) -> Result<(Login, String), Complaint> {
    let written = settings.method.as_deref().or_else(|| {
        // Fields without a method say which one is meant.
        [("role_id", "approle"), ("secret_id", "approle"), ("token", "token")]
            .into_iter()
            .find(|(name, _)| settings.auth.contains_key(*name))
            .map(|(_, method)| method)
    });
    let here = |mut complaint: Complaint| {
        complaint.place = complaint.place.or_else(|| settings.place.clone());
        complaint
    };
    match written {
        Some("token") => token(settings, environment).map_err(here),
        Some("approle") => approle(settings, environment).map_err(here),
        Some(method) if LATER.contains(&method) => Err(here(complaint(
            format!("auth method `{method}` is not supported by this version"),
            "use `token` or `approle`",
        ))),
        Some(method) => {
            Err(here(complaint(format!("`{method}` is no auth method of Vault"), "use `token` or `approle`")))
        }
        None if settings.auth.is_empty() => inferred(environment).map_err(here),
        None => Err(here(complaint("`auth` has no `method`".to_owned(), "add `method: approle` or `method: token`"))),
    }
}

fn token(settings: &Settings, environment: &Environment<'_>) -> Result<(Login, String), Complaint> {
    only(settings, "token", &["token"])?;
    if let Some(source) = field(settings, "token", true)? {
        present(settings, "token", &source, environment)?;
        return Ok((Login::Token(source), "token (from the manifest)".to_owned()));
    }
    if let Some((name, source)) = from_twins(environment, "TOKEN")? {
        return Ok((Login::Token(source), format!("token ({name})")));
    }
    let missing =
        || complaint("method `token` has no token".to_owned(), "add `token: { env: NAME }` or set VAULT_TOKEN");
    let path = token_file(environment).ok_or_else(missing)?;
    let reason = format!("token (the file {})", path.display());
    Ok((Login::Left(path), reason))
}

fn approle(settings: &Settings, environment: &Environment<'_>) -> Result<(Login, String), Complaint> {
    only(settings, "approle", &["role_id", "secret_id", "mount"])?;
    let mount = match settings.auth.get("mount").map(|given| &given.value) {
        None => "approle",
        Some(Value::Text(text)) => text,
        Some(_) => {
            return Err(complaint("`auth.mount` is a text".to_owned(), "write the path of the auth method"));
        }
    };
    // People copy `auth/approle` from `vault auth list`.
    let mount = mount.trim_matches('/');
    let mount = clean("auth mount", mount.strip_prefix("auth/").unwrap_or(mount))?.to_owned();
    let role_id = match field(settings, "role_id", false)? {
        Some(source) => source,
        None => from_twins(environment, "ROLE_ID")?.map(|(_, source)| source).ok_or_else(|| {
            complaint("method `approle` has no `role_id`".to_owned(), "add `role_id`, or set VAULT_ROLE_ID")
        })?,
    };
    let secret_id = match field(settings, "secret_id", true)? {
        Some(source) => Some(source),
        None => from_twins(environment, "SECRET_ID")?.map(|(_, source)| source),
    };
    present(settings, "role_id", &role_id, environment)?;
    secret_id.iter().try_for_each(|source| present(settings, "secret_id", source, environment))?;
    Ok((Login::AppRole { mount, role_id, secret_id }, "approle (from the manifest)".to_owned()))
}

fn inferred(environment: &Environment<'_>) -> Result<(Login, String), Complaint> {
    let role_id = from_twins(environment, "ROLE_ID")?;
    if let Some((name, source)) = from_twins(environment, "TOKEN")? {
        let beaten = role_id.map(|(role, _)| format!(", and wins over {role}")).unwrap_or_default();
        return Ok((Login::Token(source), format!("token ({name} is set{beaten})")));
    }
    if let Some((role, role_id)) = role_id {
        let Some((name, secret_id)) = from_twins(environment, "SECRET_ID")? else {
            return Err(complaint(
                format!("{role} is set, but neither VAULT_SECRET_ID nor VAULT_SECRET_ID_FILE"),
                "set one of them; for a role without secret_id, write a provider with `auth: { method: approle }`",
            ));
        };
        let login = Login::AppRole { mount: "approle".to_owned(), role_id, secret_id: Some(secret_id) };
        return Ok((login, format!("approle ({role} and {name} are set)")));
    }
    let nothing = "there is nothing to log in to Vault with";
    match token_file(environment) {
        Some(path) => {
            let reason = format!("token (the file {}: neither VAULT_TOKEN nor VAULT_ROLE_ID is set)", path.display());
            Ok((Login::Left(path), reason))
        }
        None => Err(complaint(nothing.to_owned(), WHAT_TO_SET)),
    }
}

/// The variable `X`, else the file that `X_FILE` names; with the variable's name.
fn from_twins(environment: &Environment<'_>, name: &str) -> Result<Option<(String, Source)>, Complaint> {
    if let Some((name, _)) = twin_of(environment, name) {
        return Ok(Some((name.clone(), Source::Variable(name))));
    }
    let file = text_of(environment, &format!("{name}_FILE"))?;
    Ok(file.map(|(name, path)| (name, Source::File(PathBuf::from(path)))))
}

/// Where the CLI of both projects leaves a token.
fn token_file(environment: &Environment<'_>) -> Option<PathBuf> {
    match environment.filled("BAO_TOKEN_PATH") {
        Some(path) => Some(PathBuf::from(path)),
        None => Some(PathBuf::from(environment.filled("HOME")?).join(".vault-token")),
    }
}

/// A variable that is named must be there: that can be said before any network.
fn present(settings: &Settings, field: &str, source: &Source, environment: &Environment<'_>) -> Result<(), Complaint> {
    match source {
        Source::Variable(name) if environment.get(name).is_none_or(|value| value.trim_ascii().is_empty()) => {
            let mut complaint =
                complaint(format!("{name} is not set, or empty"), "set it in the container's environment");
            complaint.place = settings.auth.get(field).map(|given| given.place.clone());
            Err(complaint)
        }
        _ => Ok(()),
    }
}

fn only(settings: &Settings, method: &str, fields: &[&str]) -> Result<(), Complaint> {
    match settings.auth.iter().find(|(name, _)| !fields.contains(&name.as_str())) {
        None => Ok(()),
        Some((name, given)) => Err(Complaint {
            place: Some(given.place.clone()),
            ..complaint(format!("method `{method}` has no field `{name}`"), &format!("it has: {}", fields.join(", ")))
        }),
    }
}
