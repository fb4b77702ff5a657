//! "Did you mean ...?": the nearest of the words that would have been right.

/// A longer word than this is no typing error of a name; it keeps the cost of a hostile input small.
const LONGEST: usize = 64;

/// The one of `known` that `word` was probably meant to be: the first of the smallest distance, if that is at most a third of the
/// word's length (one at least). Upper and lower case are the same here.
///
/// The distance is Damerau and Levenshtein's in its restricted form: insert, delete, replace, or swap two neighbours.
pub fn nearest<'a>(word: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().take(LONGEST + 1).map(|c| c.to_ascii_lowercase()).collect();
    if word.is_empty() || word.len() > LONGEST {
        return None;
    }
    let limit = (word.len() / 3).max(1);
    let mut best: Option<(usize, &'a str)> = None;
    for candidate in known {
        let letters: Vec<char> = candidate.chars().map(|c| c.to_ascii_lowercase()).collect();
        if letters.len().abs_diff(word.len()) > limit {
            continue;
        }
        let distance = distance(&word, &letters);
        // One letter for another letter is no typing error: every name of one letter would be "near".
        if distance >= word.len().max(letters.len()) {
            continue;
        }
        if distance <= limit && best.is_none_or(|(least, _)| distance < least) {
            best = Some((distance, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}

/// Three rows of the usual table: the swap of neighbours looks two rows back.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    let mut previous_a = None;
    for (row, &letter_a) in a.iter().enumerate() {
        let mut this = Vec::with_capacity(b.len() + 1);
        let mut left = row + 1;
        this.push(left);
        let mut previous_b = None;
        for (column, &letter_b) in b.iter().enumerate() {
            let at = |row: &[usize], column: usize| row.get(column).copied().unwrap_or(usize::MAX - 1);
            let mut cell =
                (at(&last, column) + usize::from(letter_a != letter_b)).min(at(&last, column + 1) + 1).min(left + 1);
            let swapped = previous_a == Some(letter_b) && previous_b == Some(letter_a);
            if let (true, Some(two_back)) = (swapped, column.checked_sub(1)) {
                cell = cell.min(at(&before, two_back) + 1);
            }
            this.push(cell);
            left = cell;
            previous_b = Some(letter_b);
        }
        before = std::mem::replace(&mut last, this);
        previous_a = Some(letter_a);
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_of_the_finger_is_found() {
        let known = ["vault", "azure", "file", "env", "timeout", "kill-after", "v"];
        for (word, meant) in [
            ("valt", Some("vault")),
            ("vualt", Some("vault")),
            ("VAULT", Some("vault")),
            ("vaultt", Some("vault")),
            ("azrue", Some("azure")),
            ("timout", Some("timeout")),
            ("kilafter", Some("kill-after")),
            ("fiel", Some("file")),
            ("evn", Some("env")),
            ("x", None),
            ("", None),
            ("kubernetes", None),
            ("zzzzz", None),
            ("väult", Some("vault")),
        ] {
            assert_eq!(nearest(word, known), meant, "{word}");
        }
        assert_eq!(nearest(&"v".repeat(100_000), known), None);
    }

    #[test]
    fn distances() {
        for (a, b, expected) in [
            ("", "", 0),
            ("a", "", 1),
            ("", "ab", 2),
            ("ab", "ba", 1),
            ("abc", "ca", 3),
            ("kitten", "sitting", 3),
            ("abcd", "acbd", 1),
        ] {
            let letters = |s: &str| s.chars().collect::<Vec<_>>();
            assert_eq!(distance(&letters(a), &letters(b)), expected, "{a} {b}");
        }
    }
}
