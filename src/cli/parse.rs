//! argv and environment -> [`Invocation`], or everything that is wrong with them.

use super::flags::{self, Draft, FLAGS, Flag, Takes};
use super::values::{self, Wrong, shown};
use super::{Invocation, Options, Verb, verbs};
use crate::environment::Environment;
use crate::error::{Problem, Problems};
use crate::exit::Kind;
use crate::report::LogFormat;
use crate::suggest::nearest;
use std::ffi::{CStr, OsStr};
use std::os::unix::ffi::OsStrExt;

/// Reads the command line and the `KEYINIT_*` twins; the first of `args` is the name of the program. Every problem is a 64.
pub fn parse(args: &[&'static CStr], environment: &Environment<'_>) -> Result<Invocation, Problems> {
    let (invocation, problems) = read(args, environment);
    if problems.is_empty() { Ok(invocation) } else { Err(problems) }
}

/// How to speak of a command line that [`parse`] refused: as far as it can be told, what it says of the log.
pub fn log_settings(args: &[&'static CStr], environment: &Environment<'_>) -> (LogFormat, i8) {
    let (invocation, _) = read(args, environment);
    (invocation.options.log_format, invocation.options.verbosity)
}

/// One option as it was given.
struct Given<'a> {
    flag: &'static Flag,
    /// As the user wrote it: `--timeout`, `-m` or `KEYINIT_TIMEOUT`.
    spelled: String,
    /// None for a switch that stands alone.
    value: Option<&'a [u8]>,
}

/// The words of a command line, told apart.
#[derive(Default)]
struct Words<'a> {
    given: Vec<Given<'a>>,
    problems: Problems,
    /// `--help` or `--version` was among them.
    instead: Option<Verb>,
    /// What follows the options.
    rest: &'a [&'static CStr],
}

fn read(args: &[&'static CStr], environment: &Environment<'_>) -> (Invocation, Problems) {
    let after_name = args.get(1..).unwrap_or(&[]);
    let word = after_name.first().and_then(|first| verbs::verb(first.to_bytes()));
    let after_verb = after_name.get(usize::from(word.is_some())..).unwrap_or(&[]);
    let words = split(after_verb);
    if let Some(instead) = words.instead {
        // Whoever asks for help gets it, whatever else is wrong.
        return (Invocation { verb: instead, options: Options::default(), command: Vec::new() }, Vec::new());
    }
    let mut problems = Vec::new();
    let verb = word.map_or(Some(Verb::Run), |word| word.verb.clone());
    let known = verb.clone().unwrap_or(Verb::Run);
    let draft = apply(&known, words.given, environment, &mut problems);
    match (verb, word) {
        (None, Some(word)) => problems = vec![not_built(word.name)],
        _ => {
            problems.splice(0..0, words.problems);
            problems.extend(command_problem(&known, words.rest));
        }
    }
    let json =
        matches!(known, Verb::Check | Verb::Plan) && draft.json.unwrap_or(draft.options.log_format == LogFormat::Json);
    let options = Options { json, ..draft.options };
    (Invocation { verb: known, options, command: words.rest.to_vec() }, problems)
}

fn usage(what: impl Into<String>) -> Problem {
    Problem::new(Kind::Usage, what)
}

fn not_built(name: &str) -> Problem {
    usage(format!("`{name}` is not built yet in keyinit {}", env!("CARGO_PKG_VERSION")))
        .cure(format!("to run a command of that name: `keyinit -- {name}`"))
}

fn command_problem(verb: &Verb, rest: &[&CStr]) -> Option<Problem> {
    match (verb, rest.is_empty()) {
        (Verb::Run, true) => {
            Some(usage("there is no command to run").cure("write it behind the options: `keyinit -- node server.js`"))
        }
        // The words are not shown: one of them may be the value of an option that is none.
        (Verb::Check, false) => Some(usage("`check` takes no command").cure("write `keyinit check [OPTIONS]`")),
        (Verb::Schema, false) => Some(usage("`schema` takes no command").cure("write `keyinit schema`")),
        (Verb::Plan, false) => Some(usage("`plan` takes no command").cure("write `keyinit plan [OPTIONS]`")),
        _ => None,
    }
}

/// Tells options from the command. Options end at `--` and at the first word that is none.
fn split<'a>(words: &'a [&'static CStr]) -> Words<'a> {
    let mut found = Words::default();
    let mut at = 0;
    while let Some(word) = words.get(at).map(|word| word.to_bytes()) {
        if word == b"--" {
            at += 1;
            break;
        }
        let next = words.get(at + 1).map(|next| next.to_bytes());
        let took_next = if let Some(long) = word.strip_prefix(b"--") {
            found.long(long, next)
        } else if let Some(letters) = word.strip_prefix(b"-").filter(|letters| !letters.is_empty()) {
            found.short(letters, next)
        } else {
            break;
        };
        at += 1 + usize::from(took_next);
    }
    found.rest = words.get(at..).unwrap_or(&[]);
    found
}

impl<'a> Words<'a> {
    /// `--name`, `--name=value`, `--name value`. Whether the next word was the value.
    fn long(&mut self, word: &'a [u8], next: Option<&'a [u8]>) -> bool {
        let equals = word.iter().position(|&byte| byte == b'=');
        let name = equals.and_then(|at| word.get(..at)).unwrap_or(word);
        let value = equals.and_then(|at| word.get(at + 1..));
        match flags::long(name) {
            Some(flag) => self.take(flag, format!("--{}", flag.long), value, next),
            None => self.unknown_long(name, value.is_some(), next),
        }
    }

    /// `-g`, `-gv`, `-mFILE`, `-m FILE`, `-gm FILE`. Whether the next word was the value.
    fn short(&mut self, letters: &'a [u8], next: Option<&'a [u8]>) -> bool {
        for (at, &letter) in letters.iter().enumerate() {
            let tail = letters.get(at + 1..).filter(|tail| !tail.is_empty());
            let Some(flag) = flags::short(letter) else {
                self.unknown_short(letters.get(at..).unwrap_or(&[]), letter);
                return false;
            };
            let spelled = format!("-{}", char::from(letter));
            if flag.metavar().is_some() {
                let value = tail.map(|tail| tail.strip_prefix(b"=").unwrap_or(tail));
                return self.take(flag, spelled, value, next);
            }
            self.take(flag, spelled, None, None);
        }
        false
    }

    fn take(&mut self, flag: &'static Flag, spelled: String, value: Option<&'a [u8]>, next: Option<&'a [u8]>) -> bool {
        if let Takes::Instead(verb) = &flag.takes {
            self.instead.get_or_insert_with(|| verb.clone());
            return false;
        }
        let Some(metavar) = flag.metavar() else {
            self.given.push(Given { flag, spelled, value });
            return false;
        };
        match value.or(next) {
            Some(text) => self.given.push(Given { flag, spelled, value: Some(text) }),
            None => self
                .problems
                .push(usage(format!("`{spelled}` needs a value")).cure(format!("write `--{} {metavar}`", flag.long))),
        }
        value.is_none()
    }

    fn unknown_long(&mut self, name: &[u8], has_value: bool, next: Option<&[u8]>) -> bool {
        let text = String::from_utf8_lossy(name);
        let meant = nearest(&text, FLAGS.iter().map(|flag| flag.long));
        let problem = usage(format!("unknown option `--{}`", shown(name)));
        self.problems.push(match meant {
            Some(meant) => problem.cure(format!("did you mean `--{meant}`?")),
            None => {
                problem.cure("`keyinit --help` lists the options; `--` stands before a command that begins with a dash")
            }
        });
        // The value of a mistyped option is not the command.
        let takes_value =
            meant.and_then(|meant| flags::long(meant.as_bytes())).is_some_and(|flag| flag.metavar().is_some());
        takes_value && !has_value && next.is_some_and(|next| !next.starts_with(b"-"))
    }

    /// Only the letter is shown: what follows may be a value.
    fn unknown_short(&mut self, from_here: &[u8], letter: u8) {
        let first = String::from_utf8_lossy(from_here.get(..from_here.len().min(4)).unwrap_or(&[])).chars().next();
        let problem = usage(format!("unknown option `-{}`", first.unwrap_or('?')));
        self.problems.push(match flags::foreign(letter) {
            Some((whose, long)) => {
                problem.cure(format!("what is `-{}` in {whose} is `--{long}` here", char::from(letter)))
            }
            None => problem.cure("`keyinit --help` lists the options"),
        });
    }
}

/// Puts twins and options into a draft: first the twins of what the command line does not say, then the command line.
fn apply(verb: &Verb, given: Vec<Given<'_>>, environment: &Environment<'_>, problems: &mut Problems) -> Draft {
    let mut draft = Draft::default();
    let knows = |flag: &Flag| flag.only.is_empty() || flag.only.contains(verb);
    let unsaid = FLAGS.iter().filter(|flag| knows(flag) && !given.iter().any(|one| std::ptr::eq(one.flag, *flag)));
    let mut late = Vec::new();
    for flag in unsaid {
        let Some(spelled) = flag.twin() else { continue };
        // Compose files pass on what is not set as an empty value.
        let value = environment.get(&spelled).filter(|value| !value.is_empty());
        if value.is_some() {
            late.extend(put(&mut draft, &Given { flag, spelled, value }));
        }
    }
    for one in &given {
        if knows(one.flag) {
            problems.extend(put(&mut draft, one));
        } else {
            problems
                .push(usage(format!("`{}` is not for this verb", one.spelled)).cure("it goes with `check` and `plan`"));
        }
    }
    problems.append(&mut late);
    draft
}

fn put(draft: &mut Draft, given: &Given<'_>) -> Problems {
    let value = given.value.unwrap_or(b"");
    let done = match &given.flag.takes {
        Takes::Switch(set) => given.value.map_or(Ok(true), values::boolean).map(|on| set(draft, on)),
        Takes::One(_, put) => put(draft, OsStr::from_bytes(value)),
        Takes::Many(_, put) => {
            let parts = value.split(|&byte| byte == b',');
            let wrong = parts.filter_map(|part| put(draft, OsStr::from_bytes(part)).err());
            return wrong.map(|wrong| problem(given, wrong)).collect();
        }
        Takes::Instead(_) => Ok(()),
    };
    done.err().map(|wrong| problem(given, wrong)).into_iter().collect()
}

fn problem(given: &Given<'_>, wrong: Wrong) -> Problem {
    // `--user` is no user; `--timeout`: `soon` is no duration.
    let colon = if wrong.what.starts_with(|c: char| c.is_ascii_lowercase()) { "" } else { ":" };
    usage(format!("`{}`{colon} {}", given.spelled, wrong.what)).cure(wrong.cure)
}
