//! A login that holds.

use super::door::{Door, denied};
use super::lookup::{Known, token_refused};
use super::read::{self, Access};
use crate::net::Care;
use crate::stores::{Answer, Context, Ending, Failure, Locator, Session};
use std::sync::{Arc, Mutex, PoisonError};

/// One login to one Vault.
pub struct VaultSession {
    access: Access,
    /// Whether we logged in for the token; one from outside is never revoked.
    own: bool,
    /// The paths whose answers came with a lease.
    leased: Mutex<Vec<String>>,
}

impl VaultSession {
    /// A session with the token of `door`.
    pub fn new(door: Door, token_name: String, own: bool) -> Self {
        let access = Access { door: Arc::new(door), lookup: Arc::default(), token_name };
        VaultSession { access, own, leased: Mutex::default() }
    }
}

impl Session for VaultSession {
    fn read(&self, locator: &Locator, context: &Context) -> Result<Answer, Failure> {
        let (answer, path) = read::read(&self.access, locator, context.deadline)?;
        if answer.leased {
            self.leased.lock().unwrap_or_else(PoisonError::into_inner).push(path);
        }
        Ok(answer)
    }

    /// With the list of mounts, which shows whether the token is accepted. Where it is not served, `lookup-self` does.
    fn prove(&self, context: &Context) -> Result<(), Failure> {
        self.access.lookup.start(&self.access.door, context.deadline);
        match *self.access.lookup.wait(context.deadline)? {
            Known::List(_) => Ok(()),
            Known::Refused => Err(token_refused(&self.access.token_name)),
            Known::Unlisted => {
                let response = self.access.door.get("auth/token/lookup-self", Care::Repeatable, context.deadline)?;
                match response.status {
                    200 => Ok(()),
                    403 => Err(token_refused(&self.access.token_name)),
                    _ => Err(self.access.door.trouble(&response, Care::Repeatable)),
                }
            }
        }
    }

    fn close(&self, ending: Ending, context: &Context) -> Result<(), Failure> {
        let leased = self.leased.lock().unwrap_or_else(PoisonError::into_inner).join(", ");
        // A lease ends with its token: what the command is about to use keeps the token alive. When there will be no
        // command, nothing keeps it.
        if !leased.is_empty() && (!self.own || ending == Ending::InUse) {
            let token = if self.own { ", and the token of the login," } else { "" };
            context
                .log
                .warn(&format!("what was leased at {leased}{token} is left to its TTL: nothing renews or revokes it"));
            return Ok(());
        }
        if !self.own {
            return Ok(());
        }
        let response = self.access.door.post("auth/token/revoke-self", None, context.deadline)?;
        match response.status {
            // 400: a batch token, which nobody can revoke.
            200 | 204 | 400 => Ok(()),
            403 => Err(denied(
                "HTTP 403: the token may not revoke itself, or is dead already".to_owned(),
                "the policy `default` allows it: path \"auth/token/revoke-self\" { capabilities = [\"update\"] }",
            )),
            _ => Err(self.access.door.trouble(&response, Care::Once)),
        }
    }
}
