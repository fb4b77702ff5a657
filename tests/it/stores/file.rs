//! The file store: a directory of secret files, as Docker and Kubernetes mount them.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use tempfile::TempDir;

use crate::support::pidns::Init;
use crate::support::run::{golden, keyinit};

fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let file = folder.path().join(name);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, bytes).unwrap();
    }
    folder
}

fn rooted(folder: &Path) -> Init {
    keyinit().env("KEYINIT_FILE_ROOT", folder)
}

#[test]
fn the_bytes_as_they_are() {
    let folder = folder(&[
        ("plain", b"one"),
        ("newline", b"two\n"),
        ("bytes", b"\xff\x01 $$"),
        ("empty", b""),
        ("a/b", b"deep"),
    ]);
    let mut run = rooted(folder.path());
    for (name, path) in
        [("A", "plain"), ("B", "newline"), ("C", "bytes"), ("D", "empty"), ("E", "a/b"), ("F", "plain#value")]
    {
        run = run.env(name, format!("secret://file/{path}"));
    }
    let report = run.env("G", "secret://file/newline|trim").report();
    let wanted =
        [("A", "one"), ("B", "two\n"), ("C", "\u{ff}\u{1} $$"), ("D", ""), ("E", "deep"), ("F", "one"), ("G", "two")];
    for (name, value) in wanted {
        assert_eq!(report.variable(name).unwrap(), value, "{name}");
    }
    assert_eq!(report.names(), ["A", "B", "C", "D", "E", "F", "G"]);
}

#[test]
fn a_provider_with_a_root_and_a_key_within_json() {
    let folder = folder(&[("app.json", br#"{"db":{"password":"p","ports":[1,2]}}"#)]);
    let text = format!(
        "providers:\n  mounted: {{ type: file, root: {} }}\n\
         env:\n  A: secret://mounted/app.json#db.password\n  B: \"x${{secret://mounted/app.json#db.ports[1]}}y\"\n",
        folder.path().display()
    );
    let report = keyinit().manifest(&text).report();
    assert_eq!(report.variable("A").unwrap(), "p");
    assert_eq!(report.variable("B").unwrap(), "x2y");
}

/// Kubernetes: `key -> ..data/key`, `..data -> ..2026_01_02`.
#[test]
fn links_beneath_the_root_are_followed() {
    let folder = folder(&[("..2026_01_02/key", b"value")]);
    symlink("..2026_01_02", folder.path().join("..data")).unwrap();
    symlink("..data/key", folder.path().join("key")).unwrap();
    let report = rooted(folder.path()).env("X", "secret://file/key").report();
    assert_eq!(report.variable("X").unwrap(), "value");
}

#[test]
fn links_out_of_the_root_are_not() {
    let outside = folder(&[("key", b"value")]);
    let folder = folder(&[]);
    symlink(outside.path().join("key"), folder.path().join("absolute")).unwrap();
    symlink(format!("../{}/key", outside.path().file_name().unwrap().display()), folder.path().join("relative"))
        .unwrap();
    for name in ["absolute", "relative"] {
        let run = rooted(folder.path()).env("X", format!("secret://file/{name}")).probe(&["report"]).run();
        assert!([66, 77].contains(&run.code()), "{name}: {} {}", run.code(), run.err);
        assert_eq!(run.out, "");
    }
    let run = rooted(folder.path()).env("X", "secret://file/../x").probe(&["report"]).run().expect(78);
    assert_eq!(run.out, "");
}

#[test]
fn a_missing_file() {
    let folder = folder(&[]);
    let run = rooted(folder.path()).env("DB_PASSWORD", "secret://file/absent").probe(&["report"]).run().expect(66);
    golden("file-missing", &run, None, Some(folder.path()));
}

/// A directory where a file should be, and a file that may not be read.
#[test]
fn what_cannot_be_read() {
    if !crate::support::skip::is_root() {
        return;
    }
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("inner/x", b""), ("closed", b"value")]);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::set_permissions(folder.path().join("closed"), fs::Permissions::from_mode(0o600)).unwrap();
    let as_nobody = || rooted(folder.path()).user(65534, 65534).plain();
    let run = as_nobody().env("X", "secret://file/closed").probe(&["report"]).run().expect(77);
    golden("file-closed", &run, None, Some(folder.path()));
    let run = as_nobody().env("X", "secret://file/inner").probe(&["report"]).run();
    assert!([66, 69].contains(&run.code()), "{} {}", run.code(), run.err);
}
