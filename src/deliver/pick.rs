//! Picking one value out of what a store answered.

use super::inside::{self, Inside};
use crate::secret::Buffer;
use crate::stores::{Content, Field};

/// A picked value.
pub enum Picked<'a> {
    /// As the store gave it.
    Borrowed(&'a [u8]),
    /// From inside JSON text.
    Owned(Buffer),
}

impl Picked<'_> {
    /// The bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        match self {
            Picked::Borrowed(bytes) => bytes,
            Picked::Owned(buffer) => buffer.expose(),
        }
    }
}

/// Why nothing was picked.
#[derive(Debug, PartialEq, Eq)]
pub enum Unpicked {
    /// There is no such key; the names of the fields there are.
    NoKey(Vec<String>),
    /// What stands there is JSON's null.
    Null,
    /// No key was named, and there are several fields.
    Several(Vec<String>),
    /// No key was named, and there is no field.
    Empty,
}

/// Picks `key` out of `content`: a field of exactly that name first, else dots and `[n]` inside. No key means the value,
/// or the only field.
///
/// # Errors
/// Nothing is there, or no one thing.
pub fn pick<'a>(content: &'a Content, key: Option<&str>) -> Result<Picked<'a>, Unpicked> {
    match (content, key) {
        (Content::Value(value), None | Some("value")) => Ok(Picked::Borrowed(value.expose())),
        (Content::Value(value), Some(key)) => from(inside::pick(value.expose(), key), &[]),
        (Content::Fields(fields), None) => match fields.as_slice() {
            [] => Err(Unpicked::Empty),
            [field] => whole(field),
            several => Err(Unpicked::Several(names(several))),
        },
        (Content::Fields(fields), Some(key)) => {
            let found = inside::splits(key)
                .find_map(|(name, rest)| fields.iter().find(|field| field.name == name).map(|field| (field, rest)));
            match found {
                None => Err(Unpicked::NoKey(names(fields))),
                Some((field, "")) => whole(field),
                Some((field, rest)) => from(inside::pick(field.value.expose(), rest), fields),
            }
        }
    }
}

fn whole(field: &Field) -> Result<Picked<'_>, Unpicked> {
    let bytes = field.value.expose();
    if field.json && bytes == b"null" { Err(Unpicked::Null) } else { Ok(Picked::Borrowed(bytes)) }
}

fn from<'a>(found: Inside, fields: &[Field]) -> Result<Picked<'a>, Unpicked> {
    match found {
        Inside::Found(buffer) => Ok(Picked::Owned(buffer)),
        Inside::Null => Err(Unpicked::Null),
        Inside::Nothing => Err(Unpicked::NoKey(names(fields))),
    }
}

fn names(fields: &[Field]) -> Vec<String> {
    fields.iter().map(|field| field.name.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::secret::Secret;

    fn fields(pairs: &[(&str, &str, bool)]) -> Content {
        let field = |(name, value, json): &(&str, &str, bool)| Field {
            name: (*name).into(),
            value: Secret::copy_of(value.as_bytes()),
            json: *json,
        };
        Content::Fields(pairs.iter().map(field).collect())
    }

    fn picked(content: &Content, key: Option<&str>) -> Result<String, Unpicked> {
        pick(content, key).map(|value| String::from_utf8(value.expose().to_vec()).unwrap())
    }

    #[test]
    fn one_value() {
        let content = Content::Value(Secret::copy_of(br#"{"value": "inner", "a": "b"}"#));
        for (key, expected) in [
            (None, Ok(r#"{"value": "inner", "a": "b"}"#)),
            (Some("value"), Ok(r#"{"value": "inner", "a": "b"}"#)),
            (Some("a"), Ok("b")),
            (Some("c"), Err(Unpicked::NoKey(vec![]))),
        ] {
            assert_eq!(picked(&content, key), expected.map(str::to_owned), "{key:?}");
        }
    }

    #[test]
    fn named_fields() {
        let content = fields(&[
            ("db", r#"{"password": "p", "n": null}"#, true),
            ("db.user", "u", false),
            ("text", r#"{"a": [1]}"#, false),
            ("nothing", "null", true),
            ("null", "null", false),
        ]);
        let all = || ["db", "db.user", "text", "nothing", "null"].map(str::to_owned).to_vec();
        for (key, expected) in [
            (Some("db"), Ok(r#"{"password": "p", "n": null}"#)),
            (Some("db.user"), Ok("u")),
            (Some("db.password"), Ok("p")),
            (Some("text.a[0]"), Ok("1")),
            (Some("null"), Ok("null")),
            (Some("nothing"), Err(Unpicked::Null)),
            (Some("db.n"), Err(Unpicked::Null)),
            (Some("db.x"), Err(Unpicked::NoKey(all()))),
            (Some("x"), Err(Unpicked::NoKey(all()))),
            (None, Err(Unpicked::Several(all()))),
        ] {
            assert_eq!(picked(&content, key), expected.map(str::to_owned), "{key:?}");
        }
        assert_eq!(picked(&fields(&[("a", "1", true)]), None), Ok("1".into()));
        assert_eq!(picked(&fields(&[]), None), Err(Unpicked::Empty));
    }
}
