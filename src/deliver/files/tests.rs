use super::*;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

/// A directory in memory of this test's own, removed at the end.
struct Memory(PathBuf);

impl Memory {
    fn new(name: &str) -> Self {
        let path = PathBuf::from(format!("/dev/shm/keyinit-files-{name}-{}", std::process::id()));
        fs::create_dir_all(&path).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        Memory(path)
    }

    fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }

    /// Every name beneath it but `but`.
    fn names_but(&self, but: &[&str]) -> Vec<String> {
        let names = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        names.filter(|name| !but.contains(&name.as_str())).collect()
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn file(path: &str, mode: u32, on_disk: bool) -> Wanted {
    Wanted { path: path.to_owned(), mode, on_disk, owner: None, content: Secret::copy_of(b"s3cret\0\xff") }
}

fn write_all(wanted: Vec<Wanted>) -> Result<Written, Vec<String>> {
    write(&wanted, Vec::new()).map_err(|problems| {
        assert!(problems.iter().all(|problem| problem.kind == Kind::Undeliverable));
        problems.into_iter().map(|problem| problem.what).collect()
    })
}

/// Leaves the files, as execve does.
fn keep(written: Written) {
    std::mem::forget(written);
}

#[test]
fn a_file_has_its_bytes_and_its_mode_whatever_the_umask() {
    let memory = Memory::new("mode");
    for mode in [0o400, 0o440, 0o666, 0o000] {
        let path = memory.path("a");
        keep(write_all(vec![file(&path, mode, false)]).unwrap());
        let found = fs::symlink_metadata(&path).unwrap();
        assert_eq!((found.mode() & 0o7777, found.len()), (mode, 8));
    }
    assert_eq!(fs::read(memory.path("a")).unwrap(), b"s3cret\0\xff");
    assert_eq!(memory.names_but(&["a"]), [""; 0]);
}

#[test]
fn missing_directories_are_made() {
    let memory = Memory::new("parents");
    keep(write_all(vec![file(&memory.path("a/b/c"), 0o400, false)]).unwrap());
    for directory in ["a", "a/b"] {
        assert_eq!(fs::metadata(memory.path(directory)).unwrap().mode() & 0o7777, 0o755);
    }
    assert!(fs::metadata(memory.path("a/b/c")).unwrap().is_file());
}

#[test]
fn what_is_dropped_is_gone_and_one_that_fails_takes_all_along() {
    let memory = Memory::new("all");
    drop(write_all(vec![file(&memory.path("a"), 0o400, false)]).unwrap());
    fs::create_dir(memory.path("d")).unwrap();
    let whats = write_all(vec![
        file(&memory.path("a"), 0o400, false),
        file(&memory.path("d"), 0o400, false),
        file(&memory.path("d/e"), 0o400, false),
    ]);
    assert_eq!(whats.err().unwrap(), ["a directory stands there"]);
    assert_eq!(memory.names_but(&["d"]), [""; 0]);
    assert_eq!(fs::read_dir(memory.path("d")).unwrap().count(), 0);
}

#[test]
fn only_a_file_of_ours_is_replaced() {
    let memory = Memory::new("target");
    let refused =
        |name: &str| write_all(vec![file(&memory.path(name), 0o400, false)]).err().map(|whats| whats[0].clone());
    fs::write(memory.path("ours"), "old").unwrap();
    assert_eq!(refused("ours"), None);
    fs::write(memory.path("other"), "other").unwrap();
    symlink("other", memory.path("link")).unwrap();
    symlink("nowhere", memory.path("dangling")).unwrap();
    fs::hard_link(memory.path("other"), memory.path("hard")).unwrap();
    nix::unistd::mkfifo(memory.path("fifo").as_str(), Mode::S_IRUSR).unwrap();
    for (name, what) in [
        ("link", "a link stands there"),
        ("dangling", "a link stands there"),
        ("hard", "a file with several links stands there"),
        ("fifo", "something that is no file stands there"),
        ("other/x", "`other` on the way is no directory"),
    ] {
        assert_eq!(refused(name).as_deref(), Some(what), "{name}");
    }
    assert_eq!(fs::read(memory.path("other")).unwrap(), b"other");
    assert!(!fs::exists(memory.path("nowhere")).unwrap());
}

/// What a start that was killed in the middle left: the file under its other name. A trap under that name is refused.
#[test]
fn the_draft_of_a_killed_start() {
    let memory = Memory::new("draft");
    fs::write(memory.path(".a.keyinit"), "half").unwrap();
    keep(write_all(vec![file(&memory.path("a"), 0o400, false)]).unwrap());
    assert_eq!(fs::read(memory.path("a")).unwrap(), b"s3cret\0\xff");
    fs::write(memory.path("other"), "other").unwrap();
    symlink("other", memory.path(".b.keyinit")).unwrap();
    assert_eq!(write_all(vec![file(&memory.path("b"), 0o400, false)]).err().unwrap(), ["a link stands there"]);
    assert_eq!(fs::read(memory.path("other")).unwrap(), b"other");
}

#[test]
fn links_on_the_way_are_followed_only_where_nobody_else_could_have_put_them() {
    let memory = Memory::new("links");
    fs::create_dir(memory.path("real")).unwrap();
    symlink("real", memory.path("trusted")).unwrap();
    keep(write_all(vec![file(&memory.path("trusted/a"), 0o400, false)]).unwrap());
    assert!(fs::exists(memory.path("real/a")).unwrap());
    fs::create_dir(memory.path("open")).unwrap();
    fs::set_permissions(memory.path("open"), fs::Permissions::from_mode(0o1777)).unwrap();
    symlink("../real", memory.path("open/planted")).unwrap();
    let whats = write_all(vec![file(&memory.path("open/planted/b"), 0o400, false)]).err().unwrap();
    assert_eq!(whats, ["`planted` on the way is a link in a directory that others may write in"]);
    assert!(!fs::exists(memory.path("real/b")).unwrap());
    symlink("loop", memory.path("loop")).unwrap();
    let whats = write_all(vec![file(&memory.path("loop/b"), 0o400, false)]).err().unwrap();
    assert_eq!(whats, ["there are too many links on the way"]);
}

#[test]
fn a_directory_that_anybody_may_write_in() {
    let memory = Memory::new("open");
    fs::create_dir(memory.path("d")).unwrap();
    for (mode, fits) in [(0o777, false), (0o1777, true), (0o775, true)] {
        fs::set_permissions(memory.path("d"), fs::Permissions::from_mode(mode)).unwrap();
        for name in ["d/a", "d/new/a"] {
            let outcome = write_all(vec![file(&memory.path(name), 0o400, false)]);
            assert_eq!(outcome.is_ok(), fits, "{mode:o} {name}");
            if let Err(whats) = outcome {
                assert_eq!(whats, ["anybody may write in its directory"]);
                assert!(!fs::exists(memory.path("d/new")).unwrap(), "nothing is made there");
            }
        }
    }
}

#[test]
fn a_disk_is_refused_unless_it_is_wanted() {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target");
    let path = directory.join(format!("keyinit-on-disk-{}", std::process::id()));
    let path = path.to_str().unwrap().to_owned();
    let whats = write_all(vec![file(&path, 0o400, false)]).err().unwrap();
    assert_eq!(whats, ["its directory is on a disk, where a secret would stay"]);
    keep(write_all(vec![file(&path, 0o400, true)]).unwrap());
    remove(&[(path.clone(), None)]);
    assert!(!fs::exists(&path).unwrap());
}

#[test]
fn only_what_may_be_ours_is_removed_at_the_end() {
    let memory = Memory::new("remove");
    fs::write(memory.path("a"), "x").unwrap();
    symlink("a", memory.path("link")).unwrap();
    fs::create_dir(memory.path("d")).unwrap();
    let paths = ["a", "link", "d", "missing", "missing/x"].map(|name| (memory.path(name), None));
    remove(&paths[1..]);
    assert_eq!(memory.names_but(&[]).len(), 3);
    remove(&paths);
    assert!(!fs::exists(memory.path("a")).unwrap());
}

#[test]
fn where_values_go_that_are_read_from_files() {
    let memory = Memory::new("place");
    let wanted = |path: &str| place::directory(Some(path)).map(|found| found.to_str().unwrap().to_owned());
    assert_eq!(wanted(memory.0.to_str().unwrap()).as_deref(), memory.0.to_str());
    // What is on a disk, is no directory or is missing is passed over.
    let disk = env!("CARGO_MANIFEST_DIR");
    fs::write(memory.path("file"), "").unwrap();
    for path in [disk, &memory.path("file"), &memory.path("missing")] {
        assert_ne!(wanted(path).as_deref(), Some(path), "{path}");
    }
    assert_eq!(place::path(Path::new("/run"), "A").as_deref(), Some("/run/A"));
    for name in ["..", ".", "a/b"] {
        assert_eq!(place::path(Path::new("/run"), name), None, "{name}");
    }
}

#[test]
fn a_memory_file_is_read_as_often_as_one_likes_and_written_by_nobody() {
    let (file, path) = place::descriptor(&Secret::copy_of(b"s3cret\0\xff"), None).unwrap();
    let path = std::str::from_utf8(path.expose()).unwrap();
    for _ in 0..2 {
        assert_eq!(fs::read(path).unwrap(), b"s3cret\0\xff");
    }
    assert_eq!(fs::metadata(path).unwrap().mode() & 0o7777, 0o400);
    assert!(fs::File::from(file).write_all(b"x").is_err());
}
