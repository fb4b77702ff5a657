//! Tokens and AppRole (protocol sheet, sections 8.1 to 8.3).

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::world::{NOW, Namespace, Role, Token, World, uuid};

/// `auth/<mount>/login`, which needs no token; none when the path is no login.
pub fn login(world: &mut World, namespace: &str, path: &str, request: &Request) -> Option<Response> {
    let mount = path.strip_prefix("auth/")?.strip_suffix("login")?;
    if request.verb() != "POST" || !mount.ends_with('/') {
        return None;
    }
    let body = request.json();
    let text = |name: &str| body[name].as_str().map(str::trim).filter(|text| !text.is_empty());
    let Some(roles) = world.namespaces.get_mut(namespace).and_then(|home| home.approles.get_mut(mount)) else {
        return Some(Response::bad_token());
    };
    let Some(role_id) = text("role_id") else {
        return Some(Response::errors(500, &["missing role_id"]));
    };
    let Some((name, role)) = roles.iter_mut().find(|(_, role)| role.id == role_id) else {
        return Some(Response::errors(400, &["invalid role or secret ID"]));
    };
    let Some(secret_id) = text("secret_id") else {
        return Some(Response::errors(400, &["missing secret_id"]));
    };
    match role.secret_ids.get_mut(secret_id) {
        None => return Some(Response::errors(400, &["invalid role or secret ID"])),
        Some(None) => {}
        Some(Some(1)) => {
            role.secret_ids.remove(secret_id);
        }
        Some(Some(left)) => *left -= 1,
    }
    let mut policies = vec!["default".to_string()];
    policies.extend(role.policies.iter().cloned());
    let token = Token {
        namespace: namespace.into(),
        policies,
        ttl: role.ttl,
        path: format!("auth/{mount}login"),
        role: Some(name.clone()),
        ..Token::default()
    };
    let text = world.issue(token);
    Some(Response::auth(block(&text, world.tokens.get(&text)?)))
}

fn block(text: &str, token: &Token) -> Value {
    json!({
        "client_token": text, "accessor": token.accessor, "policies": token.policies, "token_policies": token.policies,
        "metadata": token.role.as_ref().map(|role| json!({ "role_name": role })),
        "lease_duration": token.ttl, "renewable": true, "entity_id": if token.role.is_some() { uuid() } else { String::new() },
        "token_type": "service", "orphan": token.role.is_some(), "mfa_requirement": null, "num_uses": 0,
    })
}

fn lookup(text: Option<&str>, token: &Token) -> Response {
    let mut data = json!({
        "accessor": token.accessor, "creation_time": 1_767_323_045, "creation_ttl": token.ttl,
        "display_name": if token.role.is_some() { "approle" } else { "token" }, "entity_id": "",
        "expire_time": if token.ttl > 0 { json!(NOW) } else { Value::Null }, "explicit_max_ttl": 0, "id": text.unwrap_or(""),
        "issue_time": NOW, "meta": token.role.as_ref().map(|role| json!({ "role_name": role })), "num_uses": 0,
        "orphan": true, "path": token.path, "policies": token.policies, "renewable": true, "ttl": token.ttl, "type": "service",
    });
    if !token.namespace.is_empty() {
        data["namespace_path"] = json!(format!("{}/", token.namespace));
    }
    Response::data(200, data)
}

/// `auth/token/*`, for a token whose policies allow it.
pub fn token(world: &mut World, namespace: &str, own: &str, rest: &str, request: &Request) -> Response {
    let body = request.json();
    let by_accessor = |world: &World| {
        let wanted = body["accessor"].as_str().unwrap_or("").to_string();
        world
            .tokens
            .iter()
            .find(|(_, token)| token.accessor == wanted)
            .map(|(text, token)| (text.clone(), token.clone()))
    };
    match (request.verb(), rest) {
        ("GET", "lookup-self") => match world.tokens.get(own) {
            Some(token) => lookup(Some(own), token),
            None => Response::bad_token(),
        },
        ("POST", "revoke-self") => {
            world.tokens.remove(own);
            Response::nothing()
        }
        ("POST", "renew-self") => match world.tokens.get(own) {
            Some(token) => Response::auth(block(own, token)),
            None => Response::bad_token(),
        },
        ("POST", "lookup-accessor") => match by_accessor(world) {
            Some((_, token)) => lookup(None, &token),
            None => Response::errors(403, &["1 error occurred:\n\t* invalid accessor\n\n"]),
        },
        ("POST", "revoke-accessor") => {
            if let Some((text, _)) = by_accessor(world) {
                world.tokens.remove(&text);
            }
            Response::nothing()
        }
        ("LIST", "accessors") => {
            let keys: Vec<&String> = world.tokens.values().map(|token| &token.accessor).collect();
            Response::data(200, json!({ "keys": keys }))
        }
        ("POST", "create") => {
            let mut policies = vec!["default".to_string()];
            policies.extend(strings(&body["policies"]));
            let token = Token {
                namespace: namespace.into(),
                policies,
                ttl: seconds(&body["ttl"]).unwrap_or(2_764_800),
                path: "auth/token/create".into(),
                ..Token::default()
            };
            let text = world.issue(token);
            match world.tokens.get(&text) {
                Some(token) => Response::auth(block(&text, token)),
                None => Response::bad_token(),
            }
        }
        _ => Response::errors(405, &["unsupported operation"]),
    }
}

/// `auth/<approle mount>/role/...`; none when no such mount is there.
pub fn approle(home: &mut Namespace, rest: &str, request: &Request) -> Option<Response> {
    let (mount, roles) = home.approles.iter_mut().find(|(mount, _)| rest.starts_with(mount.as_str()))?;
    let rest = rest.strip_prefix(mount.as_str())?.strip_prefix("role/")?;
    let (name, part) = rest.split_once('/').unwrap_or((rest, ""));
    let body = request.json();
    if (request.verb(), part) == ("POST", "") {
        let role = roles.entry(name.into()).or_insert_with(|| Role { id: uuid(), ..Role::default() });
        role.policies = strings(&body["token_policies"]);
        role.ttl = seconds(&body["token_ttl"]).unwrap_or(2_764_800);
        role.uses = body["secret_id_num_uses"].as_u64().unwrap_or(0);
        return Some(Response::nothing());
    }
    let Some(role) = roles.get_mut(name) else {
        return Some(Response::missing());
    };
    Some(match (request.verb(), part) {
        ("GET", "role-id") => Response::data(200, json!({ "role_id": role.id })),
        ("POST", "role-id") => {
            role.id = body["role_id"].as_str().unwrap_or("").into();
            Response::nothing()
        }
        ("POST", "secret-id" | "custom-secret-id") => {
            let secret_id = body["secret_id"].as_str().map_or_else(uuid, str::to_string);
            role.secret_ids.insert(secret_id.clone(), (role.uses > 0).then_some(role.uses));
            let data = json!({
                "secret_id": secret_id, "secret_id_accessor": uuid(), "secret_id_num_uses": role.uses, "secret_id_ttl": 0,
            });
            Response::data(200, data)
        }
        _ => Response::errors(405, &["unsupported operation"]),
    })
}

fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_string).collect()
}

/// `20m`, `30s`, `1h` or a number of seconds.
fn seconds(value: &Value) -> Option<u64> {
    if let Some(number) = value.as_u64() {
        return Some(number);
    }
    let text = value.as_str()?;
    let unit = match text.chars().last()? {
        's' => 1,
        'm' => 60,
        'h' => 3600,
        _ => return text.parse().ok(),
    };
    Some(text.get(..text.len() - 1)?.parse::<u64>().ok()? * unit)
}
