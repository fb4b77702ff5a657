//! What the waiting thread and its workers share.

use super::Fetched;
use crate::plan::Plan;
use crate::stores::{Answer, Context, Deadline, Ending, Failure, Retry, Session};
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// Why waiting ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stop {
    /// What was waited for has come.
    Finished,
    /// The time is over.
    Deadline,
    /// The interrupt became readable.
    Interrupted,
}

/// Everything that both sides touch.
pub struct Shared {
    /// What is fetched.
    pub plan: Arc<Plan>,
    /// For the stores.
    pub context: Context,
    /// Whether logins are only shown to be good.
    pub checking: bool,
    state: Mutex<State>,
    stopped: Condvar,
    /// Both ends live as long as the last worker: a write into a pipe that nobody reads would raise SIGPIPE.
    wake: (PipeReader, PipeWriter),
}

/// What is known so far.
#[derive(Default)]
pub struct State {
    /// One entry a read.
    pub answers: Vec<Option<Result<Answer, Failure>>>,
    /// One entry a read: how its last attempt failed, if one did.
    pub pauses: Vec<Option<Pause>>,
    /// One entry a login.
    pub logins: Vec<Progress>,
    /// How many logins are being ended, those included that are first to come into being.
    pub closing: usize,
    /// Set when no further attempt is to be made: why, and until when a login may be ended.
    pub stop: Option<(Ending, Deadline)>,
    /// Whether a byte is in the pipe already.
    woken: bool,
}

/// After a failure that another attempt may cure.
#[derive(Clone)]
pub struct Pause {
    /// The failure.
    pub failure: Failure,
    /// How long the attempt took to fail.
    pub took: Duration,
    /// When the next attempt began; none while it is waited for.
    pub next: Option<Instant>,
}

/// An attempt that was younger than this when the deadline cut it, or had not yet taken twice the time in which the one
/// before failed, has not shown that the store is silent.
const YOUNG: Duration = Duration::from_secs(1);

impl Pause {
    /// Why there is no answer at the deadline: the last failure, unless the store has left the attempt after it without an
    /// answer for a while. A store that refused every attempt is to be told from one that is slow.
    pub fn at_the_deadline(pause: Option<&Pause>) -> Failure {
        match pause {
            Some(Pause { failure, took, next }) if next.is_none_or(|begin| begin.elapsed() < YOUNG.max(*took * 2)) => {
                failure.clone()
            }
            _ => Failure::deadline(),
        }
    }
}

/// One login.
#[derive(Default)]
pub struct Progress {
    /// It holds.
    pub session: Option<Arc<dyn Session>>,
    /// Whether an attempt to log in is under way, which may end with a session.
    pub entering: bool,
    /// How the last attempt to log in, or to show that the login is good, failed, if one did.
    pub pause: Option<Pause>,
    /// The next of its reads that nobody has taken yet, as a position among them.
    pub next: usize,
    /// What `check` found.
    pub proved: Option<Result<(), Failure>>,
    /// Until when the store asked to be left alone, and the failure that said so.
    quiet: Option<(Instant, Failure)>,
}

impl Progress {
    /// How long the store is still to be left alone, and why.
    pub fn quiet(&self) -> Option<(Duration, Failure)> {
        let (until, failure) = self.quiet.as_ref()?;
        let wait = until.saturating_duration_since(Instant::now());
        (!wait.is_zero()).then(|| (wait, failure.clone()))
    }

    /// Heeds the time that `failure` asks for, if it asks for any.
    pub fn hush(&mut self, failure: &Failure) {
        let Retry::After(Some(asked)) = failure.retry else {
            return;
        };
        // A time beyond the clock is beyond every deadline; the failure itself then ends its attempt.
        let until = Instant::now().checked_add(asked);
        if let Some(until) = until.filter(|until| self.quiet.as_ref().is_none_or(|(known, _)| known < until)) {
            self.quiet = Some((until, failure.clone()));
        }
    }
}

impl Shared {
    /// Nothing is known yet.
    ///
    /// # Errors
    ///
    /// No pipe could be made.
    pub fn new(plan: &Arc<Plan>, context: &Context, checking: bool) -> io::Result<Shared> {
        let state = State {
            answers: plan.reads.iter().map(|_| None).collect(),
            pauses: plan.reads.iter().map(|_| None).collect(),
            logins: plan.logins.iter().map(|_| Progress::default()).collect(),
            ..State::default()
        };
        Ok(Shared {
            plan: Arc::clone(plan),
            context: context.clone(),
            checking,
            state: Mutex::new(state),
            stopped: Condvar::new(),
            wake: io::pipe()?,
        })
    }

    /// The state, for a moment.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes the state and wakes the waiting thread.
    pub fn report(&self, change: impl FnOnce(&mut State)) {
        let mut state = self.state();
        change(&mut state);
        if !state.woken {
            // At most one byte is ever in the pipe, so that this cannot block.
            state.woken = (&self.wake.1).write(&[0]).is_ok();
        }
    }

    /// Waits until `done`, the deadline or the interrupt.
    pub fn wait(&self, deadline: Deadline, interrupt: Option<BorrowedFd<'_>>, done: impl Fn(&State) -> bool) -> Stop {
        loop {
            {
                let mut state = self.state();
                if std::mem::take(&mut state.woken) {
                    let _ = (&self.wake.0).read(&mut [0]);
                }
                if done(&state) {
                    return Stop::Finished;
                }
            }
            let remaining = deadline.remaining();
            if remaining.is_zero() {
                return Stop::Deadline;
            }
            let mut watched = vec![PollFd::new(self.wake.0.as_fd(), PollFlags::POLLIN)];
            watched.extend(interrupt.map(|interrupt| PollFd::new(interrupt, PollFlags::POLLIN)));
            match poll(&mut watched, timeout(remaining)) {
                Ok(_) | Err(Errno::EINTR) => {}
                // Only a lack of kernel memory is left; the workers go on all the same.
                Err(_) => std::thread::sleep(Duration::from_millis(10).min(remaining)),
            }
            // Any event counts: a pipe whose other end is gone says that there is nobody left to start for.
            if watched.get(1).and_then(PollFd::revents).is_some_and(|events| !events.is_empty()) {
                return Stop::Interrupted;
            }
        }
    }

    /// Sleeps; false when no further attempt is to be made.
    pub fn sleep(&self, wait: Duration) -> bool {
        let end = Deadline::after(wait);
        let mut state = self.state();
        while state.stop.is_none() && !end.remaining().is_zero() {
            state = self.stopped.wait_timeout(state, end.remaining()).unwrap_or_else(PoisonError::into_inner).0;
        }
        state.stop.is_none()
    }

    /// No further attempts; the logins that hold are to be ended, each by whom it is handed to. One that is still under way is
    /// ended by its own worker as soon as it holds.
    pub fn begin_closing(&self, ending: Ending, bound: Deadline) -> Vec<usize> {
        let mut state = self.state();
        state.stop = Some((ending, bound));
        self.stopped.notify_all();
        let held = |(login, progress): (usize, &Progress)| progress.session.as_ref().map(|_| login);
        let open: Vec<usize> = state.logins.iter().enumerate().filter_map(held).collect();
        state.closing = open.len() + state.logins.iter().filter(|progress| progress.entering).count();
        open
    }

    /// The answers, and for what has none the reason: the failure of the last attempt where the next one was waited for,
    /// else the deadline. No answer is taken after this.
    pub fn take_fetched(&self) -> Fetched {
        let mut state = self.state();
        let answers = std::mem::take(&mut state.answers);
        let reason = |read: usize| {
            let login = self.plan.reads.get(read).and_then(|read| state.logins.get(read.login));
            let own = state.pauses.get(read).and_then(Option::as_ref);
            Err(Pause::at_the_deadline(own.or_else(|| login.and_then(|login| login.pause.as_ref()))))
        };
        let each = answers.into_iter().enumerate().map(|(read, answer)| answer.unwrap_or_else(|| reason(read)));
        Fetched { answers: each.collect(), logins: self.login_failures(&state) }
    }

    /// Why a login does not hold, for each that was wanted and does not.
    fn login_failures(&self, state: &State) -> Vec<Option<Failure>> {
        let failure = |(login, progress): (usize, &Progress)| match &progress.proved {
            Some(Err(failure)) => Some(failure.clone()),
            _ if progress.session.is_some() || !self.plan.reads.iter().any(|read| read.login == login) => None,
            _ => Some(Pause::at_the_deadline(progress.pause.as_ref())),
        };
        state.logins.iter().enumerate().map(failure).collect()
    }

    /// What `check` found, by login; what is not known is left out after an interrupt, else it is the deadline's fault.
    pub fn take_proved(&self, interrupted: bool) -> Vec<(usize, Result<(), Failure>)> {
        let mut state = self.state();
        let each = state.logins.iter_mut().enumerate().filter_map(|(login, progress)| {
            let reason = || Err(Pause::at_the_deadline(progress.pause.as_ref()));
            let proved = match progress.proved.take() {
                None if interrupted => return None,
                proved => proved.unwrap_or_else(reason),
            };
            Some((login, proved))
        });
        each.collect()
    }
}

/// Rounded up, so that waiting never ends a little too early and spins.
fn timeout(remaining: Duration) -> PollTimeout {
    let millis = remaining.as_millis().saturating_add(1).min(i32::MAX as u128);
    PollTimeout::try_from(millis).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exit::Kind;

    #[test]
    fn a_refusal_at_the_deadline_is_told_from_silence() {
        let ago = |seconds| Instant::now().checked_sub(Duration::from_secs(seconds));
        for (took, next, wanted) in [
            (0, None, Kind::Unavailable),
            (0, ago(0), Kind::Unavailable),
            (0, ago(2), Kind::Deadline),
            (5, ago(2), Kind::Unavailable),
            (5, ago(6), Kind::Unavailable),
            (5, ago(11), Kind::Deadline),
        ] {
            let failure = Failure { kind: Kind::Unavailable, ..Failure::deadline() };
            let pause = Pause { failure, took: Duration::from_secs(took), next };
            assert_eq!(Pause::at_the_deadline(Some(&pause)).kind, wanted, "{took} {next:?}");
        }
        assert_eq!(Pause::at_the_deadline(None).kind, Kind::Deadline);
    }
}
