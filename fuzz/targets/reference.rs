//! A reference. Whatever is accepted can be written down again with everything percent-encoded, and means the same.
#![no_main]

use keyinit::manifest::reference::{self, Filter, Reference};
use libfuzzer_sys::fuzz_target;

fn encode(text: &str, out: &mut String) {
    for byte in text.bytes() {
        match byte {
            b'/' | b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'.' | b'-' | b'_' => out.push(char::from(byte)),
            byte => out.push_str(&format!("%{byte:02X}")),
        }
    }
}

fn written(reference: &Reference) -> String {
    let mut text = "secret://".to_owned();
    encode(&reference.provider, &mut text);
    text.push('/');
    encode(&reference.path, &mut text);
    if let Some(version) = &reference.version {
        text.push_str("?version=");
        encode(version, &mut text);
    }
    if let Some(key) = &reference.key {
        text.push('#');
        encode(key, &mut text);
    }
    for filter in &reference.filters {
        text.push_str(match filter {
            Filter::Urlencode => "|urlencode",
            Filter::Base64 => "|base64",
            Filter::Base64decode => "|base64decode",
            Filter::Json => "|json",
            Filter::Trim => "|trim",
            Filter::Shellquote => "|shellquote",
        });
    }
    text
}

fuzz_target!(|bytes: &[u8]| {
    match reference::parse(bytes) {
        Ok(found) => {
            assert!(!found.provider.is_empty() && !found.path.is_empty());
            let text = written(&found);
            assert_eq!(reference::parse(text.as_bytes()).as_ref(), Ok(&found), "{text}");
        }
        Err(fault) => assert!(!fault.what.is_empty() && !fault.cure.is_empty()),
    }
});
