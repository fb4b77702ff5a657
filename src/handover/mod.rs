//! HAND OVER: find the command, and become it exactly as keyinit itself was started.

mod locate;
mod user;

pub use locate::locate;
pub use user::{Asked, User, lookup};

use crate::sys::process;
use crate::sys::signal::{self, Disposition};
use nix::fcntl::OFlag;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::stat::Mode;
use nix::unistd::{Pid, setpgid, tcsetpgrp};
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsRawFd, IntoRawFd};

/// What a process that holds secrets changed of itself, and what the command must get back.
#[derive(Clone, Copy, Default)]
pub struct Hardened {
    core: Option<(u64, u64)>,
    memlock: Option<(u64, u64)>,
}

/// Keeps this process's memory out of core files, out of other processes' reach and, where the limits allow, out of swap.
///
/// Never to be called in PID 1: what is not dumpable hides `/proc/1/fd`, and `> /proc/1/fd/1` is how many programs log.
pub fn harden() -> Hardened {
    let mut before = Hardened::default();
    // Not being dumpable is the real guard: a core_pattern that pipes ignores a limit of 0. It also forbids ptrace and
    // /proc/PID/mem to other processes of the same user. execve makes the command dumpable again (prctl(2)).
    let _ = nix::sys::prctl::set_dumpable(false);
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_CORE) {
        // Only the soft limit: a hard one, once lowered, cannot be raised again without privilege.
        if setrlimit(Resource::RLIMIT_CORE, 0, hard).is_ok() {
            before.core = Some((soft, hard));
        }
    }
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_MEMLOCK) {
        if soft < hard && setrlimit(Resource::RLIMIT_MEMLOCK, hard, hard).is_ok() {
            before.memlock = Some((soft, hard));
        }
        // With a finite limit a later mmap would fail; then single secrets are locked instead.
        if hard != nix::sys::resource::RLIM_INFINITY || !lock_everything() {
            crate::secret::lock_each_from_now_on();
        }
    }
    before
}

/// mlockall(2) for what is there and what will come. On fault, lest the stack of every thread be filled with pages that it
/// never uses.
fn lock_everything() -> bool {
    use nix::sys::mman::{MlockAllFlags, mlockall};
    let on_fault = MlockAllFlags::from_bits_retain(libc::MCL_ONFAULT);
    mlockall(MlockAllFlags::MCL_CURRENT | MlockAllFlags::MCL_FUTURE | on_fault).is_ok()
}

/// What the command is to be started with.
pub struct Command<'a> {
    /// The program, found by [`locate`].
    pub program: &'a CStr,
    /// `argv`, its first word as the user typed it.
    pub arguments: Vec<&'a CStr>,
    /// `NAME=value` entries.
    pub environment: Vec<&'a CStr>,
    /// Who it runs as, if not as keyinit does.
    pub user: Option<User>,
    /// What the limits were before [`harden`].
    pub hardened: Hardened,
    /// Whether it gets a process group of its own, and the terminal if there is one: not with `--exec`.
    pub own_group: bool,
    /// Whether keyinit was started with SIGCHLD ignored.
    pub ignores_children: bool,
}

/// Becomes the command; returns only when that failed. `ready` runs last, immediately before execve.
///
/// Every signal must be blocked: it keeps SIGTTOU away while the terminal is given by what is then a background group, and the
/// mask is what is restored last.
pub fn become_command(command: &Command<'_>, ready: impl FnOnce()) -> io::Error {
    match prepare(command) {
        Ok(()) => {
            ready();
            let mask = signal::set_mask(signal::inherited_mask());
            let error = execute(command);
            signal::set_mask(mask);
            error
        }
        Err(error) => error,
    }
}

fn prepare(command: &Command<'_>) -> io::Result<()> {
    if command.own_group {
        let foreground = has_terminal();
        // Before the ready record, so that whoever supervises may signal the group as soon as it knows of the command.
        let _ = setpgid(Pid::from_raw(0), Pid::from_raw(0));
        if foreground {
            let _ = tcsetpgrp(io::stdin(), nix::unistd::getpid());
        }
    }
    if let Some((soft, hard)) = command.hardened.core {
        let _ = setrlimit(Resource::RLIMIT_CORE, soft, hard);
    }
    if let Some((soft, hard)) = command.hardened.memlock {
        let _ = setrlimit(Resource::RLIMIT_MEMLOCK, soft, hard);
    }
    if let Some(user) = &command.user {
        // Groups first: they cannot be changed any more once the user is dropped.
        process::set_groups(&user.groups)?;
        process::set_group(user.gid)?;
        process::set_user(user.uid)?;
        // A change of user puts fs.suid_dumpable in the place of the flag (prctl(2)), and where that is 2, as many a host
        // with a core handler has it, a QUIT just now would leave a core file with every secret in it.
        let _ = nix::sys::prctl::set_dumpable(false);
    }
    if command.ignores_children {
        signal::set_disposition(libc::SIGCHLD, Disposition::Ignore);
    }
    // A write of ours to a log that nobody reads leaves a SIGPIPE pending, which would kill the command at birth.
    while signal::take(signal::mask_of(&[libc::SIGPIPE]), Some(std::time::Duration::ZERO)).is_some() {}
    Ok(())
}

/// Whether this process's group has the terminal on standard input in the foreground. `keyinit command &` at a shell has not,
/// and taking the terminal would take it from the shell. Where it is no terminal, or not the controlling one, there is none
/// to give.
fn has_terminal() -> bool {
    nix::unistd::tcgetpgrp(io::stdin()).is_ok_and(|foreground| foreground == nix::unistd::getpgrp())
}

fn execute(command: &Command<'_>) -> io::Error {
    let error = process::execute(command.program, &command.arguments, &command.environment);
    if error.raw_os_error() != Some(libc::ENOEXEC) {
        return error;
    }
    // A script without `#!`: execvp(3) hands it to the shell, and so does every shell.
    let mut arguments = vec![c"/bin/sh", command.program];
    arguments.extend(command.arguments.iter().skip(1));
    process::execute(c"/bin/sh", &arguments, &command.environment)
}

/// Takes those of the descriptors 0 to 2 that are closed, so that no pipe or socket of ours gets the number that the log is
/// written to. What is put there can be neither read nor written, and is gone with execve: the command finds them closed.
pub fn take_closed_descriptors() {
    let nowhere = || nix::fcntl::open(c"/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty());
    // The kernel gives the lowest number that is free.
    while let Ok(taken) = nowhere() {
        if taken.as_raw_fd() > libc::STDERR_FILENO {
            break;
        }
        // It stays open for as long as this process runs.
        let _ = taken.into_raw_fd();
    }
}

/// Sets SIGCHLD to its default, since with an ignored one the kernel reaps and tells nobody (wait(2)). Returns whether it
/// was ignored, which the command has to be given back.
pub fn stop_ignoring_children() -> bool {
    let ignored = signal::disposition(libc::SIGCHLD) == Disposition::Ignore;
    if ignored {
        signal::set_disposition(libc::SIGCHLD, Disposition::Default);
    }
    ignored
}

/// `bytes` as a C string; none when a NUL is in it.
fn c_string(bytes: &[u8]) -> Option<CString> {
    CString::new(bytes).ok()
}
