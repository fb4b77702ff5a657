//! What was fetched, in files.
//!
//! All or nothing: every file is written whole under another name beside its place, with its final owner and mode, and only
//! when all of them are is each renamed to where it belongs. Until the command runs, [`Written`] takes them back.

mod parent;
pub mod place;

use crate::attempt::reason;
use crate::error::{Problem, Problems, Subject};
use crate::exit::Kind;
use crate::secret::Secret;
use nix::errno::Errno;
use nix::fcntl::{AtFlags, OFlag, openat, renameat};
use nix::sys::stat::{FileStat, Mode, SFlag, fchmod, fstatat};
use nix::unistd::{Gid, Uid, UnlinkatFlags, fchown, geteuid, unlinkat};
pub use parent::Fault;
use parent::Making;
use std::ffi::OsString;
use std::io::Write;
use std::os::fd::OwnedFd;
use std::path::Path;

/// Whom a file is to belong to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Owner {
    /// Its user id.
    pub uid: u32,
    /// Its group id.
    pub gid: u32,
}

/// Files that are in their places. Dropped, which happens only where the command does not start, it removes them: execve(2)
/// drops nothing.
#[derive(Default)]
pub struct Written {
    files: Vec<Spot>,
    /// Memory files, which the command inherits: only kept open until it does.
    _inherited: Vec<OwnedFd>,
}

/// Where a file stands: a directory that is held open, so that nobody can put another in its place, and a name in it.
struct Spot {
    directory: OwnedFd,
    name: OsString,
}

impl Spot {
    fn remove(&self, name: &OsString) {
        let _ = unlinkat(&self.directory, name.as_os_str(), UnlinkatFlags::NoRemoveDir);
    }

    /// The name under which the file is written. A start that was killed leaves it behind, and the next one finds it.
    fn draft(&self) -> OsString {
        let mut name = OsString::from(".");
        name.push(&self.name);
        name.push(".keyinit");
        name
    }

    /// What stands there under `name`, not followed if it is a link.
    fn look(&self, name: &OsString) -> Result<Option<FileStat>, Fault> {
        match fstatat(&self.directory, name.as_os_str(), AtFlags::AT_SYMLINK_NOFOLLOW) {
            Ok(found) => Ok(Some(found)),
            Err(Errno::ENOENT) => Ok(None),
            Err(errno) => Err(failed("looked at", errno)),
        }
    }
}

impl Drop for Written {
    fn drop(&mut self) {
        for spot in &self.files {
            spot.remove(&spot.name);
        }
    }
}

/// A file to be written.
pub struct Wanted {
    /// Where: absolute, without `.`, `..` or empty segments.
    pub path: String,
    /// Its permission bits.
    pub mode: u32,
    /// Whether it may lie on what is no tmpfs.
    pub on_disk: bool,
    /// Whom it is to belong to; none for this process's user.
    pub owner: Option<Owner>,
    /// What it is to hold.
    pub content: Secret,
}

/// Writes files, and keeps the memory files among `descriptors` with them.
///
/// # Errors
/// Every file that cannot be delivered, 73. Then none of them is in its place.
pub fn write(wanted: &[Wanted], descriptors: Vec<OwnedFd>) -> Result<Written, Problems> {
    let mut problems = Problems::new();
    let mut drafts = Vec::with_capacity(wanted.len());
    for file in wanted {
        match draft(file) {
            Ok(spot) => drafts.push((spot, file)),
            Err(fault) => problems.push(problem(&file.path, fault)),
        }
    }
    let mut written = Written { files: Vec::with_capacity(drafts.len()), _inherited: descriptors };
    for (spot, file) in drafts {
        let draft = spot.draft();
        if !problems.is_empty() {
            spot.remove(&draft);
            continue;
        }
        match renameat(&spot.directory, draft.as_os_str(), &spot.directory, spot.name.as_os_str()) {
            Ok(()) => written.files.push(spot),
            Err(errno) => {
                spot.remove(&draft);
                problems.push(problem(&file.path, failed("put in its place", errno)));
            }
        }
    }
    if problems.is_empty() { Ok(written) } else { Err(problems) }
}

/// Removes, at the end, the files at `paths` that are what a start of ours wrote there: regular, with one link, and owned by
/// this process's user or by the owner beside the path. What cannot be removed is left.
pub fn remove(paths: &[(String, Option<Owner>)]) {
    for (path, owner) in paths {
        let Ok((directory, name)) = parent::open(Path::new(path), Making::Nothing) else { continue };
        let spot = Spot { directory, name };
        if spot.look(&spot.name).ok().flatten().is_some_and(|found| is_ours(&found, *owner)) {
            spot.remove(&spot.name);
        }
    }
}

/// Writes the whole file beside its place.
fn draft(file: &Wanted) -> Result<Spot, Fault> {
    let making = Making::Directories { on_disk: file.on_disk };
    let (directory, name) = parent::open(Path::new(&file.path), making)?;
    let spot = Spot { directory, name };
    if let Some(found) = spot.look(&spot.name)? {
        replaceable(&found, file.owner)?;
    }
    let draft = spot.draft();
    if let Some(found) = spot.look(&draft)? {
        // Of a start that was killed in the middle; of anybody else it is an obstacle.
        replaceable(&found, file.owner)?;
        spot.remove(&draft);
    }
    // O_EXCL: it is this very call that makes the file, and no link that somebody else put there is followed.
    let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let private = Mode::S_IRUSR | Mode::S_IWUSR;
    let opened =
        openat(&spot.directory, draft.as_os_str(), flags, private).map_err(|errno| failed("written", errno))?;
    let outcome = fill(opened, file.mode, file.owner, &file.content);
    if outcome.is_err() {
        spot.remove(&draft);
    }
    outcome.map(|()| spot)
}

fn fill(opened: OwnedFd, mode: u32, owner: Option<Owner>, content: &Secret) -> Result<(), Fault> {
    if let Some(owner) = owner {
        fchown(&opened, Some(Uid::from_raw(owner.uid)), Some(Gid::from_raw(owner.gid))).map_err(|errno| Fault {
            what: format!("it cannot be given to user {} and group {}: {}", owner.uid, owner.gid, errno.desc()),
            cure: "run keyinit as root with CAP_CHOWN, or leave `owner` out".to_owned(),
        })?;
    }
    // Not in the call that makes the file: the umask would take bits away.
    fchmod(&opened, Mode::from_bits_truncate(mode)).map_err(|errno| failed("given its mode", errno))?;
    std::fs::File::from(opened).write_all(content.expose()).map_err(|error| Fault {
        what: format!("it cannot be written: {}", reason(&error)),
        cure: "see whether the file system has room for it".to_owned(),
    })
}

fn failed(done: &str, errno: Errno) -> Fault {
    let cure = match errno {
        Errno::EROFS => "mount a tmpfs there: `--tmpfs` of docker run, an emptyDir with `medium: Memory`",
        Errno::EACCES | Errno::EPERM => "let the user of keyinit write in that directory",
        _ => "see what stands at that path inside the container",
    };
    Fault { what: format!("it cannot be {done}: {}", errno.desc()), cure: cure.to_owned() }
}

/// Whether a start of ours may have left it.
fn is_ours(found: &FileStat, owner: Option<Owner>) -> bool {
    let regular = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT == SFlag::S_IFREG;
    let known = found.st_uid == geteuid().as_raw() || owner.is_some_and(|owner| owner.uid == found.st_uid);
    regular && found.st_nlink == 1 && known
}

/// A restart finds its own files; anything else is somebody's, or a trap.
fn replaceable(found: &FileStat, owner: Option<Owner>) -> Result<(), Fault> {
    if is_ours(found, owner) {
        return Ok(());
    }
    let kind = SFlag::from_bits_truncate(found.st_mode) & SFlag::S_IFMT;
    let what = match kind {
        SFlag::S_IFLNK => "a link stands there".to_owned(),
        SFlag::S_IFDIR => "a directory stands there".to_owned(),
        SFlag::S_IFREG if found.st_nlink > 1 => "a file with several links stands there".to_owned(),
        SFlag::S_IFREG => format!("a file of user {} stands there", found.st_uid),
        _ => "something that is no file stands there".to_owned(),
    };
    Err(Fault { what, cure: "remove it, or name another path; only a file of the same owner is replaced".to_owned() })
}

/// That `target`, a path or a variable, cannot be delivered.
pub fn problem(target: &str, fault: Fault) -> Problem {
    let targets = vec![target.to_owned()];
    Problem::new(Kind::Undeliverable, fault.what).cure(fault.cure).about(Subject { targets, ..Subject::default() })
}

#[cfg(test)]
mod tests;
