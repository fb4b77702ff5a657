//! Who answers a request: namespaces, then logins, then tokens and policies, then `sys/`, `auth/` and the mounts.

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::world::{Mount, Namespace, Policy, Token, World, uuid};
use super::{auth, kv};

/// The answer to one request.
pub fn answer(world: &mut World, request: &Request) -> Response {
    let header = request.header("x-vault-namespace").filter(|name| !name.is_empty());
    if request.path == "sys/health" {
        return if header.is_some() {
            Response::errors(400, &["operation unavailable in namespaces"])
        } else {
            health()
        };
    }
    let Some((namespace, path)) = world.place(header, &request.path) else {
        return Response::errors(404, &["namespace not found"]);
    };
    if let Some(answer) = auth::login(world, &namespace, &path, request) {
        return answer;
    }
    let Some((text, token)) = request.token().and_then(|text| world.tokens.get_key_value(text)) else {
        return Response::bad_token();
    };
    let (text, token) = (text.clone(), token.clone());
    if let Some(wanted) = path.strip_prefix("sys/internal/ui/mounts") {
        return visible(world, &token, &namespace, wanted.trim_matches('/'));
    }
    let capability = match request.verb() {
        "GET" => "read",
        "LIST" => "list",
        "DELETE" => "delete",
        _ => "update",
    };
    if !world.may(&token, &namespace, &path, capability) {
        return Response::denied();
    }
    if let Some(rest) = path.strip_prefix("auth/token/") {
        return auth::token(world, &namespace, &text, rest, request);
    }
    if let Some(rest) = path.strip_prefix("sys/namespaces/") {
        let name = format!("{namespace}/{}", rest.trim_matches('/'));
        let name = name.trim_matches('/').to_string();
        world.namespaces.entry(name.clone()).or_default();
        return Response::data(200, json!({ "id": uuid(), "path": format!("{name}/"), "custom_metadata": {} }));
    }
    let Some(home) = world.namespaces.get_mut(&namespace) else {
        return Response::missing();
    };
    if let Some(rest) = path.strip_prefix("sys/") {
        return sys(home, rest, request);
    }
    if let Some(rest) = path.strip_prefix("auth/") {
        return auth::approle(home, rest, request).unwrap_or_else(|| no_route(&path));
    }
    let Some(name) = home.mount_of(&path).map(|(name, _, _)| name.clone()) else {
        return no_route(&path);
    };
    let rest = path.get(name.len()..).unwrap_or("").to_string();
    match home.mounts.get_mut(&name) {
        Some(mount) => kv::answer(mount, &rest, request),
        None => no_route(&path),
    }
}

fn no_route(path: &str) -> Response {
    Response::errors(404, &[&format!("no handler for route \"{path}\". route entry not found.")])
}

fn health() -> Response {
    let body = json!({
        "initialized": true, "sealed": false, "standby": false, "replication_performance_mode": "disabled",
        "replication_dr_mode": "disabled", "server_time_utc": 1_767_323_045, "version": "2.6.2",
        "cluster_name": "stand-in", "cluster_id": uuid(),
    });
    Response { status: 200, body: Some(body) }
}

fn describe(name: &str, mount: &Mount) -> Value {
    json!({
        "path": name, "type": mount.kind, "options": mount.version.as_ref().map(|version| json!({ "version": version })),
        "accessor": format!("{}_1", mount.kind), "description": "", "uuid": uuid(), "local": false, "seal_wrap": false,
        "external_entropy_access": false, "config": { "default_lease_ttl": 0, "max_lease_ttl": 0, "force_no_cache": false },
        "plugin_version": "", "running_plugin_version": "", "running_sha256": "", "deprecation_status": "supported",
    })
}

/// The mounts look-up: for whoever may do anything within the mount; else the same 403 as for a mount that is not there.
fn visible(world: &World, token: &Token, namespace: &str, wanted: &str) -> Response {
    let Some(home) = world.namespaces.get(namespace) else {
        return Response::missing();
    };
    if wanted.is_empty() {
        let secret: serde_json::Map<String, Value> = home
            .mounts
            .iter()
            .filter(|(name, _)| world.sees(token, namespace, name))
            .map(|(name, mount)| (name.clone(), describe(name, mount)))
            .collect();
        return Response::data(200, json!({ "secret": secret, "auth": {} }));
    }
    match home.mount_of(wanted).filter(|(name, _, _)| world.sees(token, namespace, name)) {
        Some((name, mount, _)) => Response::data(200, describe(name, mount)),
        None => Response::errors(
            403,
            &[&format!(
                "preflight capability check returned 403, please ensure client's policies grant access to path \"{wanted}/\""
            )],
        ),
    }
}

fn sys(home: &mut Namespace, rest: &str, request: &Request) -> Response {
    let body = request.json();
    let text = |value: &Value| value.as_str().map(str::to_string);
    match (request.verb(), rest.split_once('/').unwrap_or((rest, ""))) {
        ("POST", ("mounts", path)) => {
            let version = text(&body["options"]["version"]);
            home.mounts
                .insert(format!("{path}/"), Mount::new(body["type"].as_str().unwrap_or("kv"), version.as_deref()));
            Response::nothing()
        }
        ("DELETE", ("mounts", path)) => {
            home.mounts.remove(&format!("{path}/"));
            Response::nothing()
        }
        ("POST", ("auth", path)) => {
            if body["type"] != "approle" {
                return Response::errors(400, &["plugin not found in the catalog"]);
            }
            let name = format!("{path}/");
            if home.approles.contains_key(&name) {
                return Response::errors(400, &[&format!("path is already in use at {name}")]);
            }
            home.approles.entry(name).or_default();
            Response::nothing()
        }
        ("POST", ("policies", path)) => {
            let name = path.trim_start_matches("acl/").to_string();
            home.policies.insert(name, Policy::parse(body["policy"].as_str().unwrap_or("")));
            Response::nothing()
        }
        _ => Response::errors(404, &["unsupported path"]),
    }
}
