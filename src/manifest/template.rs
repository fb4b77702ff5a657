//! The grammar of a value: text, a reference, or references inside longer text. Pure and total.
//!
//! A value that begins with `secret://` is one reference. A value that holds `${secret://` (or, in the manifest,
//! `${NAME}`) is a template, in which `$$` is a dollar sign. Every other value is not looked at.

use super::reference::{self, Fault, Reference, SCHEME};

/// What stands behind `$$` where the template of a file means the text and no reference.
const ESCAPED: &str = "{secret://";

/// A piece of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Piece {
    /// Text as it is.
    Literal(String),
    /// `${secret://...}`, or a value that is a reference.
    Secret(Reference),
    /// `${NAME}`: another entry of the manifest.
    Entry(String),
}

/// Where a value stands, which decides what is special in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ground {
    /// An entry of the manifest.
    Manifest,
    /// A variable of the container's environment, where `${NAME}` means nothing to us.
    Environment,
    /// A template of a file: only `${secret://` is special, and `$${secret://` writes it.
    File,
}

/// Splits a value into pieces; none when nothing in it is special and it stays as it is, byte for byte.
///
/// # Errors
/// Everything that is wrong with it.
pub fn parse(value: &[u8], ground: Ground) -> Result<Option<Vec<Piece>>, Vec<Fault>> {
    if value.starts_with(SCHEME.as_bytes()) {
        return match reference::parse(value) {
            Ok(reference) => Ok(Some(vec![Piece::Secret(reference)])),
            Err(fault) => Err(vec![fault]),
        };
    }
    if !is_special(value, ground) {
        return Ok(None);
    }
    match std::str::from_utf8(value) {
        Ok(text) => split(text, ground).map(Some),
        Err(_) => Err(vec![Fault::new(
            "a value with `${secret://...}` in it that is not UTF-8 text",
            "keep the bytes in a store, and refer to them",
        )]),
    }
}

/// Splits the template of a file into pieces. Unlike a value it is never one reference, and `$$` is two dollar signs
/// wherever no `{secret://` follows.
///
/// # Errors
/// Everything that is wrong with it.
pub fn of_file(text: &str) -> Result<Vec<Piece>, Vec<Fault>> {
    split(text, Ground::File)
}

/// Whether the value is a template.
fn is_special(value: &[u8], ground: Ground) -> bool {
    let mut rest = value;
    while let Some(at) = rest.iter().position(|&byte| byte == b'$') {
        rest = rest.get(at + 1..).unwrap_or_default();
        let Some(inside) = rest.strip_prefix(b"{") else {
            continue;
        };
        if inside.starts_with(SCHEME.as_bytes()) || (ground == Ground::Manifest && name(inside).is_some()) {
            return true;
        }
    }
    false
}

/// The name and its length, where `inside` begins with `NAME}`.
fn name(inside: &[u8]) -> Option<&[u8]> {
    let end = inside.iter().position(|byte| !(byte.is_ascii_alphanumeric() || *byte == b'_'))?;
    let (name, rest) = inside.split_at_checked(end)?;
    let well_formed = name.first().is_some_and(|byte| !byte.is_ascii_digit()) && rest.first() == Some(&b'}');
    well_formed.then_some(name)
}

fn split(text: &str, ground: Ground) -> Result<Vec<Piece>, Vec<Fault>> {
    let mut pieces = Vec::new();
    let mut faults = Vec::new();
    let mut literal = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('$') {
        literal.push_str(before);
        rest = after;
        if let Some(after) = rest.strip_prefix('$') {
            literal.push('$');
            if ground != Ground::File {
                rest = after;
            } else if let Some(after) = after.strip_prefix(ESCAPED) {
                literal.push_str(ESCAPED);
                rest = after;
            }
            continue;
        }
        let Some(inside) = rest.strip_prefix('{') else {
            literal.push('$');
            continue;
        };
        let start = text.len() - inside.len();
        let piece = if inside.starts_with(SCHEME) {
            let Some((written, after)) = inside.split_once('}') else {
                let what = "`${secret://` without its closing `}`";
                let fault = Fault::new(what, "close it with `}`; for the text itself write `$${secret://`");
                faults.push(fault.shifted(start - "${".len()));
                break;
            };
            rest = after;
            match reference::parse(written.as_bytes()) {
                Ok(reference) => Piece::Secret(reference),
                Err(fault) => {
                    faults.push(fault.shifted(start));
                    continue;
                }
            }
        } else if let Some((name, after)) = entry(inside, ground) {
            rest = after;
            Piece::Entry(name.to_owned())
        } else {
            literal.push('$');
            continue;
        };
        if !literal.is_empty() {
            pieces.push(Piece::Literal(std::mem::take(&mut literal)));
        }
        pieces.push(piece);
    }
    literal.push_str(rest);
    if !literal.is_empty() {
        pieces.push(Piece::Literal(literal));
    }
    if faults.is_empty() { Ok(pieces) } else { Err(faults) }
}

/// The name of `NAME}` and what follows it.
fn entry(inside: &str, ground: Ground) -> Option<(&str, &str)> {
    if ground != Ground::Manifest || name(inside.as_bytes()).is_none() {
        return None;
    }
    inside.split_once('}')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Piece {
        Piece::Literal(text.into())
    }

    fn secret(path: &str) -> Piece {
        Piece::Secret(Reference { provider: "v".into(), path: path.into(), ..Reference::default() })
    }

    fn entry(name: &str) -> Piece {
        Piece::Entry(name.into())
    }

    #[test]
    fn what_passes_byte_for_byte() {
        for value in [
            &b""[..],
            b"info",
            b"$$",
            b"${HOME}",
            b"a $$ b ${HOME} secret://v/a",
            b" secret://v/a",
            b"${ secret://v/a}",
            b"\xff\xfe",
            b"${",
            b"SECRET://v/a",
        ] {
            assert_eq!(parse(value, Ground::Environment), Ok(None), "{value:?}");
        }
        for value in [&b"$$5"[..], b"${foo.bar}", b"${1}", b"${}", b"${FOO:-x}", b"${HOME", b"$HOME"] {
            assert_eq!(parse(value, Ground::Manifest), Ok(None), "{value:?}");
        }
    }

    #[test]
    fn what_is_a_template() {
        use Ground::{Environment, Manifest};
        for (value, ground, expected) in [
            ("secret://v/a", Environment, vec![secret("a")]),
            ("${secret://v/a}", Environment, vec![secret("a")]),
            (
                "x${secret://v/a}y${secret://v/b}z",
                Environment,
                vec![text("x"), secret("a"), text("y"), secret("b"), text("z")],
            ),
            ("$$${HOME}$ ${secret://v/a}$", Environment, vec![text("$${HOME}$ "), secret("a"), text("$")]),
            ("$$${secret://v/a}", Environment, vec![text("$"), secret("a")]),
            ("$${secret://v/a}", Environment, vec![text("${secret://v/a}")]),
            ("${A}${B_1}", Manifest, vec![entry("A"), entry("B_1")]),
            ("$${A} ${A} $$", Manifest, vec![text("${A} "), entry("A"), text(" $")]),
            ("$${A}", Manifest, vec![text("${A}")]),
            ("${A:-x} ${A}", Manifest, vec![text("${A:-x} "), entry("A")]),
        ] {
            assert_eq!(parse(value.as_bytes(), ground), Ok(Some(expected)), "{value}");
        }
    }

    #[test]
    fn what_is_special_in_the_template_of_a_file() {
        for (template, expected) in [
            ("", vec![]),
            ("a=1\n", vec![text("a=1\n")]),
            ("secret://v/a", vec![text("secret://v/a")]),
            ("$$ ${HOME} $(x) ${A}", vec![text("$$ ${HOME} $(x) ${A}")]),
            ("a=${secret://v/a}\n", vec![text("a="), secret("a"), text("\n")]),
            ("$${secret://v/a}", vec![text("${secret://v/a}")]),
            ("$$${secret://v/a}", vec![text("$${secret://v/a}")]),
            ("$ ${secret://v/a}$", vec![text("$ "), secret("a"), text("$")]),
            ("$${HOME}${secret://v/a}", vec![text("$${HOME}"), secret("a")]),
        ] {
            assert_eq!(of_file(template), Ok(expected), "{template}");
        }
        let whats: Vec<String> =
            of_file("${secret://v} ${secret://v/a").unwrap_err().into_iter().map(|fault| fault.what).collect();
        assert_eq!(whats, ["the reference has no path", "`${secret://` without its closing `}`"]);
    }

    #[test]
    fn every_fault_of_a_value_is_told() {
        let whats = |value: &[u8]| -> Vec<String> {
            parse(value, Ground::Manifest).unwrap_err().into_iter().map(|fault| fault.what).collect()
        };
        assert_eq!(
            whats(b"${secret://v}${secret://v/a|up}${secret://v/a"),
            ["the reference has no path", "unknown filter `up`", "`${secret://` without its closing `}`"]
        );
        assert_eq!(whats(b"\xff${secret://v/a}"), ["a value with `${secret://...}` in it that is not UTF-8 text"]);
        assert_eq!(whats(b"secret://v/a${secret://v/a}"), ["`}` in the path of the reference"]);
        assert_eq!(whats(b"secret://\xff"), ["the reference is not UTF-8 text"]);
    }

    /// Each fault begins where the text behind `^` does.
    #[test]
    fn a_fault_knows_where_it_is() {
        for marked in [
            "secret://v/a|^up",
            "secret://v/a|trim|^up|trim",
            "secret://v/a#^k%zz|trim",
            "secret://v/a?^vers=1#k",
            "secret://v/a?version=1#^ k",
            "secret://v/^a%",
            "secret://^/a",
            "caf\u{e9} ${secret://v/a} ${secret://v/b|^up} ${A}",
            "x ^${secret://v/a",
        ] {
            let at = marked.find('^').unwrap();
            let faults = parse(marked.replace('^', "").as_bytes(), Ground::Manifest).unwrap_err();
            assert_eq!(faults.iter().map(|fault| fault.at).collect::<Vec<_>>(), [at], "{marked}");
        }
    }
}
