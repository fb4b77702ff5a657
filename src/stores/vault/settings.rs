//! Reading one setting: from the variables of the two CLIs, or from `auth`. Pure.

use crate::auth::Source;
use crate::environment::Environment;
use crate::stores::{Complaint, Settings, Value};

/// A variable that is set, and its text.
pub type Named<'a> = (String, &'a str);

/// `BAO_<name>` if it is set at all, else `VAULT_<name>`; none when it is empty or neither is set.
///
/// # Errors
///
/// A value that is not UTF-8.
pub fn text_of<'a>(environment: &Environment<'a>, name: &str) -> Result<Option<Named<'a>>, Complaint> {
    let Some((name, bytes)) = twin_of(environment, name) else {
        return Ok(None);
    };
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok(Some((name, text.trim()))),
        Err(_) => Err(complaint(format!("{name} is no UTF-8 text"), "set it to plain text")),
    }
}

/// The same for a value that may be secret and is only asked whether it is there.
pub fn twin_of<'a>(environment: &Environment<'a>, name: &str) -> Option<(String, &'a [u8])> {
    let named = ["BAO_", "VAULT_"].into_iter().find_map(|prefix| {
        let name = format!("{prefix}{name}");
        environment.get(&name).map(|bytes| (name, bytes))
    });
    named.filter(|(_, bytes)| !bytes.trim_ascii().is_empty())
}

/// A complaint that stands at no place of the manifest.
pub fn complaint(what: String, cure: &str) -> Complaint {
    Complaint { what, cure: cure.to_owned(), place: None }
}

/// The source of a field under `auth`.
///
/// # Errors
///
/// A credential written out, or a form that this version does not take.
pub fn field(settings: &Settings, name: &str, secret: bool) -> Result<Option<Source>, Complaint> {
    let Some(given) = settings.auth.get(name) else {
        return Ok(None);
    };
    let complain = |what: String, cure: &str| Complaint { place: Some(given.place.clone()), ..complaint(what, cure) };
    match &given.value {
        Value::File { wrapped: true, .. } => Err(complain(
            format!("`{name}`: `wrapped: true` is not supported by this version"),
            "let whoever writes the file unwrap it first",
        )),
        Value::List(_) => Err(complain(format!("`{name}` is a list"), "write one value")),
        Value::Text(_) if secret => Err(complain(
            format!("`{name}` is a credential and stands in the manifest"),
            "write { env: NAME } or { file: PATH }, and change the credential: it has been seen",
        )),
        value => Ok(value.source()),
    }
}
