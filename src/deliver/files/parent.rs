//! The directory that a file is to stand in: reached step by step, so that nobody who may write on the way can lead it
//! elsewhere, and checked before anything is made in it.

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat, readlinkat};
use nix::sys::stat::{FileStat, Mode, fchmod, fstat, mkdirat};
use nix::sys::statfs::{TMPFS_MAGIC, fstatfs};
use nix::unistd::geteuid;
use std::collections::VecDeque;
use std::ffi::{OsStr, OsString};
use std::os::fd::OwnedFd;
use std::path::{Component, Path};

/// Why a file cannot be delivered.
#[derive(Debug)]
pub struct Fault {
    /// In one line, to follow the path.
    pub what: String,
    /// What to do about it.
    pub cure: String,
}

impl Fault {
    fn new(what: impl Into<String>, cure: &str) -> Self {
        Fault { what: what.into(), cure: cure.to_owned() }
    }
}

/// What may be made on the way.
#[derive(Clone, Copy)]
pub enum Making {
    /// Nothing: the file is looked for.
    Nothing,
    /// Directories that are missing, 0755; and a file, for which the directory must fit.
    Directories {
        /// Whether the file system may be one that is no tmpfs.
        on_disk: bool,
    },
}

/// ramfs, which the libc crate has no name for (linux/magic.h).
const RAMFS_MAGIC: i64 = 0x8584_58f6;

/// As many links as the kernel follows in one path (path_resolution(7)).
const MOST_LINKS: usize = 40;

/// For looking only: no effect on what it finds, and no permission needed to read it.
const LOOK: OFlag = OFlag::O_PATH.union(OFlag::O_DIRECTORY).union(OFlag::O_NOFOLLOW).union(OFlag::O_CLOEXEC);

/// Opens the directory of `path`, and gives the name in it.
///
/// # Errors
/// As [`directory`]; or the directory does not fit: others may write in it, or it is on a disk.
pub fn open(path: &Path, making: Making) -> Result<(OwnedFd, OsString), Fault> {
    let name = path.file_name().ok_or_else(|| Fault::new("it has no name", "name a file"))?;
    let opened = directory(path.parent().unwrap_or(path), making)?;
    if let Making::Directories { on_disk } = making {
        fits(&opened, on_disk)?;
    }
    Ok((opened, name.to_owned()))
}

/// Opens the directory at `path`.
///
/// A link on the way is followed only where nobody but root and this process's user could have put it.
///
/// # Errors
/// Something on the way is no directory, a link that cannot be trusted, or missing and not to be made.
pub fn directory(path: &Path, making: Making) -> Result<OwnedFd, Fault> {
    let mut walk = Walk { at: root()?, left: names(path), links: 0 };
    while let Some(name) = walk.left.pop_front() {
        walk.step(&name, making)?;
    }
    Ok(walk.at)
}

fn root() -> Result<OwnedFd, Fault> {
    nix::fcntl::open("/", LOOK, Mode::empty()).map_err(|errno| blocked("/", errno))
}

fn names(path: &Path) -> VecDeque<OsString> {
    let steps = path.components().filter(|component| matches!(component, Component::Normal(_) | Component::ParentDir));
    steps.map(|component| component.as_os_str().to_owned()).collect()
}

struct Walk {
    at: OwnedFd,
    left: VecDeque<OsString>,
    links: usize,
}

impl Walk {
    fn step(&mut self, name: &OsStr, making: Making) -> Result<(), Fault> {
        let shown = name.to_string_lossy();
        match openat(&self.at, name, LOOK, Mode::empty()) {
            Ok(next) => self.at = next,
            Err(Errno::ENOENT) => match making {
                Making::Nothing => return Err(blocked(&shown, Errno::ENOENT)),
                Making::Directories { on_disk } => self.make(name, on_disk)?,
            },
            // With O_DIRECTORY a link is "not a directory"; some kernels say that it is a link.
            Err(Errno::ENOTDIR | Errno::ELOOP) => match readlinkat(&self.at, name) {
                Ok(target) => self.follow(&shown, Path::new(&target))?,
                Err(_) => return Err(Fault::new(format!("`{shown}` on the way is no directory"), "name another path")),
            },
            Err(errno) => return Err(blocked(&shown, errno)),
        }
        Ok(())
    }

    /// Makes a directory; with its mode set on the directory itself, since the umask takes bits away.
    fn make(&mut self, name: &OsStr, on_disk: bool) -> Result<(), Fault> {
        fits(&self.at, on_disk)?;
        let shown = name.to_string_lossy();
        let mode = Mode::from_bits_truncate(0o755);
        match mkdirat(&self.at, name, mode) {
            Ok(()) => {
                let flags = OFlag::O_RDONLY | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
                let made = openat(&self.at, name, flags, Mode::empty()).map_err(|errno| blocked(&shown, errno))?;
                fchmod(&made, mode).map_err(|errno| blocked(&shown, errno))?;
            }
            // Somebody made it meanwhile.
            Err(Errno::EEXIST) => {}
            Err(errno) => {
                let what = format!("the directory `{shown}` on the way cannot be made: {}", errno.desc());
                return Err(Fault::new(what, "mount a tmpfs there, or let the user of keyinit write above it"));
            }
        }
        self.at = openat(&self.at, name, LOOK, Mode::empty()).map_err(|errno| blocked(&shown, errno))?;
        Ok(())
    }

    fn follow(&mut self, shown: &str, target: &Path) -> Result<(), Fault> {
        let directory = look(&self.at)?;
        let theirs = directory.st_uid != 0 && directory.st_uid != geteuid().as_raw();
        if theirs || directory.st_mode & 0o022 != 0 {
            let what = format!("`{shown}` on the way is a link in a directory that others may write in");
            return Err(Fault::new(what, "name the path that the link leads to"));
        }
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Fault::new("there are too many links on the way", "name the path that they lead to"));
        }
        if target.is_absolute() {
            self.at = root()?;
        }
        for name in names(target).into_iter().rev() {
            self.left.push_front(name);
        }
        Ok(())
    }
}

/// Whether a secret may be put into this directory.
pub fn fits(directory: &OwnedFd, on_disk: bool) -> Result<(), Fault> {
    let found = look(directory)?;
    let sticky = found.st_mode & 0o1000 != 0;
    // Whoever may write in a directory may put another file in the place of ours. An emptyDir is 0777 and the command's own.
    if found.st_mode & 0o002 != 0 && !sticky && !is_mount(directory, &found) {
        let cure = "take the write permission for others away from it (chmod o-w), or mount a tmpfs there";
        return Err(Fault::new("anybody may write in its directory", cure));
    }
    let kind = fstatfs(directory).map_err(|errno| blocked("its directory", errno))?.filesystem_type();
    #[allow(clippy::unnecessary_cast, clippy::cast_lossless)] // The type differs between C libraries.
    let memory = kind == TMPFS_MAGIC || kind.0 as i64 == RAMFS_MAGIC;
    if !memory && !on_disk {
        let cure = "mount a tmpfs there (`--tmpfs` of docker run, an emptyDir with `medium: Memory`), or write `on_disk: true`";
        return Err(Fault::new("its directory is on a disk, where a secret would stay", cure));
    }
    Ok(())
}

/// Whether something is mounted at this directory: then what is above it is on another device, or is itself.
fn is_mount(directory: &OwnedFd, found: &FileStat) -> bool {
    let above = openat(directory, "..", LOOK, Mode::empty()).and_then(|above| fstat(&above));
    above.is_ok_and(|above| above.st_dev != found.st_dev || above.st_ino == found.st_ino)
}

fn look(directory: &OwnedFd) -> Result<FileStat, Fault> {
    fstat(directory).map_err(|errno| blocked("its directory", errno))
}

fn blocked(name: &str, errno: Errno) -> Fault {
    let what = format!("`{name}` on the way cannot be opened: {}", errno.desc());
    Fault::new(what, "see the path as it is inside the container, and the permissions on it")
}
