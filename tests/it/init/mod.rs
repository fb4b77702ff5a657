//! An init's work, with the init under test as a parameter: every behaviour is tried on keyinit, tini, dumb-init and
//! catatonit. What keyinit fails is a failed test; what another fails is a word in the README's table, which
//! `.ci/inits` makes from the results.
//!
//! To add a behaviour, write it as a case of [`on_inits!`] in the file of its subject:
//!
//! ```ignore
//! on_inits! {
//!     /// The row's text in the README, on one line: what a user sees that it does.
//!     fn name_of_the_test(init) {
//!         let mut run = init.probe(&["wait"]).spawn();   // or init.asked(&[Ask::Group]).probe(...)
//!         run.out.expect("ready");
//!         ...
//!     }
//! }
//! ```
//!
//! and run `.ci/inits run`, which writes the table anew. The body may panic at will: that is what "fails" is. Where it waits
//! (`until`, `Lines::find`, `Running::finish`) for another init in vain, the wait is over as soon as no process of that init
//! moves any more (support/settled.rs), not when its time is; so a body must not need a sleep to come true. An option
//! that another init does not have is asked for with [`Subject::asked`], and "no option" stands in the table. What is only
//! keyinit's is an ordinary `#[test]`. A new file gets its heading in `.ci/inits`.

mod alone;
mod ends;
mod given;
mod options;
mod signals;
mod start;
mod verdict;

pub use verdict::tried;

use crate::support::binary::{self, on_path};
use crate::support::pidns::Init;
use crate::support::skip::skip;

/// The inits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Keyinit,
    Tini,
    DumbInit,
    Catatonit,
}

impl Kind {
    /// The name of its program.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Keyinit => "keyinit",
            Kind::Tini => "tini",
            Kind::DumbInit => "dumb-init",
            Kind::Catatonit => "catatonit",
        }
    }
}

/// That init; none, and a loud skip, when it is not installed.
fn init(kind: Kind) -> Option<Subject> {
    let program = match kind {
        Kind::Keyinit => Some(binary::keyinit()),
        _ => on_path(kind.name()),
    };
    if program.is_none() {
        skip(kind.name(), "not installed");
    }
    program.map(|program| Subject { kind, program, options: Vec::new() })
}

/// What an init may be asked for by an option.
#[derive(Clone, Copy, Debug)]
pub enum Ask {
    /// Signals go to the command's whole group.
    Group,
    /// Signals go to the command alone: the default of all but dumb-init.
    Alone,
    /// This signal is passed on as that one, or not at all where that is 0.
    Rewrite(i32, i32),
    /// This exit code is reported as 0.
    Remap(u8),
    /// Orphans come to it although it is not PID 1: of some the default.
    Adopt,
    /// The signal that it gets when its parent dies.
    ParentDeath(&'static str),
    /// A line for each orphan that it reaps.
    Verbose,
}

impl Ask {
    /// The words of the command line; none when `kind` has no such option.
    fn of(self, kind: Kind) -> Option<Vec<String>> {
        use Kind::{Catatonit, DumbInit, Keyinit, Tini};
        let words = |words: &[&str]| Some(words.iter().map(|word| word.to_string()).collect());
        match (self, kind) {
            (Ask::Group, DumbInit) | (Ask::Alone, Keyinit | Tini | Catatonit) => words(&[]),
            (Ask::Group, _) => words(&["-g"]),
            (Ask::Alone, DumbInit) => words(&["-c"]),
            (Ask::Rewrite(from, to), Keyinit) => words(&["--rewrite-signal", &format!("{from}:{to}")]),
            (Ask::Rewrite(from, to), DumbInit) => words(&["-r", &format!("{from}:{to}")]),
            (Ask::Remap(code), Keyinit) => words(&["--remap-exit", &code.to_string()]),
            (Ask::Remap(code), Tini) => words(&["-e", &code.to_string()]),
            (Ask::Adopt, Keyinit | Catatonit) => words(&[]),
            (Ask::Adopt, Tini) => words(&["-s"]),
            (Ask::ParentDeath(name), Keyinit) => words(&["-p", name]),
            (Ask::ParentDeath(name), Tini) => words(&["-p", &format!("SIG{name}")]),
            (Ask::Verbose, Keyinit | DumbInit) => words(&["-v"]),
            (Ask::Verbose, Tini) => words(&["-vvv"]),
            _ => None,
        }
    }
}

/// An init under test.
pub struct Subject {
    pub kind: Kind,
    program: std::path::PathBuf,
    options: Vec<String>,
}

impl Subject {
    /// It with the options for `asks`. Where it lacks one the case is over.
    pub fn asked(&self, asks: &[Ask]) -> Subject {
        let option = |ask: &Ask| ask.of(self.kind).unwrap_or_else(|| verdict::lacks(self.kind, *ask));
        let options = asks.iter().flat_map(option).collect();
        Subject { kind: self.kind, program: self.program.clone(), options }
    }

    /// It, with a command.
    pub fn with(&self, command: &[&str]) -> Init {
        Init::new(&self.program).args(&self.options).arg("--").args(command)
    }

    /// It, with the probe.
    pub fn probe(&self, args: &[&str]) -> Init {
        Init::new(&self.program).args(&self.options).arg("--").arg(binary::probe()).args(args)
    }
}

/// Behaviours: each one a test for each of the inits. See the top of this file.
#[macro_export]
macro_rules! on_inits {
    ($(#[doc = $text:literal] fn $name:ident($init:ident) $body:block)*) => { $(
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            use $crate::init::Kind;

            fn case($init: &$crate::init::Subject) $body

            fn tried(kind: Kind) {
                $crate::init::tried(concat!(module_path!(), "\t", $text), kind, case);
            }

            #[test]
            fn keyinit() {
                tried(Kind::Keyinit);
            }

            #[test]
            fn tini() {
                tried(Kind::Tini);
            }

            #[test]
            fn dumb_init() {
                tried(Kind::DumbInit);
            }

            #[test]
            fn catatonit() {
                tried(Kind::Catatonit);
            }
        }
    )* };
}
