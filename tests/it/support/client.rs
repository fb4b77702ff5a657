//! The HTTP client that the tests set servers up with.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

/// A client of one Vault-like server.
pub struct Client {
    agent: ureq::Agent,
    base: String,
}

/// Who asks, and where.
#[derive(Clone, Copy)]
pub struct As<'a> {
    pub token: &'a str,
    pub namespace: &'a str,
}

/// The token of both servers that may do everything.
pub const ROOT: As<'static> = As { token: "root", namespace: "" };

impl Client {
    /// `base` is an origin; `ca` a PEM file.
    pub fn new(base: &str, ca: &Path) -> Self {
        let certificate = Certificate::from_pem(&std::fs::read(ca).unwrap()).unwrap();
        let tls = TlsConfig::builder()
            .root_certs(RootCerts::new_with_certs(&[certificate]))
            .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .build();
        let config = ureq::Agent::config_builder()
            .tls_config(tls)
            .http_status_as_error(false)
            .timeout_global(Some(super::handshake::PATIENCE))
            .proxy(None)
            .build();
        Client { agent: config.new_agent(), base: base.to_string() }
    }

    /// Status and body; null where there is none.
    pub fn call(
        &self,
        who: As<'_>,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> Result<(u16, Value), ureq::Error> {
        let mut request = ureq::http::Request::builder()
            .method(method)
            .uri(format!("{}/v1/{path}", self.base))
            .header("X-Vault-Request", "true");
        if !who.token.is_empty() {
            request = request.header("X-Vault-Token", who.token);
        }
        if !who.namespace.is_empty() {
            request = request.header("X-Vault-Namespace", who.namespace);
        }
        let mut answer = match body {
            Some(body) => self.agent.run(request.body(body.to_string())?)?,
            None => self.agent.run(request.body(())?)?,
        };
        let text = answer.body_mut().read_to_string()?;
        Ok((answer.status().as_u16(), serde_json::from_str(&text).unwrap_or(Value::Null)))
    }

    /// A call that must succeed. A v2 mount that was just made may say 400 while it settles.
    #[track_caller]
    pub fn must(&self, who: As<'_>, method: &str, path: &str, body: Option<Value>) -> Value {
        super::handshake::until(&format!("{method} {path} to succeed"), || {
            let (status, answer) = self.call(who, method, path, body.clone()).unwrap();
            let settling = answer["errors"][0].as_str().is_some_and(|text| {
                text.starts_with("Upgrading from non-versioned") || text.starts_with("Waiting for the primary")
            });
            assert!(status < 300 || settling, "{method} {path}: {status} {answer}");
            (!settling).then_some(answer)
        })
    }
}
