//! A Vault-like server of either kind, and what the cases put into it: the same calls fill both.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Value, json};

use super::bao::{self, Bao};
use super::client::{As, Client, ROOT};
use super::tls::Authority;
use super::vault::{Seen, StandIn};

/// Which of the two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    StandIn,
    OpenBao,
}

/// A server with names of this test's own in it.
pub struct Server {
    running: Running,
    client: Client,
    /// Part of every name that the test makes: OpenBao is shared.
    pub id: String,
}

enum Running {
    StandIn { server: StandIn, authority: Box<Authority> },
    OpenBao(Arc<Bao>),
}

impl Running {
    fn stand_in() -> Self {
        let authority = Authority::new();
        Running::StandIn { server: StandIn::start(&authority), authority: Box::new(authority) }
    }

    fn address(&self) -> String {
        match self {
            Running::StandIn { server, .. } => format!("https://{}", server.address()),
            Running::OpenBao(bao) => bao.address.clone(),
        }
    }

    fn ca(&self) -> PathBuf {
        match self {
            Running::StandIn { authority, .. } => authority.file(),
            Running::OpenBao(bao) => bao.ca.clone(),
        }
    }
}

fn skipped() -> Option<Server> {
    super::skip::skip("bao", "no `bao` on PATH and no KEYINIT_TEST_BAO");
    None
}

/// An AppRole.
pub struct Role {
    pub name: String,
    pub role_id: String,
    pub secret_id: String,
}

impl Server {
    /// A server of that kind; none, and a loud skip, when it is not at hand.
    pub fn start(kind: Kind) -> Option<Self> {
        match kind {
            Kind::StandIn => Some(Server::around(Running::stand_in())),
            Kind::OpenBao => {
                bao::shared().map(|bao| Server::around(Running::OpenBao(Arc::clone(bao)))).or_else(skipped)
            }
        }
    }

    /// The same, shared with no other test, in the network namespace of this thread.
    pub fn own(kind: Kind) -> Option<Self> {
        match kind {
            Kind::StandIn => Server::start(kind),
            Kind::OpenBao => bao::start().map(|bao| Server::around(Running::OpenBao(Arc::new(bao)))).or_else(skipped),
        }
    }

    fn around(running: Running) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let id = format!("t{}", COUNT.fetch_add(1, Ordering::SeqCst));
        let client = Client::new(&running.address(), &running.ca());
        let server = Server { running, client, id };
        if matches!(server.running, Running::StandIn { .. }) {
            server.root("POST", "sys/auth/approle", json!({ "type": "approle" }));
        }
        server
    }

    /// The stand-in, which is always at hand.
    pub fn stand_in() -> Self {
        Server::start(Kind::StandIn).unwrap()
    }

    pub fn address(&self) -> String {
        self.running.address()
    }

    /// The file with its CA.
    pub fn ca(&self) -> PathBuf {
        self.running.ca()
    }

    /// What the stand-in saw since it started; none of OpenBao.
    pub fn log(&self) -> Option<Vec<Seen>> {
        match &self.running {
            Running::StandIn { server, .. } => Some(server.log()),
            Running::OpenBao(_) => None,
        }
    }

    /// The text of every token that the stand-in gave out; none of OpenBao.
    pub fn issued(&self) -> Vec<String> {
        match &self.running {
            Running::StandIn { server, .. } => server.issued(),
            Running::OpenBao(_) => Vec::new(),
        }
    }

    /// A call with the root token that must succeed.
    #[track_caller]
    pub fn root(&self, method: &str, path: &str, body: Value) -> Value {
        self.client.must(ROOT, method, path, (!body.is_null()).then_some(body))
    }

    /// The same in a namespace.
    #[track_caller]
    pub fn root_in(&self, namespace: &str, method: &str, path: &str, body: Value) -> Value {
        self.client.must(As { namespace, ..ROOT }, method, path, (!body.is_null()).then_some(body))
    }

    /// Status and answer of any call.
    pub fn ask(&self, who: As<'_>, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        self.client.call(who, method, path, body).unwrap()
    }

    /// Mounts KV of `version` and tells the path.
    #[track_caller]
    pub fn mount(&self, name: &str, version: u8) -> String {
        let path = format!("{}{name}", self.id);
        let body = json!({ "type": "kv", "options": { "version": version.to_string() } });
        self.root("POST", &format!("sys/mounts/{path}"), body);
        path
    }

    /// Writes a secret of KV v2 at `secret/<id>/<name>` and tells the path below the mount.
    #[track_caller]
    pub fn secret(&self, name: &str, data: Value) -> String {
        let path = format!("{}/{name}", self.id);
        self.root("POST", &format!("secret/data/{path}"), json!({ "data": data }));
        path
    }

    /// A policy that allows `read` on each of these paths; tells its name.
    #[track_caller]
    pub fn policy(&self, name: &str, paths: &[&str]) -> String {
        let name = format!("{}-{name}", self.id);
        let rule = |path: &&str| format!("path \"{path}\" {{ capabilities = [\"read\"] }}");
        let text: Vec<String> = paths.iter().map(rule).collect();
        self.root("PUT", &format!("sys/policies/acl/{name}"), json!({ "policy": text.join("\n") }));
        name
    }

    /// A policy for everything this test writes with [`Server::secret`].
    #[track_caller]
    pub fn own_policy(&self) -> String {
        self.policy("own", &[&format!("secret/data/{}/*", self.id)])
    }

    /// A token with these policies.
    #[track_caller]
    pub fn token(&self, policies: &[&str]) -> Token {
        let auth = self.root("POST", "auth/token/create", json!({ "policies": policies, "ttl": "1h" }))["auth"].clone();
        let text = |name: &str| auth[name].as_str().unwrap().to_string();
        Token { text: text("client_token"), accessor: text("accessor") }
    }

    /// A role with these policies and a secret_id for it.
    #[track_caller]
    pub fn approle(&self, policies: &[&str]) -> Role {
        let name = format!("{}-role", self.id);
        let path = format!("auth/approle/role/{name}");
        self.root("POST", &path, json!({ "token_policies": policies, "token_ttl": "20m", "token_max_ttl": "1h" }));
        let role_id = self.root("GET", &format!("{path}/role-id"), Value::Null)["data"]["role_id"].clone();
        let secret_id = self.root("POST", &format!("{path}/secret-id"), json!({}))["data"]["secret_id"].clone();
        let text = |value: Value| value.as_str().unwrap().to_string();
        Role { name, role_id: text(role_id), secret_id: text(secret_id) }
    }

    /// Whether the token with this accessor is good.
    pub fn alive(&self, accessor: &str) -> bool {
        let body = json!({ "accessor": accessor });
        self.ask(ROOT, "POST", "auth/token/lookup-accessor", Some(body)).0 == 200
    }

    /// How many good tokens there are that came from a login with `role`.
    pub fn tokens_of(&self, role: &Role) -> usize {
        let answer = self.root("GET", "auth/token/accessors?list=true", Value::Null);
        let accessors = answer["data"]["keys"].as_array().cloned().unwrap_or_default();
        let of_role = |accessor: &Value| {
            let (status, answer) =
                self.ask(ROOT, "POST", "auth/token/lookup-accessor", Some(json!({ "accessor": accessor })));
            status == 200 && answer["data"]["meta"]["role_name"] == role.name
        };
        accessors.iter().filter(|accessor| of_role(accessor)).count()
    }
}

/// A token and its accessor.
pub struct Token {
    pub text: String,
    pub accessor: String,
}

/// One case as two tests, one for each kind of server.
#[macro_export]
macro_rules! on_both {
    ($($(#[$meta:meta])* fn $name:ident($server:ident) $body:block)*) => { $(
        $(#[$meta])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn case($server: &$crate::support::server::Server) $body

            #[test]
            fn stand_in() {
                case(&$crate::support::server::Server::stand_in());
            }

            #[test]
            fn open_bao() {
                use $crate::support::server::{Kind, Server};
                if let Some(server) = Server::start(Kind::OpenBao) {
                    case(&server);
                }
            }
        }
    )* };
}
