//! When a store is asked again, and how often.

use super::stand::{Reply, Stand, healthy, json};
use super::{AGAIN, MIDDLE, TOKEN, refused, succeeds, with_addresses, with_role, with_token};
use crate::support::net::Refusing;
use crate::support::pidns::Finished;
use crate::support::run::keyinit;
use crate::support::tls::Authority;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Turns away the two requests of the first attempt.
fn busy_at_first(authority: &Authority, headers: &'static str) -> Stand {
    Stand::start(authority, move |request, before| match before {
        0 | 1 => json(429, headers, r#"{"errors":[]}"#),
        _ => healthy(request),
    })
}

/// Compares what was said with a golden file, in which every duration is `N s`.
#[track_caller]
pub(super) fn golden(name: &str, finished: &Finished) {
    let words =
        finished.err.split(' ').map(|word| if word.parse::<f64>().is_ok() && word.contains('.') { "N" } else { word });
    let err = words.collect::<Vec<_>>().join(" ");
    let probe = crate::support::binary::probe().display().to_string();
    crate::support::golden::golden(name, &err, &[(&probe, "PROBE")]);
}

/// `-v` says what is waited for, and how long the start still has.
#[test]
fn the_wait_is_said() {
    let authority = Authority::new();
    let stand = busy_at_first(&authority, "Retry-After: 1\r\n");
    let finished = succeeds(with_token(&stand.url(), &authority).arg("-v"));
    assert_eq!(stand.seen().len(), 4);
    golden("fault-wait-verbose", &finished);
}

/// The date in so many seconds, as HTTP writes it: by the system's own `date`.
fn date_in(seconds: u64) -> (SystemTime, String) {
    let at = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() + seconds;
    let args = ["-u", "-d", &format!("@{at}"), "+%a, %d %b %Y %H:%M:%S GMT"];
    let out = Command::new("date").env("LC_ALL", "C").args(args).output().unwrap();
    assert!(out.status.success());
    (UNIX_EPOCH + Duration::from_secs(at), String::from_utf8(out.stdout).unwrap().trim().to_owned())
}

/// The time that the store names is soon: it is not asked again before, and then it answers.
#[test]
fn a_date_that_is_near() {
    let authority = Authority::new();
    let (at, date) = date_in(2);
    let came = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&came);
    let stand = Stand::start(&authority, move |request, before| {
        log.lock().unwrap().push(SystemTime::now());
        match before {
            0 | 1 => json(429, &format!("Retry-After: {date}\r\n"), r#"{"errors":[]}"#),
            _ => healthy(request),
        }
    });
    let finished = succeeds(with_token(&stand.url(), &authority).arg("-v"));
    golden("fault-wait-verbose", &finished);
    let came = came.lock().unwrap();
    assert_eq!(came.len(), 4);
    assert!(came[0] < at && came[1] < at && came[2] >= at && came[3] >= at, "{came:?} {at:?}");
}

/// The same date, and too little time: the start ends at once, and the store is left alone.
#[test]
fn a_date_that_is_near_and_still_beyond_the_deadline() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| json(429, &format!("Retry-After: {}\r\n", date_in(30).1), ""));
    let run = with_token(&stand.url(), &authority).args(["--timeout", "20s"]);
    refused("429-date", run, 69);
    assert_eq!(stand.seen().len(), 2);
}

/// The time that the store names is in the past: it is asked again soon.
#[test]
fn a_date_that_has_passed() {
    let authority = Authority::new();
    let stand = busy_at_first(&authority, "Retry-After: Sun, 06 Nov 1994 08:49:37 GMT\r\n");
    succeeds(with_token(&stand.url(), &authority));
    assert_eq!(stand.seen().len(), 4);
}

/// Longer than what is left: there is nothing to wait for. The timeout is far beyond the patience of the test.
#[test]
fn a_wait_beyond_the_deadline_ends_the_start_at_once() {
    for header in ["Retry-After: 3600\r\n", "Retry-After: Fri, 01 Jan 2100 00:00:00 GMT\r\n"] {
        let authority = Authority::new();
        let stand = Stand::start(&authority, move |_, _| json(429, header, ""));
        let run = with_token(&stand.url(), &authority).args(["-v", "--timeout", "300s"]);
        let finished = run.probe(&["report"]).run().expect(69);
        golden("fault-wait-too-long", &finished);
        assert_eq!(stand.seen().len(), 2);
    }
}

/// However many paths there are: who is told to wait has all wait.
#[test]
fn a_rate_limit_bounds_what_a_start_asks() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.as_str() {
        "auth/approle/login" | "auth/token/revoke-self" => healthy(request),
        _ => json(429, "Retry-After: 1\r\n", ""),
    });
    let mut run = with_role(&stand.url(), &authority).args(MIDDLE);
    for number in 0..40 {
        run = run.env(format!("N{number}"), format!("secret://vault/n{number}#k"));
    }
    run.probe(&["report"]).run().expect(69);
    // At most three rounds of 16 paths, each with one look at the mounts at most; the login and its end. The 24 paths that
    // nobody came to are not asked for at all.
    let seen = stand.seen().len();
    assert!((4..=3 * 32 + 2).contains(&seen), "{seen}");
    let paths = (0..40).filter(|number| stand.count(&format!("GET secret/data/n{number}")) > 0).count();
    assert!(paths <= 16, "{paths}");
    assert_eq!(stand.count("POST auth/approle/login"), 1);
    assert!(stand.connections() <= 34, "{}", stand.connections());
}

/// The same with no `Retry-After`, and the login turned away.
#[test]
fn a_rate_limit_on_the_login() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| json(429, "", ""));
    with_role(&stand.url(), &authority).args(MIDDLE).probe(&["report"]).run().expect(69);
    assert!(AGAIN.contains(&stand.seen().len()), "{}", stand.seen().len());
}

/// keyinit with an AppRole and one read that needs no look at the mounts: one request after the other.
fn one_by_one(stand: &Stand, authority: &Authority) -> crate::support::pidns::Init {
    let text = format!(
        "providers:\n  vault: {{ type: vault, address: \"{}\", ca_cert: {}, kv_version: 2 }}\n\
         env:\n  DB_PASSWORD: secret://vault/app#k\n",
        stand.url(),
        authority.file().display(),
    );
    keyinit().env("VAULT_ROLE_ID", "a-role").env("VAULT_SECRET_ID", TOKEN).manifest(&text)
}

#[test]
fn a_kept_connection_that_was_closed_meanwhile() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, before| match healthy(request) {
        // The answer promises that the connection stays, and it does not.
        Reply::Bytes(bytes) if before == 0 => Reply::Last(bytes),
        reply => reply,
    });
    succeeds(one_by_one(&stand, &authority));
    let read = stand.count("GET secret/data/app");
    assert_eq!((read, stand.connections()), (1, 2));
}

#[test]
fn a_kept_connection_that_closes_under_a_request() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, before| match before {
        1 => Reply::Last(Vec::new()),
        _ => healthy(request),
    });
    succeeds(one_by_one(&stand, &authority));
    let whats: Vec<String> = stand.seen().into_iter().map(|seen| seen.what).collect();
    let read = "GET secret/data/app";
    assert_eq!(whats, ["POST auth/approle/login", read, read, "POST auth/token/revoke-self"]);
    assert_eq!(stand.connections(), 2);
}

#[test]
fn one_connection_does_for_all_that_comes_one_by_one() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| healthy(request));
    succeeds(one_by_one(&stand, &authority));
    assert_eq!((stand.seen().len(), stand.connections()), (3, 1));
}

/// Several addresses are tried in turn: one that refuses costs no attempt.
#[test]
fn the_next_address() {
    let authority = Authority::new();
    let refusing = Refusing::new();
    let stand = Stand::start(&authority, |request, _| healthy(request));
    succeeds(with_addresses(&[&refusing.address(), &stand.url()], &authority));
    assert_eq!(stand.seen().len(), 2);
}
