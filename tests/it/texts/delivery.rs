//! What a store has not, and what cannot be delivered.

use super::Said;
use crate::support::pidns::Init;
use crate::support::run::keyinit;
use crate::support::skip::is_root;
use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};

#[test]
fn of_the_file_store_and_of_values() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    fs::create_dir(at("folder")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::set_permissions(at("fifo"), fs::Permissions::from_mode(0o777)).unwrap();
    symlink("/etc/hostname", at("absolute")).unwrap();
    symlink("loop", at("loop")).unwrap();
    fs::write(at("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    fs::write(at("closed"), "s3cret").unwrap();
    fs::set_permissions(at("closed"), fs::Permissions::from_mode(0o000)).unwrap();
    fs::write(at("json"), r#"{"user":"s3cret","n":null}"#).unwrap();
    fs::write(at("bytes"), b"s3cret\xff").unwrap();
    fs::write(at("half"), vec![b'x'; 100_000]).unwrap();
    let mut said = Said::new(folder.path());
    let start = |init: Init| init.args(["--", "/bin/true"]);
    for (reference, code) in [
        ("secret://file/absent", 66),
        ("secret://file/json/absent", 66),
        ("secret://file/folder", 66),
        ("secret://file/fifo", 69),
        ("secret://file/absolute", 77),
        ("secret://file/loop", 77),
        ("secret://file/large", 69),
        ("secret://file/closed", 77),
        ("secret://file/json#pass", 66),
        ("secret://file/json#n", 66),
        ("secret://file/bytes|json", 73),
        ("secret://file/bytes|base64decode", 73),
        ("secret://env/ABSENT", 66),
    ] {
        let init = keyinit().user(61234, 61234).env("KEYINIT_FILE_ROOT", folder.path()).env("A", reference);
        said.add(&format!("A={reference} keyinit -- true"), code, start(init));
    }
    for (root, code) in [("absent", 66), ("json", 69)] {
        let init = keyinit().env("KEYINIT_FILE_ROOT", at(root)).env("A", "secret://file/a").env("B", "secret://file/b");
        said.add(
            &format!("KEYINIT_FILE_ROOT={root} A=secret://file/a B=secret://file/b keyinit -- true"),
            code,
            start(init),
        );
    }
    let mut init = keyinit().env("KEYINIT_FILE_ROOT", folder.path());
    for number in 10..45 {
        init = init.env(format!("N{number}"), "secret://file/half");
    }
    let shown = "N10=secret://file/half ... N44=secret://file/half keyinit -- true";
    said.add(shown, 73, start(init.limit(libc::RLIMIT_STACK, 8 << 20, 8 << 20)));
    let mut text = "env:\n  A0: 0123456789abcdef\n".to_owned();
    for level in 1..25 {
        text.push_str(&format!("  A{level}: \"${{A{0}}}${{A{0}}}\"\n", level - 1));
    }
    said.add("A1: \"${A0}${A0}\" ... A24: \"${A23}${A23}\": keyinit -- true", 73, start(keyinit().manifest(&text)));
    assert!(!said.text.contains("s3cret"));
    said.is("texts-delivery");
}
