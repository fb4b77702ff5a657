//! PLAN: what will be asked of which store, for which variable. A value that can be printed and tested with no network.

mod allow;
mod build;
pub mod explain;
#[cfg(test)]
pub(crate) mod fake;
mod files;
mod order;
mod providers;
#[cfg(test)]
mod tests;

pub use crate::manifest::{Absent, Filter, Winner, file_variable};
pub use build::{build, build_with};

use crate::error::{Place, Problem, Subject};
use crate::exit::Kind;
use crate::stores::{Locator, Store};
use std::sync::Arc;

/// Everything that a start will do, before it does any of it.
#[derive(Default)]
pub struct Plan {
    /// One per identity: each logs in once.
    pub logins: Vec<Login>,
    /// Each path once, however many variables need it.
    pub reads: Vec<Read>,
    /// What the command gets, in order.
    pub variables: Vec<Variable>,
    /// What is written into files, in order.
    pub files: Vec<File>,
    /// Where values with `as: file` are to go, if that is a tmpfs.
    pub files_dir: Option<String>,
    /// Names that are taken out of the command's environment: credentials of the stores in use, less `--keep-env`.
    /// `KEYINIT_*` is stripped besides.
    pub strip: Vec<String>,
    /// Who wins when a resolved variable is already set to something else; none makes that an error.
    pub on_conflict: Option<Winner>,
}

impl Plan {
    /// Whether there is nothing to resolve: keyinit is an init and nothing more.
    pub fn is_empty(&self) -> bool {
        self.reads.is_empty() && self.variables.is_empty() && self.files.is_empty()
    }

    /// All that is made of secrets, by name: the variables, then the files.
    pub fn targets(&self) -> impl Iterator<Item = &Variable> {
        self.variables.iter().chain(self.files.iter().map(|file| &file.content))
    }
}

/// One login to one store.
pub struct Login {
    /// The configured store.
    pub store: Arc<dyn Store>,
    /// The kind of store, `vault`.
    pub kind: &'static str,
    /// The providers that share it, by name, in the order of the manifest.
    pub providers: Vec<String>,
}

/// One path that is read once.
pub struct Read {
    /// Index into [`Plan::logins`].
    pub login: usize,
    /// The provider's name, for messages: the first that named it.
    pub provider: String,
    /// What the store will be asked.
    pub locator: Locator,
    /// The path as the user wrote it, for messages.
    pub path: String,
}

/// One variable that the command will get.
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, in parts.
    pub parts: Vec<Part>,
    /// What to do when a secret, path, key or version does not exist.
    pub absent: Absent,
    /// Whether the command gets a file with the value, and in `NAME_FILE` where it is.
    pub as_file: bool,
    /// Where it was written; none for a variable of the environment.
    pub place: Option<Place>,
}

/// One file that the command will find.
pub struct File {
    /// What it holds, put together like a variable. Its name is the path: absolute, without `.`, `..` or empty segments.
    pub content: Variable,
    /// Its permission bits.
    pub mode: u32,
    /// `USER[:GROUP]` it is to belong to; none for who the command runs as.
    pub owner: Option<String>,
    /// Whether it may lie on what is no tmpfs; it is removed when the command has ended.
    pub on_disk: bool,
}

/// A part of a value.
pub enum Part {
    /// Text as it is.
    Literal(String),
    /// A secret.
    Secret(Pick),
    /// The value of another variable: an index into [`Plan::variables`], always of an earlier one.
    Variable(usize),
}

/// A secret within an answer.
pub struct Pick {
    /// Index into [`Plan::reads`].
    pub read: usize,
    /// Which field; none for the only one.
    pub key: Option<String>,
    /// What is done to it on the way.
    pub filters: Vec<Filter>,
}

/// A problem with one variable, at its place.
fn problem_of(needed: &providers::Needed<'_>, what: &str, cure: &str) -> Problem {
    let targets = vec![needed.name.to_owned()];
    let problem = match needed.place {
        Some(place) => Problem::new(Kind::Config, what).at(place.clone()),
        None => Problem::new(Kind::Config, what).at(Place {
            source: format!("environment variable {}", needed.name),
            line: 0,
            column: 0,
            excerpt: None,
        }),
    };
    problem.cure(cure).about(Subject { targets, ..Subject::default() })
}

/// Adds a variable to those that a problem is about, once.
fn add_target(targets: &mut Vec<String>, name: &str) {
    if !targets.iter().any(|target| target == name) {
        targets.push(name.to_owned());
    }
}
