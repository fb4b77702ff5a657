//! The JSON Schema and the reader, held against each other over manifests that are bent at random.

use super::hostile::Noise;
use crate::manifest::{parse, schema};
use crate::stores;
use boon::{Compiler, Schemas};
use serde_json::{Map, Value, json};

/// A manifest with one of everything.
fn whole() -> Value {
    json!({
        "providers": {
            "prod": {
                "type": "vault", "address": ["https://a", "https://b"], "mount": "kv", "kv_version": 2, "ca_cert": "/ca.pem",
                "skip_tls_verify": false, "allow": ["crow/*"],
                "auth": {
                    "method": "approle", "path": "approle", "role_id": { "env": "ROLE" },
                    "secret_id": { "file": "/run/secrets/id", "wrapped": false },
                },
            },
            "1": { "type": "openbao", "address": "https://a", "auth": { "token": { "env": "TOKEN" } } },
            "local": { "type": "file", "root": "/srv", "allow": "*" },
        },
        "env": {
            "LEVEL": "info", "NUMBER": 1.5, "FLAG": true, "EMPTY": "",
            "A": "secret://prod/crow/app?version=3#k%23|trim|json",
            "URL": "pg://${LEVEL}:${secret://local/pw|urlencode}@db",
            "B": { "from_secret": { "integration": 1, "path": "a b", "key": "k", "version": 0, "mount": "m" }, "optional": true },
            "C": { "from_secret": "secret://env/HOME", "default": "x", "optional": "false" },
        },
        "on_conflict": "manifest",
    })
}

/// What may come in the place of anything.
fn odd(noise: &mut Noise) -> Value {
    let some = [
        Value::Null,
        json!(""),
        json!("x"),
        json!(0),
        json!(2),
        json!(true),
        json!("false"),
        json!("yes"),
        json!([]),
        json!(["x"]),
        json!([""]),
        json!([null]),
        json!({}),
        json!({ "env": "X" }),
        json!({ "file": "/x" }),
        json!({ "env": "$X" }),
        json!({ "env": "X", "wrapped": false }),
        json!({ "env": "X", "file": "Y" }),
        json!({ "from_secret": "secret://v/x" }),
        json!({ "provider": "v", "path": "x" }),
        json!("secret://v/x"),
        json!("secret://v"),
        json!("secret://v/x#"),
        json!("secret://v/x|up"),
        json!("secret://v/x?version=1"),
        json!("secret://v/%zz"),
        json!("secret:///x"),
        json!("a${secret://v/x}"),
        json!("\u{1b}"),
        json!("vault"),
        json!("token"),
        json!("approle"),
        json!("environment"),
        json!("a=b"),
    ];
    some[noise.below(some.len())].clone()
}

const KEYS: &[&str] = &[
    "providers",
    "env",
    "environment",
    "on_conflict",
    "files",
    "type",
    "auth",
    "allow",
    "address",
    "root",
    "mount",
    "path",
    "method",
    "role_id",
    "token",
    "secret_id",
    "file",
    "wrapped",
    "url",
    "from_secret",
    "default",
    "optional",
    "as",
    "key",
    "provider",
    "integration",
    "version",
    "adress",
    "A=B",
    "",
    "\u{7f}",
];

/// Changes one thing somewhere in `value`.
fn bend(value: &mut Value, noise: &mut Noise) {
    match value {
        Value::Object(map) if !map.is_empty() && noise.below(5) > 0 => {
            let at = noise.below(map.len());
            let name = map.keys().nth(at).unwrap().clone();
            match noise.below(9) {
                0 => drop(map.remove(&name)),
                1 => rename(map, &name, KEYS[noise.below(KEYS.len())]),
                2 => drop(map.insert(KEYS[noise.below(KEYS.len())].to_owned(), odd(noise))),
                _ => bend(map.get_mut(&name).unwrap(), noise),
            }
        }
        Value::Array(items) if !items.is_empty() && noise.below(3) > 0 => {
            let at = noise.below(items.len());
            bend(&mut items[at], noise);
        }
        other => *other = odd(noise),
    }
}

fn rename(map: &mut Map<String, Value>, from: &str, to: &str) {
    let value = map.remove(from).unwrap();
    map.insert(to.to_owned(), value);
}

/// What the reader refuses and a schema cannot see: the inside of text.
const UNSEEN: &[&str] =
    &["encodes no text", "closing `}`", "white space around", "from_secret` is a text with references"];

#[test]
fn the_schema_and_the_reader_agree() {
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.add_resource("schema.json", serde_json::from_str(&schema::text(stores::SPECS)).unwrap()).unwrap();
    let index = compiler.compile("schema.json", &mut schemas).unwrap();
    let mut noise = Noise(0x1234_5678_9ABC_DEF1);
    let (mut good, mut bad) = (0, 0);
    for round in 0..5_000 {
        let mut manifest = whole();
        for _ in 0..(round % 4).min(round) {
            bend(&mut manifest, &mut noise);
        }
        let text = serde_json::to_string(&manifest).unwrap();
        let problems = parse("m", text.as_bytes()).problems;
        let accepted = schemas.validate(&manifest, index);
        let unseen = problems.iter().any(|problem| UNSEEN.iter().any(|part| problem.what.contains(part)));
        match (problems.is_empty(), &accepted) {
            (true, Ok(())) => good += 1,
            (false, Err(_)) => bad += 1,
            (false, Ok(())) if unseen => {}
            (true, Err(error)) => panic!("only the schema refuses {text}\n{error:#}"),
            (false, Ok(())) => panic!("only the reader refuses {text}\n{problems:?}"),
        }
    }
    assert!(good > 1_000 && bad > 1_000, "{good} {bad}");
}
