//! The grammar of a reference: `secret://<provider>/<path>[?version=N][#key][|filter...]`.
//!
//! `|`, `#`, `?`, `}` and `%` that belong to a part are percent-encoded; all else stands as it is. Pure and total.

use crate::suggest::nearest;

/// What every reference begins with.
pub const SCHEME: &str = "secret://";

/// Said where no better cure is known.
pub(super) const SHAPE: &str = "the shape is secret://<provider>/<path>[?version=N][#key][|filter]";

/// The filters by name.
const FILTERS: [(&str, Filter); 6] = [
    ("urlencode", Filter::Urlencode),
    ("base64", Filter::Base64),
    ("base64decode", Filter::Base64decode),
    ("json", Filter::Json),
    ("trim", Filter::Trim),
    ("shellquote", Filter::Shellquote),
];

/// What may be done to a value on the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// Percent-encoding of all but RFC 3986's unreserved characters.
    Urlencode,
    /// Base64, standard alphabet, padded.
    Base64,
    /// The bytes that a base64 text stands for.
    Base64decode,
    /// A JSON string literal, quotes included.
    Json,
    /// Without white space at both ends.
    Trim,
    /// One word for a POSIX shell.
    Shellquote,
}

/// A secret as the user names it, decoded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reference {
    /// A provider of the manifest, or a type with its default configuration.
    pub provider: String,
    /// The path. A leading slash is kept: it means something to some stores.
    pub path: String,
    /// `from_secret.mount`; a reference written as text has none.
    pub mount: Option<String>,
    /// The version; none for the newest, which `0` means too.
    pub version: Option<String>,
    /// The key within the secret.
    pub key: Option<String>,
    /// What is done to the value, in order.
    pub filters: Vec<Filter>,
}

/// What is wrong with a reference or a template. The caller adds where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In one line.
    pub what: String,
    /// What to do about it.
    pub cure: String,
    /// Where in the text it begins, in bytes.
    pub at: usize,
}

impl Fault {
    pub(super) fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Fault { what: what.into(), cure: cure.into(), at: 0 }
    }

    /// The same fault of a text of which what was read is the part from `start` on.
    pub(super) fn shifted(mut self, start: usize) -> Self {
        self.at = self.at.saturating_add(start);
        self
    }
}

/// The names of the filters.
pub fn filters() -> [&'static str; 6] {
    FILTERS.map(|(name, _)| name)
}

/// Reads one reference, scheme included.
///
/// # Errors
/// The first thing that is wrong with it.
pub fn parse(text: &[u8]) -> Result<Reference, Fault> {
    let Ok(text) = std::str::from_utf8(text) else {
        return Err(Fault::new("the reference is not UTF-8 text", "percent-encode UTF-8, and nothing else"));
    };
    let Some(rest) = text.strip_prefix(SCHEME) else {
        return Err(Fault::new("the reference does not begin with `secret://`", SHAPE));
    };
    if let Some(at) = rest.find(char::is_control) {
        let what = "a control character (a line break?) in the reference";
        let fault = Fault::new(what, "write the reference on one line, with nothing after it");
        return Err(fault.shifted(SCHEME.len() + at));
    }
    let (rest, filters) = cut(rest, '|');
    let (rest, key) = cut(rest, '#');
    let (rest, query) = cut(rest, '?');
    let Some((provider, path)) = rest.split_once('/') else {
        return Err(Fault::new("the reference has no path", SHAPE));
    };
    // Each part begins behind the one before and what parts them.
    let of_provider = SCHEME.len();
    let of_path = of_provider + provider.len() + 1;
    let of_query = of_path + path.len() + 1;
    let of_key = SCHEME.len() + rest.len() + query.map_or(0, |query| query.len() + 1) + 1;
    let of_filters = of_key + key.map_or(0, |key| key.len() + 1);
    Ok(Reference {
        provider: part("provider", provider).map_err(|fault| fault.shifted(of_provider))?,
        path: part("path", path).map_err(|fault| fault.shifted(of_path))?,
        mount: None,
        version: query.map(version).transpose().map_err(|fault| fault.shifted(of_query))?.flatten(),
        key: key.map(read_key).transpose().map_err(|fault| fault.shifted(of_key))?,
        filters: filters.map(read_filters).transpose().map_err(|fault| fault.shifted(of_filters))?.unwrap_or_default(),
    })
}

/// `version: 0` and none mean the newest.
pub fn newest_is_none(version: &str) -> Option<String> {
    (version != "0").then(|| version.to_owned())
}

/// What is wrong with a part that is written literally, in the object form.
///
/// # Errors
/// When it is empty or has a control character.
pub fn check_literal(name: &str, text: &str) -> Result<(), Fault> {
    if text.is_empty() {
        return Err(Fault::new(format!("the {name} is empty"), "write one, or take it away"));
    }
    if text.chars().any(char::is_control) {
        return Err(Fault::new(format!("a control character (a line break?) in the {name}"), "write it on one line"));
    }
    Ok(())
}

fn cut(text: &str, at: char) -> (&str, Option<&str>) {
    match text.split_once(at) {
        Some((before, after)) => (before, Some(after)),
        None => (text, None),
    }
}

fn read_key(raw: &str) -> Result<String, Fault> {
    if raw.contains("?version=") {
        return Err(Fault::new("the version stands after the key", "write it before the key: ?version=N#key"));
    }
    for (letter, code) in [('#', "%23"), ('?', "%3F")] {
        if raw.contains(letter) {
            return Err(Fault::new(
                format!("`{letter}` in the key of the reference"),
                format!("where it belongs to the key, write {code}"),
            ));
        }
    }
    part("key", raw)
}

fn version(query: &str) -> Result<Option<String>, Fault> {
    let mut found = None;
    for pair in query.split('&') {
        let (name, value) = cut(pair, '=');
        if name != "version" {
            let cure = match nearest(name, ["version"]) {
                Some(_) => "did you mean `version`?".to_owned(),
                None => "only `?version=N` is known; a `?` in a path is written %3F".to_owned(),
            };
            return Err(Fault::new(format!("unknown parameter `{name}` in the reference"), cure));
        }
        let value = part("version", value.unwrap_or_default())?;
        if found.replace(value).is_some() {
            return Err(Fault::new("two versions in the reference", "write one"));
        }
    }
    Ok(found.as_deref().and_then(newest_is_none))
}

fn read_filters(list: &str) -> Result<Vec<Filter>, Fault> {
    let mut start = 0;
    let mut read = |name: &str| {
        let found = filter(name).map_err(|fault| fault.shifted(start));
        start += name.len() + 1;
        found
    };
    list.split('|').map(&mut read).collect()
}

fn filter(name: &str) -> Result<Filter, Fault> {
    if let Some((_, filter)) = FILTERS.iter().find(|(known, _)| *known == name) {
        return Ok(*filter);
    }
    if name.is_empty() {
        return Err(Fault::new(
            "an empty filter in the reference",
            "name a filter after `|`; a `|` in a path or key is written %7C",
        ));
    }
    let known = filters();
    let cure = if name.contains(['#', '?']) {
        SHAPE.to_owned()
    } else {
        match nearest(name, known) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => format!("the filters are {}; a `|` in a path or key is written %7C", known.join(", ")),
        }
    };
    Err(Fault::new(format!("unknown filter `{name}`"), cure))
}

/// One part, decoded.
fn part(name: &str, raw: &str) -> Result<String, Fault> {
    if raw.is_empty() {
        return Err(Fault::new(format!("the {name} of the reference is empty"), SHAPE));
    }
    if raw.trim() != raw {
        return Err(Fault::new(
            format!("white space around the {name} of the reference"),
            "take it away; where it belongs there, write %20",
        ));
    }
    if raw.contains('}') {
        return Err(Fault::new(
            format!("`}}` in the {name} of the reference"),
            format!("where it belongs to the {name}, write %7D"),
        ));
    }
    let decoded = decode(raw).ok_or_else(|| {
        Fault::new(format!("a `%` in the {name} of the reference that encodes no text"), "for the `%` itself write %25")
    })?;
    check_literal(name, &decoded)?;
    Ok(decoded)
}

/// None for a bad escape, or bytes that are not UTF-8.
fn decode(raw: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(raw.len());
    let mut rest = raw.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let high = char::from(rest.next()?).to_digit(16)?;
            let low = char::from(rest.next()?).to_digit(16)?;
            bytes.push(u8::try_from(high * 16 + low).ok()?);
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).ok()
}
