//! Every key that a manifest may have beside the settings of its stores, as data. The reader takes the names from here, and
//! [`super::schema`] all of it: what validates and what is documented cannot differ.

use crate::stores::Form;
use crate::stores::Spec;

/// One key.
pub struct Known {
    /// Its name.
    pub name: &'static str,
    /// What may stand there.
    pub takes: Takes,
    /// The key that this is another name of; never both.
    pub same_as: Option<&'static str>,
    /// One line for documentation; none for what is not built.
    pub meaning: &'static str,
}

/// What may stand behind a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// What a setting of a store may take.
    Form(Form),
    /// The map of providers by name.
    Providers,
    /// A kind of store.
    Kind,
    /// How to log in, as the kind of store has it.
    Auth,
    /// The map of variables by name.
    Entries,
    /// The map of files by path.
    Files,
    /// A template of a file: its text, or the path of one.
    Template,
    /// Permissions in octal.
    Mode,
    /// A reference, or a map that says the same.
    Reference,
    /// Text that may be empty, and no reference.
    Fallback,
    /// Text that is taken as it stands: not empty, and on one line.
    Literal,
    /// The name of a variable.
    Variable,
    /// A file's path.
    Path,
    /// Nothing but `false`: `true` is promised, and refused by this version.
    NotYet,
    /// Nothing: the key is promised, and refused by this version.
    Later,
}

const fn key(name: &'static str, takes: Takes, meaning: &'static str) -> Known {
    Known { name, takes, same_as: None, meaning }
}

const fn alias(name: &'static str, same_as: &'static str, takes: Takes, meaning: &'static str) -> Known {
    Known { name, takes, same_as: Some(same_as), meaning }
}

const fn later(name: &'static str) -> Known {
    key(name, Takes::Later, "")
}

/// Keys of the top level.
pub static TOP: &[Known] = &[
    key("providers", Takes::Providers, "the stores, by the names that references use"),
    key("env", Takes::Entries, "what the command gets, by the name of the variable"),
    alias("environment", "env", Takes::Entries, "the same as env"),
    key(
        "on_conflict",
        Takes::Form(Form::OneOf(&["manifest", "environment"])),
        "who wins when a variable is set to something else in the environment; without it that is an error",
    ),
    key("files", Takes::Files, "what the command finds in files, by path"),
    later("import"),
    later("mask"),
    later("user"),
    later("clear_env"),
    later("pass"),
    key("files_dir", Takes::Path, "the tmpfs that values go to with `as: file`; default /run/secrets, else /run"),
    later("on_lease_end"),
    later("fingerprint_key"),
    later("accept"),
];

/// Keys of every provider, whatever its store.
pub static PROVIDER: &[Known] = &[
    key("type", Takes::Kind, "the kind of store"),
    key("auth", Takes::Auth, "how to log in; what is left out is taken from the variables of the store's own CLI"),
    key(
        "allow",
        Takes::Form(Form::List),
        "patterns of paths; references to others are refused. * within a segment, ** across",
    ),
];

/// Keys of an entry of `env` that is a map.
pub static ENTRY: &[Known] = &[
    key("from_secret", Takes::Reference, "the secret"),
    key("optional", Takes::Form(Form::Boolean), "leave the variable out where the secret does not exist"),
    key("default", Takes::Fallback, "the value where the secret does not exist"),
    key(
        "as",
        Takes::Form(Form::OneOf(&["file"])),
        "the command gets NAME_FILE, the path of a file that holds the value",
    ),
];

/// Keys of an entry of `files`.
pub static FILE: &[Known] = &[
    key("from_secret", Takes::Reference, "the secret"),
    key(
        "template",
        Takes::Template,
        "text with ${secret://...} in it; one line that begins with a slash is the path of a file that holds the text",
    ),
    key("mode", Takes::Mode, "its permissions in octal; default 0400"),
    key("owner", Takes::Literal, "USER[:GROUP] it belongs to; default who the command runs as"),
    key("on_disk", Takes::Form(Form::Boolean), "allow a file system that is no tmpfs; the file is removed at the end"),
    key("optional", Takes::Form(Form::Boolean), "leave the file out where the secret does not exist"),
];

/// Keys of `from_secret` that is a map.
pub static SECRET: &[Known] = &[
    key("provider", Takes::Literal, "a name from providers, or a kind of store with its default configuration"),
    alias("integration", "provider", Takes::Literal, "the same as provider"),
    key("path", Takes::Literal, "the path, as it is"),
    key("key", Takes::Literal, "the field within the secret, as it is; may be left out where there is only one"),
    key("version", Takes::Literal, "the version; 0 for the newest"),
    key("mount", Takes::Literal, "the KV mount, where it is not the provider's"),
];

/// Keys of where a credential comes from.
pub static SOURCE: &[Known] = &[
    key("env", Takes::Variable, "a variable of the container's environment"),
    key("file", Takes::Path, "a file"),
    key("wrapped", Takes::NotYet, "whether the file holds a response-wrapping token"),
    later("url"),
    later("header"),
    later("field"),
];

/// The keys to name where none of them was meant.
pub fn shown(table: &[Known]) -> Vec<&'static str> {
    table.iter().filter(|key| key.takes != Takes::Later && key.same_as.is_none()).map(|key| key.name).collect()
}

/// Every key, as candidates for what was meant.
pub fn all(table: &[Known]) -> Vec<&'static str> {
    table.iter().map(|key| key.name).collect()
}

/// Whether the key is promised, and refused by this version.
pub fn is_later(table: &[Known], name: &str) -> bool {
    table.iter().any(|key| key.name == name && key.takes == Takes::Later)
}

/// The store of that name or alias among `specs`.
pub fn find(specs: &[&'static Spec], name: &str) -> Option<&'static Spec> {
    specs.iter().copied().find(|spec| spec.kind == name || spec.aliases.contains(&name))
}

/// The names and aliases of `specs`.
pub fn kinds(specs: &[&'static Spec]) -> Vec<&'static str> {
    specs.iter().flat_map(|spec| std::iter::once(spec.kind).chain(spec.aliases.iter().copied())).collect()
}
