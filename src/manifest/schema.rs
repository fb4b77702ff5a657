//! The manifest's JSON Schema (draft 2020-12), written from the tables that validate it: [`keys`] and the stores' specs.
//!
//! It accepts every manifest that the reader accepts. It cannot see what lies between two places, or inside longer text:
//! cycles, `allow`, unknown providers and entries, duplicate keys, faults of a template. What is promised for later is in
//! neither, so both refuse it.

use super::keys::{self, Known, Takes};
use super::providers::kinds;
use super::reference;
use crate::stores::{Form, Key, Method, Spec};
use serde_json::{Map, Value, json};

/// No control character: in JSON Schema's regular expressions there is no short name for them.
const PRINTED: &str = r"\u0000-\u001f\u007f-\u009f";

/// The schema, as text.
pub fn text(specs: &[&'static Spec]) -> String {
    let mut schema = map(keys::TOP, &[]);
    schema["$schema"] = "https://json-schema.org/draft/2020-12/schema".into();
    schema["title"] = "keyinit manifest".into();
    schema["description"] = "Which variable of the command gets which secret. Names, never values.".into();
    // An empty file is an empty manifest.
    schema["type"] = json!(["object", "null"]);
    schema["$defs"] = definitions(specs);
    // Text keys and plain values only: cannot fail.
    let mut text = serde_json::to_string_pretty(&schema).unwrap_or_default();
    text.push('\n');
    text
}

fn definitions(specs: &[&'static Spec]) -> Value {
    let no_reference = json!({ "type": "string", "pattern": r"^secret://|\$\{secret://" });
    let name = json!({ "minLength": 1, "pattern": "^[^=\\u0000]+$" });
    let mut from_secret = map(keys::SECRET, &[]);
    from_secret["required"] = json!(["path"]);
    from_secret["anyOf"] = json!([{ "required": ["provider"] }, { "required": ["integration"] }]);
    let mut entry = map(keys::ENTRY, &[]);
    entry["required"] = json!(["from_secret"]);
    entry["not"] =
        json!({ "required": ["optional", "default"], "properties": { "optional": { "enum": [true, "true"] } } });
    let mut source = map(keys::SOURCE, &[]);
    source["oneOf"] = json!([{ "required": ["env"] }, { "required": ["file"] }]);
    source["dependentRequired"] = json!({ "wrapped": ["file"] });
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
        definitions[format!("provider-{}", spec.kind)] = provider(spec);
        if !spec.methods.is_empty() {
            definitions[format!("auth-{}", spec.kind)] = auth(spec);
        }
    }
    definitions
}

fn provider(spec: &'static Spec) -> Value {
    let mut provider = map(keys::PROVIDER, spec.keys);
    provider["title"] = spec.title.into();
    if let Some(properties) = provider["properties"].as_object_mut() {
        properties.insert("type".to_owned(), json!({ "enum": kinds(&[spec]) }));
        if spec.methods.is_empty() {
            properties.remove("auth");
        } else if let Some(auth) = properties.get_mut("auth") {
            auth["$ref"] = format!("#/$defs/auth-{}", spec.kind).into();
        }
    }
    provider
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
fn fields(methods: &[&Method], named: Option<&Method>) -> Value {
    let mut properties = Map::new();
    for field in methods.iter().flat_map(|method| method.fields) {
        properties.entry(field.name).or_insert_with(|| described(form(field.form), field.meaning));
    }
    let mut fields = json!({ "additionalProperties": false });
    if let Some(mount) = properties.get("mount").filter(|_| !properties.contains_key("path")).cloned() {
        properties.insert("path".to_owned(), mount);
        fields["not"] = json!({ "required": ["mount", "path"] });
    }
    if let Some(method) = named {
        fields["title"] = method.meaning.into();
        properties.insert("method".to_owned(), true.into());
    }
    fields["properties"] = properties.into();
    fields
}

/// A map with these keys and no others.
fn map(table: &[Known], settings: &[Key]) -> Value {
    let mut properties = Map::new();
    let mut never = Vec::new();
    for key in table {
        if let Some(schema) = taken(key.takes) {
            properties.insert(key.name.to_owned(), described(schema, key.meaning));
        }
        never.extend(key.same_as.map(|other| json!({ "not": { "type": "object", "required": [other, key.name] } })));
    }
    for key in settings {
        properties.insert(key.name.to_owned(), described(form(key.form), key.meaning));
    }
    let mut map = json!({ "type": "object", "properties": properties, "additionalProperties": false });
    if !never.is_empty() {
        map["allOf"] = never.into();
    }
    map
}

/// What may stand behind a key; none where nothing may.
fn taken(takes: Takes) -> Option<Value> {
    let name = match takes {
        Takes::Form(known) => return Some(form(known)),
        Takes::Later => return None,
        // Which kinds there are and what they know is said by the store.
        Takes::Kind | Takes::Auth => return Some(json!({})),
        Takes::Providers => "providers",
        Takes::Entries => "entries",
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

fn described(mut schema: Value, meaning: &str) -> Value {
    schema["description"] = meaning.into();
    schema
}

/// The grammar of a reference as a regular expression.
fn pattern() -> String {
    let part = |but: &str| format!("(?:[^%|#?}}{but}{PRINTED}]|%[0-9A-Fa-f]{{2}})+");
    let filters = reference::filters().join("|");
    let (provider, rest, version) = (part("/"), part(""), part("&"));
    format!("^{}{provider}/{rest}(?:\\?version={version})?(?:#{rest})?(?:\\|(?:{filters}))*$", reference::SCHEME)
}
