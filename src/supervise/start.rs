//! The time between the fork and the command's first instruction: the resolver works, and this process waits for its
//! word, for its end, or for a signal that ends the start.

use super::forward::ends_a_start;
use super::record::{self, LONGEST, Said};
use super::status::exit_code;
use crate::sys::process::{self, Reap};
use crate::sys::signal;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, OwnedFd};
use std::time::{Duration, Instant};

/// How long a resolver that was told to end may take to revoke what it opened.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How a start went.
#[derive(Debug, PartialEq, Eq)]
pub enum Started {
    /// The command runs, or has run and ended already, with this exit code.
    Running(Said, Option<u8>),
    /// The command does not run; this is the exit code, and the resolver has said why.
    Refused(u8),
    /// execve failed with this errno; the resolver has ended.
    NotExecuted(i32),
    /// Signal N ended the start.
    Interrupted(i32),
    /// The resolver died of signal N before it had said anything.
    Killed(i32),
    /// The resolver outlived the deadline by more than it may and was killed.
    Stuck,
}

/// Waits until the resolver has become the command, or has ended. `hard_stop` is when it must have done one or the other.
pub fn await_command(resolver: i32, status: OwnedFd, hard_stop: Option<Instant>) -> std::io::Result<Started> {
    let ending = ends_a_start().into_iter().filter_map(|number| Signal::try_from(number).ok());
    let watched: SigSet = ending.chain([Signal::SIGCHLD]).collect();
    let signals = SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
    let mut start =
        Start { resolver, status, signals, heard: Vec::with_capacity(2 * LONGEST), hard_stop, interrupted: None };
    let started = start.run();
    Ok(started)
}

struct Start {
    resolver: i32,
    status: OwnedFd,
    signals: SignalFd,
    heard: Vec<u8>,
    hard_stop: Option<Instant>,
    interrupted: Option<i32>,
}

impl Start {
    fn run(&mut self) -> Started {
        let mut pipe_open = true;
        loop {
            let left = self.hard_stop.map(|at| at.saturating_duration_since(Instant::now()));
            let timeout = left.and_then(|left| PollTimeout::try_from(left).ok()).unwrap_or(PollTimeout::NONE);
            let mut waiting = [
                PollFd::new(self.signals.as_fd(), PollFlags::POLLIN),
                // A negative descriptor would be the usual way to leave one out; an empty event set does as well,
                // save that the end of a pipe is always told. So the closed pipe is not listed at all.
                PollFd::new(self.status.as_fd(), PollFlags::POLLIN),
            ];
            let listed = if pipe_open { &mut waiting[..] } else { &mut waiting[..1] };
            let _ = poll(listed, timeout);
            if pipe_open {
                pipe_open = self.listen();
                let said = record::parse(&self.heard);
                if !pipe_open && said.became_command() {
                    return Started::Running(said, None);
                }
            }
            while let Ok(Some(info)) = self.signals.read_signal() {
                let number = i32::try_from(info.ssi_signo).unwrap_or(0);
                // All that is watched but one: SIGCHLD only wakes.
                if number != libc::SIGCHLD {
                    self.interrupt(number);
                }
            }
            if let Some(started) = self.reap() {
                return started;
            }
            if self.hard_stop.is_some_and(|at| at <= Instant::now()) {
                // What it has not said by now it will not say. Its end arrives as SIGCHLD.
                signal::send(self.resolver, libc::SIGKILL);
                self.hard_stop = None;
                self.interrupted = self.interrupted.or(Some(0));
            }
        }
    }

    /// Reads what the pipe holds; whether it is still open.
    fn listen(&mut self) -> bool {
        let mut bytes = [0; LONGEST];
        loop {
            let ready = poll(&mut [PollFd::new(self.status.as_fd(), PollFlags::POLLIN)], PollTimeout::ZERO);
            if !matches!(ready, Ok(1..)) {
                return true;
            }
            match nix::unistd::read(&self.status, &mut bytes) {
                Ok(0) => return false,
                Ok(count) => self.heard.extend_from_slice(bytes.get(..count).unwrap_or_default()),
                Err(nix::errno::Errno::EINTR) => {}
                Err(_) => return false,
            }
        }
    }

    /// Tells the resolver to end, and gives it its last second.
    fn interrupt(&mut self, number: i32) {
        signal::send(self.resolver, number);
        self.interrupted = self.interrupted.or(Some(number));
        let last = Instant::now().checked_add(LAST_WORDS);
        self.hard_stop = match (self.hard_stop, last) {
            (Some(before), Some(last)) => Some(before.min(last)),
            (before, last) => before.or(last),
        };
    }

    /// Reaps what has died; how the start ended, if the resolver was among it.
    fn reap(&mut self) -> Option<Started> {
        loop {
            match process::reap() {
                Reap::Ended(reaped) if reaped.pid == self.resolver => {
                    self.listen();
                    return Some(self.ended(reaped.status));
                }
                Reap::Ended(_) => {}
                Reap::AllLive => return None,
                Reap::None => return Some(Started::Killed(libc::SIGKILL)),
            }
        }
    }

    fn ended(&self, status: i32) -> Started {
        let said = record::parse(&self.heard);
        if said.became_command() {
            return Started::Running(said, Some(exit_code(status)));
        }
        match (self.interrupted, said.exec_errno, process::killed(status)) {
            (Some(0), ..) => Started::Stuck,
            (Some(number), ..) => Started::Interrupted(number),
            (None, Some(errno), _) => Started::NotExecuted(errno),
            (None, None, Some(number)) => Started::Killed(number),
            // Without a word and with 0 it has not done its work.
            (None, None, None) if exit_code(status) == 0 => Started::Refused(crate::exit::Kind::Internal.code()),
            (None, None, None) => Started::Refused(exit_code(status)),
        }
    }
}
