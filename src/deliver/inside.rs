//! Picking inside JSON text: `a.b[0]`, through strings that hold JSON themselves.
//!
//! The text is a secret. serde_json only tells where things begin and end (`RawValue`, borrowed); what is escaped is
//! unescaped into buffers that wipe themselves. Nothing recurses on the text.

use crate::secret::Buffer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;
use std::marker::PhantomData;

/// What stands at a key.
pub enum Inside {
    /// Text, or the JSON text of what is no string.
    Found(Buffer),
    /// JSON's null.
    Null,
    /// Nothing: no such key, or no JSON.
    Nothing,
}

/// Picks `key` inside `text`.
pub fn pick(text: &[u8], key: &str) -> Inside {
    find(text, key).unwrap_or(Inside::Nothing)
}

fn find(text: &[u8], key: &str) -> Option<Inside> {
    let mut rest = key;
    let mut held: Option<Buffer> = None;
    loop {
        let text = std::str::from_utf8(held.as_ref().map_or(text, Buffer::expose)).ok()?;
        let value = descend(serde_json::from_str::<&RawValue>(text).ok()?.get(), &mut rest)?;
        if rest.is_empty() {
            return Some(match value {
                "null" => Inside::Null,
                _ if value.starts_with('"') => Inside::Found(unescape(value)?),
                _ => {
                    let mut out = Buffer::with_capacity(value.len());
                    out.push(value.as_bytes());
                    Inside::Found(out)
                }
            });
        }
        // A string with more of the key to come: it may hold JSON text.
        held = Some(unescape(value)?);
    }
}

/// Follows `rest` through maps and lists, up to its end or a string.
fn descend<'a>(mut value: &'a str, rest: &mut &str) -> Option<&'a str> {
    while !rest.is_empty() && !value.starts_with('"') {
        let (next, left) = if value.starts_with('[') { element(value, rest)? } else { member(value, rest)? };
        (value, *rest) = (next, left);
    }
    Some(value)
}

/// The member of a map that the longest beginning of `key` names, and what is left of the key.
fn member<'a, 'k>(map: &'a str, key: &'k str) -> Option<(&'a str, &'k str)> {
    let Members(members) = serde_json::from_str(map).ok()?;
    splits(key).find_map(|(name, rest)| {
        // Of two members with one name the last counts, as with most readers of JSON.
        let (_, value) = members.iter().rev().find(|(key, _)| is(key.get(), name))?;
        Some((value.get(), rest))
    })
}

fn element<'a, 'k>(list: &'a str, key: &'k str) -> Option<(&'a str, &'k str)> {
    let (number, rest) = key.strip_prefix('[')?.split_once(']')?;
    let number: usize = number.parse().ok()?;
    let Elements(elements) = serde_json::from_str(list).ok()?;
    Some((elements.get(number)?.get(), after_dot(rest)?))
}

/// The ways to split a key into a name and the rest, longest name first: at its end, at dots, and before brackets.
pub fn splits(key: &str) -> impl Iterator<Item = (&str, &str)> {
    let inner = key.match_indices(['.', '[']).rev().filter_map(|(at, _)| {
        let (name, rest) = key.split_at_checked(at)?;
        Some((name, after_dot(rest)?))
    });
    std::iter::once((key, "")).chain(inner)
}

/// What follows a name or an index; none where a dot has nothing behind it.
fn after_dot(rest: &str) -> Option<&str> {
    match rest.strip_prefix('.') {
        Some("") => None,
        Some(rest) => Some(rest),
        None => (rest.is_empty() || rest.starts_with('[')).then_some(rest),
    }
}

/// Whether a JSON string stands for `name`.
fn is(raw: &str, name: &str) -> bool {
    if !raw.contains('\\') {
        return raw.strip_prefix('"').and_then(|raw| raw.strip_suffix('"')) == Some(name);
    }
    unescape(raw).is_some_and(|text| text.expose() == name.as_bytes())
}

/// The text of a JSON string, quotes and all; none for half a surrogate pair.
fn unescape(raw: &str) -> Option<Buffer> {
    let mut rest = raw.strip_prefix('"')?.strip_suffix('"')?;
    let mut out = Buffer::with_capacity(rest.len());
    while let Some((before, after)) = rest.split_once('\\') {
        out.push(before.as_bytes());
        let letter = after.chars().next()?;
        rest = after.get(letter.len_utf8()..)?;
        let plain = match letter {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'b' => '\u{8}',
            'f' => '\u{c}',
            'u' => {
                let high = unit(&mut rest)?;
                let code = match high {
                    0xD800..=0xDBFF => {
                        rest = rest.strip_prefix("\\u")?;
                        let low = unit(&mut rest)?.checked_sub(0xDC00).filter(|low| *low < 0x400)?;
                        0x1_0000 + ((high - 0xD800) << 10) + low
                    }
                    _ => high,
                };
                char::from_u32(code)?
            }
            other => other,
        };
        out.push(plain.encode_utf8(&mut [0; 4]).as_bytes());
    }
    out.push(rest.as_bytes());
    Some(out)
}

fn unit(rest: &mut &str) -> Option<u32> {
    let (digits, after) = rest.split_at_checked(4)?;
    *rest = after;
    u32::from_str_radix(digits, 16).ok()
}

/// A map's members, borrowed.
struct Members<'a>(Vec<(&'a RawValue, &'a RawValue)>);

/// A list's elements, borrowed.
struct Elements<'a>(Vec<&'a RawValue>);

/// Collects borrowed values.
struct Collect<T>(PhantomData<T>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Collect(PhantomData::<Self>))
    }
}

impl<'de> Visitor<'de> for Collect<Members<'de>> {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(Members(members))
    }
}

impl<'de> Deserialize<'de> for Elements<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Collect(PhantomData::<Self>))
    }
}

impl<'de> Visitor<'de> for Collect<Elements<'de>> {
    type Value = Elements<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = list.next_element()? {
            elements.push(element);
        }
        Ok(Elements(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn picked(text: &str, key: &str) -> Option<String> {
        match pick(text.as_bytes(), key) {
            Inside::Found(buffer) => Some(String::from_utf8(buffer.expose().to_vec()).unwrap()),
            Inside::Null => Some("<null>".into()),
            Inside::Nothing => None,
        }
    }

    #[test]
    fn dots_and_brackets_through_json_text() {
        let text = r#" {"a": {"b": ["x", {"c": 1.10}], "b.c": "dotted", "n": null, "t": true},
            "s": "{\"k\": [\"\\\"deep\\\"\", \"{\\\"z\\\": 7}\"]}", "\u0065\"": "esc", "d": 1, "d": 2, "[0]": "odd", "": "empty", "b[": "open"}"#;
        for (key, expected) in [
            ("a.b[0]", Some("x")),
            ("a.b[1].c", Some("1.10")),
            ("a.b[1]", Some(r#"{"c": 1.10}"#)),
            ("a.b.c", Some("dotted")),
            ("a.n", Some("<null>")),
            ("a.t", Some("true")),
            ("s.k[0]", Some("\"deep\"")),
            ("s.k[1].z", Some("7")),
            ("e\"", Some("esc")),
            ("d", Some("2")),
            ("[0]", Some("odd")),
            ("b[", Some("open")),
            ("a.b[2]", None),
            ("a.b[-1]", None),
            ("a.b[x]", None),
            ("a.b[0", None),
            ("a.b[0]c", None),
            ("a.b[0].c", None),
            ("a.", None),
            ("a.b.", None),
            (".a", None),
            ("a.t.x", None),
            ("zzz", None),
        ] {
            assert_eq!(picked(text, key).as_deref(), expected, "{key}");
        }
        assert_eq!(picked("[[1,[2]]]", "[0][1][0]").as_deref(), Some("2"));
        for text in ["", "x", "{", "\"", "{\"a\":1}x", "null", "{\"a\": \"\\ud83d\"}"] {
            assert_eq!(picked(text, "a"), None, "{text}");
        }
        assert!(matches!(pick(b"\xff", "a"), Inside::Nothing));
    }

    #[test]
    fn escapes() {
        assert_eq!(
            picked(r#"{"a": "\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"}"#, "a").as_deref(),
            Some("\"\\/\u{8}\u{c}\n\r\t\u{e9}\u{1F600}")
        );
    }

    #[test]
    fn hostile_depth_is_no_recursion() {
        let deep = format!("{{\"a\":{}{}}}", "[".repeat(100_000), "]".repeat(100_000));
        assert_eq!(picked(&deep, "a[0][0]").map(|text| text.len()), Some(199_996));
        assert_eq!(picked(&deep, &format!("a{}", "[0]".repeat(50))).map(|text| text.len()), Some(199_900));
    }
}
