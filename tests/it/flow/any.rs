//! Any set of names and values arrives exactly, or is refused by name: made-up cases through the program as it is.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use crate::support::chance::Chance;
use crate::support::run::keyinit;

/// What a report shows of bytes: one character a byte.
fn shown(bytes: &[u8]) -> String {
    bytes.iter().copied().map(char::from).collect()
}

/// The files of one case by the name of their variable, and whether the command may start.
fn case(chance: &mut Chance) -> (BTreeMap<String, Vec<u8>>, Vec<String>) {
    let count = 1 + chance.below(6);
    // A number in front keeps names of the case apart from those that steer keyinit.
    let mut files: BTreeMap<String, Vec<u8>> =
        (0..count).map(|at| (format!("V{at}{}", chance.name()), chance.value())).collect();
    let mut refused = Vec::new();
    for (name, value) in &mut files {
        match chance.below(24) {
            0 => value.push(0),
            1 => value.resize(131_071 - name.len(), b'x'),
            _ => continue,
        }
        refused.push(name.clone());
    }
    (files, refused)
}

#[test]
fn any_set_of_names_and_values_arrives_exactly_or_is_refused_by_name() {
    let (mut arrived, mut kept_back) = (0, 0);
    for number in 0..48 {
        let (files, refused) = case(&mut Chance::new(number));
        let folder = tempfile::tempdir().unwrap();
        let mut init = keyinit().env("KEYINIT_FILE_ROOT", folder.path());
        for (at, (name, value)) in files.iter().enumerate() {
            std::fs::write(folder.path().join(format!("file{at}")), value).unwrap();
            init = init.env(OsString::from_vec(name.clone().into_bytes()), format!("secret://file/file{at}"));
        }
        let run = init.probe(&["report"]).run();
        if refused.is_empty() {
            let found = run.expect(0).report().environment();
            let wanted: Vec<String> =
                files.iter().map(|(name, value)| format!("{}={}", shown(name.as_bytes()), shown(value))).collect();
            let sorted = |mut entries: Vec<String>| {
                entries.sort();
                entries
            };
            assert!(sorted(found) == sorted(wanted), "case {number}: something else arrived");
            arrived += 1;
            continue;
        }
        let run = run.expect(73);
        assert_eq!(run.out, "", "case {number}: the command was started");
        for name in files.keys() {
            let head: String = name.chars().take(2).collect();
            let named = run.err.contains(&head);
            assert_eq!(named, refused.contains(name), "case {number}: {name:?} in {}", run.err);
        }
        kept_back += 1;
    }
    assert!(arrived > 20 && kept_back > 4, "{arrived} arrived, {kept_back} were refused: too few of a kind");
}
