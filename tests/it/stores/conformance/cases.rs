//! The cases.

use std::time::{Duration, Instant};

use super::{Act, PATH, Subject, VALUE};
use crate::support::handshake::until;
use crate::support::net::{Refusing, Silent};
use crate::support::stand::{Front, Reply, Stand, json, response};
use crate::support::tls::{Authority, self_signed};

/// Texts that a careless client changes.
const VALUES: [&str; 8] = [
    VALUE,
    "",
    " white space at both ends \n",
    "two\nlines\r\nand a tab\t.",
    "\"quotes\", \\backslashes\\ and 'more'",
    "p\u{e4}ssw\u{f6}rd \u{1f511}",
    "secret://p/other#k and ${secret://p/other#k} and $$ and ${HOME}",
    "{\"json\": [1, 2.50, \"three\"]}",
];

pub fn a_value_arrives_exactly(subject: &'static Subject) {
    for value in VALUES {
        let place = subject.at(move |request, act, _| match act {
            Act::Read(_) => Some(subject.protocol.healthy(request, Some(value))),
            _ => None,
        });
        let finished = place.one().probe(&["report"]).run().expect(0);
        assert_eq!(finished.report().variable("DB_PASSWORD").as_deref(), Some(as_bytes(value).as_str()), "{value:?}");
    }
}

/// As the probe tells it: one character a byte.
fn as_bytes(text: &str) -> String {
    text.bytes().map(char::from).collect()
}

/// And what may be asked again is not this.
pub fn what_is_missing(subject: &'static Subject) {
    let place = subject.at(|_, _, _| None);
    place.refuses(place.start(&[("DB_PASSWORD", "absent")]), 66);
    assert_eq!(place.reads(), 1, "asked again");
}

pub fn a_read_that_is_denied(subject: &'static Subject) {
    let place = subject.at(|request, act, _| match act {
        Act::Read(_) => Some(subject.protocol.read_denied(request)),
        _ => None,
    });
    place.refuses(place.one(), 77);
    assert_eq!(place.reads(), 1, "asked again");
}

/// Once, and no more: stores count failures, and lock out.
pub fn a_login_that_is_refused(subject: &'static Subject) {
    let place = subject.at(|request, _, _| Some(subject.protocol.login_refused(request)));
    place.refuses(place.one(), 77);
    if subject.protocol.login_requests() > 0 {
        assert_eq!((place.logins(), place.reads()), (1, 0));
    }
}

pub fn a_store_that_cannot_be_reached(subject: &'static Subject) {
    let (refusing, authority) = (Refusing::new(), Authority::new());
    let init = subject.start(&refusing.address(), &authority.file(), &[("DB_PASSWORD", PATH)]);
    subject.discreet(init.args(["--timeout", "1s"]).probe(&["report"]).run()).expect(69);
}

/// Silence of the server itself, and of what is asked first.
pub fn a_store_that_is_silent(subject: &'static Subject) {
    let (silent, authority) = (Silent::new(), Authority::new());
    let init = subject.start(&silent.address(), &authority.file(), &[("DB_PASSWORD", PATH)]);
    subject.discreet(init.args(["--timeout", "1s"]).probe(&["report"]).run()).expect(75);
    let place = subject.at(|_, _, _| Some(Reply::Silence(Vec::new())));
    place.refuses(place.one().args(["--timeout", "1s"]), 75);
}

/// Nothing is sent to it, and it is not tried again.
pub fn a_certificate_of_a_stranger(subject: &'static Subject) {
    let place = subject.behind(|_| Front::Tls(self_signed(false).0));
    place.refuses(place.one(), 69);
    assert_eq!(place.stand.seen(), []);
}

pub fn an_error_that_passes(subject: &'static Subject) {
    for status in [500, 502, 503] {
        let at = subject.at(move |_, act, _| matches!(act, Act::Read(_)).then(|| json(status, "", "{}")));
        at.refuses(at.one().args(["--timeout", "3s"]), 69);
        assert!(at.reads() >= 2, "{status} was not asked again");
    }
    // 503 says that nothing was done, so that even a login may be sent again.
    let (read, login) = (once(), once());
    let at = subject.at(move |_, act, _| match act {
        Act::Read(_) if read() => Some(json(503, "", "{}")),
        Act::Login if login() => Some(json(503, "", "{}")),
        _ => None,
    });
    at.succeeds(at.one());
}

/// True the first time.
fn once() -> impl Fn() -> bool + Send + Sync {
    let first = std::sync::atomic::AtomicBool::new(true);
    move || first.swap(false, std::sync::atomic::Ordering::SeqCst)
}

/// `Retry-After` is the least time before the next request.
pub fn a_busy_store_is_left_alone_for_a_while(subject: &'static Subject) {
    let busy = once();
    let place = subject
        .at(move |_, act, _| (matches!(act, Act::Read(_)) && busy()).then(|| json(429, "Retry-After: 1\r\n", "{}")));
    let begin = Instant::now();
    place.succeeds(place.one());
    assert!(begin.elapsed() >= Duration::from_secs(1), "asked again after {:?}", begin.elapsed());
    assert_eq!(place.reads(), 2);
}

/// Longer than the start may take: it ends at once.
pub fn a_store_that_stays_busy(subject: &'static Subject) {
    let place = subject.at(|_, _, _| Some(json(429, "Retry-After: 3600\r\n", "{}")));
    place.refuses(place.one().args(["--timeout", "300s"]), 69);
}

pub fn an_answer_that_is_no_json(subject: &'static Subject) {
    const PAGE: &[u8] = b"<!doctype html><title>Sign in</title>v4lue-of-the-store";
    for body in [PAGE, b"{\"data\": {\"v4lue-of-the-store\": ", b"[]", b""] {
        let page = move || Reply::Bytes(response(200, "Content-Type: application/json\r\n", body));
        let place = subject.at(move |_, act, _| matches!(act, Act::Read(_)).then(page));
        place.refuses(place.one(), 69);
        if subject.protocol.login_requests() > 0 {
            let place = subject.at(move |_, act, _| (act == Act::Login).then(page));
            place.refuses(place.one(), 69);
            assert_eq!((place.logins(), place.reads()), (1, 0));
        }
    }
}

pub fn an_answer_without_end(subject: &'static Subject) {
    let head = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n";
    let chunk = [b"1000\r\n".to_vec(), vec![b' '; 4096], b"\r\n".to_vec()].concat();
    let place = subject.at(move |_, act, _| {
        matches!(act, Act::Read(_)).then(|| Reply::Forever(head.into(), chunk.clone(), Duration::ZERO))
    });
    place.refuses(place.one(), 69);
}

/// Neither with the credential nor with the token, and to no page that a login form redirects to.
pub fn a_redirect_is_not_followed(subject: &'static Subject) {
    for act in [Act::Login, Act::Read(PATH.to_owned())] {
        if act == Act::Login && subject.protocol.login_requests() == 0 {
            continue;
        }
        for status in [301, 302, 303, 307, 308] {
            let elsewhere = Stand::start(&Authority::new(), |_, _| Reply::Last(Vec::new()));
            let (url, wanted) = (elsewhere.url(), act.clone());
            let place = subject.at(move |request, act, _| {
                (act == wanted).then(|| json(status, &format!("Location: {url}/v1/{}\r\n", request.path), "{}"))
            });
            place.refuses(place.one(), 69);
            assert_eq!(elsewhere.connections(), 0, "{status} was followed");
        }
    }
}

pub fn one_login_and_one_read_a_path(subject: &'static Subject) {
    let place = subject.at(|_, _, _| None);
    let wanted = [("DB_PASSWORD", PATH), ("AGAIN", PATH), ("OTHER", "other1"), ("MORE", "other2")];
    let finished = place.succeeds(place.start(&wanted));
    for (name, _) in wanted {
        assert_eq!(finished.report().variable(name).as_deref(), Some(VALUE), "{name}");
    }
    let closes = place.count(|act| *act == Act::Close);
    let counts = (place.logins(), place.reads(), closes);
    assert_eq!(counts, (subject.protocol.login_requests(), 3, subject.protocol.close_requests()));
}

pub fn credentials_do_not_reach_the_command(subject: &'static Subject) {
    let place = subject.at(|_, _, _| None);
    let report = place.succeeds(place.one()).report();
    for entry in report.environment() {
        let of_ours = |(_, value): &(&str, &str)| entry.contains(value);
        assert!(!subject.protocol.credentials().iter().any(of_ours), "{entry}");
        assert!(!subject.protocol.tokens().iter().any(|token| entry.contains(token)), "{entry}");
    }
}

pub fn an_interrupt_while_it_logs_in(subject: &'static Subject) {
    if subject.protocol.login_requests() > 0 {
        interrupted(subject, |act| *act == Act::Login);
    } else {
        interrupted(subject, |act| !matches!(act, Act::Close));
    }
}

/// What was opened is closed.
pub fn an_interrupt_while_it_reads(subject: &'static Subject) {
    let closes = interrupted(subject, |act| matches!(act, Act::Read(_)));
    assert_eq!(closes, subject.protocol.close_requests());
}

/// TERM while the store is silent to what `fits`; tells how many requests ended the login.
fn interrupted(subject: &'static Subject, fits: fn(&Act) -> bool) -> usize {
    let place = subject.at(move |_, act, _| fits(&act).then(|| Reply::Silence(Vec::new())));
    let mut run = place.one().probe(&["report"]).spawn();
    until("the request", || (place.count(fits) > 0).then_some(()));
    run.signal(libc::SIGTERM);
    let finished = subject.discreet(run.finish()).expect(143);
    assert_eq!(finished.out, "");
    place.count(|act| *act == Act::Close)
}

pub fn check_reads_nothing(subject: &'static Subject) {
    let place = subject.at(|_, _, _| None);
    subject.discreet(place.one().arg("check").run()).expect(0);
    assert_eq!((place.logins(), place.reads()), (subject.protocol.login_requests(), 0));
}

pub fn a_plan_asks_nobody(subject: &'static Subject) {
    let place = subject.at(|_, _, _| None);
    let finished = subject.discreet(place.one().arg("plan").run()).expect(0);
    assert!(finished.out.contains("DB_PASSWORD") && finished.out.contains(PATH), "{}", finished.out);
    for (_, value) in subject.protocol.credentials() {
        assert!(!finished.out.contains(value), "{}", finished.out);
    }
    assert_eq!(place.stand.connections(), 0);
}
