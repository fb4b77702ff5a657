//! Logging in: a token from outside, or AppRole.

use super::config::Config;
use super::door::{Door, denied, nonsense};
use super::infer::Login;
use super::infer::WHAT_TO_SET;
use super::locate::encode;
use super::session::VaultSession;
use super::wire::{self, Granted, Nonsense};
use crate::auth::{Source, Spoken};
use crate::net::{Care, Client};
use crate::stores::{Context, Failure};
use std::sync::Arc;

/// Logs in. A token from outside is not shown to the server yet: the first request tells whether it is any good, and a
/// token that is counted has one use more.
pub fn login(config: &Config, client: Arc<Client>, context: &Context) -> Result<VaultSession, Failure> {
    match &config.login {
        Login::Token(source) => {
            let token = source.read("the token", &context.environment)?;
            let door = Door::new(client, config, Some(token));
            Ok(VaultSession::new(door, Spoken(source).to_string(), false))
        }
        // Nobody named this file: that it is not there only says that nothing was set.
        Login::Left(path) => {
            let read = Source::File(path.clone()).read("the token", &context.environment);
            let token = read.map_err(|failure| Failure { cure: Some(WHAT_TO_SET.to_owned()), ..failure })?;
            let door = Door::new(client, config, Some(token));
            Ok(VaultSession::new(door, path.display().to_string(), false))
        }
        Login::AppRole { mount, role_id, secret_id } => {
            let role = role_id.read("the role_id", &context.environment)?;
            let secret =
                secret_id.as_ref().map(|source| source.read("the secret_id", &context.environment)).transpose()?;
            let body = wire::approle(&role, secret.as_ref());
            let door = Door::new(Arc::clone(&client), config, None);
            let response = door.post(&format!("auth/{}/login", encode(mount)), Some(&body), context.deadline)?;
            match response.status {
                200 => {}
                // Not tried again: five failures in a row lock the role out for all its containers.
                400 => {
                    let from = |source| format!("{}", Spoken(source));
                    let secret = secret_id.as_ref().map(from).unwrap_or_else(|| "no secret_id".to_owned());
                    return Err(denied(
                        "HTTP 400".to_owned(),
                        &format!("role_id ({}) or secret_id ({secret}) is wrong, expired or used up", from(role_id)),
                    ));
                }
                403 => {
                    return Err(denied(
                        "HTTP 403".to_owned(),
                        &format!(
                            "look whether AppRole is mounted at `auth/{mount}/`{}, and whether the role is locked out",
                            door.namespace().map(|name| format!(" in the namespace `{name}`")).unwrap_or_default()
                        ),
                    ));
                }
                404 if !wire::hints(response.body.expose()).no_namespace => {
                    return Err(denied(
                        "HTTP 404".to_owned(),
                        &format!(
                            "look whether AppRole is mounted at `auth/{mount}/`, and whether this address is a Vault's"
                        ),
                    ));
                }
                _ => return Err(door.trouble(&response, Care::Once)),
            }
            match wire::granted(response.body.expose()) {
                Ok(Granted::Token(token)) => {
                    let door = Door::new(client, config, Some(token));
                    Ok(VaultSession::new(door, format!("the login at auth/{mount}/"), true))
                }
                Ok(Granted::SecondFactor) => Err(denied(
                    "the login asks for a second factor".to_owned(),
                    "a container cannot give one: take the MFA enforcement off this auth mount or role",
                )),
                Err(Nonsense) => Err(nonsense(response.status)),
            }
        }
    }
}
