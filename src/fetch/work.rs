//! What the workers do.

use super::retry;
use super::shared::{Pause, Progress, Shared, State};
use crate::exit::Kind;
use crate::plan::Login;
use crate::stores::{Context, Deadline, Ending, Failure, Locator, Retry, Session};
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

/// Workers a login: past 16 connections a server gains nothing, and each costs it a handshake.
const WORKERS: usize = 16;
/// A worker's stack. TLS and JSON need some tens of KiB; unoptimised builds several times that.
const STACK: usize = 256 << 10;

/// Starts `job` for `login` in a thread of its own; in this one when there can be none.
pub fn spawn(shared: &Arc<Shared>, login: usize, job: fn(&Arc<Shared>, usize)) {
    let with = Arc::clone(shared);
    if thread::Builder::new().stack_size(STACK).spawn(move || job(&with, login)).is_err() {
        job(shared, login);
    }
}

/// Logs in, and then reads what is to be read with that login, or shows that it is good.
pub fn log_in(shared: &Arc<Shared>, login: usize) {
    let Some(planned) = shared.plan.logins.get(login) else {
        return;
    };
    let context = &shared.context;
    let pause = |state: &mut State, pause| {
        if let Some(progress) = state.logins.get_mut(login) {
            progress.pause = pause;
        }
    };
    if !shared.checking {
        let reads: Vec<&Locator> =
            shared.plan.reads.iter().filter(|read| read.login == login).map(|read| &read.locator).collect();
        planned.store.expect(&reads, context);
    }
    {
        let mut state = shared.state();
        // Nobody would end what begins now.
        if state.stop.is_some() {
            return;
        }
        enter(&mut state, login, true);
    }
    let outcome = attempts(shared, login, name(planned), pause, || planned.store.login(context));
    let (session, stop) = {
        let mut state = shared.state();
        enter(&mut state, login, false);
        let session: Option<Arc<dyn Session>> = match outcome {
            Some(Ok(session)) => Some(Arc::from(session)),
            Some(Err(failure)) => {
                fail(shared, &mut state, login, &failure);
                None
            }
            None => None,
        };
        let stop = state.stop;
        if let (None, Some(progress)) = (stop, state.logins.get_mut(login)) {
            progress.session.clone_from(&session);
        }
        (session, stop)
    };
    if let Some(stop) = stop {
        // It came too late to be used.
        return end(shared, login, session, stop);
    }
    // What failed is told in the state; whoever waits is to look at it.
    let Some(session) = session else { return shared.report(|_| ()) };
    if shared.checking {
        let Some(proved) = attempts(shared, login, name(planned), pause, || session.prove(context)) else {
            return;
        };
        return shared.report(|state| {
            if let Some(progress) = state.logins.get_mut(login) {
                progress.proved = Some(proved);
            }
        });
    }
    let reads = shared.plan.reads.iter().filter(|read| read.login == login).count();
    for _ in 1..reads.min(WORKERS) {
        let with = Arc::clone(shared);
        // With fewer workers it takes longer; this thread is one of them.
        if thread::Builder::new().stack_size(STACK).spawn(move || read_on(&with, login)).is_err() {
            break;
        }
    }
    read_on(shared, login);
}

/// Reads with one login until nothing of it is left.
fn read_on(shared: &Arc<Shared>, login: usize) {
    let context = &shared.context;
    let mine: Vec<usize> = (0..shared.plan.reads.len())
        .filter(|&read| shared.plan.reads.get(read).is_some_and(|read| read.login == login))
        .collect();
    loop {
        let (index, session) = {
            let mut state = shared.state();
            if state.stop.is_some() {
                return;
            }
            let Some(progress) = state.logins.get_mut(login) else {
                return;
            };
            let Some(session) = progress.session.clone() else {
                return;
            };
            let Some(&index) = mine.get(progress.next) else {
                return;
            };
            progress.next += 1;
            (index, session)
        };
        let Some(read) = shared.plan.reads.get(index) else {
            return;
        };
        let pause = |state: &mut State, pause| {
            if let Some(slot) = state.pauses.get_mut(index) {
                *slot = pause;
            }
        };
        let what = format!("{} {}", read.provider, read.path);
        let begin = Instant::now();
        let Some(answer) = attempts(shared, login, &what, pause, || session.read(&read.locator, context)) else {
            return;
        };
        if let Ok(answer) = &answer {
            let version = answer.version.as_ref().map(|version| format!(" version {version}")).unwrap_or_default();
            context.log.verbose(&format!("read {what}{version} in {} ms", begin.elapsed().as_millis()));
        }
        shared.report(|state| {
            if let Some(slot) = state.answers.get_mut(index) {
                *slot = Some(answer);
            }
        });
    }
}

/// Ends a login.
pub fn close(shared: &Arc<Shared>, login: usize) {
    let (session, stop) = {
        let mut state = shared.state();
        (state.logins.get_mut(login).and_then(|progress| progress.session.take()), state.stop)
    };
    if let Some(stop) = stop {
        end(shared, login, session, stop);
    }
}

/// Ends what there is of a login, and tells the waiting thread, which counts on it.
fn end(shared: &Shared, login: usize, session: Option<Arc<dyn Session>>, (ending, deadline): (Ending, Deadline)) {
    let context = Context { deadline, ..shared.context.clone() };
    if let Some(Err(failure)) = session.map(|session| session.close(ending, &context)) {
        let provider = shared.plan.logins.get(login).map(name).unwrap_or_default();
        let cure = failure.cure.map(|cure| format!(" ({cure})")).unwrap_or_default();
        let answered = failure.answered;
        let text = format!("{provider}: the login could not be revoked and lives until its TTL: {answered}{cure}");
        context.log.warn(&text);
    }
    shared.report(|state| state.closing = state.closing.saturating_sub(1));
}

/// Notes whether an attempt to log in is under way.
fn enter(state: &mut State, login: usize, entering: bool) {
    if let Some(progress) = state.logins.get_mut(login) {
        progress.entering = entering;
    }
}

/// Tries until it succeeds, fails for good or is not worth waiting for; none when everything was stopped meanwhile.
///
/// A time for which the store asked holds for all that is asked with the same `login`: whoever was told first has the others
/// wait, or give up, too.
fn attempts<T>(
    shared: &Shared,
    login: usize,
    what: &str,
    pause: impl Fn(&mut State, Option<Pause>),
    mut attempt: impl FnMut() -> Result<T, Failure>,
) -> Option<Result<T, Failure>> {
    let mut failed = 0;
    let mut last: Option<Pause> = None;
    loop {
        let quiet = shared.state().logins.get(login).and_then(Progress::quiet);
        let begin = Instant::now();
        let (failure, wait) = match quiet {
            Some((wait, failure)) if wait >= shared.context.deadline.remaining() => {
                return Some(Err(too_long(failure, wait)));
            }
            Some((wait, failure)) => (failure, wait),
            None => {
                let failure = match attempt() {
                    Ok(value) => {
                        pause(&mut shared.state(), None);
                        return Some(Ok(value));
                    }
                    // This thread may notice the deadline before the one that waits for it; both are to say the same.
                    Err(failure) if failure.kind == Kind::Deadline => {
                        return Some(Err(Pause::at_the_deadline(last.as_ref())));
                    }
                    Err(failure) => failure,
                };
                if let Some(progress) = shared.state().logins.get_mut(login) {
                    progress.hush(&failure);
                }
                let remaining = shared.context.deadline.remaining();
                let Some(wait) = retry::wait(failure.retry, failed, random(), remaining) else {
                    return Some(Err(too_long(failure, remaining)));
                };
                failed = failed.saturating_add(1);
                (failure, wait)
            }
        };
        let took = begin.elapsed();
        shared.context.log.verbose(&format!(
            "{what}: {}; next attempt in {}, {} left",
            failure.answered,
            seconds(wait),
            seconds(shared.context.deadline.remaining())
        ));
        let waiting = Pause { failure, took, next: None };
        pause(&mut shared.state(), Some(waiting.clone()));
        if !shared.sleep(wait) {
            return None;
        }
        let again = Pause { next: Some(Instant::now()), ..waiting };
        pause(&mut shared.state(), Some(again.clone()));
        last = Some(again);
    }
}

/// Adds to `failure` that the store asked for a wait that is not to be had, if it asked for more than `left`.
fn too_long(failure: Failure, left: Duration) -> Failure {
    match failure.retry {
        Retry::After(Some(asked)) if asked >= left => Failure {
            answered: format!("{}; it asks for a longer wait than --timeout leaves", failure.answered),
            ..failure
        },
        _ => failure,
    }
}

/// A login that failed stands in each of its reads.
fn fail(shared: &Shared, state: &mut State, login: usize, failure: &Failure) {
    if let Some(progress) = state.logins.get_mut(login) {
        progress.proved = Some(Err(failure.clone()));
    }
    for (read, slot) in shared.plan.reads.iter().zip(&mut state.answers) {
        if read.login == login {
            *slot = Some(Err(failure.clone()));
        }
    }
}

fn name(login: &Login) -> &str {
    login.providers.first().map_or(login.kind, String::as_str)
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// Any number will do that differs between containers started at once; std seeds its hashers from the kernel.
fn random() -> u32 {
    (RandomState::new().hash_one(Instant::now()) & u64::from(u32::MAX)) as u32
}
