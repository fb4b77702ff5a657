//! What the stand-in knows: namespaces with mounts, policies and AppRole mounts, and the tokens above them.

use std::collections::BTreeMap;
use std::io::Read;

use serde_json::Value;

#[derive(Default)]
pub struct World {
    /// By path without slashes at the ends; `` is the root.
    pub namespaces: BTreeMap<String, Namespace>,
    /// By the token's text.
    pub tokens: BTreeMap<String, Token>,
    /// The text of every token that was ever given out.
    pub issued: Vec<String>,
}

#[derive(Default)]
pub struct Namespace {
    /// By path with a final slash.
    pub mounts: BTreeMap<String, Mount>,
    /// AppRole mounts, by path with a final slash, without `auth/`.
    pub approles: BTreeMap<String, BTreeMap<String, Role>>,
    pub policies: BTreeMap<String, Policy>,
}

#[derive(Default)]
pub struct Mount {
    pub kind: String,
    /// None is KV v1, as after a mount without options.
    pub version: Option<String>,
    pub secrets: BTreeMap<String, BTreeMap<u64, Version>>,
}

#[derive(Clone, Default)]
pub struct Version {
    pub data: Value,
    pub deleted: bool,
    pub destroyed: bool,
}

#[derive(Default)]
pub struct Role {
    pub id: String,
    pub policies: Vec<String>,
    pub ttl: u64,
    /// Uses left; none is unlimited.
    pub secret_ids: BTreeMap<String, Option<u64>>,
    pub uses: u64,
}

#[derive(Clone, Default)]
pub struct Token {
    pub accessor: String,
    pub namespace: String,
    pub policies: Vec<String>,
    pub ttl: u64,
    pub path: String,
    pub role: Option<String>,
}

/// A policy's rules: a path pattern and its capabilities.
#[derive(Clone, Default)]
pub struct Policy {
    rules: Vec<(String, Vec<String>)>,
}

/// The only time there is here.
pub const NOW: &str = "2026-01-02T03:04:05.678901234Z";

/// Something that no one has seen before, in the shape of a UUID.
pub fn uuid() -> String {
    let mut bytes = [0u8; 16];
    std::fs::File::open("/dev/urandom").and_then(|mut file| file.read_exact(&mut bytes)).unwrap();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}

impl World {
    /// Like a server in development mode: `root` is a token, and `secret/` is KV v2.
    pub fn new() -> Self {
        let mut world = World::default();
        let mut root = Namespace::default();
        root.mounts.insert("secret/".into(), Mount::new("kv", Some("2")));
        world.namespaces.insert(String::new(), root);
        let token = Token {
            accessor: uuid(),
            policies: vec!["root".into()],
            path: "auth/token/root".into(),
            ..Token::default()
        };
        world.tokens.insert("root".into(), token);
        world
    }

    /// Makes a token and tells it.
    pub fn issue(&mut self, token: Token) -> String {
        let text = format!("s.{}", uuid().replace('-', ""));
        self.issued.push(text.clone());
        self.tokens.insert(text.clone(), Token { accessor: uuid(), ..token });
        text
    }

    /// The namespace of a request and the path within it; none when the header names one that is not there.
    pub fn place(&self, header: Option<&str>, path: &str) -> Option<(String, String)> {
        let named = header.unwrap_or("").trim_matches('/');
        let named = if named == "root" { "" } else { named };
        self.namespaces.get(named)?;
        let full = if named.is_empty() { path.to_string() } else { format!("{named}/{path}") };
        let deepest = self
            .namespaces
            .keys()
            .filter(|name| name.is_empty() || full.starts_with(&format!("{name}/")))
            .max_by_key(|name| name.len())?;
        let rest = full.get(deepest.len()..)?.trim_start_matches('/');
        Some((deepest.clone(), rest.to_string()))
    }

    /// Whether `token` may do `capability` on `path` of `namespace`.
    pub fn may(&self, token: &Token, namespace: &str, path: &str, capability: &str) -> bool {
        self.rules(token, namespace, path, |policy, path| policy.allows(path, capability))
    }

    /// Whether `token` may do anything on or beneath `mount`.
    pub fn sees(&self, token: &Token, namespace: &str, mount: &str) -> bool {
        self.rules(token, namespace, mount, Policy::touches)
    }

    fn rules(&self, token: &Token, namespace: &str, path: &str, fits: impl Fn(&Policy, &str) -> bool) -> bool {
        if token.policies.iter().any(|name| name == "root") {
            return true;
        }
        let Some(below) = namespace.strip_prefix(token.namespace.as_str()) else {
            return false;
        };
        let path = format!("{}/{path}", below.trim_matches('/'));
        let path = path.trim_start_matches('/');
        let Some(home) = self.namespaces.get(&token.namespace) else {
            return false;
        };
        let default = Policy::default_policy();
        token.policies.iter().any(|name| match home.policies.get(name) {
            Some(policy) => fits(policy, path),
            None => name == "default" && fits(&default, path),
        })
    }
}

impl Namespace {
    /// The mount that `path` lies in, and the rest of the path.
    pub fn mount_of<'a>(&self, path: &'a str) -> Option<(&String, &Mount, &'a str)> {
        let slashed = format!("{path}/");
        let (name, mount) = self
            .mounts
            .iter()
            .filter(|(name, _)| slashed.starts_with(name.as_str()))
            .max_by_key(|(name, _)| name.len())?;
        Some((name, mount, path.get(name.len()..).unwrap_or("")))
    }
}

impl Mount {
    pub fn new(kind: &str, version: Option<&str>) -> Self {
        Mount { kind: kind.into(), version: version.map(str::to_string), ..Mount::default() }
    }

    pub fn is_v2(&self) -> bool {
        self.version.as_deref() == Some("2")
    }
}

impl Policy {
    /// Reads `path "X" { capabilities = ["a", "b"] }` as often as it stands there.
    pub fn parse(text: &str) -> Self {
        let quoted = |text: &str| -> Vec<String> { text.split('"').skip(1).step_by(2).map(str::to_string).collect() };
        let rules = text
            .split("path ")
            .skip(1)
            .filter_map(|block| {
                let (path, capabilities) = block.split_once('{')?;
                Some((quoted(path).pop()?, quoted(capabilities.split_once('}')?.0)))
            })
            .collect();
        Policy { rules }
    }

    fn default_policy() -> Self {
        Policy::parse(
            r#"path "auth/token/lookup-self" { capabilities = ["read"] }
               path "auth/token/renew-self" { capabilities = ["update"] }
               path "auth/token/revoke-self" { capabilities = ["update"] }"#,
        )
    }

    fn allows(&self, path: &str, capability: &str) -> bool {
        // The longest pattern decides, as on the server.
        let rule =
            self.rules.iter().filter(|(pattern, _)| matches(pattern, path)).max_by_key(|(pattern, _)| pattern.len());
        rule.is_some_and(|(_, capabilities)| {
            let has = |name: &str| capabilities.iter().any(|capability| capability == name);
            !has("deny") && (has(capability) || (capability == "update" && has("create")))
        })
    }

    fn touches(&self, mount: &str) -> bool {
        self.rules.iter().any(|(pattern, capabilities)| {
            let prefix = pattern.trim_end_matches('*');
            let inside = prefix.starts_with(mount) || (pattern.ends_with('*') && mount.starts_with(prefix));
            inside && capabilities.iter().any(|capability| capability != "deny")
        })
    }
}

fn matches(pattern: &str, path: &str) -> bool {
    let (pattern, open) = match pattern.strip_suffix('*') {
        Some(prefix) => (prefix, true),
        None => (pattern, false),
    };
    if !pattern.contains('+') {
        return if open { path.starts_with(pattern) } else { path == pattern };
    }
    let (wanted, found): (Vec<_>, Vec<_>) = (pattern.split('/').collect(), path.split('/').collect());
    (open || wanted.len() == found.len())
        && wanted.len() <= found.len()
        && wanted.iter().zip(&found).enumerate().all(|(index, (wanted, found))| {
            *wanted == "+" || wanted == found || (open && index + 1 == wanted.len() && found.starts_with(wanted))
        })
}
