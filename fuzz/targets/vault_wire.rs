//! What Vault answers. Any bytes give an answer or nonsense; fields are those that serde_json sees, and the JSON text of what
//! is no string means the same.
#![no_main]

use keyinit::stores::vault::wire::{Expect, Found, Granted, found, granted, hints, mount, mounts};
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    hints(bytes);
    let _ = mounts(bytes);
    let _ = mount(bytes);
    if let Ok(Granted::Token(token)) = granted(bytes) {
        assert!(!token.is_empty() && token.expose().iter().all(u8::is_ascii_graphic));
    }
    let value = serde_json::from_slice::<Value>(bytes).ok();
    for expect in [Expect::Plain, Expect::Versioned, Expect::Either] {
        let answer = found(bytes, expect);
        let Ok(Found::Fields { fields, version, .. }) = answer else { continue };
        assert!(version.is_some() == (expect == Expect::Versioned) || expect == Expect::Either);
        let Some(value) = &value else { continue };
        let data = if version.is_some() { &value["data"]["data"] } else { &value["data"] };
        let members = data.as_object().cloned().unwrap_or_default();
        assert_eq!(fields.len(), members.len(), "{expect:?}");
        for field in fields {
            match &members[&field.name] {
                Value::String(text) => assert!(!field.json && field.value.expose() == text.as_bytes()),
                other => {
                    assert!(field.json);
                    assert_eq!(&serde_json::from_slice::<Value>(field.value.expose()).unwrap(), other);
                }
            }
        }
    }
});
