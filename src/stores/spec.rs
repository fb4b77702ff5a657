//! What the plan may know of a store before anything is asked: its names, its settings, its logins. Data, not code:
//! the same table validates the manifest, writes `plan`, the help and the JSON Schema, and strips credentials.

use super::Store;
use crate::auth::Source;
use crate::environment::Environment;
use crate::error::Place;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

/// One kind of store.
pub struct Spec {
    /// The name in references and in `type:`.
    pub kind: &'static str,
    /// Other names of `type:` for the same store.
    pub aliases: &'static [&'static str],
    /// The vendor's own name, for help and documentation.
    pub title: &'static str,
    /// Settings of a provider beside `type`, `auth` and `allow`.
    pub keys: &'static [Key],
    /// Login methods under `auth.method`; empty for a store without logins.
    pub methods: &'static [Method],
    /// Variables of the store's own CLI that hold a credential: stripped from the command's environment where this
    /// store is used. Where one is listed, its `_FILE` twin is meant too.
    pub credentials: &'static [&'static str],
    /// What a path holds.
    pub shape: Shape,
    /// Reads settings and environment into a store that is ready to log in. Pure: no file, no network.
    pub configure: fn(&Settings, &Environment<'_>) -> Result<Arc<dyn Store>, Vec<Complaint>>,
}

/// What a path of a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One value; no key and `key: value` both mean the whole.
    Value,
    /// Named fields.
    Fields,
}

/// One setting of a provider.
pub struct Key {
    /// Its name in the manifest.
    pub name: &'static str,
    /// What may stand there.
    pub form: Form,
    /// One line for documentation.
    pub meaning: &'static str,
}

/// What may stand in a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Any text.
    Text,
    /// One text or a list of texts.
    List,
    /// `true` or `false`.
    Boolean,
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A name that may stand as it is, or `{ env: NAME }` or `{ file: PATH }`.
    Name,
    /// A credential: only `{ env: NAME }` or `{ file: PATH }`; written out it is an error.
    Credential,
}

/// One login method.
pub struct Method {
    /// Its name under `auth.method`.
    pub name: &'static str,
    /// Its fields, named as in the store's own API.
    pub fields: &'static [Key],
    /// One line for documentation.
    pub meaning: &'static str,
}

/// The settings of one provider, already checked against the spec: known names, fitting forms.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// By name.
    pub keys: BTreeMap<String, Given>,
    /// `auth.method`, when given.
    pub method: Option<String>,
    /// Fields under `auth` but `method`, by name (`path` arrives as `mount`).
    pub auth: BTreeMap<String, Given>,
    /// Where the provider stands; none for the default configuration of a type.
    pub place: Option<Place>,
    /// Whether something that was written here was refused, which a problem tells. What a store then misses may be just that:
    /// its complaints about the provider as a whole, at [`Settings::place`], are not repeated to the user.
    pub refused: bool,
}

impl Settings {
    /// The setting `name` as one text.
    pub fn text(&self, name: &str) -> Option<&str> {
        match self.keys.get(name).map(|given| &given.value) {
            Some(Value::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The setting `name` as a list; one text is a list of one.
    pub fn list(&self, name: &str) -> Vec<&str> {
        match self.keys.get(name).map(|given| &given.value) {
            Some(Value::Text(text)) => vec![text],
            Some(Value::List(list)) => list.iter().map(String::as_str).collect(),
            _ => Vec::new(),
        }
    }

    /// The setting `name` as a boolean.
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.text(name).map(|text| text == "true")
    }

    /// Where the setting `name` stands, else where the provider stands.
    pub fn place_of(&self, name: &str) -> Option<Place> {
        let given = self.keys.get(name).or_else(|| self.auth.get(name));
        given.map(|given| given.place.clone()).or_else(|| self.place.clone())
    }
}

/// One setting as it was written, and where.
#[derive(Clone, Debug)]
pub struct Given {
    /// What was written.
    pub value: Value,
    /// Where.
    pub place: Place,
}

/// What was written in a setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A scalar, in its source text.
    Text(String),
    /// A list of scalars.
    List(Vec<String>),
    /// `{ env: NAME }`.
    Env(String),
    /// `{ file: PATH }`, with `wrapped: true` where the file holds a response-wrapping token.
    File {
        /// The file.
        path: PathBuf,
        /// Whether it holds a wrapping token rather than the value.
        wrapped: bool,
    },
}

impl Value {
    /// Where the value comes from; none for a list, or for a file with a wrapping token.
    pub fn source(&self) -> Option<Source> {
        match self {
            Value::Text(text) => Some(Source::Literal(text.clone())),
            Value::Env(name) => Some(Source::Variable(name.clone())),
            Value::File { path, wrapped: false } => Some(Source::File(path.clone())),
            Value::File { wrapped: true, .. } | Value::List(_) => None,
        }
    }
}

/// What `configure` has against the settings. Becomes a 78 with the provider's name.
#[derive(Clone, Debug)]
pub struct Complaint {
    /// What is wrong, in one line, without the provider's name.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// Where it stands, if it stands in the manifest.
    pub place: Option<Place>,
}
