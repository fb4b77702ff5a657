//! Faults around a login: what was sent once may have counted, so it is not sent again unless the store says that it did not.

use super::retries::golden;
use super::stand::{OWN_TOKEN, Reply, Stand, healthy, json, response};
use super::{AGAIN, MIDDLE, SHORT, TOKEN, refused, succeeds, with_role};
use crate::support::handshake::until;
use crate::support::tls::Authority;
use crate::support::vault::http::Request;

const LOGIN: &str = "POST auth/approle/login";
const REVOKE: &str = "POST auth/token/revoke-self";

fn is_login(request: &Request) -> bool {
    request.path == "auth/approle/login"
}

#[test]
fn a_login_that_may_have_counted_is_not_sent_again() {
    let page = || Reply::Bytes(response(200, "Content-Type: text/html\r\n", b"<title>Sign in</title>"));
    let cases: [(&str, i32, fn() -> Reply); 6] = [
        ("login-cut-off", 69, || Reply::Last(Vec::new())),
        ("login-500", 69, || json(500, "", r#"{"errors":["internal error"]}"#)),
        ("login-502", 69, || json(502, "", "")),
        ("login-page", 69, page),
        ("login-without-token", 69, || json(200, "", r#"{"auth":null}"#)),
        ("login-silent", 75, || Reply::Silence(Vec::new())),
    ];
    for (name, code, reply) in cases {
        let authority = Authority::new();
        let stand = Stand::start(&authority, move |_, _| reply());
        let run = with_role(&stand.url(), &authority);
        refused(name, if code == 75 { run.args(SHORT) } else { run }, code);
        assert_eq!(stand.seen().len(), 1, "{name}");
    }
}

#[test]
fn a_login_that_was_turned_away_is_sent_again() {
    for status in [412, 429, 503] {
        let authority = Authority::new();
        let stand = Stand::start(&authority, move |request, before| match before {
            0 => json(status, "", r#"{"errors":[]}"#),
            _ => healthy(request),
        });
        succeeds(with_role(&stand.url(), &authority));
        assert_eq!((stand.count(LOGIN), stand.count(REVOKE)), (2, 1), "{status}");
    }
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| json(503, "", r#"{"errors":["Vault is sealed"]}"#));
    refused("login-sealed", with_role(&stand.url(), &authority).args(MIDDLE), 69);
    assert!(AGAIN.contains(&stand.count(LOGIN)), "{}", stand.count(LOGIN));
}

/// The token of a login is revoked whatever becomes of the reads, and neither it nor the secret_id goes astray.
#[test]
fn a_start_that_fails_after_the_login_leaves_no_token() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.starts_with("secret/") {
        true => json(503, "", ""),
        false => healthy(request),
    });
    let finished = refused("reads-fail-after-login", with_role(&stand.url(), &authority).args(MIDDLE), 69);
    assert!(!finished.err.contains(OWN_TOKEN));
    assert_eq!((stand.count(LOGIN), stand.count(REVOKE)), (1, 1));
    for seen in stand.seen() {
        let wanted = if seen.what == LOGIN { None } else { Some(OWN_TOKEN) };
        assert_eq!(seen.token.as_deref(), wanted, "{}", seen.what);
    }
}

/// A lease ends with its token, which is left alone only for a command that runs.
#[test]
fn a_lease_for_a_command_that_cannot_start_is_not_kept() {
    let cases: [(&str, &str, i32, usize); 3] = [("k", "v", 0, 0), ("K", "v", 66, 1), ("k", "a\\u0000b", 73, 1)];
    for (key, value, code, revoked) in cases {
        let authority = Authority::new();
        let stand = Stand::start(&authority, move |request, _| match request.path.as_str() {
            "database/creds/app" => {
                let lease = r#""lease_id":"database/creds/app/1","lease_duration":60,"renewable":true"#;
                json(200, "", &format!("{{{lease},\"data\":{{\"k\":\"{value}\"}}}}"))
            }
            _ => healthy(request),
        });
        let reference = format!("secret://vault//database/creds/app#{key}");
        let run = with_role(&stand.url(), &authority).env("X", reference).probe(&["report"]).run().expect(code);
        assert_eq!(stand.count(REVOKE), revoked, "{key} {value}: {}", run.err);
        assert_eq!(run.err.contains("is left to its TTL"), revoked == 0, "{}", run.err);
        if revoked == 0 {
            golden("fault-lease-left", &run);
        }
    }
}

/// What was fetched is good all the same; the log says that a token may be left.
#[test]
fn a_token_that_cannot_be_revoked_is_a_warning() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.as_str() {
        "auth/token/revoke-self" => json(403, "", ""),
        _ => healthy(request),
    });
    let finished = succeeds(with_role(&stand.url(), &authority));
    golden("fault-revoke-denied", &finished);
    assert!(!finished.err.contains(OWN_TOKEN) && !finished.err.contains(TOKEN));
    assert_eq!((stand.seen().iter().filter(|seen| seen.what == LOGIN).count(), stand.count(REVOKE)), (1, 1));
}

/// Nor is a store that is silent about it waited for beyond `--revoke-timeout`.
#[test]
fn a_revocation_without_an_answer_is_a_warning() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.as_str() {
        "auth/token/revoke-self" => Reply::Silence(Vec::new()),
        _ => healthy(request),
    });
    let finished = succeeds(with_role(&stand.url(), &authority).args(["--revoke-timeout", "300ms"]));
    golden("fault-revoke-silent", &finished);
    assert_eq!((stand.count(LOGIN), stand.count(REVOKE)), (1, 1));
}

/// A start that is given up while a login has no answer says that there may be a token which nobody knows.
#[test]
fn a_login_without_an_answer_when_the_start_is_given_up_is_a_warning() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match is_login(request) {
        true => Reply::Silence(Vec::new()),
        false => healthy(request),
    });
    let mut run = with_role(&stand.url(), &authority).probe(&["report"]).spawn();
    until("the login", || stand.seen().iter().find(|seen| seen.what == LOGIN).cloned());
    run.signal(libc::SIGTERM);
    let run = run.finish().expect(143);
    assert_eq!(run.out, "");
    golden("fault-login-given-up", &run);
}

#[test]
fn the_login_is_all_that_knows_the_secret_id() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| {
        let text = String::from_utf8_lossy(&request.body).into_owned();
        match is_login(request) == text.contains(TOKEN) {
            true => healthy(request),
            false => json(400, "", ""),
        }
    });
    succeeds(with_role(&stand.url(), &authority));
}
