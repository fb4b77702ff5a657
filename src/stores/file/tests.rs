use super::*;
use crate::report::Log;
use std::ffi::CString;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::time::Duration;

struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("keyinit-file-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Scratch(path)
    }

    fn read(&self, path: &str) -> Result<Vec<u8>, (Kind, String)> {
        let context = context();
        let store = Directory { root: self.0.clone() };
        let locator = store.locate(&Wanted { path, mount: None, version: None }).unwrap();
        let answer = store.login(&context).and_then(|session| session.read(&locator, &context));
        match answer.map(|answer| answer.content) {
            Ok(Content::Value(value)) => Ok(value.expose().to_vec()),
            Ok(Content::Fields(_)) => panic!("fields"),
            Err(failure) => Err((failure.kind, failure.answered)),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn context() -> Context {
    Context {
        environment: Arc::default(),
        deadline: Deadline::after(Duration::from_secs(9)),
        revoke_timeout: Duration::from_secs(2),
        log: Log::default(),
    }
}

#[test]
fn bytes_stay_as_they_are() {
    let scratch = Scratch::new("bytes");
    std::fs::write(scratch.0.join("a"), b" \xff\0x\n\n").unwrap();
    std::fs::write(scratch.0.join("empty"), b"").unwrap();
    std::fs::write(scratch.0.join("limit"), vec![b'x'; 1 << 20]).unwrap();
    assert_eq!(scratch.read("a").unwrap(), b" \xff\0x\n\n");
    assert_eq!(scratch.read("empty").unwrap(), b"");
    assert_eq!(scratch.read("limit").unwrap().len(), 1 << 20);
}

#[test]
fn the_links_of_kubernetes_work() {
    let scratch = Scratch::new("kubernetes");
    std::fs::create_dir_all(scratch.0.join("..2024_01_01.1")).unwrap();
    std::fs::write(scratch.0.join("..2024_01_01.1/password"), "hunter2").unwrap();
    symlink("..2024_01_01.1", scratch.0.join("..data")).unwrap();
    symlink("..data/password", scratch.0.join("password")).unwrap();
    assert_eq!(scratch.read("password").unwrap(), b"hunter2");
}

#[test]
fn what_cannot_be_read_is_told_apart() {
    let scratch = Scratch::new("faults");
    std::fs::create_dir_all(scratch.0.join("dir")).unwrap();
    std::fs::write(scratch.0.join("file"), "x").unwrap();
    std::fs::write(scratch.0.join("large"), vec![b'x'; (1 << 20) + 1]).unwrap();
    symlink("/etc/passwd", scratch.0.join("out")).unwrap();
    symlink("loop", scratch.0.join("loop")).unwrap();
    symlink("nowhere", scratch.0.join("dangling")).unwrap();
    let fifo = CString::new(scratch.0.join("fifo").to_str().unwrap()).unwrap();
    nix::unistd::mkfifo(fifo.as_c_str(), nix::sys::stat::Mode::S_IRUSR).unwrap();
    for (path, kind, answered) in [
        ("none", Kind::Missing, "the file does not exist"),
        ("dangling", Kind::Missing, "the file does not exist"),
        ("file/x", Kind::Missing, "the file does not exist"),
        ("dir", Kind::Missing, "it is a directory"),
        ("fifo", Kind::Unavailable, "the file is no regular file"),
        ("large", Kind::Unavailable, "the file has more than 1 MiB"),
        ("out", Kind::Denied, "a link on the way leads out of the root"),
        ("loop", Kind::Denied, "there are too many links on the way, or a magic one"),
    ] {
        assert_eq!(scratch.read(path), Err((kind, answered.to_owned())), "{path}");
    }
}

#[test]
fn a_file_of_somebody_else_is_denied() {
    let scratch = Scratch::new("denied");
    std::fs::write(scratch.0.join("file"), "x").unwrap();
    std::fs::set_permissions(scratch.0.join("file"), std::fs::Permissions::from_mode(0o000)).unwrap();
    let error = io::Error::from(io::ErrorKind::PermissionDenied);
    assert_eq!(fault(&error, "the file", None).kind, Kind::Denied);
    // Root reads it all the same.
    if !nix::unistd::geteuid().is_root() {
        assert_eq!(scratch.read("file"), Err((Kind::Denied, "the file may not be read by this user".to_owned())));
    }
}

#[test]
fn the_root_must_be_a_directory() {
    let scratch = Scratch::new("root");
    std::fs::write(scratch.0.join("file"), "x").unwrap();
    let login = |path: &Path| {
        let store = Directory { root: path.to_owned() };
        store.login(&context()).map(|_| ()).map_err(|failure| failure.kind)
    };
    assert_eq!(login(&scratch.0), Ok(()));
    assert_eq!(login(&scratch.0.join("none")), Err(Kind::Missing));
    assert_eq!(login(&scratch.0.join("file")), Err(Kind::Unavailable));
}

#[test]
fn paths_and_roots_that_are_refused() {
    let store = Directory { root: PathBuf::from("/run/secrets") };
    for (path, cure) in [
        ("", "write the name of a file in /run/secrets"),
        ("/etc/x", "paths are relative to /run/secrets: write `etc/x`"),
        ("/run/secrets/x", "paths are relative to /run/secrets: write `x`"),
        ("a/../b", "write the path from the root, without such segments"),
        ("..", "write the path from the root, without such segments"),
        ("a//b", "write the path from the root, without such segments"),
    ] {
        assert_eq!(store.locate(&Wanted { path, mount: None, version: None }).unwrap_err().cure, cure, "{path}");
    }
    assert!(store.locate(&Wanted { path: "..data/x", mount: None, version: Some("0") }).is_ok());
    assert!(store.locate(&Wanted { path: "x", mount: None, version: Some("2") }).is_err());
    let environment = Environment::new(vec![c"KEYINIT_FILE_ROOT=/srv"]);
    assert_eq!(configure(&Settings::default(), &environment).ok().unwrap().location(), "/srv");
}
