//! The KV engine, both versions (protocol sheet, section 10).

use serde_json::{Value, json};

use super::http::{Request, Response};
use super::world::{Mount, NOW, Version};

/// Answers a request for `rest` within `mount`.
pub fn answer(mount: &mut Mount, rest: &str, request: &Request) -> Response {
    if mount.kind != "kv" {
        return Response::errors(404, &["unsupported path"]);
    }
    if !mount.is_v2() {
        return first(mount, rest, request);
    }
    let (part, path) = rest.split_once('/').unwrap_or((rest, ""));
    match (request.verb(), part) {
        ("GET", "data") => read(mount, path, request),
        ("POST", "data") => write(mount, path, request),
        ("DELETE", "data") => {
            if let Some(newest) = mount.secrets.get_mut(path).and_then(|versions| versions.values_mut().last()) {
                newest.deleted = true;
            }
            Response::nothing()
        }
        ("POST", "delete" | "undelete" | "destroy") => {
            let wanted = request.json();
            let wanted: Vec<u64> =
                wanted["versions"].as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
            for (_, version) in
                mount.secrets.get_mut(path).into_iter().flatten().filter(|(number, _)| wanted.contains(number))
            {
                match part {
                    "delete" => version.deleted = true,
                    "undelete" => version.deleted = false,
                    _ => *version = Version { data: Value::Null, destroyed: true, deleted: false },
                }
            }
            Response::nothing()
        }
        ("GET", "metadata") => metadata(mount, path),
        ("LIST", "metadata") => list(mount, path),
        ("DELETE", "metadata") => {
            mount.secrets.remove(path);
            Response::nothing()
        }
        ("GET", _) => {
            let hint = "Invalid path for a versioned K/V secrets engine. See the API docs for the appropriate API \
                        endpoints to use. If using the CLI, use 'kv get' for this operation.";
            Response::envelope(404, Value::Null, Value::Null, json!([hint]))
        }
        _ => Response::errors(405, &["unsupported operation"]),
    }
}

fn first(mount: &mut Mount, path: &str, request: &Request) -> Response {
    match request.verb() {
        "GET" => match mount.secrets.get(path).and_then(|versions| versions.get(&1)) {
            Some(version) => {
                let mut answer = Response::data(200, version.data.clone());
                if let Some(body) = answer.body.as_mut() {
                    body["lease_duration"] = json!(2_764_800);
                }
                answer
            }
            None => Response::missing(),
        },
        "POST" => {
            let version = Version { data: request.json(), ..Version::default() };
            mount.secrets.insert(path.into(), [(1, version)].into());
            Response::nothing()
        }
        "LIST" => list(mount, path),
        "DELETE" => {
            mount.secrets.remove(path);
            Response::nothing()
        }
        _ => Response::errors(405, &["unsupported operation"]),
    }
}

fn read(mount: &Mount, path: &str, request: &Request) -> Response {
    let wanted = request.query.get("version").map_or("", String::as_str);
    let wanted: i64 = match wanted {
        "" => 0,
        text => match text.parse() {
            Ok(number) => number,
            Err(_) => {
                return Response::errors(400, &["error converting input for field \"version\""]);
            }
        },
    };
    let versions = mount.secrets.get(path);
    let found = match wanted {
        ..=0 => versions.and_then(|versions| versions.iter().next_back()),
        number => versions.and_then(|versions| versions.get_key_value(&number.unsigned_abs())),
    };
    let Some((number, version)) = found else {
        return Response::missing();
    };
    let gone = version.deleted || version.destroyed;
    let data = if gone { Value::Null } else { version.data.clone() };
    Response::data(if gone { 404 } else { 200 }, json!({ "data": data, "metadata": stamp(*number, version) }))
}

fn stamp(number: u64, version: &Version) -> Value {
    json!({
        "created_time": NOW, "custom_metadata": null, "deletion_time": if version.deleted { NOW } else { "" },
        "destroyed": version.destroyed, "version": number,
    })
}

fn write(mount: &mut Mount, path: &str, request: &Request) -> Response {
    let body = request.json();
    if body.get("data").is_none() {
        return Response::errors(400, &["no data provided"]);
    }
    if path.ends_with('/') || path.is_empty() {
        return Response::errors(400, &["cannot write to a path ending in '/'"]);
    }
    let versions = mount.secrets.entry(path.into()).or_default();
    let number = versions.keys().next_back().map_or(1, |newest| newest + 1);
    let version = Version { data: body["data"].clone(), ..Version::default() };
    let data = stamp(number, &version);
    versions.insert(number, version);
    Response::data(200, data)
}

fn metadata(mount: &Mount, path: &str) -> Response {
    let Some(versions) = mount.secrets.get(path) else {
        return Response::missing();
    };
    let each: serde_json::Map<String, Value> = versions
        .iter()
        .map(|(number, version)| {
            let deleted = if version.deleted { NOW } else { "" };
            let entry = json!({ "created_time": NOW, "deletion_time": deleted, "destroyed": version.destroyed });
            (number.to_string(), entry)
        })
        .collect();
    let newest = versions.keys().next_back().copied().unwrap_or(0);
    Response::data(
        200,
        json!({
            "versions": each, "current_version": newest, "oldest_version": 0, "created_time": NOW, "updated_time": NOW,
            "max_versions": 0, "cas_required": false, "delete_version_after": "0s", "custom_metadata": null,
        }),
    )
}

fn list(mount: &Mount, folder: &str) -> Response {
    let folder = folder.trim_end_matches('/');
    let prefix = if folder.is_empty() { String::new() } else { format!("{folder}/") };
    let mut keys: Vec<String> = mount
        .secrets
        .keys()
        .filter_map(|path| path.strip_prefix(&prefix))
        .map(|rest| match rest.split_once('/') {
            Some((first, _)) => format!("{first}/"),
            None => rest.to_string(),
        })
        .collect();
    keys.sort();
    keys.dedup();
    if keys.is_empty() { Response::missing() } else { Response::data(200, json!({ "keys": keys })) }
}
