//! Vault: every case against the stand-in, and against OpenBao when it is at hand.

mod ahead;
mod check;
mod conformance;
mod failures;
mod logins;
mod reads;

use crate::support::pidns::Init;
use crate::support::run::keyinit;
use crate::support::server::Server;

/// keyinit with a token that may read what the test wrote with `Server::secret`.
fn with_token(server: &Server) -> Init {
    let token = server.token(&[&server.own_policy()]);
    keyinit().vault(server).env("VAULT_TOKEN", token.text)
}
