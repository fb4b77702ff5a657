//! What keeps a secret from being put into a file.

use super::Said;
use crate::support::pidns::Init;
use crate::support::run::keyinit;
use crate::support::skip::is_root;
use std::fs;
use std::os::unix::fs::{PermissionsExt, chown, symlink};

#[test]
fn of_files_and_the_way_to_them() {
    if !is_root() {
        return;
    }
    let memory = tempfile::tempdir_in("/dev/shm").unwrap();
    let at = |name: &str| memory.path().join(name);
    let open = |name: &str, mode: u32| fs::set_permissions(at(name), fs::Permissions::from_mode(mode)).unwrap();
    open("", 0o755);
    fs::write(at("file"), "").unwrap();
    fs::hard_link(at("file"), at("linked")).unwrap();
    fs::write(at("theirs"), "").unwrap();
    chown(at("theirs"), Some(65534), None).unwrap();
    symlink("file", at("link")).unwrap();
    symlink("loop", at("loop")).unwrap();
    nix::unistd::mkfifo(&at("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    for (name, mode) in [("folder", 0o755), ("everybody", 0o777), ("sticky", 0o1777)] {
        fs::create_dir(at(name)).unwrap();
        open(name, mode);
    }
    symlink("../folder", at("sticky/planted")).unwrap();
    let mut said = Said::new(memory.path());
    let start = |init: Init| init.args(["--", "/bin/true"]);
    for path in ["link", "linked", "theirs", "fifo", "folder", "file/a", "loop/a", "sticky/planted/a", "everybody/a"] {
        let text = format!("files: {{ {}: {{ template: x }} }}", at(path).display());
        said.add(
            &format!("files: {{ DIR/{path}: {{ template: x }} }}: keyinit -- true"),
            73,
            start(keyinit().manifest(&text)),
        );
    }
    let text = format!("files: {{ {}: {{ template: x, owner: root }} }}", at("sticky/mine").display());
    let shown = "files: { DIR/sticky/mine: { template: x, owner: root } }: keyinit -- true, as user 61234";
    said.add(shown, 73, start(keyinit().user(61234, 61234).manifest(&text)));
    for (path, user) in [("/proc/keyinit", 0), ("/etc/keyinit-test", 61234)] {
        let text = format!("files: {{ {path}: {{ template: x, on_disk: true }} }}");
        let shown = format!("files: {{ {path}: {{ template: x, on_disk: true }} }}: keyinit -- true, as user {user}");
        said.add(&shown, 73, start(keyinit().user(user, user).manifest(&text)));
    }
    let text = format!("files: {{ {}: {{ template: x }} }}", at("folder/new/a").display());
    let shown = "files: { DIR/folder/new/a: { template: x } }: keyinit -- true, as user 61234";
    said.add(shown, 73, start(keyinit().user(61234, 61234).manifest(&text)));
    // It is left behind, and said so.
    let text =
        format!("files_dir: {}\nenv: {{ A: {{ from_secret: secret://env/B, as: file }} }}", memory.path().display());
    let init = keyinit().arg("--exec").env("B", "s3cret").manifest(&text);
    said.add(
        "files_dir: DIR, env: { A: { from_secret: secret://env/B, as: file } }: keyinit --exec -- true",
        0,
        start(init),
    );
    let init = keyinit().arg("-v").env("B", "s3cret").manifest(&text.replace("A:", "A1:"));
    let finished = start(init).run().expect(0);
    assert!(finished.err.contains(&format!("wrote {}/A1", memory.path().display())), "{}", finished.err);
    assert!(!said.text.contains("s3cret"));
    said.is("texts-files");
    // Nothing but what was there, the one file that was left, and no half of any.
    let mut names: Vec<_> = fs::read_dir(memory.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    names.sort();
    let wanted = ["A", "everybody", "fifo", "file", "folder", "link", "linked", "loop", "sticky", "theirs"];
    assert_eq!(names, wanted);
    assert_eq!(fs::read_dir(at("everybody")).unwrap().count() + fs::read_dir(at("folder")).unwrap().count(), 0);
}
