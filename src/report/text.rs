//! Lines for people.

use super::headline::{headline, remaining_targets};
use super::{LINE_MAX, Level};
use crate::error::{Place, Problem};

const RED: &str = "\x1b[1;31m";
const YELLOW: &str = "\x1b[1;33m";
const CYAN: &str = "\x1b[36m";
const PLAIN: &str = "\x1b[0m";

/// Longer lists of variables, and longer lines of a manifest, are cut into pieces of this many characters.
const WIDTH: usize = 96;

/// One line of the log.
pub(super) fn line(level: Level, message: &str, colour: bool) -> String {
    let label = match level {
        Level::Error => painted("error: ", RED, colour),
        Level::Warn => painted("warning: ", YELLOW, colour),
        Level::Info | Level::Debug => String::new(),
    };
    clip(format!("keyinit: {label}{}", escape(message)))
}

/// A problem with its place and its cure.
pub(super) fn problem(problem: &Problem, colour: bool) -> Vec<String> {
    let mut lines = vec![line(Level::Error, &headline(problem), colour)];
    // As wide as the number of the line, so that the bars stand under each other.
    let mut margin = 2;
    if let Some(place) = &problem.place {
        let number = place.line.to_string();
        if place.line > 0 && place.excerpt.is_some() {
            margin = number.len();
        }
        lines.push(format!("{:margin$}--> {}", "", shown_place(place)));
        if let Some(excerpt) = place.excerpt.as_deref().filter(|_| place.line > 0) {
            let (text, column) = window(excerpt, place.column);
            lines.push(format!("{:margin$} |", ""));
            lines.push(format!("{number} | {text}").trim_end().to_owned());
            let caret = column.map(|column| format!(" {:column$}{}", "", painted("^", RED, colour)));
            lines.push(format!("{:margin$} |{}", "", caret.unwrap_or_default()));
        }
    }
    let note = |label: &str, text: &str| format!("{:margin$} = {}: {}", "", painted(label, CYAN, colour), escape(text));
    for names in wrapped(remaining_targets(&problem.subject)) {
        lines.push(note("needed by", &names));
    }
    if let Some(cure) = &problem.cure {
        lines.push(note("cure", cure));
    }
    lines.into_iter().map(clip).collect()
}

/// The last line of a report.
pub(super) fn outcome(outcome: &str, code: u8) -> String {
    clip(format!("keyinit: {} (exit {code})", escape(outcome)))
}

/// `text` without anything that a terminal or a log acts on: control characters and those that turn the direction of writing
/// become `\x1b` and `\u{202e}`.
pub fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' => safe.push_str("\\n"),
            '\r' => safe.push_str("\\r"),
            '\t' => safe.push_str("\\t"),
            c if !acts(c) => safe.push(c),
            c if c.is_ascii() => safe.push_str(&format!("\\x{:02x}", u32::from(c))),
            c => safe.push_str(&format!("\\u{{{:x}}}", u32::from(c))),
        }
    }
    safe
}

/// Whether a terminal or a viewer does something at `c` other than show it.
pub(super) fn acts(c: char) -> bool {
    let turns_or_hides = matches!(c, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}');
    c.is_control() || turns_or_hides
}

/// At most [`LINE_MAX`] bytes with the newline, cut between characters.
fn clip(line: String) -> String {
    if line.len() < LINE_MAX {
        return line;
    }
    let mut cut = line;
    cut.truncate(cut.floor_char_boundary(LINE_MAX - 1 - "...".len()));
    cut.push_str("...");
    cut
}

fn painted(text: &str, paint: &str, colour: bool) -> String {
    if colour { format!("{paint}{text}{PLAIN}") } else { text.to_owned() }
}

fn shown_place(place: &Place) -> String {
    let source = escape(&place.source);
    match (place.line, place.column) {
        (0, _) => source,
        (line, 0) => format!("{source}:{line}"),
        (line, column) => format!("{source}:{line}:{column}"),
    }
}

/// What is shown of a line of the manifest, and how far the caret stands from its beginning. A character stands for a character, so that
/// the caret fits: what cannot be shown becomes U+FFFD, a tab a space.
fn window(excerpt: &str, column: u32) -> (String, Option<usize>) {
    let column = usize::try_from(column).ok().and_then(|column| column.checked_sub(1));
    let letters: Vec<char> = excerpt.chars().collect();
    let start = match column {
        Some(at) if letters.len() > WIDTH => at.saturating_sub(WIDTH / 2).min(letters.len()),
        _ => 0,
    };
    let mut text = String::new();
    if start > 0 {
        text.push_str("...");
    }
    let shown = letters.iter().skip(start).take(WIDTH);
    text.extend(shown.map(|&c| match c {
        '\t' => ' ',
        c if acts(c) => '\u{fffd}',
        c => c,
    }));
    if letters.len() > start.saturating_add(WIDTH) {
        text.push_str("...");
    }
    // A column far behind the end is no place to point at.
    let caret = column.filter(|at| *at <= letters.len()).map(|at| at - start + if start > 0 { 3 } else { 0 });
    (text, caret)
}

/// Names with commas between, in pieces that fit a line.
fn wrapped(names: &[String]) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for name in names {
        match lines.last_mut().filter(|line| line.len() + 2 + name.len() <= WIDTH) {
            Some(line) => {
                line.push_str(", ");
                line.push_str(name);
            }
            None => lines.push(name.clone()),
        }
    }
    lines
}
