//! What the user wrote as a path, as this room keeps it in a [`Locator`].

use crate::stores::{Complaint, Locator, Wanted};

/// How a path is to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The API path as it stands.
    Api,
    /// Relative to the mount, unless it begins with the path of a visible mount that is no KV.
    Either,
    /// Relative to the mount, whose version is found out.
    Mount,
    /// Relative to the mount, a KV of version 1.
    V1,
    /// Relative to the mount, a KV of version 2.
    V2,
}

/// The word in front of a locator's path: two providers may share a login and read the same path differently.
const WORDS: [(Reading, &str); 5] = [
    (Reading::Api, "api:"),
    (Reading::Either, "either:"),
    (Reading::Mount, "mount:"),
    (Reading::V1, "v1:"),
    (Reading::V2, "v2:"),
];

/// Turns a path into a locator. `mount` and `kv_version` are the provider's.
///
/// # Errors
///
/// A path, mount or version that cannot be asked for.
pub fn locate(wanted: &Wanted<'_>, mount: &str, kv_version: Option<u8>) -> Result<Locator, Complaint> {
    let version = version(wanted.version)?;
    let forced = wanted.mount.is_some();
    let mount = clean("mount", wanted.mount.unwrap_or(mount).trim_matches('/'))?;
    let api = wanted.path.starts_with('/') && !forced;
    let path = clean("path", wanted.path.trim_start_matches('/'))?;
    if is_no_secret(&if api { path.to_owned() } else { format!("{mount}/{path}") }) {
        return Err(Complaint { what: NO_SECRET.to_owned(), cure: NO_SECRET_CURE.to_owned(), place: None });
    }
    let reading = match (api, kv_version, forced) {
        (true, ..) => Reading::Api,
        (false, Some(1), _) => Reading::V1,
        (false, Some(_), _) => Reading::V2,
        (false, None, true) => Reading::Mount,
        (false, None, false) => Reading::Either,
    };
    let word = WORDS.iter().find(|(known, _)| *known == reading).map_or("", |(_, word)| word);
    Ok(Locator { path: format!("{word}{path}"), mount: (!api).then(|| mount.to_owned()), version })
}

/// The reading and the path of a locator that [`locate`] made.
pub fn open(locator: &Locator) -> (Reading, &str) {
    WORDS
        .iter()
        .find_map(|(reading, word)| locator.path.strip_prefix(word).map(|path| (*reading, path)))
        .unwrap_or((Reading::Either, &locator.path))
}

/// What is said of a path that [`is_no_secret`].
const NO_SECRET: &str = "what lies beneath `auth/token/` and `sys/` of the API is no secret";
/// And what to do about it.
const NO_SECRET_CURE: &str = "name the path of a secret, without a leading slash where it is relative to the mount";

/// Whether an API path tells of the token itself, or of the server: handing that on is never what was meant, and would be a
/// way to the login's own token.
pub fn is_no_secret(api_path: &str) -> bool {
    ["auth/token/", "sys/"].iter().any(|beneath| api_path.starts_with(beneath))
}

/// A path or mount without anything that a server, a proxy or a URL library would turn into another one.
pub fn clean<'a>(what: &str, text: &'a str) -> Result<&'a str, Complaint> {
    let complain = |why: &str, cure: &str| {
        Err(Complaint { what: format!("the {what} {why}"), cure: cure.to_owned(), place: None })
    };
    if text.is_empty() {
        return complain("is empty", "write the path of a secret, such as crow/myapp");
    }
    if text.chars().any(|c| c.is_control() || (c.is_whitespace() && c != ' ') || is_invisible(c)) {
        return complain("holds a character that cannot be printed", "leave it out: Vault refuses such paths");
    }
    for segment in text.split('/') {
        match segment {
            "" => {
                return complain("has an empty segment", "write single slashes, and none at the end");
            }
            "." | ".." => {
                return complain("has a segment `.` or `..`", "write the path that is meant, from its beginning");
            }
            _ => {}
        }
    }
    Ok(text)
}

/// Characters without a shape that Vault counts as not printable.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

fn version(text: Option<&str>) -> Result<Option<String>, Complaint> {
    let Some(text) = text else { return Ok(None) };
    // Digits only: `parse` would take a plus sign.
    match text.parse::<u32>() {
        Ok(number) if text.bytes().all(|byte| byte.is_ascii_digit()) => Ok((number > 0).then(|| number.to_string())),
        _ => Err(Complaint {
            what: "the version is no whole number".to_owned(),
            cure: "write the number of a version, or 0 for the newest".to_owned(),
            place: None,
        }),
    }
}

/// `path` with every segment percent-encoded, all but the unreserved characters.
pub fn encode(path: &str) -> String {
    let mut encoded = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                encoded.push(char::from(byte))
            }
            byte => {
                encoded.push('%');
                for digit in [byte >> 4, byte & 15] {
                    encoded.push(char::from_digit(digit.into(), 16).unwrap_or('0').to_ascii_uppercase());
                }
            }
        }
    }
    encoded
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted<'a>(path: &'a str, mount: Option<&'a str>, version: Option<&'a str>) -> Wanted<'a> {
        Wanted { path, mount, version }
    }

    #[test]
    fn paths_become_locators() {
        for (path, mount, version, kv, word, at) in [
            ("crow/myapp", None, None, None, "either:crow/myapp", Some("secret")),
            ("crow/myapp", None, Some("0"), Some(2), "v2:crow/myapp", Some("secret")),
            ("crow/myapp", None, None, Some(1), "v1:crow/myapp", Some("secret")),
            ("crow/myapp", Some("/team/kv/"), None, None, "mount:crow/myapp", Some("team/kv")),
            ("/crow/myapp", Some("team/kv"), None, Some(2), "v2:crow/myapp", Some("team/kv")),
            ("/secret/data/crow", None, None, Some(1), "api:secret/data/crow", None),
            ("auth/token/mine", None, None, None, "either:auth/token/mine", Some("secret")),
            ("/auth/approle/role/app/role-id", None, None, None, "api:auth/approle/role/app/role-id", None),
            ("database/creds/app", None, None, None, "either:database/creds/app", Some("secret")),
        ] {
            let locator = locate(&wanted(path, mount, version), "secret", kv).unwrap();
            assert_eq!(
                (locator.path.as_str(), locator.mount.as_deref(), locator.version.as_deref()),
                (word, at, None),
                "{path}"
            );
        }
        let locator = locate(&wanted("a", None, Some("03")), "secret", None).unwrap();
        assert_eq!(locator.version.as_deref(), Some("3"));
        assert_eq!(open(&locator), (Reading::Either, "a"));
    }

    #[test]
    fn bad_paths_are_refused() {
        for (path, version, what) in [
            ("", None, "the path is empty"),
            ("/", None, "the path is empty"),
            ("a//b", None, "the path has an empty segment"),
            ("a/", None, "the path has an empty segment"),
            ("a/../b", None, "the path has a segment `.` or `..`"),
            ("./b", None, "the path has a segment `.` or `..`"),
            ("a\tb", None, "the path holds a character that cannot be printed"),
            ("a\u{a0}b", None, "the path holds a character that cannot be printed"),
            ("a\u{200b}b", None, "the path holds a character that cannot be printed"),
            ("/auth/token/lookup-self", None, NO_SECRET),
            ("//auth/token/lookup-self", None, NO_SECRET),
            ("/sys/health", None, NO_SECRET),
            ("a", Some("v1"), "the version is no whole number"),
            ("a", Some("+1"), "the version is no whole number"),
            ("a", Some("-1"), "the version is no whole number"),
            ("a", Some(""), "the version is no whole number"),
        ] {
            assert_eq!(locate(&wanted(path, None, version), "secret", None).unwrap_err().what, what, "{path:?}");
        }
        for (path, mount) in [("lookup-self", "auth/token"), ("/token/lookup-self", "/auth/"), ("health", "sys")] {
            assert_eq!(locate(&wanted(path, Some(mount), None), "secret", Some(1)).unwrap_err().what, NO_SECRET);
        }
        assert_eq!(locate(&wanted("a", Some("/"), None), "secret", None).unwrap_err().what, "the mount is empty");
    }

    #[test]
    fn segments_are_encoded() {
        assert_eq!(encode("a b/ü%2f?#+~"), "a%20b/%C3%BC%252f%3F%23%2B~");
    }
}
