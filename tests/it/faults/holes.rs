//! What goes wrong in other programs of this kind, each as a test by the name of the hole. README.md lists them.

use super::stand::{OWN_TOKEN, Reply, Seen, Stand, healthy, json};
use super::{TOKEN, refused, succeeds, with_role, with_token};
use crate::support::handshake::until;
use crate::support::run::keyinit;
use crate::support::tls::Authority;

/// Elsewhere: a 307 takes the token along, to whatever host it names.
#[test]
fn token_is_not_sent_over_a_redirect() {
    let authority = Authority::new();
    let elsewhere = Stand::start(&authority, |request, _| healthy(request));
    let url = elsewhere.url();
    let stand =
        Stand::start(&authority, move |request, _| json(307, &format!("Location: {url}/v1/{}\r\n", request.path), ""));
    with_token(&stand.url(), &authority).probe(&["report"]).run().expect(69);
    assert!(stand.seen().iter().all(|seen| seen.token.as_deref() == Some(TOKEN)));
    assert_eq!(elsewhere.connections(), 0);
}

/// Elsewhere: a container that neither starts nor ends.
#[test]
fn a_silent_server_does_not_hang_the_start() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |_, _| Reply::Silence(Vec::new()));
    with_token(&stand.url(), &authority).args(["--timeout", "1s"]).probe(&["report"]).run().expect(75);
    assert_eq!(stand.seen().len(), 2);
}

/// Elsewhere: a start that fails while the store elects a leader.
#[test]
fn one_503_is_not_fatal() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, before| match before {
        0 => json(503, "", r#"{"errors":["Vault is sealed"]}"#),
        _ => healthy(request),
    });
    succeeds(with_role(&stand.url(), &authority));
    assert_eq!(stand.count("POST auth/approle/login"), 2);
}

/// Elsewhere: TERM is ignored until the store has answered. Here it ends the start, and the login with it.
#[test]
fn term_while_fetching_ends_it() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.starts_with("secret/") {
        true => Reply::Silence(Vec::new()),
        false => healthy(request),
    });
    let mut run = with_role(&stand.url(), &authority).probe(&["report"]).spawn();
    until("the read", || stand.seen().iter().find(|seen| seen.what == "GET secret/data/app").cloned());
    run.signal(libc::SIGTERM);
    let run = run.finish().expect(143);
    assert_eq!(run.out, "");
    let seen = stand.seen();
    let end: Vec<_> = seen.iter().filter(|seen| seen.what == "POST auth/token/revoke-self").collect();
    assert!(matches!(end[..], [one] if one.token.as_deref() == Some(OWN_TOKEN)), "{seen:?}");
}

/// The token of a login that is still under way is known to nobody else.
#[test]
fn term_while_logging_in_leaves_no_token() {
    let authority = Authority::new();
    let (answer, asked) = std::sync::mpsc::channel();
    let asked = std::sync::Mutex::new(asked);
    let stand = Stand::start(&authority, move |request, _| {
        if request.path == "auth/approle/login" {
            let _ = asked.lock().unwrap().recv();
        }
        if request.path.starts_with("secret/") { Reply::Silence(Vec::new()) } else { healthy(request) }
    });
    let mut run = with_role(&stand.url(), &authority).probe(&["report"]).spawn();
    until("the login", || stand.seen().iter().find(|seen| seen.what == "POST auth/approle/login").cloned());
    run.signal(libc::SIGTERM);
    answer.send(()).unwrap();
    let run = run.finish().expect(143);
    assert_eq!(run.out, "");
    let revoked = |seen: &Seen| seen.what == "POST auth/token/revoke-self" && seen.token.as_deref() == Some(OWN_TOKEN);
    assert_eq!(stand.seen().iter().filter(|seen| revoked(seen)).count(), 1, "{:?}", stand.seen());
}

/// Elsewhere: `Argument list too long`, and nobody knows which.
#[test]
fn a_value_too_large_is_named() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.starts_with("secret/") {
        true => {
            let value = "x".repeat(200_000);
            json(200, "", &format!("{{\"data\":{{\"data\":{{\"k\":\"{value}\"}},\"metadata\":{{\"version\":1}}}}}}"))
        }
        false => healthy(request),
    });
    refused("value-too-large", with_token(&stand.url(), &authority), 73);
}

/// Elsewhere: every field of a secret becomes a variable, so that whoever may write the secret may run code in the command.
/// Here a field has no effect on names; what is written out by hand may set any. (Whole namespaces cannot be imported yet.)
#[test]
fn ld_preload_comes_from_no_store() {
    let authority = Authority::new();
    let stand = Stand::start(&authority, |request, _| match request.path.starts_with("secret/") {
        true => json(
            200,
            "",
            r#"{"data":{"data":{"k":"v4lue","LD_PRELOAD":"/tmp/evil.so","PATH":"/tmp"},"metadata":{"version":1}}}"#,
        ),
        false => healthy(request),
    });
    let names = succeeds(with_token(&stand.url(), &authority)).report().names();
    assert_eq!(names, ["DB_PASSWORD", "VAULT_ADDR", "VAULT_CACERT"]);
    let report = keyinit()
        .env("VAULT_ADDR", stand.url())
        .env("VAULT_CACERT", authority.file())
        .env("VAULT_TOKEN", TOKEN)
        .manifest("env:\n  LD_PRELOAD: secret://vault/app#LD_PRELOAD\n")
        .report();
    assert_eq!(report.variable("LD_PRELOAD").unwrap(), "/tmp/evil.so");
}
