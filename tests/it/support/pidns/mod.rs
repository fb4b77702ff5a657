//! Runs a program as PID 1 of a fresh PID namespace with a /proc of its own, without a container runtime.
//!
//! std forks; the child unshares and forks once more: the inner half becomes PID 1 and is exec'ed by std, the outer
//! half only mirrors its exit status. As an ordinary user a user namespace comes first.
#![allow(unsafe_code)]

mod namespace;

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};

use namespace::{Rootless, Start, become_first, die_with_parent};

use crate::support::handshake::{Lines, PATIENCE, children, until};

/// What the program is to be started with.
pub struct Init {
    command: Command,
    plain: bool,
    start: Start,
}

impl Init {
    /// `program` as PID 1, with an empty environment, nothing on standard input, and its output captured.
    pub fn new(program: impl AsRef<Path>) -> Self {
        let mut command = Command::new(program.as_ref());
        command.env_clear().stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Init { command, plain: false, start: Start::default() }
    }

    /// No namespace: an ordinary child of the test.
    pub fn plain(mut self) -> Self {
        self.plain = true;
        self
    }

    pub fn arg0(mut self, name: impl AsRef<OsStr>) -> Self {
        self.command.arg0(name);
        self
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub fn env(mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub fn cwd(mut self, folder: impl AsRef<Path>) -> Self {
        self.command.current_dir(folder);
        self
    }

    pub fn stdin(mut self, stdin: impl Into<Stdio>) -> Self {
        self.command.stdin(stdin);
        self
    }

    pub fn umask(mut self, mask: u32) -> Self {
        self.start.umask = Some(mask);
        self
    }

    /// Signals that are blocked at the start.
    pub fn blocked(mut self, signals: &[i32]) -> Self {
        self.start.blocked = signals.to_vec();
        self
    }

    /// Signals that are ignored at the start; all others have their default action.
    pub fn ignored(mut self, signals: &[i32]) -> Self {
        self.start.ignored = signals.to_vec();
        self
    }

    /// A resource limit, soft and hard.
    pub fn limit(mut self, resource: libc::__rlimit_resource_t, soft: u64, hard: u64) -> Self {
        self.start.limits.push((resource, soft, hard));
        self
    }

    /// `file` as descriptor `number`, inherited.
    pub fn descriptor(mut self, number: i32, file: impl Into<OwnedFd>) -> Self {
        self.start.descriptors.push((file.into(), number));
        self
    }

    /// Descriptors that are closed at the start.
    pub fn closed(mut self, numbers: &[i32]) -> Self {
        self.start.closed = numbers.to_vec();
        self
    }

    /// `file` lies over `target`, which is there, for the program alone: /etc/hosts, say.
    pub fn over(mut self, file: impl AsRef<Path>, target: &str) -> Self {
        let file = CString::new(file.as_ref().as_os_str().as_encoded_bytes()).unwrap();
        self.start.over.push((file, CString::new(target).unwrap()));
        self
    }

    /// Runs as this user and group.
    pub fn user(mut self, uid: u32, gid: u32) -> Self {
        self.start.user = Some((uid, gid));
        self
    }

    /// Writes the monotonic clock, as a `timespec`, into `pipe` as the last thing before execve. For the benchmark.
    #[allow(dead_code)]
    pub fn stamp(mut self, pipe: impl Into<OwnedFd>) -> Self {
        self.start.stamp = Some(pipe.into());
        self
    }

    /// Without the capability of this number (capabilities(7)).
    pub fn without(mut self, capability: u8) -> Self {
        self.start.without = Some(capability.into());
        self
    }

    /// Starts it.
    #[track_caller]
    pub fn spawn(self) -> Running {
        let Init { mut command, plain, start } = self;
        let name = PathBuf::from(command.get_program());
        let rootless = (!plain).then(Rootless::needed).flatten();
        // SAFETY: the closure makes system calls only; it neither allocates nor takes a lock.
        unsafe {
            command.pre_exec(move || {
                if plain {
                    die_with_parent()?;
                } else {
                    become_first(rootless.as_ref(), &start.over)?;
                }
                start.apply()
            });
        }
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{}: {error}", name.display()));
        crate::support::settled::watch(child.id() as i32);
        let out = Lines::new(child.stdout.take().unwrap());
        let err = Lines::new(child.stderr.take().unwrap());
        Running { child, plain, inner: None, out, err }
    }

    /// Starts it and waits for its end.
    #[track_caller]
    pub fn run(self) -> Finished {
        self.spawn().finish()
    }
}

/// A started program.
pub struct Running {
    child: Child,
    plain: bool,
    inner: Option<i32>,
    /// Its standard output.
    pub out: Lines,
    /// Its standard error.
    pub err: Lines,
}

impl Running {
    /// The program's pid as the host sees it.
    #[track_caller]
    pub fn pid(&mut self) -> i32 {
        let outer = self.child.id() as i32;
        if self.plain {
            return outer;
        }
        *self.inner.get_or_insert_with(|| until("PID 1 of the namespace", || children(outer).first().copied()))
    }

    /// Sends a signal to the program from outside of its namespace.
    #[track_caller]
    pub fn signal(&mut self, number: i32) {
        let pid = self.pid();
        kill(pid, number);
    }

    /// The program's one child, once there is one that runs something else than the program itself.
    #[track_caller]
    pub fn command(&mut self) -> i32 {
        let pid = self.pid();
        let own = crate::support::handshake::executable(pid);
        until("the command", || {
            children(pid).into_iter().find(|&child| {
                let runs = crate::support::handshake::executable(child);
                runs.is_some() && runs != own
            })
        })
    }

    /// Waits for the end, and fails when it does not come.
    #[track_caller]
    pub fn finish(mut self) -> Finished {
        let status = self.end();
        let out = std::mem::replace(&mut self.out, Lines::new(io::empty())).rest();
        let err = std::mem::replace(&mut self.err, Lines::new(io::empty())).rest();
        Finished { status, out, err }
    }

    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        let child = &mut self.child;
        until(&format!("the end of the program within {PATIENCE:?}"), || child.try_wait().unwrap())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // The mirror's death takes PID 1 along (parent-death signal), and that the whole namespace.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// How a program ended.
#[derive(Debug)]
pub struct Finished {
    status: ExitStatus,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Finished {
    /// The exit code; 1000 + N when a signal N ended the program itself.
    pub fn code(&self) -> i32 {
        self.status.code().unwrap_or_else(|| 1000 + self.status.signal().unwrap_or(0))
    }

    /// Fails unless it ended with `code`, and shows what it said.
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    /// Standard output as JSON.
    #[track_caller]
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error} in {:?}\n{}", self.out, self.err))
    }
}

/// kill(2), for a pid that is known to live.
#[track_caller]
pub fn kill(pid: i32, number: i32) {
    // SAFETY: plain system call.
    let result = unsafe { libc::kill(pid, number) };
    assert_eq!(result, 0, "kill({pid}, {number}): {}", io::Error::last_os_error());
}

/// sigqueue(3): a signal with a value.
#[track_caller]
pub fn queue(pid: i32, number: i32, value: usize) {
    // SAFETY: plain system call; nobody takes the value for a pointer.
    let result = unsafe { libc::sigqueue(pid, number, libc::sigval { sival_ptr: value as *mut libc::c_void }) };
    assert_eq!(result, 0, "sigqueue({pid}, {number}): {}", io::Error::last_os_error());
}

/// A file that was opened for reading, to be handed down as a descriptor.
pub fn opened(path: impl AsRef<Path>) -> File {
    File::open(path).unwrap()
}
