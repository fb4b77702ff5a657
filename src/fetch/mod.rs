//! FETCH: logs in to every store of a plan and reads every path once, in parallel, under one deadline.
//!
//! The calling thread only waits: for its workers, for the deadline, for a signal that somebody else makes readable. It
//! does no DNS and no socket, so nothing can hold it. The workers are never joined: one that is stuck in a look-up of a
//! name ends with the process.

mod retry;
mod shared;
#[cfg(test)]
mod tests;
mod work;

use crate::exit::Kind;
use crate::plan::Plan;
use crate::stores::{Answer, Context, Deadline, Ending, Failure};
use shared::{Shared, Stop};
use std::os::fd::BorrowedFd;
use std::sync::Arc;
use std::time::Duration;

/// How long the end of logins may take for a start that was given up, whether or not the deadline has passed: a token that
/// nobody needs is worth it. Less than the second after which the supervisor kills, so that a warning still gets out.
const CLOSE_UNUSED: Duration = Duration::from_millis(900);
/// The same where no login holds and one is under way, which may never be answered: there may be nothing to end.
const CLOSE_UNDER_WAY: Duration = Duration::from_millis(400);

/// What came back for each read of the plan, in its order.
pub struct Fetched {
    /// One entry a read. A login that failed stands in each of its reads.
    pub answers: Vec<Result<Answer, Failure>>,
    /// One entry a login of the plan: why it failed, if it did. Tells a denied login from denied reads.
    pub logins: Vec<Option<Failure>>,
}

/// How fetching ended.
pub enum Outcome<T> {
    /// Every read has an answer or a failure, and this was made of them.
    Done(T),
    /// The interrupt became readable; what was opened is closed again.
    Interrupted,
}

/// Logs in to every store that has reads, reads, has `settle` make of it what the command gets, and ends the logins. Takes
/// until `context.deadline` and at most a second more to end logins.
///
/// Where `settle` fails nothing will be started: then nobody will use what was leased, and it ends with its login.
///
/// `interrupt` is a descriptor that becomes readable when the start is to be given up; it is not read from.
pub fn run<T, E>(
    plan: &Arc<Plan>,
    context: &Context,
    interrupt: Option<BorrowedFd<'_>>,
    settle: impl FnOnce(Fetched) -> Result<T, E>,
) -> Outcome<Result<T, E>> {
    let Ok(shared) = Shared::new(plan, context, false) else {
        let answers = plan.reads.iter().map(|_| Err(no_pipe())).collect();
        return Outcome::Done(settle(Fetched { answers, logins: Vec::new() }));
    };
    let shared = Arc::new(shared);
    for login in 0..plan.logins.len() {
        if plan.reads.iter().any(|read| read.login == login) {
            work::spawn(&shared, login, work::log_in);
        }
    }
    let stop = shared.wait(context.deadline, interrupt, |state| state.answers.iter().all(Option::is_some));
    if stop == Stop::Interrupted {
        close(&shared, Ending::Unused, None);
        return Outcome::Interrupted;
    }
    let settled = settle(shared.take_fetched());
    let ending = if settled.is_ok() { Ending::InUse } else { Ending::Unused };
    match close(&shared, ending, interrupt) {
        Stop::Interrupted => Outcome::Interrupted,
        Stop::Finished | Stop::Deadline => Outcome::Done(settled),
    }
}

/// Logs in to every store of the plan, also to those that nothing is read from, shows that each login is good, and ends it.
/// Reads no secret. One entry a login; where `interrupt` became readable, only for those that had ended by then.
pub fn check(
    plan: &Arc<Plan>,
    context: &Context,
    interrupt: Option<BorrowedFd<'_>>,
) -> Vec<(usize, Result<(), Failure>)> {
    let Ok(shared) = Shared::new(plan, context, true) else {
        return (0..plan.logins.len()).map(|login| (login, Err(no_pipe()))).collect();
    };
    let shared = Arc::new(shared);
    for login in 0..plan.logins.len() {
        work::spawn(&shared, login, work::log_in);
    }
    let stop =
        shared.wait(context.deadline, interrupt, |state| state.logins.iter().all(|login| login.proved.is_some()));
    let proved = shared.take_proved(stop == Stop::Interrupted);
    close(&shared, Ending::Unused, None);
    proved
}

/// Ends every login that holds, in parallel, and waits for those under way, which may come to hold.
fn close(shared: &Arc<Shared>, ending: Ending, interrupt: Option<BorrowedFd<'_>>) -> Stop {
    let bound = match ending {
        Ending::InUse => Deadline::after(shared.context.revoke_timeout.min(shared.context.deadline.remaining())),
        Ending::Unused => Deadline::after(CLOSE_UNUSED),
    };
    let open = shared.begin_closing(ending, bound);
    let under_way = Deadline::after(CLOSE_UNDER_WAY);
    let bound = if open.is_empty() { Deadline(bound.0.min(under_way.0)) } else { bound };
    for login in open {
        work::spawn(shared, login, work::close);
    }
    let done = |state: &shared::State| state.closing == 0;
    let stop = shared.wait(bound, interrupt, done);
    // An interrupt gives the start up, not the end of its logins.
    let confirmed = match stop {
        Stop::Interrupted => shared.wait(Deadline(bound.0.min(Deadline::after(CLOSE_UNUSED).0)), None, done),
        stop => stop,
    };
    if confirmed == Stop::Deadline {
        let what = match shared.state().logins.iter().any(|login| login.entering) {
            true => {
                "a login had no answer when the start was given up: if it comes to hold, its token lives until its TTL"
            }
            false => "the end of a login was not confirmed in time: its token may live until its TTL",
        };
        shared.context.log.warn(what);
    }
    stop
}

fn no_pipe() -> Failure {
    Failure {
        kind: Kind::Internal,
        answered: "no pipe could be made".to_owned(),
        cure: Some(crate::attempt::OPEN_FILES.to_owned()),
        retry: crate::stores::Retry::Never,
    }
}
