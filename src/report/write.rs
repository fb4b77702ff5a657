//! One line, one write(2).

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicBool, Ordering};

/// How long, in milliseconds, a line waits for a reader that stands still. Whoever writes must not wait for ever: signals are
/// blocked meanwhile, and secrets are wanted.
const PATIENCE: u16 = 1000;

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
    while !left.is_empty() {
        // Asked every time, not only when we must not wait: a write to a pipe that nobody reads raises SIGPIPE, and where that is
        // blocked it would stay pending and kill the command after execve.
        let hurried = never_block || STALLED.load(Ordering::Relaxed);
        let Some(ready) = state(out, if hurried { PollTimeout::ZERO } else { PATIENCE.into() }) else { return };
        STALLED.store(!ready, Ordering::Relaxed);
        if !ready {
            return;
        }
        match nix::unistd::write(out, left) {
            Ok(0) => return,
            Ok(written) => left = left.get(written..).unwrap_or(&[]),
            Err(Errno::EINTR) => {}
            Err(_) => return,
        }
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
