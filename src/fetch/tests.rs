use super::*;
use crate::plan::{Absent, Login, Part, Pick, Read, Variable};
use crate::report::Log;
use crate::secret::Secret;
use crate::stores::{Complaint, Content, Locator, Retry, Session, Store, Wanted};
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Barrier, Mutex};

/// A store whose every step follows a script, and that tells of each.
struct Scripted {
    events: Mutex<Sender<String>>,
    logins: AtomicUsize,
    login: fn(usize) -> Result<(), Failure>,
    read: fn(&str, usize) -> Result<&'static str, Failure>,
    /// What the end of a login waits for.
    closing: Mutex<Option<Receiver<()>>>,
}

struct Script(Arc<Scripted>, Mutex<std::collections::BTreeMap<String, usize>>);

struct Handle(Arc<Scripted>);

impl Scripted {
    fn tell(&self, event: String) {
        let _ = self.events.lock().unwrap().send(event);
    }
}

impl Store for Handle {
    fn identity(&self) -> String {
        String::new()
    }
    fn location(&self) -> String {
        String::new()
    }
    fn login_reason(&self) -> String {
        String::new()
    }
    fn credentials(&self) -> Vec<String> {
        Vec::new()
    }
    fn locate(&self, _: &Wanted<'_>) -> Result<Locator, Complaint> {
        Ok(Locator::default())
    }
    fn login(&self, _: &Context) -> Result<Box<dyn Session>, Failure> {
        let attempt = self.0.logins.fetch_add(1, Ordering::SeqCst);
        self.0.tell(format!("login {attempt}"));
        (self.0.login)(attempt)?;
        Ok(Box::new(Script(Arc::clone(&self.0), Mutex::default())))
    }
}

impl Session for Script {
    fn read(&self, locator: &Locator, _: &Context) -> Result<Answer, Failure> {
        let attempt = {
            let mut counts = self.1.lock().unwrap();
            let count = counts.entry(locator.path.clone()).or_default();
            *count += 1;
            *count - 1
        };
        self.0.tell(format!("read {} {attempt}", locator.path));
        let value = (self.0.read)(&locator.path, attempt)?;
        Ok(Answer { content: Content::Value(Secret::copy_of(value.as_bytes())), version: None, leased: false })
    }
    fn close(&self, ending: Ending, _: &Context) -> Result<(), Failure> {
        self.0.tell(format!("close {ending:?}"));
        if let Some(closing) = self.0.closing.lock().unwrap().take() {
            // What it waits for must not come: that nobody waits for this end.
            let waited_for = closing.recv_timeout(Duration::from_millis(300)) == Err(RecvTimeoutError::Timeout);
            self.0.tell(if waited_for { "closed" } else { "left alone" }.to_owned());
        }
        Ok(())
    }
}

fn failure(kind: Kind, retry: Retry) -> Failure {
    Failure { kind, answered: format!("{kind:?}"), cure: None, retry }
}

fn plan(
    login: fn(usize) -> Result<(), Failure>,
    read: fn(&str, usize) -> Result<&'static str, Failure>,
    paths: &[&str],
) -> (Arc<Plan>, Receiver<String>) {
    slow_plan(login, read, paths, None)
}

fn slow_plan(
    login: fn(usize) -> Result<(), Failure>,
    read: fn(&str, usize) -> Result<&'static str, Failure>,
    paths: &[&str],
    closing: Option<Receiver<()>>,
) -> (Arc<Plan>, Receiver<String>) {
    let (events, seen) = channel();
    let (events, logins, closing) = (Mutex::new(events), AtomicUsize::new(0), Mutex::new(closing));
    let scripted = Scripted { events, logins, login, read, closing };
    let store = Arc::new(Handle(Arc::new(scripted)));
    let reads = paths.iter().map(|path| Read {
        login: 0,
        provider: "p".to_owned(),
        locator: Locator { path: (*path).to_owned(), ..Locator::default() },
        path: (*path).to_owned(),
    });
    let variables = (0..paths.len()).map(|read| Variable {
        as_file: false,
        name: format!("V{read}"),
        parts: vec![Part::Secret(Pick { read, key: None, filters: Vec::new() })],
        absent: Absent::Fail,
        place: None,
    });
    let plan = Plan {
        logins: vec![Login { store, kind: "scripted", providers: vec!["p".to_owned()] }],
        reads: reads.collect(),
        variables: variables.collect(),
        ..Plan::default()
    };
    (Arc::new(plan), seen)
}

fn context(limit: Duration) -> Context {
    Context {
        environment: Arc::default(),
        deadline: Deadline::after(limit),
        revoke_timeout: Duration::from_secs(2),
        log: Log::default(),
    }
}

/// A start that needs every answer.
fn run(plan: &Arc<Plan>, context: &Context, interrupt: Option<BorrowedFd<'_>>) -> Outcome<Fetched> {
    let settle = |fetched: Fetched| if fetched.answers.iter().all(Result::is_ok) { Ok(fetched) } else { Err(fetched) };
    match super::run(plan, context, interrupt, settle) {
        Outcome::Done(Ok(fetched) | Err(fetched)) => Outcome::Done(fetched),
        Outcome::Interrupted => Outcome::Interrupted,
    }
}

fn shown(outcome: Outcome<Fetched>) -> Vec<String> {
    match outcome {
        Outcome::Interrupted => vec!["interrupted".to_owned()],
        Outcome::Done(fetched) => fetched
            .answers
            .into_iter()
            .map(|answer| match answer.map(|answer| answer.content) {
                Ok(Content::Value(value)) => String::from_utf8_lossy(value.expose()).into_owned(),
                Ok(Content::Fields(_)) => "fields".to_owned(),
                Err(failure) => format!("{:?}", failure.kind),
            })
            .collect(),
    }
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn every_path_is_read_once_and_the_login_ended_last() {
    let (plan, seen) = plan(|_| Ok(()), |path, _| if path == "a" { Ok("1") } else { Ok("2") }, &["a", "b"]);
    assert_eq!(shown(run(&plan, &context(LONG), None)), ["1", "2"]);
    let mut events: Vec<String> = seen.try_iter().collect();
    events.get_mut(1..3).unwrap().sort();
    assert_eq!(events, ["login 0", "read a 0", "read b 0", "close InUse"]);
}

#[test]
fn reads_run_side_by_side() {
    // Each waits for all the others: one after the other they would never end.
    static ALL: Barrier = Barrier::new(16);
    let paths: Vec<String> = (0..16).map(|number| number.to_string()).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let read = |_: &str, _| {
        ALL.wait();
        Ok("x")
    };
    let (plan, _) = plan(|_| Ok(()), read, &paths);
    assert_eq!(shown(run(&plan, &context(LONG), None)), ["x"; 16]);
}

#[test]
fn attempts_are_repeated_where_that_makes_sense() {
    let again = |attempt| {
        if attempt < 2 { Err(failure(Kind::Unavailable, Retry::After(None))) } else { Ok(()) }
    };
    let (plan, seen) = plan(
        again,
        |_, attempt| {
            if attempt < 1 { Err(failure(Kind::Unavailable, Retry::After(None))) } else { Ok("x") }
        },
        &["a"],
    );
    assert_eq!(shown(run(&plan, &context(LONG), None)), ["x"]);
    let events: Vec<String> = seen.try_iter().collect();
    assert_eq!(events, ["login 0", "login 1", "login 2", "read a 0", "read a 1", "close InUse"]);
}

#[test]
fn a_login_that_failed_stands_in_each_of_its_reads() {
    let (plan, seen) = plan(|_| Err(failure(Kind::Denied, Retry::Never)), |_, _| Ok("x"), &["a", "b"]);
    assert_eq!(shown(run(&plan, &context(LONG), None)), ["Denied", "Denied"]);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["login 0"]);
}

/// Whatever is wrong with what was read is known before the logins end.
#[test]
fn leases_of_a_start_that_was_given_up_are_not_kept() {
    for (settled, ending) in [(Ok(1), "close InUse"), (Err("no such key"), "close Unused")] {
        let (plan, seen) = plan(|_| Ok(()), |_, _| Ok("x"), &["a"]);
        let outcome = super::run(&plan, &context(LONG), None, |fetched| {
            assert_eq!(shown(Outcome::Done(fetched)), ["x"]);
            settled
        });
        assert!(matches!(outcome, Outcome::Done(found) if found == settled));
        assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["login 0", "read a 0", ending]);
    }
}

#[test]
fn a_wait_past_the_deadline_is_not_begun() {
    let busy: fn(&str, usize) -> _ =
        |_, _| Err(failure(Kind::Unavailable, Retry::After(Some(Duration::from_secs(900)))));
    let (plan, seen) = plan(|_| Ok(()), busy, &["a"]);
    assert_eq!(shown(run(&plan, &context(LONG), None)), ["Unavailable"]);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["login 0", "read a 0", "close Unused"]);
}

#[test]
fn the_deadline_cuts_what_still_waits() {
    let stuck: fn(&str, usize) -> _ = |path, _| {
        if path == "stuck" {
            loop {
                std::thread::park();
            }
        }
        Ok("x")
    };
    let (plan, seen) = plan(|_| Ok(()), stuck, &["stuck", "b"]);
    assert_eq!(shown(run(&plan, &context(Duration::from_millis(300)), None)), ["Deadline", "x"]);
    assert_eq!(seen.try_iter().last().as_deref(), Some("close Unused"));
}

#[test]
fn an_interrupt_ends_the_start_and_the_login() {
    let stuck: fn(&str, usize) -> _ = |_, _| loop {
        std::thread::park();
    };
    let (plan, seen) = plan(|_| Ok(()), stuck, &["a"]);
    let (reader, mut writer) = std::io::pipe().unwrap();
    let waiting = std::thread::spawn(move || shown(run(&plan, &context(LONG), Some(reader.as_fd()))));
    while seen.recv().unwrap() != "read a 0" {}
    writer.write_all(b"x").unwrap();
    assert_eq!(waiting.join().unwrap(), ["interrupted"]);
    assert_eq!(seen.recv().unwrap(), "close Unused");
}

/// The interrupt may come when everything was read and the login is being ended already.
#[test]
fn an_interrupt_at_the_end_still_ends_the_login() {
    let (over, closing) = channel();
    let (plan, seen) = slow_plan(|_| Ok(()), |_, _| Ok("x"), &["a"], Some(closing));
    let (reader, mut writer) = std::io::pipe().unwrap();
    let waiting = std::thread::spawn(move || {
        let outcome = shown(run(&plan, &context(LONG), Some(reader.as_fd())));
        let _ = over.send(());
        outcome
    });
    while seen.recv().unwrap() != "close InUse" {}
    writer.write_all(b"x").unwrap();
    assert_eq!(waiting.join().unwrap(), ["interrupted"]);
    assert_eq!(seen.recv().as_deref(), Ok("closed"));
}

/// Its token is known to nobody else, and is worth the same second.
#[test]
fn a_login_under_way_is_waited_for_and_ended() {
    static ANSWER: Barrier = Barrier::new(2);
    let late: fn(usize) -> _ = |_| {
        ANSWER.wait();
        Ok(())
    };
    let (plan, seen) = plan(late, |_, _| Ok("x"), &["a"]);
    let shared = Arc::new(Shared::new(&plan, &context(LONG), false).unwrap());
    work::spawn(&shared, 0, work::log_in);
    assert_eq!(seen.recv().unwrap(), "login 0");
    assert!(shared.begin_closing(Ending::Unused, Deadline::after(LONG)).is_empty());
    assert_eq!(shared.state().closing, 1);
    ANSWER.wait();
    assert_eq!(shared.wait(Deadline::after(LONG), None, |state| state.closing == 0), Stop::Finished);
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["close Unused"]);
}

#[test]
fn no_login_begins_once_the_start_is_given_up() {
    let (plan, seen) = plan(|_| Ok(()), |_, _| Ok("x"), &["a"]);
    let shared = Arc::new(Shared::new(&plan, &context(LONG), false).unwrap());
    shared.begin_closing(Ending::Unused, Deadline::after(LONG));
    work::log_in(&shared, 0);
    assert_eq!(seen.try_iter().count(), 0);
}

#[test]
fn an_interrupt_does_not_wait_long_for_a_login() {
    let stuck: fn(usize) -> _ = |_| loop {
        std::thread::park();
    };
    let (plan, _seen) = plan(stuck, |_, _| Ok("x"), &["a"]);
    let (reader, writer) = std::io::pipe().unwrap();
    // The other end is gone: there is nobody left to start for.
    drop(writer);
    assert_eq!(shown(run(&plan, &context(LONG), Some(reader.as_fd()))), ["interrupted"]);
}

#[test]
fn check_reads_nothing() {
    let (good, seen) = plan(|_| Ok(()), |_, _| Ok("x"), &["a"]);
    let found = check(&good, &context(LONG), None);
    assert!(matches!(found.as_slice(), [(0, Ok(()))]));
    assert_eq!(seen.try_iter().collect::<Vec<_>>(), ["login 0", "close Unused"]);
    let (bad, _seen) = plan(|_| Err(failure(Kind::Denied, Retry::Never)), |_, _| Ok("x"), &[]);
    let found = check(&bad, &context(LONG), None);
    assert!(matches!(found.as_slice(), [(0, Err(failure))] if failure.kind == Kind::Denied));
}

#[test]
fn nothing_to_read_is_nothing_to_log_in_for() {
    let (plan, seen) = plan(|_| Ok(()), |_, _| Ok("x"), &[]);
    assert_eq!(shown(run(&plan, &context(LONG), None)), Vec::<String>::new());
    assert_eq!(seen.try_iter().count(), 0);
}
