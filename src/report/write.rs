//! One line, one write(2).

use crate::sys;
use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::stat::{Mode, SFlag, fstat};
use std::os::fd::{AsFd, AsRawFd};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How long a line waits for a reader that stands still. Whoever writes must not wait for ever: signals are blocked meanwhile,
/// and secrets are wanted.
const PATIENCE: Duration = Duration::from_secs(1);

/// Whether a line has waited in vain. The next ones do not wait again, until one is taken.
static STALLED: AtomicBool = AtomicBool::new(false);

/// Writes `line` and a newline to `out`. What cannot be written is given up: a log is never worth a command.
///
/// The line is left out when `out` does not take it within a second, with `never_block` when it does not take it at once.
/// poll(2) calls a pipe writable when it takes PIPE_BUF bytes, and no line is longer.
pub(super) fn line(out: &impl AsFd, line: &str, never_block: bool) {
    let mut bytes = Vec::with_capacity(line.len() + 1);
    bytes.extend_from_slice(line.as_bytes());
    bytes.push(b'\n');
    let mut left = bytes.as_slice();
    let hurried = never_block || STALLED.load(Ordering::Relaxed);
    let until = Instant::now() + if hurried { Duration::ZERO } else { PATIENCE };
    while !left.is_empty() {
        // Asked every time, not only when we must not wait: a write to a pipe that nobody reads raises SIGPIPE, and where that is
        // blocked it would stay pending and kill the command after execve.
        let patience = PollTimeout::try_from(until.saturating_duration_since(Instant::now()));
        let Some(ready) = state(out, patience.unwrap_or(PollTimeout::ZERO)) else { return };
        STALLED.store(!ready, Ordering::Relaxed);
        if !ready {
            return;
        }
        match write(out, left) {
            Ok(0) => return,
            Ok(written) => left = left.get(written..).unwrap_or(&[]),
            Err(Errno::EINTR) => {}
            // Somebody else has filled it since it was asked.
            Err(Errno::EAGAIN) if Instant::now() < until => {}
            Err(_) => return,
        }
    }
}

/// Writes what `out` takes at once. Others write to the same pipe, the command first of all, and may fill it between the
/// question whether there is room and the write.
fn write(out: &impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    match sys::write::at_once(out.as_fd(), bytes) {
        // An old kernel, a terminal, a strict seccomp profile.
        Err(Errno::EOPNOTSUPP | Errno::ENOSYS | Errno::EINVAL | Errno::EPERM) => write_reopened(out, bytes),
        done => done,
    }
}

/// The same for kernels before 6.5: the pipe is opened again, with an O_NONBLOCK that nobody shares. Where that cannot be done
/// the write is an ordinary one; that leaves terminals, which wait only while somebody has stopped them.
fn write_reopened(out: &impl AsFd, bytes: &[u8]) -> Result<usize, Errno> {
    let is_pipe =
        fstat(out).is_ok_and(|stat| SFlag::from_bits_truncate(stat.st_mode) & SFlag::S_IFMT == SFlag::S_IFIFO);
    let flags = OFlag::O_WRONLY | OFlag::O_NONBLOCK | OFlag::O_NOCTTY | OFlag::O_CLOEXEC;
    let path = format!("/proc/self/fd/{}", out.as_fd().as_raw_fd());
    match is_pipe.then(|| open(path.as_str(), flags, Mode::empty())) {
        Some(Ok(own)) => nix::unistd::write(&own, bytes),
        _ => nix::unistd::write(out, bytes),
    }
}

/// Whether `out` takes a line within `patience`; none when it is closed or nobody reads it.
fn state(out: &impl AsFd, patience: PollTimeout) -> Option<bool> {
    let mut fds = [PollFd::new(out.as_fd(), PollFlags::POLLOUT)];
    loop {
        match poll(&mut fds, patience) {
            Err(Errno::EINTR) => {}
            // poll itself cannot be used, for want of kernel memory.
            Err(_) => return Some(false),
            Ok(_) => break,
        }
    }
    let events = fds.first().and_then(PollFd::revents).unwrap_or(PollFlags::empty());
    let dead = PollFlags::POLLERR | PollFlags::POLLNVAL;
    (!events.intersects(dead)).then(|| events.contains(PollFlags::POLLOUT))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read;
    use std::os::fd::OwnedFd;

    fn pipe() -> (std::fs::File, OwnedFd) {
        let (read, write) = nix::unistd::pipe().unwrap();
        (read.into(), write)
    }

    #[test]
    fn a_line_arrives_whole() {
        let (mut read, write) = pipe();
        line(&write, "hello", true);
        line(&write, "world", false);
        drop(write);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert_eq!(text, "hello\nworld\n");
    }

    #[test]
    fn a_reader_that_stands_still_does_not_hold_us_up() {
        let (mut read, write) = pipe();
        let long = "x".repeat(4095);
        // A pipe holds 64 KiB as a rule; far more lines than that return, and what arrived is whole lines.
        for _ in 0..100 {
            line(&write, &long, true);
        }
        drop(write);
        let mut text = String::new();
        read.read_to_string(&mut text).unwrap();
        assert!(text.len() < 100 * 4096 && text.len().is_multiple_of(4096) && text.starts_with('x'));
    }

    /// What somebody else does between the question and the write: the pipe is full. A write that waits never returns here.
    #[test]
    fn a_pipe_that_was_filled_meanwhile_is_not_waited_for() {
        let (_read, write_end) = pipe();
        let page = [b'x'; 4096];
        while write(&write_end, &page) == Ok(page.len()) {}
        assert_eq!(write(&write_end, b"line\n"), Err(Errno::EAGAIN));
        assert_eq!(write_reopened(&write_end, b"line\n"), Err(Errno::EAGAIN));
        // What everybody shares has stayed as it was.
        let flags = nix::fcntl::fcntl(&write_end, nix::fcntl::FcntlArg::F_GETFL).unwrap();
        assert!(!OFlag::from_bits_truncate(flags).contains(OFlag::O_NONBLOCK));
    }

    #[test]
    fn nobody_reads_and_nothing_happens() {
        let (read, write) = pipe();
        drop(read);
        line(&write, "lost", false);
        line(&write, "lost", true);
        let full: OwnedFd = std::fs::File::options().write(true).open("/dev/full").unwrap().into();
        line(&full, "lost", false);
    }
}
