//! Requests with the headers that Vault wants, and what its statuses mean wherever they come up.

use super::config::Config;
use super::wire::hints;
use crate::exit::Kind;
use crate::net::{Care, Client, Method, Request, Response, retry_for};
use crate::secret::{Buffer, Secret};
use crate::stores::{Deadline, Failure, Retry};
use std::sync::Arc;

/// A way in: a client, a namespace, and after the login a token.
pub struct Door {
    client: Arc<Client>,
    namespace: Option<String>,
    token: Option<Secret>,
}

impl Door {
    /// A door of `config`; without a token it serves the login only.
    pub fn new(client: Arc<Client>, config: &Config, token: Option<Secret>) -> Self {
        Door { client, namespace: config.namespace.clone(), token }
    }

    /// GET of `path`, which is percent-encoded and begins after `/v1/`.
    pub fn get(&self, path: &str, care: Care, deadline: Deadline) -> Result<Response, Failure> {
        self.call(Method::Get, path, None, care, deadline)
    }

    /// POST, always with [`Care::Once`].
    pub fn post(&self, path: &str, body: Option<&Buffer>, deadline: Deadline) -> Result<Response, Failure> {
        self.call(Method::Post, path, body, Care::Once, deadline)
    }

    /// The namespace, for messages.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    fn call(
        &self,
        method: Method,
        path: &str,
        body: Option<&Buffer>,
        care: Care,
        deadline: Deadline,
    ) -> Result<Response, Failure> {
        // An agent's listener may insist on X-Vault-Request, and answers 412 without it.
        let mut headers: Vec<(&'static str, &[u8])> = vec![("x-vault-request", b"true")];
        if let Some(namespace) = &self.namespace {
            headers.push(("x-vault-namespace", namespace.as_bytes()));
        }
        if let Some(token) = &self.token {
            headers.push(("x-vault-token", token.expose()));
        }
        let path = format!("/v1/{path}");
        self.client.call(&Request { method, path: &path, headers: &headers, body, care }, deadline)
    }

    /// What a status means that is neither an answer nor a refusal of this very request.
    pub fn trouble(&self, response: &Response, care: Care) -> Failure {
        let status = response.status;
        let hints = hints(response.body.expose());
        if hints.no_namespace {
            let namespace = self.namespace.as_deref().unwrap_or_default();
            // Not "missing": an `optional` secret must not vanish because of a misspelt namespace.
            return denied(
                format!("HTTP {status}: there is no namespace `{namespace}`"),
                "correct `namespace` of the provider, or VAULT_NAMESPACE",
            );
        }
        let (text, cure) = match status {
            412 => ("the node has not caught up yet", None),
            429 => ("too many requests", Some("raise the server's rate limit for this path, or --timeout")),
            472 => ("it is the standby of another cluster", Some("use the address of the active cluster")),
            473 => {
                ("it is a performance standby, which does not answer this", Some("use the address of the active node"))
            }
            503 => {
                ("it is sealed, not initialised, or in maintenance", Some("unseal it: `bao status` shows its state"))
            }
            400 if !hints.vault => {
                ("it did not accept the request", Some("a server with TLS has an address that begins with https://"))
            }
            400 => ("it did not accept the request", None),
            405 => ("this path cannot be read with GET", None),
            501 => ("it is not initialised", Some("initialise it: `bao operator init`")),
            _ if hints.passing => ("it is not ready yet", None),
            502 | 504 => {
                ("what stands in front of it has no answer from it", Some("see whether the servers behind it are up"))
            }
            500..=599 => ("an internal error", Some("see the log of the server")),
            _ => ("an answer that was not expected", Some("look whether this address is a Vault's, and not a proxy's")),
        };
        let retry = match retry_for(status, care, response.retry_after) {
            // Nothing was done, whatever the status says.
            Retry::Never if hints.passing => Retry::After(response.retry_after),
            retry => retry,
        };
        Failure {
            kind: Kind::Unavailable,
            answered: format!("HTTP {status}: {text}"),
            cure: cure.map(str::to_owned),
            retry,
        }
    }
}

/// An answer that no Vault gives.
pub fn nonsense(status: u16) -> Failure {
    Failure {
        kind: Kind::Unavailable,
        answered: format!("HTTP {status}, but not the JSON that Vault answers"),
        cure: Some("look whether this address is a Vault's, and not a proxy's".to_owned()),
        retry: Retry::Never,
    }
}

/// A refusal, which no further attempt changes.
pub fn denied(answered: String, cure: &str) -> Failure {
    Failure { kind: Kind::Denied, answered, cure: Some(cure.to_owned()), retry: Retry::Never }
}

/// Something that is not there.
pub fn missing(answered: String, cure: Option<String>) -> Failure {
    Failure { kind: Kind::Missing, answered, cure, retry: Retry::Never }
}
