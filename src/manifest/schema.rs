//! The manifest's JSON Schema (draft 2020-12), written from the tables that validate it: [`keys`] and the stores' specs.
//!
//! It accepts every manifest that the reader accepts. It cannot see what lies between two places, or inside longer text:
//! cycles, `allow`, unknown providers and entries, duplicate keys, faults of a template. What is promised for later is in
//! neither, so both refuse it.

use super::keys::kinds;
use super::keys::{self, Known, Takes};
use super::reference;
use crate::stores::{Form, Method, Spec};
use serde_json::{Map, Value, json};

/// No control character: in JSON Schema's regular expressions there is no short name for them.
const PRINTED: &str = r"\u0000-\u001f\u007f-\u009f";

/// The schema, as text.
pub fn text(specs: &[&'static Spec]) -> String {
    let head = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "keyinit manifest",
        "description": "Which variable of the command gets which secret. Names, never values.",
        // An empty file is an empty manifest.
        "type": ["object", "null"],
        "$defs": definitions(specs),
    });
    let schema = with(map(keys::TOP), head);
    // Text keys and plain values only: cannot fail.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn definitions(specs: &[&'static Spec]) -> Value {
    let no_reference = json!({ "type": "string", "pattern": r"^secret://|\$\{secret://" });
    let name = json!({ "minLength": 1, "pattern": "^[^=\\u0000]+$" });
    let one_provider = json!([{ "required": ["provider"] }, { "required": ["integration"] }]);
    let from_secret = with(map(keys::SECRET), json!({ "required": ["path"], "anyOf": one_provider }));
    let both = json!({ "required": ["optional", "default"], "properties": { "optional": { "enum": [true, "true"] } } });
    let entry = with(map(keys::ENTRY), json!({ "required": ["from_secret"], "not": both }));
    let one_content = json!([{ "required": ["from_secret"] }, { "required": ["template"] }]);
    let file = with(map(keys::FILE), json!({ "oneOf": one_content }));
    let one_place = json!([{ "required": ["env"] }, { "required": ["file"] }]);
    let source = with(map(keys::SOURCE), json!({ "oneOf": one_place, "dependentRequired": { "wrapped": ["file"] } }));
    let mut definitions = json!({
        "scalar": { "type": ["string", "number", "boolean"] },
        "filled": { "$ref": "#/$defs/scalar", "minLength": 1 },
        "text": { "$ref": "#/$defs/filled", "not": no_reference },
        "fallback": { "$ref": "#/$defs/scalar", "not": no_reference },
        "literal": { "$ref": "#/$defs/filled", "pattern": format!("^[^{PRINTED}]*$") },
        "variable": { "$ref": "#/$defs/filled", "pattern": "^[^=$\\u0000]+$" },
        "boolean": { "enum": [true, false, "true", "false"] },
        "not_yet": { "enum": [false, "false"] },
        "list": {
            "if": { "type": "array" },
            "then": { "minItems": 1, "items": { "$ref": "#/$defs/text" } },
            "else": { "$ref": "#/$defs/text" },
        },
        "source": source,
        "name": {
            "description": "as it is, or where it comes from",
            "if": { "type": "object" },
            "then": { "$ref": "#/$defs/source" },
            "else": { "$ref": "#/$defs/text" },
        },
        "reference": { "type": "string", "pattern": pattern() },
        "from_secret": {
            "if": { "type": "object" },
            "then": from_secret,
            "else": { "$ref": "#/$defs/reference" },
        },
        "value": {
            "$ref": "#/$defs/scalar",
            "if": { "type": "string", "pattern": "^secret://" },
            "then": { "$ref": "#/$defs/reference" },
        },
        "entries": {
            "type": "object",
            "propertyNames": name,
            "additionalProperties": {
                "if": { "type": "object" },
                "then": entry,
                "else": { "$ref": "#/$defs/value" },
            },
        },
        "mode": { "type": ["string", "integer"], "pattern": "^0?[0-7]{3}$" },
        "files": {
            "type": "object",
            "propertyNames": { "pattern": format!("^(?:/[^/{PRINTED}]+)+$"), "not": { "pattern": r"/\.\.?(?:/|$)" } },
            "additionalProperties": file,
        },
        "providers": {
            "type": "object",
            "propertyNames": { "$ref": "#/$defs/literal" },
            "additionalProperties": {
                "type": "object",
                "required": ["type"],
                "properties": { "type": { "enum": kinds(specs) } },
                "allOf": specs.iter().map(|spec| json!({
                    "if": { "required": ["type"], "properties": { "type": { "enum": kinds(&[spec]) } } },
                    "then": { "$ref": format!("#/$defs/provider-{}", spec.kind) },
                })).collect::<Vec<_>>(),
            },
        },
    });
    for spec in specs {
        definitions = with(definitions, named(format!("provider-{}", spec.kind), provider(spec)));
        if !spec.methods.is_empty() {
            definitions = with(definitions, named(format!("auth-{}", spec.kind), auth(spec)));
        }
    }
    definitions
}

fn provider(spec: &'static Spec) -> Value {
    let mut properties = Map::new();
    for key in keys::PROVIDER {
        let schema = match key.takes {
            Takes::Kind => json!({ "enum": kinds(&[spec]) }),
            Takes::Auth if spec.methods.is_empty() => continue,
            Takes::Auth => definition(&format!("auth-{}", spec.kind)),
            takes => taken(takes).unwrap_or_default(),
        };
        properties.insert(key.name.to_owned(), described(schema, key.meaning));
    }
    for key in spec.keys {
        properties.insert(key.name.to_owned(), described(form(key.form), key.meaning));
    }
    json!({ "title": spec.title, "type": "object", "properties": properties, "additionalProperties": false })
}

fn auth(spec: &Spec) -> Value {
    let names: Vec<&str> = spec.methods.iter().map(|method| method.name).collect();
    let mut cases: Vec<Value> = spec
        .methods
        .iter()
        .map(|method| {
            json!({
                "if": { "required": ["method"], "properties": { "method": { "const": method.name } } },
                "then": fields(&[method], Some(method)),
            })
        })
        .collect();
    let all: Vec<&Method> = spec.methods.iter().collect();
    cases.push(json!({ "if": { "not": { "required": ["method"] } }, "then": fields(&all, None) }));
    json!({ "type": "object", "properties": { "method": { "enum": names } }, "allOf": cases })
}

/// What may stand under `auth` for one method, or where none is named.
fn fields(methods: &[&Method], chosen: Option<&Method>) -> Value {
    let mut properties = Map::new();
    for field in methods.iter().flat_map(|method| method.fields) {
        properties.entry(field.name).or_insert_with(|| described(form(field.form), field.meaning));
    }
    let mut fields = json!({});
    if let Some(mount) = properties.get("mount").filter(|_| !properties.contains_key("path")).cloned() {
        properties.insert("path".to_owned(), mount);
        fields = json!({ "not": { "required": ["mount", "path"] } });
    }
    if let Some(method) = chosen {
        fields = with(fields, json!({ "title": method.meaning }));
        properties.insert("method".to_owned(), true.into());
    }
    with(fields, json!({ "properties": properties, "additionalProperties": false }))
}

/// A map with these keys and no others.
fn map(table: &[Known]) -> Value {
    let mut properties = Map::new();
    let mut never = Vec::new();
    for key in table {
        if let Some(schema) = taken(key.takes) {
            properties.insert(key.name.to_owned(), described(schema, key.meaning));
        }
        never.extend(key.same_as.map(|other| json!({ "not": { "type": "object", "required": [other, key.name] } })));
    }
    let map = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if never.is_empty() { map } else { with(map, json!({ "allOf": never })) }
}

/// What may stand behind a key; none where nothing may.
fn taken(takes: Takes) -> Option<Value> {
    let name = match takes {
        Takes::Form(known) => return Some(form(known)),
        Takes::Later => return None,
        // These differ from store to store.
        Takes::Kind | Takes::Auth => return None,
        Takes::Providers => "providers",
        Takes::Entries => "entries",
        Takes::Files => "files",
        Takes::Template => "filled",
        Takes::Mode => "mode",
        Takes::Reference => "from_secret",
        Takes::Fallback => "fallback",
        Takes::Literal => "literal",
        Takes::Variable => "variable",
        Takes::Path => "filled",
        Takes::NotYet => "not_yet",
    };
    Some(definition(name))
}

fn form(form: Form) -> Value {
    definition(match form {
        Form::Text => "text",
        Form::List => "list",
        Form::Boolean => "boolean",
        Form::Name => "name",
        Form::Credential => "source",
        Form::OneOf(words) => {
            // YAML reads `2` as a number.
            let number = |word: &&str| word.parse::<u32>().ok().map(Value::from);
            let words = words.iter().map(|word| Value::from(*word)).chain(words.iter().filter_map(number));
            return json!({ "enum": words.collect::<Vec<_>>() });
        }
    })
}

fn definition(name: &str) -> Value {
    json!({ "$ref": format!("#/$defs/{name}") })
}

fn described(schema: Value, meaning: &str) -> Value {
    with(schema, json!({ "description": meaning }))
}

/// Both maps in one; of two members of one name the second counts.
fn with(one: Value, other: Value) -> Value {
    match (one, other) {
        (Value::Object(mut one), Value::Object(other)) => {
            one.extend(other);
            one.into()
        }
        (one, _) => one,
    }
}

fn named(name: String, schema: Value) -> Value {
    Value::Object(Map::from_iter([(name, schema)]))
}

/// The grammar of a reference as a regular expression.
fn pattern() -> String {
    let part = |but: &str| format!("(?:[^%|#?}}{but}{PRINTED}]|%[0-9A-Fa-f]{{2}})+");
    let filters = reference::filters().join("|");
    let (provider, rest, version) = (part("/"), part(""), part("&"));
    format!("^{}{provider}/{rest}(?:\\?version={version})?(?:#{rest})?(?:\\|(?:{filters}))*$", reference::SCHEME)
}
