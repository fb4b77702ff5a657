//! Picking inside JSON: the first line is the key, the rest the value. Where serde_json can read the value too, a member of
//! exactly that name is what is found.
#![no_main]

use keyinit::deliver::pick::{Unpicked, pick};
use keyinit::secret::Secret;
use keyinit::stores::Content;
use libfuzzer_sys::fuzz_target;
use serde_json::Value;

fuzz_target!(|bytes: &[u8]| {
    let (key, text) = bytes.split_at(bytes.iter().position(|&byte| byte == b'\n').unwrap_or(bytes.len()));
    let Ok(key) = std::str::from_utf8(key) else { return };
    let text = text.get(1..).unwrap_or_default();
    let content = Content::Value(Secret::copy_of(text));
    assert!(pick(&content, None).is_ok_and(|whole| whole.expose() == text));
    if key.is_empty() || key == "value" {
        return;
    }
    let found = pick(&content, Some(key));
    let Ok(Value::Object(members)) = serde_json::from_slice::<Value>(text) else { return };
    match (members.get(key), found) {
        (None, _) => {}
        (Some(Value::Null), found) => assert_eq!(found.err(), Some(Unpicked::Null)),
        (Some(Value::String(wanted)), found) => assert_eq!(found.unwrap().expose(), wanted.as_bytes()),
        (Some(wanted), found) => {
            assert_eq!(&serde_json::from_slice::<Value>(found.unwrap().expose()).unwrap(), wanted);
        }
    }
});
