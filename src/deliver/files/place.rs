//! Where a value goes that the command reads from a file, `as: file`: a tmpfs, or else memory that only a descriptor reaches.

use super::parent::{self, Fault, Making};
use super::{Owner, fill};
use crate::secret::Secret;
use nix::errno::Errno;
use nix::fcntl::{FcntlArg, SealFlag, fcntl};
use nix::sys::memfd::{MFdFlags, memfd_create};
use nix::unistd::{AccessFlags, access};
use std::os::fd::{AsRawFd, OwnedFd};
use std::path::{Path, PathBuf};

/// Its owner may read it.
pub const MODE: u32 = 0o400;

/// Where values go that are read from files when `files_dir` says nothing, or names what is no tmpfs.
const USUAL: [&str; 2] = ["/run/secrets", "/run"];

/// The first of `wanted`, /run/secrets and /run that is a tmpfs in which this process may write; none where there is none.
pub fn directory(wanted: Option<&str>) -> Option<PathBuf> {
    let fits = |directory: &Path| {
        let opened = parent::directory(directory, Making::Nothing);
        opened.is_ok_and(|opened| parent::fits(&opened, false).is_ok())
            && access(directory, AccessFlags::W_OK | AccessFlags::X_OK).is_ok()
    };
    wanted.into_iter().chain(USUAL).map(Path::new).find(|directory| fits(directory)).map(Path::to_owned)
}

/// Puts `content` into a sealed anonymous file, memfd_create(2), which the command inherits by a descriptor that execve(2) does not
/// close. Gives the descriptor, and the path under which the command and its children open it anew, each with an
/// offset of its own.
///
/// # Errors
/// There is no /proc to reach it by, or the kernel does not give it.
pub fn descriptor(content: &Secret, owner: Option<Owner>) -> Result<(OwnedFd, Secret), Fault> {
    let refused = |errno: Errno| Fault {
        what: format!("no memory file can be made: {}", errno.desc()),
        cure: "mount a tmpfs at /run/secrets, or name one in `files_dir`".to_owned(),
    };
    if !Path::new("/proc/self/fd").exists() {
        return Err(Fault {
            what: "there is neither a tmpfs to write in nor a /proc to reach a memory file by".to_owned(),
            cure: "mount a tmpfs at /run/secrets, or name one in `files_dir`".to_owned(),
        });
    }
    let file = memfd_create("keyinit", MFdFlags::MFD_ALLOW_SEALING).map_err(refused)?;
    // The descriptor that writes is a second one, closed by `fill`.
    let writes = file.try_clone().map_err(|error| refused(Errno::from_raw(error.raw_os_error().unwrap_or(0))))?;
    fill(writes, MODE, owner, content)?;
    let seals = SealFlag::F_SEAL_WRITE | SealFlag::F_SEAL_GROW | SealFlag::F_SEAL_SHRINK | SealFlag::F_SEAL_SEAL;
    fcntl(&file, FcntlArg::F_ADD_SEALS(seals)).map_err(refused)?;
    // execve keeps the pid: it is the command's.
    let path = format!("/proc/{}/fd/{}", nix::unistd::getpid(), file.as_raw_fd());
    Ok((file, Secret::copy_of(path.as_bytes())))
}

/// The path of the variable `name` in `directory`; none where the name cannot be a file's.
pub fn path(directory: &Path, name: &str) -> Option<String> {
    let sound = !name.contains('/') && !matches!(name, "." | "..");
    sound.then(|| directory.join(name).to_str().map(str::to_owned)).flatten()
}
