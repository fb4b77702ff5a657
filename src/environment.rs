//! The environment as the kernel handed it over: borrowed, never copied, never decoded.
//!
//! `std::env::vars` copies every value to the heap and panics on bytes that are not UTF-8; a process that stays must do
//! neither. The entries here point into the block on the initial stack (see [`crate::sys::environment`]).

use std::ffi::CStr;

/// The container's environment: `NAME=value` entries in their original order.
#[derive(Clone, Default)]
pub struct Environment<'a> {
    entries: Vec<&'a CStr>,
}

impl<'a> Environment<'a> {
    /// Wraps entries of the form `NAME=value`. One without `=` has a name and no value.
    pub fn new(entries: Vec<&'a CStr>) -> Self {
        Environment { entries }
    }

    /// The value of `name`: the first entry wins, as in getenv(3).
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find(|(key, _)| *key == name.as_bytes()).map(|(_, value)| value)
    }

    /// The value of `name` as text; none when it is not set or is not UTF-8.
    pub fn text(&self, name: &str) -> Option<&'a str> {
        self.get(name).and_then(|value| std::str::from_utf8(value).ok())
    }

    /// Like [`Environment::text`], with an empty value counted as not set, as most programs do for settings.
    pub fn filled(&self, name: &str) -> Option<&'a str> {
        self.text(name).filter(|value| !value.is_empty())
    }

    /// Names and values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'a [u8], &'a [u8])> + '_ {
        self.entries.iter().map(|entry| split(entry.to_bytes()))
    }

    /// The whole entries, in order, to be handed on without a copy.
    pub fn entries(&self) -> &[&'a CStr] {
        &self.entries
    }
}

/// Name and value of one entry. A `=` in the first place belongs to the name, as in glibc.
fn split(entry: &[u8]) -> (&[u8], &[u8]) {
    let at = entry.iter().skip(1).position(|&byte| byte == b'=').map(|at| at + 1);
    match at {
        Some(at) => (entry.get(..at).unwrap_or(entry), entry.get(at + 1..).unwrap_or(b"")),
        None => (entry, b""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_of_two_wins_and_bytes_stay_bytes() {
        let env = Environment::new(vec![c"A=1", c"A=2", c"B=\xff=x", c"C", c"E="]);
        assert_eq!(env.get("A"), Some(&b"1"[..]));
        assert_eq!(env.get("B"), Some(&b"\xff=x"[..]));
        assert_eq!(env.text("B"), None);
        assert_eq!(env.get("C"), Some(&b""[..]));
        assert_eq!(env.filled("E"), None);
        assert_eq!(env.get("D"), None);
    }
}
