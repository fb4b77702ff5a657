//! The server of these cases: by default a Vault in good health.

pub use crate::support::stand::{Front, Reply, Script, Seen, Stand, json, response};
use crate::support::vault::http::Request;

/// The token of the stand's AppRole.
pub const OWN_TOKEN: &str = "hvs.given-for-the-login";

/// What a store in good health says. At `secret/data/app` there is one field, `k`, with the value `v4lue`.
pub fn healthy(request: &Request) -> Reply {
    match (request.method.as_str(), request.path.as_str()) {
        ("POST", "auth/approle/login") => {
            json(200, "", &format!("{{\"auth\":{{\"client_token\":\"{OWN_TOKEN}\",\"lease_duration\":60}}}}"))
        }
        ("POST", "auth/token/revoke-self") => Reply::Bytes(b"HTTP/1.1 204 -\r\n\r\n".to_vec()),
        ("GET", "sys/internal/ui/mounts") => {
            json(200, "", r#"{"data":{"secret":{"secret/":{"type":"kv","options":{"version":"2"}}}}}"#)
        }
        ("GET", "secret/data/app") => json(200, "", r#"{"data":{"data":{"k":"v4lue"},"metadata":{"version":3}}}"#),
        _ => json(404, "", r#"{"errors":[]}"#),
    }
}
