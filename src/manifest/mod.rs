//! READ: the manifest and the grammar of references. Names, never values.
//!
//! Everything here is pure but [`source`], which finds the manifest. Any bytes give a [`Manifest`] or problems; size and
//! depth are bounded, and nothing recurses on input.
//!
//! A manifest with faults is still a [`Manifest`]: what could be read stands in it beside [`Manifest::problems`], so that
//! the plan can add what it finds wrong and all of it is reported at once.

mod entries;
mod files;
mod hide;
mod json;
pub(crate) mod keys;
mod node;
pub(crate) mod providers;
mod reader;
pub mod reference;
pub mod schema;
mod sheet;
pub mod source;
pub mod template;
#[cfg(test)]
mod tests;

pub use reader::{parse, parse_with};
pub use reference::{Fault, Filter, Reference};
pub use template::Piece;

use crate::error::{Place, Problems};
use crate::stores::{Settings, Spec};

/// The manifest as it was written, checked as far as that goes without the environment.
#[derive(Default)]
pub struct Manifest {
    /// `providers`, in order.
    pub providers: Vec<Provider>,
    /// `env`, in order.
    pub entries: Vec<Entry>,
    /// `files`, in order.
    pub files: Vec<FileEntry>,
    /// `files_dir`.
    pub files_dir: Option<String>,
    /// `on_conflict`.
    pub on_conflict: Option<Winner>,
    /// What is wrong with it. Whoever takes the manifest on must report these.
    pub problems: Problems,
}

/// One provider of the manifest.
pub struct Provider {
    /// Its name.
    pub name: String,
    /// Its kind of store and its settings; none when they are wrong, which the manifest's problems tell.
    pub store: Option<(&'static Spec, Settings)>,
    /// `allow`: the patterns a path must match; none when any path may be read.
    pub allow: Option<Vec<String>>,
    /// Where it stands.
    pub place: Place,
}

/// One entry of `env`.
pub struct Entry {
    /// The variable's name.
    pub name: String,
    /// Its value, in pieces; none when it is wrong, which the manifest's problems tell.
    pub pieces: Option<Vec<Piece>>,
    /// `optional` or `default`.
    pub absent: Absent,
    /// `as: file`.
    pub as_file: bool,
    /// Where it stands.
    pub place: Place,
}

/// One entry of `files`.
pub struct FileEntry {
    /// Where the command finds it: absolute, without `.`, `..` or empty segments.
    pub path: String,
    /// What it holds.
    pub content: FileContent,
    /// Its permission bits.
    pub mode: u32,
    /// `owner`, as written.
    pub owner: Option<String>,
    /// Whether it may lie on what is no tmpfs.
    pub on_disk: bool,
    /// `optional`.
    pub absent: Absent,
    /// Where it stands.
    pub place: Place,
}

/// What a file is to hold.
pub enum FileContent {
    /// This, in pieces; none when it is wrong, which the manifest's problems tell.
    Pieces(Option<Vec<Piece>>),
    /// What the template at this path makes. [`source::load`] reads it, so that nothing after it meets this.
    Template(std::path::PathBuf),
}

/// `NAME_FILE`: the variable that says where the value of `name` is, with `as: file`.
pub fn file_variable(name: &str) -> String {
    format!("{name}_FILE")
}

/// Who wins when a name is both in the manifest and in the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Winner {
    /// The manifest's value.
    Manifest,
    /// The environment's value.
    Environment,
}

/// What to do when a secret does not exist. A refusal is never "absent".
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Absent {
    /// It is an error: 66.
    Fail,
    /// The variable is left out.
    Omit,
    /// The variable gets this text.
    Default(String),
}
