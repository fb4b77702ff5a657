//! A problem as the user meets it: what, where, why, and the cure. Never a value, a token or a response body.

use crate::exit::Kind;

/// A place in a source that the user wrote.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The source's name as shown: a file's path, `KEYINIT_MANIFEST_TEXT`, or `environment variable NAME`.
    pub source: String,
    /// Line, counted from 1; 0 where the source has no lines (a variable of the environment).
    pub line: u32,
    /// Column in characters, counted from 1; 0 where there is none.
    pub column: u32,
    /// The text of the line, without its newline; none where it might hold a credential.
    pub excerpt: Option<String>,
}

/// Which secret a problem is about, in the names of the manifest. None of it is secret.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Subject {
    /// The variables or files that wait for it, in the order of the plan.
    pub targets: Vec<String>,
    /// The provider's name.
    pub provider: Option<String>,
    /// The path as the user wrote it.
    pub path: Option<String>,
    /// The key within the secret.
    pub key: Option<String>,
    /// The version that was asked for.
    pub version: Option<String>,
}

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Decides the exit code.
    pub kind: Kind,
    /// What is wrong and why, in one line without a final dot.
    pub what: String,
    /// Which secret it is about, if any.
    pub subject: Subject,
    /// Where it stands, if it stands somewhere.
    pub place: Option<Place>,
    /// What to do about it, in one line.
    pub cure: Option<String>,
}

impl Problem {
    /// A problem of `kind` with its one-line text.
    pub fn new(kind: Kind, what: impl Into<String>) -> Self {
        Problem { kind, what: what.into(), subject: Subject::default(), place: None, cure: None }
    }

    /// Adds what to do about it.
    #[must_use]
    pub fn cure(mut self, cure: impl Into<String>) -> Self {
        self.cure = Some(cure.into());
        self
    }

    /// Adds where it stands.
    #[must_use]
    pub fn at(mut self, place: Place) -> Self {
        self.place = Some(place);
        self
    }

    /// Adds which secret it is about.
    #[must_use]
    pub fn about(mut self, subject: Subject) -> Self {
        self.subject = subject;
        self
    }
}

/// All problems of a stage at once; never empty when returned as an error.
pub type Problems = Vec<Problem>;
