//! Between fork and exec: system calls only, on data that was made before.

use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

/// What std does not set by itself. Plain data: it is used between fork and exec.
#[derive(Default)]
pub struct Start {
    pub umask: Option<u32>,
    pub blocked: Vec<i32>,
    pub ignored: Vec<i32>,
    pub limits: Vec<(libc::__rlimit_resource_t, u64, u64)>,
    pub descriptors: Vec<(OwnedFd, i32)>,
    pub closed: Vec<i32>,
    pub user: Option<(u32, u32)>,
    pub stamp: Option<OwnedFd>,
    pub without: Option<libc::c_ulong>,
    /// Files and what they lie over, in the program's mount namespace.
    pub over: Vec<(CString, CString)>,
}

/// The lines for /proc/self/{uid,gid}_map, made before the fork because making them allocates.
pub struct Rootless {
    uid_map: CString,
    gid_map: CString,
}

impl Rootless {
    pub fn needed() -> Option<Self> {
        // SAFETY: plain system calls without arguments.
        let (uid, gid) = unsafe { (libc::geteuid(), libc::getegid()) };
        let map = |id: u32| CString::new(format!("0 {id} 1\n")).unwrap();
        (uid != 0).then(|| Rootless { uid_map: map(uid), gid_map: map(gid) })
    }
}

fn check(result: libc::c_int) -> io::Result<libc::c_int> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

pub fn die_with_parent() -> io::Result<()> {
    // SAFETY: plain system call.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) }).map(drop)
}

fn write_file(path: &std::ffi::CStr, text: &std::ffi::CStr) -> io::Result<()> {
    // SAFETY: valid strings; the descriptor is closed by the exec at the latest.
    unsafe {
        let fd = check(libc::open(path.as_ptr(), libc::O_WRONLY | libc::O_CLOEXEC))?;
        let bytes = text.to_bytes();
        let written = libc::write(fd, bytes.as_ptr().cast(), bytes.len());
        libc::close(fd);
        if written < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}

/// Returns in PID 1 of a new namespace; the other half never returns.
pub fn become_first(rootless: Option<&Rootless>, over: &[(CString, CString)]) -> io::Result<()> {
    // SAFETY: system calls only, in a process that std has just forked: it has one thread.
    unsafe {
        let user = if rootless.is_some() { libc::CLONE_NEWUSER } else { 0 };
        check(libc::unshare(user | libc::CLONE_NEWPID | libc::CLONE_NEWNS))?;
        if let Some(maps) = rootless {
            write_file(c"/proc/self/setgroups", c"deny")?;
            write_file(c"/proc/self/uid_map", &maps.uid_map)?;
            write_file(c"/proc/self/gid_map", &maps.gid_map)?;
        }
        die_with_parent()?;
        let inner = check(libc::fork())?;
        if inner > 0 {
            mirror(inner);
        }
        die_with_parent()?;
        let none = std::ptr::null();
        check(libc::mount(none, c"/".as_ptr(), none, libc::MS_REC | libc::MS_PRIVATE, none.cast()))?;
        check(libc::mount(c"proc".as_ptr(), c"/proc".as_ptr(), c"proc".as_ptr(), 0, none.cast()))?;
        for (file, target) in over {
            check(libc::mount(file.as_ptr(), target.as_ptr(), none, libc::MS_BIND, none.cast()))?;
        }
    }
    Ok(())
}

/// Waits for `inner` and ends as it did.
fn mirror(inner: libc::pid_t) -> ! {
    // SAFETY: system calls only. Every descriptor is closed first: std's exec-error pipe and the test's pipes must not
    // stay open here.
    unsafe {
        libc::close_range(0, u32::MAX, 0);
        let mut status = 0;
        while libc::waitpid(inner, &mut status, 0) < 0 && *libc::__errno_location() == libc::EINTR {}
        if libc::WIFSIGNALED(status) {
            let none = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
            libc::setrlimit(libc::RLIMIT_CORE, &none);
            libc::signal(libc::WTERMSIG(status), libc::SIG_DFL);
            libc::raise(libc::WTERMSIG(status));
        }
        libc::_exit(libc::WEXITSTATUS(status))
    }
}

impl Start {
    pub fn apply(&self) -> io::Result<()> {
        // SAFETY: system calls on data that was made before the fork.
        unsafe {
            // Whatever started the tests may have left descriptors open; the program gets those that the test names.
            libc::syscall(libc::SYS_close_range, 3u32, u32::MAX, libc::CLOSE_RANGE_CLOEXEC);
            // Out of the way first: the number that one is to have may be the one that another has.
            let mut aside = [-1; 16];
            for (slot, (file, _)) in aside.iter_mut().zip(&self.descriptors) {
                *slot = check(libc::fcntl(file.as_raw_fd(), libc::F_DUPFD_CLOEXEC, 500))?;
            }
            for (slot, (_, number)) in aside.iter().zip(&self.descriptors) {
                check(libc::dup2(*slot, *number))?;
            }
            for &number in &self.closed {
                check(libc::close(number))?;
            }
            if let Some(mask) = self.umask {
                libc::umask(mask);
            }
            for &(resource, soft, hard) in &self.limits {
                check(libc::setrlimit(resource, &libc::rlimit { rlim_cur: soft, rlim_max: hard }))?;
            }
            if let Some(capability) = self.without {
                check(libc::prctl(libc::PR_CAPBSET_DROP, capability, 0, 0, 0))?;
            }
            if let Some((uid, gid)) = self.user {
                check(libc::setgroups(0, std::ptr::null()))?;
                check(libc::setresgid(gid, gid, gid))?;
                check(libc::setresuid(uid, uid, uid))?;
            }
            // Raw: libc refuses to touch 32 and 33, which a test may well inherit as ignored.
            for number in 1..=64 {
                let ignored = self.ignored.contains(&number);
                let action: [usize; 4] = [if ignored { libc::SIG_IGN } else { libc::SIG_DFL }, 0, 0, 0];
                libc::syscall(libc::SYS_rt_sigaction, number, &action, 0usize, 8usize);
            }
            let set = self.blocked.iter().fold(0u64, |set, number| set | 1 << (number - 1));
            libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &set, 0usize, 8usize);
            if let Some(pipe) = &self.stamp {
                let mut time: libc::timespec = std::mem::zeroed();
                libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time);
                libc::write(pipe.as_raw_fd(), (&raw const time).cast(), size_of_val(&time));
            }
        }
        Ok(())
    }
}
