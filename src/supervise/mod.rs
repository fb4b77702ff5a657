//! SUPERVISE: forward signals, reap orphans, end as the command ended.
//!
//! From here on this process must not return early, panic or block: as PID 1 its death kills the container. Nothing in
//! this room can hold a secret, and it imports nothing that can.

pub mod forward;
pub mod record;
mod remains;
pub mod start;
pub mod status;

use crate::report::Log;
use crate::signals;
use crate::sys::process::{self, Reap};
use crate::sys::signal;
use forward::{Arrived, is_terminating, passed_on};
use remains::Remains;
use std::time::{Duration, Instant};

/// How to supervise; from the command line.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Signals go to the command's whole process group.
    pub group: bool,
    /// From, to; to 0 drops it.
    pub rewrite: Vec<(i32, i32)>,
    /// Codes of the command that are reported as 0.
    pub remap: Vec<u8>,
    /// How long what is left may live on after the command.
    pub grace: Duration,
    /// How long the command may live on after a terminating signal.
    pub kill_after: Option<Duration>,
    /// Where lines go. It must be one that never blocks.
    pub log: Log,
}

/// Looks after the command until it and what it leaves behind have ended; returns the exit code to end with. `ended` is
/// the command's own code where it has ended and been reaped already.
pub fn run(command: i32, ended: Option<u8>, settings: &Settings) -> u8 {
    Supervisor { command, settings, own_pid: own_pid(), kill_at: None, terminations: 0 }.run(ended)
}

fn own_pid() -> i32 {
    nix::unistd::getpid().as_raw()
}

struct Supervisor<'a> {
    command: i32,
    settings: &'a Settings,
    own_pid: i32,
    /// When `--kill-after` strikes.
    kill_at: Option<Instant>,
    /// How many terminating signals came.
    terminations: u32,
}

impl Supervisor<'_> {
    fn run(mut self, ended: Option<u8>) -> u8 {
        let code = loop {
            // Before the first wait too: a child that ended during the start left its SIGCHLD there.
            if let Some(code) = ended.or_else(|| self.reap()) {
                break code;
            }
            self.wait();
        };
        status::remapped(self.end(code), &self.settings.remap)
    }

    /// Reaps all that has died; the command's exit code when it was among them.
    fn reap(&self) -> Option<u8> {
        let mut ended = None;
        loop {
            match process::reap() {
                Reap::Ended(reaped) if reaped.pid == self.command => ended = Some(status::exit_code(reaped.status)),
                Reap::Ended(reaped) => {
                    if self.settings.log.verbosity > 0 {
                        self.settings.log.verbose(&format!("reaped orphan {}", reaped.pid));
                    }
                }
                Reap::AllLive => return ended,
                // No children and no word of the command: somebody else reaped it. There is nothing left to wait for.
                Reap::None => return ended.or(Some(crate::exit::Kind::Internal.code())),
            }
        }
    }

    fn wait(&mut self) {
        let timeout = self.kill_at.map(|at| at.saturating_duration_since(Instant::now()));
        match signal::take(signal::ALL, timeout) {
            Some(taken) => {
                let arrived = Arrived { number: taken.number(), code: taken.code(), sender: taken.sender() };
                if let Some(number) = passed_on(arrived, self.own_pid, &self.settings.rewrite) {
                    self.forward(number, &taken);
                }
            }
            None => {
                if self.kill_at.is_some_and(|at| at <= Instant::now()) {
                    self.kill_at = None;
                    self.settings.log.warn("the command outlived --kill-after; killing it");
                    signal::send(self.target(), libc::SIGKILL);
                }
            }
        }
    }

    fn forward(&mut self, number: i32, taken: &signal::Taken) {
        // A payload goes to one process only; kill(2) is right for everything else, and for a group.
        let queued = taken.code() == libc::SI_QUEUE && !self.settings.group;
        // Last to the command alone: it may have left its group.
        let sent = (queued && signal::send_on(self.command, number, taken))
            || signal::send(self.target(), number)
            || signal::send(self.command, number);
        if !sent {
            // The command is ours and not reaped, so that it can only be a right that is missing: after `--user`, CAP_KILL.
            let (name, command) = (signals::name(number), self.command);
            let text =
                format!("{name} did not reach the command: keyinit may not signal pid {command} (it lacks CAP_KILL)");
            self.settings.log.warn(&text);
        } else if self.settings.log.verbosity > 0 {
            self.settings.log.verbose(&format!("forwarded {} to pid {}", signals::name(number), self.command));
        }
        if is_terminating(number) {
            self.terminations = self.terminations.saturating_add(1);
            if self.kill_at.is_none() {
                self.kill_at = self.settings.kill_after.and_then(|after| Instant::now().checked_add(after));
            }
        }
    }

    fn target(&self) -> i32 {
        if self.settings.group { -self.command } else { self.command }
    }

    /// The command has ended: what is left gets TERM and its time, and is over as soon as nothing is left.
    fn end(&mut self, code: u8) -> u8 {
        let remains = Remains { command: self.command, own_pid: self.own_pid };
        let Some(until) = Instant::now().checked_add(self.settings.grace) else { return code };
        if !remains.reap_all() {
            remains.signal(libc::SIGTERM);
            // A stopped process acts on TERM only once it is continued.
            remains.signal(libc::SIGCONT);
            while !remains.reap_all() {
                let left = until.saturating_duration_since(Instant::now());
                let taken = signal::take(signal::ALL, Some(left));
                let asked_again = taken.is_some_and(|taken| {
                    is_terminating(taken.number()) && (taken.code() <= 0 || taken.code() == libc::SI_KERNEL) && {
                        self.terminations = self.terminations.saturating_add(1);
                        self.terminations > 1
                    }
                });
                if asked_again || until <= Instant::now() {
                    remains.signal(libc::SIGKILL);
                    break;
                }
            }
        }
        code
    }
}
