//! The text of a manifest: turns positions into places, and keeps back lines that may hold a credential.

use crate::error::{Place, Problem};
use crate::exit::Kind;
use crate::manifest::Fault;

/// A position: line and column in characters, counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The line.
    pub line: u32,
    /// The column.
    pub column: u32,
}

/// Longer lines are not shown: a manifest may be one line of a megabyte.
const LONGEST_EXCERPT: usize = 240;

/// More problems than this help nobody.
const MOST_PROBLEMS: usize = 100;

/// A source and its lines.
pub struct Sheet<'a> {
    source: &'a str,
    lines: Vec<&'a str>,
    hidden: Vec<bool>,
    problems: Vec<Problem>,
    dropped: usize,
}

impl<'a> Sheet<'a> {
    /// `source` is its name as shown.
    pub fn new(source: &'a str, text: &'a str) -> Self {
        let lines = lines(text);
        let hidden = vec![false; lines.len()];
        Sheet { source, lines, hidden, problems: Vec::new(), dropped: 0 }
    }

    /// Keeps the lines `from` to `to` out of every place that is made from now on.
    pub fn hide(&mut self, from: u32, to: u32) {
        let from = usize::try_from(from.saturating_sub(1)).unwrap_or(usize::MAX);
        let to = usize::try_from(to).unwrap_or(usize::MAX);
        for hidden in self.hidden.iter_mut().take(to).skip(from) {
            *hidden = true;
        }
    }

    /// Keeps back every line that holds one of `words`, in any case, and what follows it up to the next line that
    /// begins with one of `sections` and a colon.
    pub fn hide_from_words(&mut self, words: &[&str], sections: &[&str]) {
        let mut hiding = false;
        for (hidden, line) in self.hidden.iter_mut().zip(&self.lines) {
            let lower = line.to_ascii_lowercase();
            let section = lower.split_once(':').is_some_and(|(key, _)| sections.contains(&key));
            hiding = (hiding && !section) || words.iter().any(|word| lower.contains(word));
            *hidden |= hiding;
        }
    }

    /// The place of a position.
    pub fn place(&self, mark: Mark) -> Place {
        let at = usize::try_from(mark.line).unwrap_or(usize::MAX).wrapping_sub(1);
        let shown = self.hidden.get(at) == Some(&false);
        let line = self.lines.get(at).filter(|line| {
            // An escape sequence must not reach a terminal.
            shown && line.len() <= LONGEST_EXCERPT && !line.chars().any(|c| c.is_control() && c != '\t')
        });
        Place {
            source: self.source.to_owned(),
            line: mark.line,
            column: mark.column,
            excerpt: line.map(|line| (*line).to_owned()),
        }
    }

    /// The place of the byte `at` of `text`, which is all of `source`.
    pub fn place_in(source: &'a str, text: &'a str, at: usize) -> Place {
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let before = lines(text.get(..at).unwrap_or(text));
        let column = before.last().map_or(0, |line| line.chars().count());
        Sheet::new(source, text).place(Mark { line: count(before.len()), column: count(column + 1) })
    }

    /// Notes a problem.
    pub fn problem(&mut self, mark: Mark, what: impl Into<String>, cure: impl Into<String>) {
        if self.problems.len() == MOST_PROBLEMS {
            self.dropped += 1;
            return;
        }
        self.problems.push(Problem::new(Kind::Config, what).cure(cure).at(self.place(mark)));
    }

    /// Notes a fault of a reference or template in the entry `name`, whose value `text` begins at `mark`.
    pub fn fault(&mut self, mark: Mark, name: &str, text: &str, fault: Fault) {
        let mark = self.within(mark, text, fault.at).unwrap_or(mark);
        self.problem(mark, fault.what, fault.cure);
        if let Some(last) = self.problems.last_mut().filter(|_| self.dropped == 0) {
            last.subject.targets = vec![name.to_owned()];
        }
    }

    /// The position of the byte `at` of the value `text` that begins at `mark`; none where the value is written otherwise
    /// than it reads (escapes, folded lines), which the comparison with the source shows.
    fn within(&self, mark: Mark, text: &str, at: usize) -> Option<Mark> {
        let before = text.get(..at)?;
        let above = before.matches('\n').count();
        let before = before.rsplit('\n').next()?;
        let of_value = text.split('\n').nth(above).filter(|line| !line.is_empty())?;
        let first = usize::try_from(mark.line).ok()?.checked_sub(1)?;
        let line = *self.lines.get(first.checked_add(above)?)?;
        let count = |text: &str| u32::try_from(text.chars().count()).unwrap_or(u32::MAX);
        if above > 0 {
            // A block, each line of which stands behind its indentation.
            let indent = line.strip_suffix(of_value).filter(|indent| indent.trim().is_empty())?;
            let down = u32::try_from(above).ok()?;
            return Some(Mark { line: mark.line + down, column: 1 + count(indent) + count(before) });
        }
        let column = usize::try_from(mark.column).ok()?.checked_sub(1)?;
        let rest = line.get(line.char_indices().nth(column)?.0..)?;
        let unquoted = rest.strip_prefix(['"', '\'']).unwrap_or(rest);
        let quote = count(rest) - count(unquoted);
        unquoted.starts_with(of_value).then(|| Mark { column: mark.column + quote + count(before), ..mark })
    }

    /// All that was noted, and how many more there are.
    pub fn into_problems(mut self) -> Vec<Problem> {
        if self.dropped > 0 {
            let what = format!("{} more problems in {}", self.dropped, self.source);
            self.problems.push(Problem::new(Kind::Config, what));
        }
        self.problems
    }
}

/// The lines as YAML counts them: after `\n`, `\r\n` or `\r`.
fn lines(text: &str) -> Vec<&str> {
    let mut lines = Vec::new();
    for line in text.split('\n') {
        let line = line.strip_suffix('\r').unwrap_or(line);
        lines.extend(line.split('\r'));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_show_the_line_unless_it_is_hidden() {
        let long = "x".repeat(LONGEST_EXCERPT + 1);
        let text = format!("a: 1\r\nb: 2\rc: \u{1b}[0m\nsecret_id: x\n still\nenv: x\n{long}");
        let mut sheet = Sheet::new("m", &text);
        sheet.hide_from_words(&["secret_id"], &["env"]);
        let excerpt = |sheet: &Sheet<'_>, line| sheet.place(Mark { line, column: 1 }).excerpt;
        assert_eq!(excerpt(&sheet, 1).as_deref(), Some("a: 1"));
        assert_eq!(excerpt(&sheet, 2).as_deref(), Some("b: 2"));
        for line in [0, 3, 4, 5, 7, 8, u32::MAX] {
            assert_eq!(excerpt(&sheet, line), None, "{line}");
        }
        assert_eq!(excerpt(&sheet, 6).as_deref(), Some("env: x"));
        sheet.hide(1, 2);
        assert_eq!((excerpt(&sheet, 1), excerpt(&sheet, 2)), (None, None));
    }

    /// Each manifest has one fault, at the `^`, which is not part of it; where the text is written otherwise than it reads, the
    /// mark stays at the beginning of the value.
    #[test]
    fn the_mark_of_a_fault_is_within_its_value() {
        for marked in [
            "env:\n  A: x${secret://v/a|^up}\n",
            "env:\n  A: \"caf\u{e9} ${secret://v/a|^up}\"\n",
            "env: { A: 'x ${secret://v/a|^up}', B: y }\n",
            "env:\n  A: |\n    one\n\n    two ${secret://v/a|^up}\n  B: x\n",
            "{\"env\": {\"A\": \"x${secret://v/a|^up}\"}}",
            "env:\n  A: secret://v/a#^k%zz\n",
            "env:\n  A: { from_secret: secret://v/a|^up }\n",
            "env:\n  A: ^\"\\x41${secret://v/a|up}\"\n",
            "env:\n  A: >\n    ^one\n    ${secret://v/a|up}\n",
        ] {
            let (before, _) = marked.split_once('^').unwrap();
            let last = before.rsplit('\n').next().unwrap();
            let manifest = crate::manifest::parse("m", marked.replacen('^', "", 1).as_bytes());
            let places: Vec<_> = manifest.problems.iter().filter_map(|problem| problem.place.as_ref()).collect();
            let (line, column) = (before.matches('\n').count() + 1, last.chars().count() + 1);
            assert_eq!(
                places.iter().map(|place| (place.line as usize, place.column as usize)).collect::<Vec<_>>(),
                [(line, column)],
                "{marked}"
            );
        }
    }

    #[test]
    fn problems_beyond_reason_are_counted() {
        let mut sheet = Sheet::new("m", "x");
        for _ in 0..103 {
            sheet.problem(Mark { line: 1, column: 1 }, "w", "c");
        }
        let problems = sheet.into_problems();
        assert_eq!(problems.len(), 101);
        assert_eq!(problems.last().unwrap().what, "3 more problems in m");
    }
}
