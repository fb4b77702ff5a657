//! A problem in one line: who waits for it, where it was looked for, what happened.

use crate::error::{Problem, Subject};

/// More variables than this are listed on lines of their own.
const TARGETS_IN_LINE: usize = 6;
/// Of those, this many are named in the first line.
const TARGETS_NAMED: usize = 3;

/// `DB_PASSWORD, API_KEY: vault-prod crow/myapp?version=3#key: the store denied the read (HTTP 403)`. What the text itself names is
/// not said twice.
pub(super) fn headline(problem: &Problem) -> String {
    let mut parts: Vec<String> = Vec::new();
    let unsaid = |word: &&String| !mentions(&problem.what, word);
    let subject = &problem.subject;
    if subject.targets.iter().any(|target| unsaid(&target)) {
        parts.push(targets(subject));
    }
    // A text that quotes the provider, the path or the key tells the rest too, and its place shows the line.
    let quoted =
        |word: &Option<String>| word.as_ref().is_some_and(|word| mentions(&problem.what, &format!("`{word}`")));
    let provider_quoted = quoted(&subject.provider)
        || subject.provider.as_ref().is_some_and(|name| problem.what.contains(&format!("`secret://{name}/`")));
    if !quoted(&subject.path) && !quoted(&subject.key) && !provider_quoted {
        let mut place: Vec<String> = subject.provider.iter().filter(unsaid).cloned().collect();
        place.extend(secret(subject));
        if !place.is_empty() {
            parts.push(place.join(" "));
        }
    }
    parts.push(problem.what.clone());
    parts.join(": ")
}

/// `crow/myapp?version=3#key`: a secret as a reference names it, but not encoded.
fn secret(subject: &Subject) -> Option<String> {
    let mut text = subject.path.clone()?;
    for (mark, part) in [("?version=", &subject.version), ("#", &subject.key)] {
        if let Some(part) = part {
            text.push_str(mark);
            text.push_str(part);
        }
    }
    Some(text)
}

/// All variables, where the first line does not name them all.
pub(super) fn remaining_targets(subject: &Subject) -> &[String] {
    if subject.targets.len() > TARGETS_IN_LINE { &subject.targets } else { &[] }
}

fn targets(subject: &Subject) -> String {
    let all = subject.targets.len();
    let named = if all > TARGETS_IN_LINE { TARGETS_NAMED } else { all };
    let mut text = subject.targets.iter().take(named).map(String::as_str).collect::<Vec<_>>().join(", ");
    if all > named {
        text.push_str(&format!(" and {} more", all - named));
    }
    text
}

/// Whether `text` names `word`: it stands by itself, and not as a word of the language. A provider called `store` is not named by "the
/// store is sealed", but by "`store`", "store: ..." and "x#store".
fn mentions(text: &str, word: &str) -> bool {
    let within = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '/');
    let a_name = word.contains(|c: char| !c.is_lowercase());
    !word.is_empty()
        && text.match_indices(word).any(|(at, _)| {
            let before = text.get(..at).and_then(|before| before.chars().next_back());
            let after = text.get(at + word.len()..).and_then(|after| after.chars().next());
            let alone = !before.is_some_and(within) && !after.is_some_and(within);
            alone && (a_name || matches!(before, Some('`' | '#')) || after == Some(':'))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_word_by_itself() {
        for (text, word, expected) in [
            ("unknown provider `valt`", "valt", true),
            ("crow/myapp does not exist", "crow/myapp", true),
            ("crow/myapp2 does not exist", "crow/myapp", false),
            ("not in crow/myapp/", "crow/myapp", false),
            ("x", "", false),
            ("the store is sealed", "store-a", false),
            ("the store is sealed", "store", false),
            ("store: it is sealed", "store", true),
            ("https://vault:8200: connection refused", "vault", false),
            ("DB is already set", "DB", true),
        ] {
            assert_eq!(mentions(text, word), expected, "{text} {word}");
        }
    }
}
