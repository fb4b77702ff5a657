//! A store that misbehaves, and everything between it and us: each case with its exit code, its text in a golden file, and
//! the number of requests that the store saw. Every start ends in complete success or in a clean refusal; one that hung would
//! fail by the patience of the support.

mod bodies;
mod cores;
mod dns;
mod holes;
mod logins;
mod names;
mod proxies;
mod redirects;
mod retries;
mod stand;
mod statuses;
mod tls;

use std::ops::RangeInclusive;

use crate::support::pidns::{Finished, Init};
use crate::support::run::{golden, keyinit};
use crate::support::tls::Authority;
use crate::support::vault::http::Request;
use stand::{Front, Reply, Stand};

/// The token from outside. It must reach no other origin, and no text.
const TOKEN: &str = "hvs.the-token-from-outside";

/// How often a store is asked that may be asked again until the deadline of three seconds: two requests an attempt (the path,
/// and the mounts beside it), and at most nine attempts (fetch/retry.rs).
const AGAIN: RangeInclusive<usize> = 2..=18;

/// The timeout of a start that is to fail by it, with nothing heard.
const SHORT: [&str; 2] = ["--timeout", "1s"];
/// The same where something is heard, again and again. Long enough for one attempt on a busy machine.
const MIDDLE: [&str; 2] = ["--timeout", "3s"];

/// One way to misbehave, for every request.
struct Case {
    /// The golden file is `fault-<name>.txt`.
    name: &'static str,
    code: i32,
    /// How many requests the store may see.
    requests: RangeInclusive<usize>,
    front: Option<Front>,
    script: stand::Script,
}

impl Case {
    fn new(
        name: &'static str,
        code: i32,
        requests: RangeInclusive<usize>,
        script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static,
    ) -> Self {
        Case { name, code, requests, front: None, script: Box::new(script) }
    }

    fn front(self, front: Front) -> Self {
        Case { front: Some(front), ..self }
    }
}

/// Runs the cases side by side: most of them take the second that they are given.
fn all(cases: Vec<Case>) {
    std::thread::scope(|scope| {
        for case in cases {
            std::thread::Builder::new().name(case.name.into()).spawn_scoped(scope, move || one(case)).unwrap();
        }
    });
}

fn one(case: Case) {
    let authority = Authority::new();
    let front = case.front.unwrap_or_else(|| Front::Tls(authority.server()));
    let stand = Stand::with(front, case.script);
    let run = with_token(&stand.url(), &authority);
    let run = match case.code {
        75 => run.args(SHORT),
        _ if case.requests == AGAIN => run.args(MIDDLE),
        // It ends by itself, at once.
        _ => run,
    };
    let finished = refused(case.name, run, case.code);
    let seen = stand.seen();
    assert!(case.requests.contains(&seen.len()), "{}: {} requests: {seen:?}\n{}", case.name, seen.len(), finished.err);
    assert!(stand.connections() >= 1, "{}: nobody came", case.name);
}

/// keyinit with a token for the store at `url`, and one secret of it wanted.
fn with_token(url: &str, authority: &Authority) -> Init {
    keyinit()
        .env("VAULT_ADDR", url)
        .env("VAULT_CACERT", authority.file())
        .env("VAULT_TOKEN", TOKEN)
        .env("DB_PASSWORD", "secret://vault/app#k")
}

/// The same for a store with several addresses, which only a manifest can name.
fn with_addresses(urls: &[&str], authority: &Authority) -> Init {
    let text = format!(
        "providers:\n  vault: {{ type: vault, address: {urls:?}, ca_cert: {} }}\n\
         env:\n  DB_PASSWORD: secret://vault/app#k\n",
        authority.file().display(),
    );
    keyinit().env("VAULT_TOKEN", TOKEN).manifest(&text)
}

/// The same with an AppRole.
fn with_role(url: &str, authority: &Authority) -> Init {
    keyinit()
        .env("VAULT_ADDR", url)
        .env("VAULT_CACERT", authority.file())
        .env("VAULT_ROLE_ID", "a-role")
        .env("VAULT_SECRET_ID", TOKEN)
        .env("DB_PASSWORD", "secret://vault/app#k")
}

/// A start that must be refused with `code`, and say so in the words of the golden file.
#[track_caller]
fn refused(name: &str, run: Init, code: i32) -> Finished {
    let finished = run.probe(&["report"]).run().expect(code);
    assert_eq!(finished.out, "", "{name}: the command was started");
    assert!(!finished.err.contains(TOKEN) && !finished.err.contains("v4lue"), "{name}: {}", finished.err);
    golden(&format!("fault-{name}"), &finished, None, None);
    finished
}

/// A start that must succeed, with the value of the store.
#[track_caller]
fn succeeds(run: Init) -> Finished {
    let finished = run.probe(&["report"]).run().expect(0);
    assert_eq!(finished.report().variable("DB_PASSWORD").as_deref(), Some("v4lue"), "{}", finished.err);
    finished
}
