//! An init's work, with the init under test as a parameter: what tini and dumb-init do too is ours to match, what they
//! do not is ours to win.

mod alone;
mod given;
mod options;
mod signals;
mod start;

use crate::support::binary::{self, on_path};
use crate::support::pidns::Init;
use crate::support::skip::skip;

/// The inits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    Keyinit,
    Tini,
    DumbInit,
}

/// That init with the probe as its command; none, and a loud skip, when it is not installed.
fn init(kind: Kind) -> Option<Subject> {
    let program = match kind {
        Kind::Keyinit => binary::keyinit(),
        Kind::Tini | Kind::DumbInit => {
            let name = if kind == Kind::Tini { "tini" } else { "dumb-init" };
            let Some(found) = on_path(name) else {
                skip(name, "not installed");
                return None;
            };
            found
        }
    };
    Some(Subject { kind, program })
}

/// An init under test.
pub struct Subject {
    pub kind: Kind,
    program: std::path::PathBuf,
}

impl Subject {
    /// It, with a command.
    pub fn with(&self, command: &[&str]) -> Init {
        Init::new(&self.program).arg("--").args(command)
    }

    /// It, with the probe.
    pub fn probe(&self, args: &[&str]) -> Init {
        Init::new(&self.program).arg("--").arg(binary::probe()).args(args)
    }
}

/// One case as one test for each of these inits.
#[macro_export]
macro_rules! on_inits {
    ($($(#[$meta:meta])* fn $name:ident($init:ident: $($kind:ident)|+) $body:block)*) => { $(
        $(#[$meta])*
        #[allow(non_snake_case)]
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            fn case($init: &$crate::init::Subject) $body

            $(
                #[test]
                fn $kind() {
                    if let Some(subject) = $crate::init::init($crate::init::Kind::$kind) {
                        case(&subject);
                    }
                }
            )+
        }
    )* };
}
