//! What the command gets, what it does not get, and what cannot be delivered.

use super::secrets;
use crate::support::run::{golden, keyinit};

#[test]
fn nothing_to_resolve_strips_nothing_but_our_own() {
    let report = keyinit()
        .env("VAULT_TOKEN", "t")
        .env("A", "$$ ${HOME} a=b")
        .env("KEYINIT_TIMEOUT", "5s")
        .env("KEYINIT_PORT", "tcp://10.0.0.1:80")
        .report();
    assert_eq!(report.names(), ["A", "VAULT_TOKEN"]);
    assert_eq!(report.variable("A").unwrap(), "$$ ${HOME} a=b");
}

#[test]
fn bytes_and_order_of_the_environment_stay() {
    use std::ffi::OsString;
    use std::os::unix::ffi::OsStringExt;
    let report = keyinit().env("A", OsString::from_vec(b"\xff\n\x01".to_vec())).env("EMPTY", "").report();
    assert_eq!(report.environment(), ["A=\u{ff}\n\u{1}", "EMPTY="]);
}

#[test]
fn named_credentials_are_stripped_and_kept_on_request() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("role");
    std::fs::write(&file, "r").unwrap();
    // The store `env` takes its values from variables; they are no credentials of a store.
    let report = keyinit().manifest("env:\n  A: secret://env/SOURCE\n").env("SOURCE", "x").report();
    assert_eq!(report.names(), ["A", "SOURCE"]);
}

#[test]
fn a_name_that_is_already_set() {
    let (_folder, head) = secrets();
    let text = |more: &str| format!("{head}{more}env:\n  A: secret://f/password\n");
    let run = keyinit().env("A", "other").manifest(&text("")).probe(&["report"]).run().expect(78);
    golden("conflict", &run, None, None);
    for (set, more, wanted) in [
        ("", "", "s3cret"),
        ("other", "on_conflict: manifest\n", "s3cret"),
        ("other", "on_conflict: environment\n", "other"),
    ] {
        let report = keyinit().env("A", set).manifest(&text(more)).report();
        assert_eq!(report.variable("A").unwrap(), wanted, "{set} {more}");
    }
}

#[test]
fn a_value_that_no_variable_can_hold() {
    let (folder, head) = secrets();
    let text = format!("{head}env:\n  NAME: secret://f/file\n");
    let deliver = |bytes: &[u8]| {
        std::fs::write(folder.path().join("file"), bytes).unwrap();
        keyinit().manifest(&text).probe(&["report"]).run()
    };
    let run = deliver(b"a\0b").expect(73);
    assert_eq!(run.out, "");
    golden("nul", &run, None, None);

    // One string is at most 131,071 bytes, `NAME=` included.
    let largest = 131_071 - "NAME=".len();
    deliver(&vec![b'x'; largest]).expect(0);
    let run = deliver(&vec![b'x'; largest + 1]).expect(73);
    assert_eq!(run.out, "");
    golden("too-long", &run, None, None);
}

#[test]
fn an_environment_that_is_too_large_as_a_whole() {
    let (folder, head) = secrets();
    std::fs::write(folder.path().join("file"), vec![b'x'; 100_000]).unwrap();
    let names: Vec<String> = (0..40).map(|number| format!("  N{number}: secret://f/file\n")).collect();
    let text = format!("{head}env:\n{}", names.concat());
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(73);
    assert_eq!(run.out, "");
}

#[test]
fn all_or_nothing() {
    let (folder, head) = secrets();
    let text = format!("{head}env:\n  GOOD: secret://f/password\n  BAD: secret://f/absent\n  WORSE: secret://f/gone\n");
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(66);
    assert_eq!(run.out, "");
    golden("all-or-nothing", &run, None, Some(folder.path()));
}

/// The line that tells of the start, and with `-v` the reads; never a value.
#[test]
fn what_is_said() {
    let (folder, head) = secrets();
    let text = format!("{head}env:\n  A: secret://f/password\n");
    for (flag, name) in [("", "start-line"), ("-v", "start-verbose")] {
        let run = keyinit().args([flag].iter().filter(|flag| !flag.is_empty())).manifest(&text);
        let run = run.probe(&["exit", "0"]).run().expect(0);
        assert!(!run.err.contains("s3cret"));
        golden(name, &run, None, Some(folder.path()));
    }
    let run = keyinit().arg("-q").manifest(&text).probe(&["exit", "0"]).run().expect(0);
    assert_eq!(run.err, "");
    let run = keyinit().probe(&["exit", "0"]).run().expect(0);
    assert_eq!(run.err, "", "nothing was resolved, nothing is said");
    let run = keyinit().args(["--log-format", "json"]).manifest(&text).probe(&["exit", "0"]).run().expect(0);
    for line in run.err.lines() {
        serde_json::from_str::<serde_json::Value>(line).unwrap_or_else(|error| panic!("{error}: {line}"));
    }
}
