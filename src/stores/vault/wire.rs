//! Bytes in, bytes out. Pure and total: any bytes give an answer or [`Nonsense`].
//!
//! Answers are parsed in place: a string without escapes is never copied but into its [`Secret`]. One with escapes passes
//! through a buffer of `serde_json`'s, which the binary's allocator wipes when it is freed.

use crate::secret::{Buffer, Secret};
use crate::stores::Field;
use serde::Deserialize;
use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;
use zeroize::Zeroize;

/// An answer that is no Vault's.
#[derive(Debug, PartialEq, Eq)]
pub struct Nonsense;

impl From<serde_json::Error> for Nonsense {
    fn from(_: serde_json::Error) -> Self {
        // The error's text quotes the document, so it goes no further.
        Nonsense
    }
}

/// What lies at a path.
pub enum Found {
    /// Fields.
    Fields {
        /// In the server's order.
        fields: Vec<Field>,
        /// The version, of a KV that keeps some.
        version: Option<u64>,
        /// Whether a lease came with them.
        leased: bool,
    },
    /// A version that was deleted and could be brought back.
    Deleted {
        /// Which.
        version: u64,
        /// When, as the server writes it.
        when: String,
    },
    /// A version that was destroyed.
    Destroyed {
        /// Which.
        version: u64,
    },
    /// No data at all.
    Nothing,
}

/// The shape that an answer is expected to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Expect {
    /// `data` holds the fields.
    Plain,
    /// `data.data` holds the fields, beside `data.metadata`.
    Versioned,
    /// Whichever of the two it looks like: an API path may lead anywhere.
    Either,
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow)]
    data: Option<Object<'a>>,
    #[serde(borrow)]
    lease_id: Option<Cow<'a, str>>,
}

#[derive(Deserialize)]
struct Metadata<'a> {
    version: Option<u64>,
    #[serde(borrow)]
    deletion_time: Option<Cow<'a, str>>,
    destroyed: Option<bool>,
}

/// Reads the answer to a read, of status 200 or 404.
///
/// # Errors
///
/// No JSON object, or not the shape that is expected.
pub fn found(body: &[u8], expect: Expect) -> Result<Found, Nonsense> {
    let envelope: Envelope<'_> = serde_json::from_slice(body)?;
    let leased = envelope.lease_id.is_some_and(|id| !id.is_empty());
    let Some(outer) = envelope.data else {
        return Ok(Found::Nothing);
    };
    let metadata = match expect {
        Expect::Plain => None,
        Expect::Versioned | Expect::Either => outer.metadata(),
    };
    let Some(metadata) = metadata else {
        return match expect {
            Expect::Versioned => Err(Nonsense),
            Expect::Plain | Expect::Either => Ok(Found::Fields { fields: outer.into_fields()?, version: None, leased }),
        };
    };
    let version = metadata.version.unwrap_or_default();
    if metadata.destroyed == Some(true) {
        return Ok(Found::Destroyed { version });
    }
    let inner = outer.get("data").map(RawValue::get).unwrap_or("null");
    let fields = match serde_json::from_str::<Option<Object<'_>>>(inner)? {
        Some(inner) => inner.into_fields()?,
        // A deletion time in the future stands beside data; without data it has passed.
        None => match metadata.deletion_time.filter(|time| !time.is_empty()) {
            Some(time) => {
                return Ok(Found::Deleted { version, when: printable(&time) });
            }
            None => Vec::new(),
        },
    };
    Ok(Found::Fields { fields, version: Some(version), leased })
}

/// What a login gave.
pub enum Granted {
    /// A token.
    Token(Secret),
    /// Nothing yet: a second factor is asked for.
    SecondFactor,
}

/// Reads the answer to a login.
///
/// # Errors
///
/// No token in it.
pub fn granted(body: &[u8]) -> Result<Granted, Nonsense> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        auth: Option<Auth<'a>>,
    }
    #[derive(Deserialize)]
    struct Auth<'a> {
        #[serde(borrow)]
        client_token: Option<Cow<'a, str>>,
        #[serde(borrow)]
        mfa_requirement: Option<&'a RawValue>,
    }
    let auth = serde_json::from_slice::<Answer<'_>>(body)?.auth.ok_or(Nonsense)?;
    let token = secret_of(auth.client_token.unwrap_or_default());
    match (token.is_empty(), auth.mfa_requirement) {
        (true, Some(_)) => Ok(Granted::SecondFactor),
        (false, _) if token.expose().iter().all(u8::is_ascii_graphic) => Ok(Granted::Token(token)),
        _ => Err(Nonsense),
    }
}

/// The body of an AppRole login.
pub fn approle(role_id: &Secret, secret_id: Option<&Secret>) -> Buffer {
    let mut body = Buffer::with_capacity(64 + 2 * (role_id.len() + secret_id.map_or(0, Secret::len)));
    let mut put = |key: &[u8], value: &Secret| {
        body.push(key);
        // Both were checked to be printable ASCII, so that only these two need an escape.
        for byte in value.expose() {
            if matches!(byte, b'"' | b'\\') {
                body.push(b"\\");
            }
            body.push(std::slice::from_ref(byte));
        }
        body.push(b"\"");
    };
    put(b"{\"role_id\":\"", role_id);
    if let Some(secret_id) = secret_id {
        put(b",\"secret_id\":\"", secret_id);
    }
    body.push(b"}");
    body
}

/// What is mounted somewhere.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Engine {
    /// A KV of version 1.
    V1,
    /// A KV of version 2.
    V2,
    /// Something else, by its type.
    Other(String),
}

#[derive(Deserialize)]
struct Mount<'a> {
    #[serde(borrow)]
    path: Option<Cow<'a, str>>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(borrow)]
    options: Option<&'a RawValue>,
}

impl Mount<'_> {
    fn engine(&self) -> Engine {
        #[derive(Deserialize)]
        struct Options<'a> {
            #[serde(borrow)]
            version: Option<Cow<'a, str>>,
        }
        let kind = self.kind.as_deref().unwrap_or_default();
        // `generic` is what KV was called before it had versions.
        if !matches!(kind, "kv" | "generic") {
            return Engine::Other(printable(kind));
        }
        let options = self.options.and_then(|raw| serde_json::from_str::<Options<'_>>(raw.get()).ok());
        match options.and_then(|options| options.version).as_deref() {
            Some("2") => Engine::V2,
            _ => Engine::V1,
        }
    }
}

/// Reads the list of visible mounts, by path with a final slash.
///
/// # Errors
///
/// No such list.
pub fn mounts(body: &[u8]) -> Result<BTreeMap<String, Engine>, Nonsense> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: Lists<'a>,
    }
    #[derive(Deserialize)]
    struct Lists<'a> {
        #[serde(borrow)]
        secret: Option<BTreeMap<Cow<'a, str>, Mount<'a>>>,
    }
    let answer: Answer<'_> = serde_json::from_slice(body)?;
    let secret = answer.data.secret.ok_or(Nonsense)?;
    Ok(secret.into_iter().map(|(path, mount)| (path.into_owned(), mount.engine())).collect())
}

/// Reads what is mounted above one path: the mount's path with a final slash, and what it is.
///
/// # Errors
///
/// No such answer.
pub fn mount(body: &[u8]) -> Result<(String, Engine), Nonsense> {
    #[derive(Deserialize)]
    struct Answer<'a> {
        #[serde(borrow)]
        data: Mount<'a>,
    }
    let mount = serde_json::from_slice::<Answer<'_>>(body)?.data;
    let engine = mount.engine();
    Ok((mount.path.ok_or(Nonsense)?.into_owned(), engine))
}

/// What the texts of an error add to its status. Used for messages, and to wait for what passes by itself.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Hints {
    /// It has the form of Vault's errors: else something in front of it answered, or it was spoken to in plain HTTP.
    pub vault: bool,
    /// The namespace of the header does not exist.
    pub no_namespace: bool,
    /// A KV is being made into one with versions, or there is no leader just now: nothing was done, and it passes.
    pub passing: bool,
}

/// Reads the texts of an error body, if it has any.
pub fn hints(body: &[u8]) -> Hints {
    #[derive(Deserialize)]
    struct Errors<'a> {
        #[serde(borrow)]
        errors: Vec<Cow<'a, str>>,
    }
    let body = serde_json::from_slice::<Errors<'_>>(body);
    let vault = body.is_ok();
    let errors = body.map(|body| body.errors).unwrap_or_default();
    let says = |text: &str| errors.iter().any(|error| error.contains(text));
    Hints {
        vault,
        no_namespace: says("namespace not found"),
        passing: says("Upgrading from non-versioned")
            || says("Waiting for the primary to upgrade")
            || says("local node not active but active cluster node not found"),
    }
}

/// A JSON object in its own order. Of two members with one name the later one counts, as in Go.
struct Object<'a>(Vec<(Cow<'a, str>, &'a RawValue)>);

impl<'a> Object<'a> {
    fn get(&self, name: &str) -> Option<&'a RawValue> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| *value)
    }

    /// The metadata of a version, where this is what a KV v2 answers: `data` and `metadata`, and nothing else.
    fn metadata(&self) -> Option<Metadata<'a>> {
        let metadata = self.get("metadata").filter(|_| self.0.len() == 2 && self.get("data").is_some())?;
        serde_json::from_str::<Metadata<'_>>(metadata.get()).ok().filter(|metadata| metadata.version.is_some())
    }

    fn into_fields(self) -> Result<Vec<Field>, Nonsense> {
        self.0
            .into_iter()
            .map(|(name, raw)| {
                let (value, json) = match raw.get().as_bytes().first() {
                    Some(b'"') => (secret_of(serde_json::from_str::<Text<'_>>(raw.get())?.0), false),
                    _ => (compact(raw.get().as_bytes()).into_secret(), true),
                };
                Ok(Field { name: name.into_owned(), value, json })
            })
            .collect()
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Object<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Object<'de>, A::Error> {
                let mut members: Vec<(Cow<'de, str>, &'de RawValue)> = Vec::new();
                while let Some((Text(name), value)) = map.next_entry::<Text<'de>, &'de RawValue>()? {
                    members.retain(|(known, _)| *known != name);
                    members.push((name, value));
                }
                Ok(Object(members))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// A string, borrowed where it has no escapes. `Cow` alone would always be a copy.
#[derive(Deserialize)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

fn secret_of(text: Cow<'_, str>) -> Secret {
    let secret = Secret::copy_of(text.as_bytes());
    if let Cow::Owned(mut text) = text {
        text.zeroize();
    }
    secret
}

/// JSON text without white space between its parts, and without the escapes that only Go's encoder makes of `<`, `>` and
/// `&`: the text then is the one that other clients show.
fn compact(json: &[u8]) -> Buffer {
    let mut text = Buffer::with_capacity(json.len());
    let mut rest = json;
    let mut quoted = false;
    while let Some((&byte, tail)) = rest.split_first() {
        let taken = match byte {
            b'\\' if quoted => {
                let (shown, length): (&[u8], usize) = match rest.get(..6) {
                    Some(b"\\u003c") => (b"<", 6),
                    Some(b"\\u003e") => (b">", 6),
                    Some(b"\\u0026") => (b"&", 6),
                    _ => (rest.get(..2).unwrap_or(rest), 2),
                };
                text.push(shown);
                length
            }
            b' ' | b'\t' | b'\n' | b'\r' if !quoted => 1,
            byte => {
                quoted ^= byte == b'"';
                text.push(&[byte]);
                1
            }
        };
        rest = tail.get(taken - 1..).unwrap_or_default();
    }
    text
}

/// Text of the server's that goes into a message: short, and nothing that a terminal would obey.
fn printable(text: &str) -> String {
    text.chars().filter(|c| c.is_ascii_graphic()).take(64).collect()
}
