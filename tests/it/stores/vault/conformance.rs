//! What every store must do, with each login that a file or a variable is enough for.

use serde_json::json as value_of;

use crate::stores::conformance::{Act, KEY, Protocol, Subject};
use crate::support::stand::{Reply, json};
use crate::support::vault::http::Request;

const GIVEN: &str = "hvs.given-for-the-login";

struct Vault {
    auth: &'static str,
    credentials: &'static [(&'static str, &'static str)],
    /// Whether the token is from a login of ours.
    own: bool,
}

static TOKEN: Subject = Subject {
    kind: "vault",
    protocol: &Vault {
        auth: "{ method: token, token: { env: MY_TOKEN } }",
        credentials: &[("MY_TOKEN", "hvs.from-outside-of-it")],
        own: false,
    },
};

static APPROLE: Subject = Subject {
    kind: "openbao",
    protocol: &Vault {
        auth: "{ method: approle, role_id: a-role, secret_id: { env: MY_SECRET_ID } }",
        credentials: &[("MY_SECRET_ID", "the-secret-id-of-it")],
        own: true,
    },
};

crate::conformance! { mod token = &super::TOKEN; }
crate::conformance! { mod approle = &super::APPROLE; }

impl Protocol for Vault {
    fn settings(&self, url: &str) -> Vec<String> {
        vec![format!("address: {url}"), format!("auth: {}", self.auth)]
    }

    fn credentials(&self) -> &'static [(&'static str, &'static str)] {
        self.credentials
    }

    fn tokens(&self) -> &'static [&'static str] {
        if self.own { &[GIVEN] } else { &[] }
    }

    fn login_requests(&self) -> usize {
        usize::from(self.own)
    }

    fn close_requests(&self) -> usize {
        usize::from(self.own)
    }

    fn act(&self, request: &Request) -> Act {
        match (request.method.as_str(), request.path.as_str()) {
            ("POST", "auth/token/revoke-self") => Act::Close,
            ("POST", path) if path.starts_with("auth/") => Act::Login,
            (_, path) => match path.strip_prefix("secret/data/") {
                Some(path) => Act::Read(path.to_owned()),
                None => Act::Beside,
            },
        }
    }

    fn healthy(&self, request: &Request, value: Option<&str>) -> Reply {
        match self.act(request) {
            Act::Login => {
                json(200, "", &value_of!({ "auth": { "client_token": GIVEN, "lease_duration": 60 } }).to_string())
            }
            Act::Close => Reply::Bytes(b"HTTP/1.1 204 -\r\n\r\n".to_vec()),
            Act::Beside => json(200, "", r#"{"data":{"secret":{"secret/":{"type":"kv","options":{"version":"2"}}}}}"#),
            Act::Read(_) => match value {
                Some(value) => {
                    let data = value_of!({ "data": { KEY: value, "other": 1 }, "metadata": { "version": 3 } });
                    json(200, "", &value_of!({ "data": data }).to_string())
                }
                None => json(404, "", r#"{"errors":[]}"#),
            },
        }
    }

    fn login_refused(&self, _: &Request) -> Reply {
        match self.own {
            true => json(400, "", r#"{"errors":["invalid role or secret ID"]}"#),
            false => json(403, "", r#"{"errors":["permission denied"]}"#),
        }
    }

    fn read_denied(&self, _: &Request) -> Reply {
        json(403, "", r#"{"errors":["1 error occurred:\n\t* permission denied\n\n"]}"#)
    }
}
