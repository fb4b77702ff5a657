//! What a first word may be.

use super::Verb;
use crate::suggest::nearest;

/// One verb.
pub(super) struct Word {
    /// As it is typed.
    pub name: &'static str,
    /// What it does; none for a verb that is kept for later, so that a script cannot come to depend on a command of that
    /// name being run.
    pub verb: Option<Verb>,
    /// What follows the verb, for the help.
    pub usage: &'static str,
    /// One line for the help.
    pub meaning: &'static str,
}

/// Every verb, in the order of the help.
pub(super) static VERBS: &[Word] = &[
    Word {
        name: "run",
        verb: Some(Verb::Run),
        usage: "[OPTIONS] [--] COMMAND [ARG...]",
        meaning: "start COMMAND with its secrets, as its init",
    },
    Word {
        name: "check",
        verb: Some(Verb::Check),
        usage: "[OPTIONS]",
        meaning: "log in to every store named; read no secret",
    },
    Word {
        name: "plan",
        verb: Some(Verb::Plan),
        usage: "[OPTIONS]",
        meaning: "show what would be read; no network, no value",
    },
    Word {
        name: "schema",
        verb: Some(Verb::Schema),
        usage: "",
        meaning: "print the manifest's JSON Schema, for editors and CI",
    },
    later("export"),
    later("install"),
    later("health"),
    later("doctor"),
    later("wait"),
];

const fn later(name: &'static str) -> Word {
    Word { name, verb: None, usage: "", meaning: "" }
}

/// The verb that `word` is, exactly.
pub(super) fn verb(word: &[u8]) -> Option<&'static Word> {
    VERBS.iter().find(|known| known.name.as_bytes() == word)
}

/// The verb that `word`, which is none, was probably meant to be.
pub fn meant(word: &[u8]) -> Option<&'static str> {
    nearest(std::str::from_utf8(word).ok()?, VERBS.iter().filter(|known| known.verb.is_some()).map(|known| known.name))
}
