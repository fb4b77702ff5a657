//! The command line: argv and its `KEYINIT_*` twins -> [`Invocation`]. Pure.
//!
//! One table of flags drives all of it: parsing, the twins, the help text. One table of verbs says what a
//! first word may be.

mod flags;
mod help;
mod parse;
mod values;
mod verbs;

pub use help::{help, version};
pub use parse::{log_settings, parse};
pub use verbs::meant;

use crate::report::{Log, LogFormat};
use std::ffi::CStr;
use std::path::PathBuf;
use std::time::Duration;

/// What the user asked for.
pub struct Invocation {
    /// The verb.
    pub verb: Verb,
    /// The options.
    pub options: Options,
    /// COMMAND and its arguments, as the kernel laid them out; empty where the verb takes none.
    pub command: Vec<&'static CStr>,
}

/// What keyinit is to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Resolve, hand over, supervise.
    Run,
    /// Log in to every store that is named; read no secret.
    Check,
    /// What would be read, for which variable; no network, no value.
    Plan,
    /// Print the manifest's JSON Schema.
    Schema,
    /// Print the help text.
    Help,
    /// Print the version.
    Version,
}

/// The options, with their defaults.
#[derive(Clone, Debug)]
pub struct Options {
    /// `--manifest`.
    pub manifest: Option<PathBuf>,
    /// `--timeout`: the whole start.
    pub timeout: Duration,
    /// `--exec`.
    pub exec: bool,
    /// `--user`, as written.
    pub user: Option<String>,
    /// `--group`.
    pub group: bool,
    /// `--subreaper`.
    pub subreaper: bool,
    /// `--parent-death-signal`, as a number.
    pub parent_death_signal: Option<i32>,
    /// `--rewrite-signal`: from, to; to 0 drops it.
    pub rewrite_signal: Vec<(i32, i32)>,
    /// `--remap-exit`: codes of the command that are reported as 0.
    pub remap_exit: Vec<u8>,
    /// `--grace`.
    pub grace: Duration,
    /// `--kill-after`.
    pub kill_after: Option<Duration>,
    /// `--revoke-timeout`.
    pub revoke_timeout: Duration,
    /// `--keep-env`.
    pub keep_env: Vec<String>,
    /// `--log-format`.
    pub log_format: LogFormat,
    /// 0 as a rule; 1 with `-v`; -1 with `-q`.
    pub verbosity: i8,
    /// What `plan` and `check` print is JSON: `--format`, else as `--log-format`. Never set for another verb.
    pub json: bool,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            manifest: None,
            timeout: Duration::from_secs(60),
            exec: false,
            user: None,
            group: false,
            subreaper: false,
            parent_death_signal: None,
            rewrite_signal: Vec::new(),
            remap_exit: Vec::new(),
            grace: Duration::from_secs(5),
            kill_after: None,
            revoke_timeout: Duration::from_secs(2),
            keep_env: Vec::new(),
            log_format: LogFormat::Text,
            verbosity: 0,
            json: false,
        }
    }
}

impl Options {
    /// The log that these options ask for; see [`crate::report::colour_fits`] for `colour`.
    pub fn log(&self, colour: bool, never_block: bool) -> Log {
        Log { format: self.log_format, verbosity: self.verbosity, colour, never_block }
    }
}

#[cfg(test)]
mod tests;
