//! Opening a file that surely lies beneath a directory.

use nix::errno::Errno;
use nix::fcntl::{OFlag, OpenHow, ResolveFlag, open, openat, openat2};
use nix::sys::stat::Mode;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// No FIFO or device keeps the caller waiting, or becomes the controlling terminal.
const READ: OFlag = OFlag::O_RDONLY.union(OFlag::O_NONBLOCK).union(OFlag::O_NOCTTY).union(OFlag::O_CLOEXEC);

/// Opens the directory itself, through links if need be: the root is the user's word.
pub fn root(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC;
    Ok(open(path, flags, Mode::empty())?)
}

/// Opens `path` beneath `root`. A link is followed where it is relative and stays beneath.
///
/// # Errors
///
/// That of openat2(2): EXDEV for a link that leads out.
pub fn beneath(root: &OwnedFd, path: &Path) -> io::Result<File> {
    let how = OpenHow::new().flags(READ).resolve(ResolveFlag::RESOLVE_BENEATH | ResolveFlag::RESOLVE_NO_MAGICLINKS);
    // EAGAIN: something was renamed meanwhile, as Kubernetes does when a Secret changes.
    for _ in 0..16 {
        match openat2(root, path, how) {
            Ok(file) => return Ok(File::from(file)),
            Err(Errno::EAGAIN) => {}
            // Kernels before 5.6, and seccomp profiles that are older still.
            Err(Errno::ENOSYS | Errno::EPERM) => return walked(root, path),
            Err(errno) => return Err(errno.into()),
        }
    }
    Err(Errno::EAGAIN.into())
}

/// The same without openat2. O_PATH finds the file without any effect on it; where the kernel says that it lies is compared
/// with where the root lies; and the very same file is then opened. A rename in between changes none of the three.
fn walked(root: &OwnedFd, path: &Path) -> io::Result<File> {
    let found = openat(root, path, OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty())?;
    let place = std::fs::read_link(proc_path(&found))?;
    let within = place.strip_prefix(std::fs::read_link(proc_path(root))?).is_ok();
    if !within {
        return Err(Errno::EXDEV.into());
    }
    Ok(File::from(open(&proc_path(&found), READ, Mode::empty())?))
}

fn proc_path(file: &OwnedFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::unix::fs::symlink;

    #[test]
    fn the_walk_agrees_with_openat2() {
        let base = std::env::temp_dir().join(format!("keyinit-open-{}", std::process::id()));
        let inside = base.join("root");
        std::fs::create_dir_all(inside.join("..2024/sub")).unwrap();
        std::fs::write(inside.join("..2024/key"), "value").unwrap();
        std::fs::write(base.join("outside"), "other").unwrap();
        std::fs::create_dir_all(base.join("root2")).unwrap();
        std::fs::write(base.join("root2/key"), "other").unwrap();
        symlink("..2024", inside.join("..data")).unwrap();
        symlink("..data/key", inside.join("key")).unwrap();
        symlink("../outside", inside.join("out")).unwrap();
        symlink("../root2/key", inside.join("twin")).unwrap();
        symlink("/proc/self/environ", inside.join("magic")).unwrap();
        let root = root(&inside).unwrap();
        for (path, value) in [
            ("key", Some("value")),
            ("..data/key", Some("value")),
            ("out", None),
            ("twin", None),
            ("magic", None),
            ("none", None),
        ] {
            for opened in [beneath(&root, Path::new(path)), walked(&root, Path::new(path))] {
                let text = opened.ok().map(|mut file| {
                    let mut text = String::new();
                    file.read_to_string(&mut text).unwrap();
                    text
                });
                assert_eq!(text.as_deref(), value, "{path}");
            }
        }
        std::fs::remove_dir_all(base).unwrap();
    }
}
