//! Lines for machines: one object a line, with stable names.

use super::headline::headline;
use super::{LINE_MAX, Level};
use crate::error::Problem;
use serde::Serialize;

/// The names that a line may have. What does not apply is left out.
#[derive(Default, Serialize)]
pub(super) struct Object<'a> {
    pub level: &'static str,
    pub message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<u8>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    #[serde(skip_serializing_if = "<[String]>::is_empty")]
    pub targets: &'a [String],
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cure: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secrets: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stores: Option<std::collections::BTreeMap<&'a str, usize>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub milliseconds: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub command: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pid: Option<i32>,
}

/// The bytes that the names of variables may take in one line; more of them go into further lines.
const TARGETS_MAX: usize = 1500;

/// One line of the log.
pub(super) fn line(level: Level, message: &str) -> String {
    fitted(|most| Object { level: level.name(), message: cut(message, most), ..Object::default() })
}

/// The last line of a report.
pub(super) fn outcome(outcome: &str, code: u8) -> String {
    fitted(|most| Object {
        level: Level::Error.name(),
        message: cut(outcome, most),
        code: Some(code),
        ..Object::default()
    })
}

/// A problem: one line, or several that differ in their targets where one would be too long.
pub(super) fn problem(problem: &Problem) -> Vec<String> {
    let message = headline(problem);
    let subject = &problem.subject;
    let place = problem.place.as_ref();
    let object = |targets: &[String]| {
        fitted(|most| {
            let text = |value: &Option<String>| value.as_ref().map(|value| cut(value, most));
            Object {
                level: Level::Error.name(),
                message: cut(&message, most),
                code: Some(problem.kind.code()),
                kind: Some(problem.kind.name()),
                // Where nothing else can be shortened, the names of variables are left out rather than the line.
                targets: if most > 0 { targets } else { &[] },
                provider: text(&subject.provider),
                path: text(&subject.path),
                key: text(&subject.key),
                version: text(&subject.version),
                source: place.map(|place| cut(&place.source, most)),
                line: place.map(|place| place.line).filter(|line| *line > 0),
                column: place.map(|place| place.column).filter(|column| *column > 0),
                cure: text(&problem.cure),
                ..Object::default()
            }
        })
    };
    let mut lines = Vec::new();
    let mut left = subject.targets.as_slice();
    loop {
        let mut size = 0;
        let fits = left.iter().take_while(|name| {
            size += name.len() + 3;
            size <= TARGETS_MAX
        });
        let (now, later) = left.split_at(fits.count().max(1).min(left.len()));
        lines.push(object(now));
        left = later;
        if left.is_empty() {
            return lines;
        }
    }
}

/// The line of an object whose texts are cut at the largest size with which the whole line fits. An object that is cut in the middle
/// would be none.
pub(super) fn fitted<'a>(object: impl Fn(usize) -> Object<'a>) -> String {
    for most in [LINE_MAX, 1024, 512, 256, 128, 64, 16, 0] {
        let text = serde_json::to_string(&object(most)).unwrap_or_default();
        let text = json_safe(text);
        if text.len() < LINE_MAX {
            return text;
        }
    }
    // Only numbers and fixed words are left at 0, and those fit.
    String::new()
}

/// JSON text without anything that a terminal acts on. JSON escapes what is below space; DEL, C1 and what turns the direction of
/// writing are ours to escape.
pub fn json_safe(text: String) -> String {
    if text.is_ascii() && !text.contains('\x7f') {
        return text;
    }
    let mut safe = String::with_capacity(text.len());
    for c in text.chars() {
        if super::text::acts(c) {
            safe.push_str(&format!("\\u{:04x}", u32::from(c)));
        } else {
            safe.push(c);
        }
    }
    safe
}

pub(super) fn cut(text: &str, most: usize) -> String {
    if text.len() <= most {
        return text.to_owned();
    }
    let mut short = text.get(..text.floor_char_boundary(most)).unwrap_or("").to_owned();
    short.push_str("...");
    short
}
