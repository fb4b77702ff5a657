//! The grammar of references.

use crate::manifest::reference::{Fault, Reference, SHAPE, parse};
use crate::plan::Filter;

fn reference(provider: &str, path: &str) -> Reference {
    Reference { provider: provider.into(), path: path.into(), ..Reference::default() }
}

#[test]
fn what_is_a_reference() {
    let base = || reference("vault", "crow/myapp");
    for (text, expected) in [
        ("secret://vault/crow/myapp", base()),
        ("secret://vault/crow/myapp#db_password", Reference { key: Some("db_password".into()), ..base() }),
        ("secret://vault/crow/myapp?version=3", Reference { version: Some("3".into()), ..base() }),
        ("secret://vault/crow/myapp?version=0", base()),
        (
            "secret://vault/crow/myapp?version=3#a.b[0]|trim|urlencode",
            Reference {
                version: Some("3".into()),
                key: Some("a.b[0]".into()),
                filters: vec![Filter::Trim, Filter::Urlencode],
                ..base()
            },
        ),
        ("secret://vault//database/creds/app", reference("vault", "/database/creds/app")),
        ("secret://1/a%7Cb%23c%3Fd%7De%25f", reference("1", "a|b#c?d}e%f")),
        ("secret://file/a b{c[d]:@&=$e", reference("file", "a b{c[d]:@&=$e")),
        ("secret://file/%C3%A9\u{e9}", reference("file", "\u{e9}\u{e9}")),
        (
            "secret://file/a|base64|base64decode|json|shellquote",
            Reference {
                filters: vec![Filter::Base64, Filter::Base64decode, Filter::Json, Filter::Shellquote],
                ..reference("file", "a")
            },
        ),
    ] {
        assert_eq!(parse(text.as_bytes()), Ok(expected), "{text}");
    }
}

#[test]
fn what_is_none_and_why() {
    for (text, what, cure) in [
        (&b"secret://"[..], "the reference has no path", SHAPE),
        (b"secret://vault", "the reference has no path", SHAPE),
        (b"secret://vault/", "the path of the reference is empty", SHAPE),
        (b"secret:///crow/myapp", "the provider of the reference is empty", SHAPE),
        (b"secret://vault/a#", "the key of the reference is empty", SHAPE),
        (b"secret://vault/a?version=", "the version of the reference is empty", SHAPE),
        (b"secret://vault/a?version", "the version of the reference is empty", SHAPE),
        (b"secret://vault/a?version=1&version=2", "two versions in the reference", "write one"),
        (b"secret://vault/a?vesion=1", "unknown parameter `vesion` in the reference", "did you mean `version`?"),
        (
            b"secret://vault/a?b",
            "unknown parameter `b` in the reference",
            "only `?version=N` is known; a `?` in a path is written %3F",
        ),
        (
            b"secret://vault/a#k?version=3",
            "the version stands after the key",
            "write it before the key: ?version=N#key",
        ),
        (b"secret://vault/a#k#l", "`#` in the key of the reference", "where it belongs to the key, write %23"),
        (b"secret://vault/a#k?", "`?` in the key of the reference", "where it belongs to the key, write %3F"),
        (b"secret://vault/a#k}", "`}` in the key of the reference", "where it belongs to the key, write %7D"),
        (b"secret://vault/a|urlencod", "unknown filter `urlencod`", "did you mean `urlencode`?"),
        (b"secret://vault/a|trim#k", "unknown filter `trim#k`", SHAPE),
        (
            b"secret://vault/a|",
            "an empty filter in the reference",
            "name a filter after `|`; a `|` in a path or key is written %7C",
        ),
        (
            b"secret://vault/a%zz",
            "a `%` in the path of the reference that encodes no text",
            "for the `%` itself write %25",
        ),
        (
            b"secret://vault/%ff",
            "a `%` in the path of the reference that encodes no text",
            "for the `%` itself write %25",
        ),
        (b"secret://vault/a%00", "a control character (a line break?) in the path", "write it on one line"),
        (
            b"secret://vault/a\n",
            "a control character (a line break?) in the reference",
            "write the reference on one line, with nothing after it",
        ),
        (
            b"secret://vault/a ",
            "white space around the path of the reference",
            "take it away; where it belongs there, write %20",
        ),
        (b"secret://\xff/a", "the reference is not UTF-8 text", "percent-encode UTF-8, and nothing else"),
        (b"vault/a", "the reference does not begin with `secret://`", SHAPE),
    ] {
        // Where it begins, template.rs tests.
        let fault = parse(text).unwrap_err();
        assert_eq!(Fault { at: 0, ..fault }, Fault::new(what, cure), "{}", String::from_utf8_lossy(text));
    }
}
