//! The help text and the version, written from the tables.

use super::flags::{FLAGS, Flag, Section};
use super::verbs::VERBS;
use crate::exit::Kind;

/// No line of the help is longer.
const WIDTH: usize = 100;
/// Where the meaning of an option begins.
const INDENT: usize = 33;

/// What the exit codes mean, in a few words each.
static EXIT_CODES: &[(&str, Option<Kind>, &str)] = &[
    ("", Some(Kind::Usage), "the command line is wrong"),
    ("", Some(Kind::Missing), "a secret, path, key or version does not exist"),
    ("", Some(Kind::Unavailable), "a store cannot be reached, is sealed, or answers nonsense"),
    ("", Some(Kind::Internal), "a fault in keyinit, or its resolver was killed"),
    ("", Some(Kind::Undeliverable), "a value or a file cannot be delivered"),
    ("", Some(Kind::Deadline), "the time was over while a store still worked on its answer"),
    ("", Some(Kind::Denied), "a login failed, or a store denied a read"),
    ("", Some(Kind::Config), "the manifest or a reference is wrong"),
    ("", Some(Kind::NotExecutable), "the command cannot be executed"),
    ("", Some(Kind::NotFound), "the command was not found"),
    ("128+N", None, "the command died of signal N, or N ended keyinit before the start"),
    ("else", None, "the command's own"),
];

/// The text of `--help`.
pub fn help() -> String {
    let mut text = format!(
        "{}\nStarts a command with the secrets it needs, fetched from their stores, and is its init.\n\nUsage:\n",
        version()
    );
    for word in VERBS.iter().filter(|word| word.verb.is_some()) {
        let name = if word.name == "run" { "[run]" } else { word.name };
        row(&mut text, &format!("  keyinit {name} {}", word.usage), word.meaning, 50);
    }
    let later: Vec<&str> = VERBS.iter().filter(|word| word.verb.is_none()).map(|word| word.name).collect();
    text.push_str(&format!("  Kept for later versions: {}.\n", later.join(", ")));
    for section in Section::ALL {
        text.push_str(&format!("\n{}:\n", section.title()));
        for flag in FLAGS.iter().filter(|flag| flag.section == section) {
            row(&mut text, &left(flag), flag.meaning, INDENT);
        }
    }
    text.push('\n');
    paragraph(
        &mut text,
        "Every option has a variable: KEYINIT_KILL_AFTER for --kill-after; the option wins. Durations are written like \
         500ms, 3s, 1m30s; a bare number is seconds. Signals go by name or number. Lists may be split at commas. \
         KEYINIT_MANIFEST_TEXT may hold the manifest itself.",
    );
    text.push_str("\nExit codes:\n");
    for (name, kind, meaning) in EXIT_CODES {
        let code = kind.map_or_else(|| (*name).to_owned(), |kind| kind.code().to_string());
        text.push_str(&format!("  {code:<6} {meaning}\n"));
    }
    text.push_str("\nMore in README.md, ARCHITECTURE.md and SECURITY.md of the source.\n");
    text
}

/// The text of `--version`, without its newline. A build that a test made says so: it must never be shipped.
pub fn version() -> String {
    let mut text = format!("keyinit {}", env!("CARGO_PKG_VERSION"));
    if cfg!(feature = "twin-unscrubbed") {
        text.push_str(" (test twin: unscrubbed)");
    }
    if cfg!(feature = "twin-resolve-in-pid1") {
        text.push_str(" (test twin: resolve-in-pid1)");
    }
    text
}

fn left(flag: &Flag) -> String {
    let short = flag.short.map_or_else(|| "    ".to_owned(), |letter| format!("-{}, ", char::from(letter)));
    let value = flag.metavar().map(|name| format!(" {name}")).unwrap_or_default();
    format!("  {short}--{}{value}", flag.long)
}

/// `left`, then `right` from column `indent` on, in as many lines as it takes.
fn row(text: &mut String, left: &str, right: &str, indent: usize) {
    let mut line = left.to_owned();
    if line.len() + 2 > indent {
        text.push_str(line.trim_end());
        text.push('\n');
        line.clear();
    }
    for part in wrap(right, WIDTH - indent) {
        text.push_str(&format!("{line:<indent$}{part}\n"));
        line.clear();
    }
}

fn paragraph(text: &mut String, words: &str) {
    for line in wrap(words, WIDTH) {
        text.push_str(&line);
        text.push('\n');
    }
}

fn wrap(words: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in words.split_whitespace() {
        match lines.last_mut().filter(|line| line.len() + 1 + word.len() <= width) {
            Some(line) => {
                line.push(' ');
                line.push_str(word);
            }
            None => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_help_fits_and_names_everything() {
        let text = help();
        for line in text.lines() {
            assert!(line.chars().count() <= WIDTH, "{line}");
            assert_eq!(line.trim_end(), line);
        }
        for flag in FLAGS {
            assert!(text.contains(&format!("--{}", flag.long)), "{}", flag.long);
        }
        for (_, kind, meaning) in EXIT_CODES {
            let code = kind.map(|kind| kind.code().to_string()).unwrap_or_default();
            assert!(text.contains(&code) && text.contains(meaning));
        }
        assert!(text.contains("  -m, --manifest FILE            which variable gets which secret;"));
    }

    #[test]
    fn the_version() {
        let twin = cfg!(any(feature = "twin-unscrubbed", feature = "twin-resolve-in-pid1"));
        assert_eq!(version() == "keyinit 0.1.0", !twin);
        assert_eq!(version().contains("test twin"), twin);
    }
}
