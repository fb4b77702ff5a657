//! Where a secret must not be seen: the image, its history, and what Docker tells of image and container.

use super::{Setting, VALUE, words};

/// After a container has run with a secret, by AppRole.
pub fn none(setting: &Setting) {
    let reference = setting.reference();
    let ran = setting.run(&words(&setting.approle(), &["-e", &reference]), &["/probe", "report"]).expect(0);
    assert_eq!(ran.report().variable("DB_PASSWORD").as_deref(), Some(VALUE));
    let saved = setting.image.saved();
    let places = [
        ("docker history", setting.image.history()),
        ("docker inspect of the image", setting.image.inspect()),
        ("docker inspect of the container", ran.inspect()),
        ("docker save", saved.clone()),
        ("docker export", ran.exported()),
    ];
    let mut secrets = vec![VALUE.to_string(), setting.role.secret_id.clone()];
    secrets.extend(setting.server.issued());
    for (place, bytes) in &places {
        assert!(!bytes.is_empty(), "{place} says nothing");
        for (number, secret) in secrets.iter().enumerate() {
            assert!(!contains(bytes, secret.as_bytes()), "{place} shows secret number {number}");
        }
    }
    // What is in the image is found in it: the search itself works, and layers are not compressed.
    assert!(contains(&saved, super::harness::MARK.as_bytes()), "the search does not see into the layers");
    // And what the user wrote into the container's configuration is there to be seen.
    assert!(contains(&places[2].1, reference.as_bytes()));
}

fn contains(bytes: &[u8], wanted: &[u8]) -> bool {
    let (first, mut at) = (wanted[0], 0);
    while let Some(step) = bytes[at..].iter().position(|&byte| byte == first) {
        at += step;
        if bytes[at..].starts_with(wanted) {
            return true;
        }
        at += 1;
    }
    false
}
