//! The table of flags.

use super::values::{self, Wrong};
use super::{Options, Verb};
use crate::report::LogFormat;
use std::ffi::OsStr;
use std::path::PathBuf;

/// One option.
pub(super) struct Flag {
    /// Without its dashes. Its twin is `KEYINIT_` and this in upper case with `_` for `-`.
    pub long: &'static str,
    /// The letter, where it has one.
    pub short: Option<u8>,
    /// What stands behind it, and where that goes.
    pub takes: Takes,
    /// The verbs that know it; empty for all of them.
    pub only: &'static [Verb],
    /// The heading it stands under in the help.
    pub section: Section,
    /// For the help.
    pub meaning: &'static str,
}

/// What stands behind an option.
pub(super) enum Takes {
    /// Nothing, or `=true` and the like.
    Switch(fn(&mut Draft, bool)),
    /// One value, by this name in the help; of several the last counts.
    One(&'static str, Put),
    /// A value, as often as one likes, or several with commas between.
    Many(&'static str, Put),
    /// Nothing: it makes the whole command line something else, and has no twin.
    Instead(Verb),
}

/// Puts a value where it belongs.
pub(super) type Put = fn(&mut Draft, &OsStr) -> Result<(), Wrong>;

/// The options while they are being read.
#[derive(Default)]
pub(super) struct Draft {
    /// What is certain.
    pub options: Options,
    /// `--format`, which else follows `--log-format`.
    pub json: Option<bool>,
}

/// The headings of the help, in its order.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Section {
    Secrets,
    Command,
    End,
    Output,
}

impl Section {
    /// All of them.
    pub(super) const ALL: [Section; 4] = [Section::Secrets, Section::Command, Section::End, Section::Output];

    /// The heading.
    pub(super) fn title(self) -> &'static str {
        match self {
            Section::Secrets => "Secrets",
            Section::Command => "The command and its signals",
            Section::End => "The end",
            Section::Output => "Output",
        }
    }
}

impl Flag {
    /// The variable that may stand for the option; none for `--help` and `--version`.
    pub(super) fn twin(&self) -> Option<String> {
        match self.takes {
            Takes::Instead(_) => None,
            _ => Some(format!("KEYINIT_{}", self.long.to_ascii_uppercase().replace('-', "_"))),
        }
    }

    /// The name of its value.
    pub(super) fn metavar(&self) -> Option<&'static str> {
        match self.takes {
            Takes::One(name, _) | Takes::Many(name, _) => Some(name),
            Takes::Switch(_) | Takes::Instead(_) => None,
        }
    }
}

const LOG_FORMATS: [&str; 2] = ["text", "json"];

/// Every option, in the order of the help.
pub(super) static FLAGS: &[Flag] = &[
    Flag {
        long: "manifest",
        short: Some(b'm'),
        takes: Takes::One("FILE", |draft, value| {
            if value.is_empty() {
                return Err(Wrong::new("is empty", "name a file"));
            }
            draft.options.manifest = Some(PathBuf::from(value));
            Ok(())
        }),
        only: &[],
        section: Section::Secrets,
        meaning: "which variable gets which secret; default: the first that exists of /etc/keyinit.yaml, .yml and .json",
    },
    Flag {
        long: "timeout",
        short: None,
        takes: Takes::One("DURATION", |draft, value| {
            draft.options.timeout = values::span(value, "a start needs some time; the default is 60s")?;
            Ok(())
        }),
        only: &[],
        section: Section::Secrets,
        meaning: "for the whole start, logins and retries included; default 60s",
    },
    Flag {
        long: "keep-env",
        short: None,
        takes: Takes::Many("NAME", |draft, value| {
            draft.options.keep_env.push(values::name(value)?);
            Ok(())
        }),
        only: &[],
        section: Section::Secrets,
        meaning: "let this credential of a store through to the command; repeatable",
    },
    Flag {
        long: "exec",
        short: None,
        takes: Takes::Switch(|draft, on| draft.options.exec = on),
        only: &[],
        section: Section::Command,
        meaning: "become the command instead of being its init",
    },
    Flag {
        long: "user",
        short: None,
        takes: Takes::One("USER[:GROUP]", |draft, value| {
            draft.options.user = Some(values::user(value)?);
            Ok(())
        }),
        only: &[],
        section: Section::Command,
        meaning: "who the command runs as: names or numbers, supplementary groups included",
    },
    Flag {
        long: "group",
        short: Some(b'g'),
        takes: Takes::Switch(|draft, on| draft.options.group = on),
        only: &[],
        section: Section::Command,
        meaning: "forward signals to the command's whole process group",
    },
    Flag {
        long: "subreaper",
        short: Some(b's'),
        takes: Takes::Switch(|draft, on| draft.options.subreaper = on),
        only: &[],
        section: Section::Command,
        meaning: "adopt orphans; keyinit does so by itself where the kernel allows it",
    },
    Flag {
        long: "parent-death-signal",
        short: Some(b'p'),
        takes: Takes::One("SIG", |draft, value| {
            draft.options.parent_death_signal = Some(values::standard_signal(value)?);
            Ok(())
        }),
        only: &[],
        section: Section::Command,
        meaning: "the signal that keyinit gets when its parent dies",
    },
    Flag {
        long: "rewrite-signal",
        short: None,
        takes: Takes::Many("FROM:TO", |draft, value| {
            let (from, to) = values::rewrite(value)?;
            draft.options.rewrite_signal.retain(|(known, _)| *known != from);
            draft.options.rewrite_signal.push((from, to));
            Ok(())
        }),
        only: &[],
        section: Section::Command,
        meaning: "forward TO in place of FROM, nothing if TO is 0; repeatable",
    },
    Flag {
        long: "remap-exit",
        short: None,
        takes: Takes::Many("CODE", |draft, value| {
            let code = values::exit_code(value)?;
            if !draft.options.remap_exit.contains(&code) {
                draft.options.remap_exit.push(code);
            }
            Ok(())
        }),
        only: &[],
        section: Section::End,
        meaning: "report this exit code of the command as 0; repeatable",
    },
    Flag {
        long: "grace",
        short: None,
        takes: Takes::One("DURATION", |draft, value| {
            draft.options.grace = values::duration(value)?;
            Ok(())
        }),
        only: &[],
        section: Section::End,
        meaning: "what the command leaves behind has this long between TERM and KILL; default 5s",
    },
    Flag {
        long: "kill-after",
        short: None,
        takes: Takes::One("DURATION", |draft, value| {
            draft.options.kill_after =
                Some(values::span(value, "leave it out and the command is never killed for being slow")?);
            Ok(())
        }),
        only: &[],
        section: Section::End,
        meaning: "kill a command that is still there this long after TERM, INT, ...; default never",
    },
    Flag {
        long: "revoke-timeout",
        short: None,
        takes: Takes::One("DURATION", |draft, value| {
            draft.options.revoke_timeout = values::duration(value)?;
            Ok(())
        }),
        only: &[],
        section: Section::End,
        meaning: "how long the end of logins may take; default 2s",
    },
    Flag {
        long: "log-format",
        short: None,
        takes: Takes::One("text|json", |draft, value| {
            let json = values::one_of(value, &LOG_FORMATS)? == 1;
            draft.options.log_format = if json { LogFormat::Json } else { LogFormat::Text };
            Ok(())
        }),
        only: &[],
        section: Section::Output,
        meaning: "lines on standard error; default text",
    },
    Flag {
        long: "format",
        short: None,
        takes: Takes::One("text|json", |draft, value| {
            draft.json = Some(values::one_of(value, &LOG_FORMATS)? == 1);
            Ok(())
        }),
        only: &[Verb::Check, Verb::Plan],
        section: Section::Output,
        meaning: "what check and plan print; default as --log-format",
    },
    Flag {
        long: "verbose",
        short: Some(b'v'),
        takes: Takes::Switch(|draft, on| set_verbosity(draft, on, 1)),
        only: &[],
        section: Section::Output,
        meaning: "a line for each read and each signal",
    },
    Flag {
        long: "quiet",
        short: Some(b'q'),
        takes: Takes::Switch(|draft, on| set_verbosity(draft, on, -1)),
        only: &[],
        section: Section::Output,
        meaning: "warnings and failures only",
    },
    Flag {
        long: "help",
        short: Some(b'h'),
        takes: Takes::Instead(Verb::Help),
        only: &[],
        section: Section::Output,
        meaning: "print this text",
    },
    Flag {
        long: "version",
        short: None,
        takes: Takes::Instead(Verb::Version),
        only: &[],
        section: Section::Output,
        meaning: "print the version",
    },
];

/// Of `-v` and `-q` the last counts; switching one off does not undo the other.
fn set_verbosity(draft: &mut Draft, on: bool, level: i8) {
    if on {
        draft.options.verbosity = level;
    } else if draft.options.verbosity == level {
        draft.options.verbosity = 0;
    }
}

/// Letters that other inits use for what has only a long name here.
static FOREIGN: &[(u8, &str, &str)] = &[
    (b'e', "tini", "remap-exit"),
    (b'r', "dumb-init", "rewrite-signal"),
    (b'u', "other programs", "user"),
    (b't', "other programs", "timeout"),
];

/// The flag of that long name.
pub(super) fn long(name: &[u8]) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.long.as_bytes() == name)
}

/// The flag of that letter.
pub(super) fn short(letter: u8) -> Option<&'static Flag> {
    FLAGS.iter().find(|flag| flag.short == Some(letter))
}

/// Whose letter it is and what it is called here, where another init knows it.
pub(super) fn foreign(letter: u8) -> Option<(&'static str, &'static str)> {
    FOREIGN.iter().find(|(known, _, _)| *known == letter).map(|(_, whose, long)| (*whose, *long))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_told_apart() {
        for (index, flag) in FLAGS.iter().enumerate() {
            for other in &FLAGS[index + 1..] {
                assert_ne!(flag.long, other.long);
                assert!(flag.short.is_none() || flag.short != other.short, "{}", flag.long);
            }
        }
        for (letter, _, name) in FOREIGN {
            assert!(short(*letter).is_none());
            assert!(long(name.as_bytes()).is_some());
        }
    }

    #[test]
    fn twins() {
        assert_eq!(long(b"kill-after").and_then(Flag::twin).as_deref(), Some("KEYINIT_KILL_AFTER"));
        assert_eq!(long(b"help").and_then(Flag::twin), None);
    }
}
