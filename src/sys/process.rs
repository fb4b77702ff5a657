//! Processes: fork, wait, become another program.

use std::ffi::{CStr, c_char};
use std::io;

/// Which half of a fork this is.
pub enum Forked {
    /// The new process.
    Child,
    /// The old one, with the new one's pid.
    Parent(i32),
}

/// fork(2). To be called while this process has one thread, so that no lock can be held by a thread that is not copied.
pub fn fork() -> io::Result<Forked> {
    // SAFETY: with one thread the child is a full copy in a consistent state, and may do whatever its parent may.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(Forked::Child),
        pid => Ok(Forked::Parent(pid)),
    }
}

/// A child that has ended, by its raw wait status.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reaped {
    /// Its pid.
    pub pid: i32,
    /// The status word as wait(2) gives it. nix's decoded form does not know real-time signals.
    pub status: i32,
}

/// What a look for dead children found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reap {
    /// One has ended and is now gone.
    Ended(Reaped),
    /// There are children, and all of them live.
    AllLive,
    /// There are no children.
    None,
}

/// Reaps one dead child, without waiting; waitpid(2) with -1 and WNOHANG.
pub fn reap() -> Reap {
    let mut status = 0;
    loop {
        // SAFETY: `status` is a live int.
        match unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) } {
            0 => return Reap::AllLive,
            -1 if io::Error::last_os_error().kind() == io::ErrorKind::Interrupted => {}
            -1 => return Reap::None,
            pid => return Reap::Ended(Reaped { pid, status }),
        }
    }
}

/// Whether a child of this process, living or dead and not yet reaped, is in process group `group`; waitid(2), which reaps
/// nothing here.
pub fn has_child_in_group(group: i32) -> bool {
    let Ok(group) = libc::id_t::try_from(group) else { return false };
    let look = libc::WEXITED | libc::WNOHANG | libc::WNOWAIT;
    // SAFETY: Linux takes a null pointer for "tell nothing" and writes no memory.
    unsafe { libc::waitid(libc::P_PGID, group, std::ptr::null_mut(), look) == 0 }
}

/// Whether a status word says "exited", and with what.
pub fn exited(status: i32) -> Option<i32> {
    libc::WIFEXITED(status).then(|| libc::WEXITSTATUS(status))
}

/// Whether a status word says "killed", and by which signal.
pub fn killed(status: i32) -> Option<i32> {
    libc::WIFSIGNALED(status).then(|| libc::WTERMSIG(status))
}

/// Becomes another program, execve(2); returns only when that failed. The pointer arrays are made here, from borrowed
/// strings: the strings themselves, secrets among them, are not copied.
pub fn execute(program: &CStr, arguments: &[&CStr], environment: &[&CStr]) -> io::Error {
    let pointers = |strings: &[&CStr]| -> Vec<*const c_char> {
        strings.iter().map(|string| string.as_ptr()).chain([std::ptr::null()]).collect()
    };
    let (arguments, environment) = (pointers(arguments), pointers(environment));
    // SAFETY: both arrays end in null, and every string is NUL-terminated and outlives the call.
    unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) };
    io::Error::last_os_error()
}

/// Ends this process at once, _exit(2): no destructor and no exit handler runs, which in the forked half would be its
/// parent's.
pub fn exit(code: u8) -> ! {
    // SAFETY: _exit does not return and touches no memory.
    unsafe { libc::_exit(i32::from(code)) }
}

/// Sets the supplementary groups of this thread, setgroups(2), raw: libc's would signal every other thread and wait for
/// it, for ever where signals are blocked. The caller must be about to execve, which leaves only this thread.
pub fn set_groups(groups: &[u32]) -> io::Result<()> {
    // SAFETY: the pointer and the count describe one live array of the kernel's gid type.
    check(unsafe { libc::syscall(libc::SYS_setgroups, groups.len(), groups.as_ptr()) })
}

/// Sets real, effective and saved group id of this thread, setresgid(2); raw as [`set_groups`] is.
pub fn set_group(gid: u32) -> io::Result<()> {
    // SAFETY: the call takes three numbers.
    check(unsafe { libc::syscall(libc::SYS_setresgid, gid, gid, gid) })
}

/// Sets real, effective and saved user id of this thread, setresuid(2); raw as [`set_groups`] is.
pub fn set_user(uid: u32) -> io::Result<()> {
    // SAFETY: the call takes three numbers.
    check(unsafe { libc::syscall(libc::SYS_setresuid, uid, uid, uid) })
}

fn check(result: libc::c_long) -> io::Result<()> {
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::process::CommandExt;

    #[test]
    fn a_child_is_in_its_group_until_it_is_reaped() {
        let mut command = std::process::Command::new("cat");
        let mut child = command.stdin(std::process::Stdio::piped()).process_group(0).spawn().unwrap();
        let group = child.id().cast_signed();
        assert!(has_child_in_group(group));
        child.wait().unwrap();
        assert!(!has_child_in_group(group));
        assert!(!has_child_in_group(-1));
    }
}
