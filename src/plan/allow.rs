//! The patterns of `allow`: `*` within a segment, `**` across. Pure, and linear in what it remembers.

/// Whether a path may be read under `patterns`.
///
/// `path` is the path as the user wrote it, with `from_secret.mount` put in front where that is another mount than the
/// provider's. A leading slash makes it another path for the store (of Vault, one of the API), so it is allowed only by a
/// pattern with one, and such a pattern allows no other path. A path with a segment `.` or `..` is outside of every pattern:
/// a server may fold it into another path.
pub fn allows(patterns: &[String], path: &str) -> bool {
    if path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return false;
    }
    let (rooted, path) = unrooted(path);
    patterns.iter().map(|pattern| unrooted(pattern)).any(|(also, pattern)| also == rooted && matches(pattern, path))
}

/// Whether a slash leads, and what follows; several count as one.
fn unrooted(text: &str) -> (bool, &str) {
    (text.starts_with('/'), text.trim_start_matches('/'))
}

/// A token of a pattern.
#[derive(PartialEq)]
enum Token {
    Letter(char),
    /// `*`
    Within,
    /// `**`
    Across,
}

fn matches(pattern: &str, path: &str) -> bool {
    let tokens = tokens(pattern);
    let path: Vec<char> = path.chars().collect();
    // reached[i]: the tokens so far can match the first i letters.
    let mut reached = vec![false; path.len() + 1];
    if let Some(first) = reached.first_mut() {
        *first = true;
    }
    for token in tokens {
        let mut next = vec![false; path.len() + 1];
        let mut running = false;
        for (at, slot) in next.iter_mut().enumerate() {
            let here = reached.get(at) == Some(&true);
            let letter = at.checked_sub(1).and_then(|at| path.get(at)).copied();
            let before = at.checked_sub(1).and_then(|at| reached.get(at)) == Some(&true);
            *slot = match token {
                Token::Letter(wanted) => before && letter == Some(wanted),
                Token::Within => {
                    running = here || (running && letter != Some('/'));
                    running
                }
                Token::Across => {
                    running |= here;
                    running
                }
            };
        }
        reached = next;
    }
    reached.last() == Some(&true)
}

fn tokens(pattern: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    for letter in pattern.chars() {
        match (letter, tokens.last()) {
            ('*', Some(Token::Within)) => {
                tokens.pop();
                tokens.push(Token::Across);
            }
            ('*', Some(Token::Across)) => {}
            ('*', _) => tokens.push(Token::Within),
            _ => tokens.push(Token::Letter(letter)),
        }
    }
    tokens
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, path, expected) in [
            ("crow/*", "crow/myapp", true),
            ("crow/*", "/crow/myapp", false),
            ("/crow/*", "crow/myapp", false),
            ("/crow/*", "/crow/myapp", true),
            ("/crow/*", "//crow/myapp", true),
            ("auth/**", "/auth/token/lookup-self", false),
            ("**", "/auth/token/lookup-self", false),
            ("*/auth/**", "/auth/token/lookup-self", false),
            ("/**", "/database/creds/app", true),
            ("/**", "crow/myapp", false),
            ("crow/*", "crow/my/app", false),
            ("crow/*", "crow/", true),
            ("crow/*", "crow", false),
            ("crow/**", "crow/my/app", true),
            ("crow/**", "crow/../admin", false),
            ("crow/*", "crow/..", false),
            ("**", "a/b/c", true),
            ("*", "a/b", false),
            ("a*c/*.x", "abc/d.x", true),
            ("a*c/*.x", "ab/c/d.x", false),
            ("**/app", "a/b/app", true),
            ("**/app", "app", false),
            ("a/***/b", "a/x/y/b", true),
            ("database/creds/app", "database/creds/app", true),
            ("database/creds/app", "database/creds/apple", false),
            ("\u{e9}*", "\u{e9}t\u{e9}", true),
            ("", "a", false),
        ] {
            assert_eq!(allows(&[pattern.to_owned()], path), expected, "{pattern} {path}");
        }
        assert!(!allows(&[], "a"));
        assert!(!allows(&["*a".repeat(1_000)], &"a/".repeat(1_000)));
    }
}
