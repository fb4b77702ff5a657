//! What every store that is asked over a network must do, whatever its protocol.
//!
//! A store joins in its own room: it says what its protocol looks like ([`Protocol`]), and a line
//! `crate::conformance! { mod approle = &APPROLE; }` makes a test of every case. A store with several logins joins once for
//! each. The cases run against a server that misbehaves by a script ([`Stand`]); when all is well it answers by
//! [`Protocol::healthy`]. A store that talks to several servers (one that gives tokens, one that holds secrets) has the stand
//! play all of them, at one address.
//!
//! Texts are not compared here: a store holds its own in golden files. But in each case nothing that is secret may be said.

mod cases;

use std::path::Path;

pub use cases::*;

use crate::support::pidns::{Finished, Init};
use crate::support::run::keyinit;
use crate::support::stand::{Front, Reply, Stand};
use crate::support::tls::Authority;
use crate::support::vault::http::Request;

/// The path of the secret that is there.
pub const PATH: &str = "app";
/// The field that is asked for, where a path holds fields. A store may keep others beside it.
pub const KEY: &str = "k";
/// Its value in the cases that are not about values.
pub const VALUE: &str = "v4lue-of-the-store";

/// What a request is for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act {
    /// A login, or a step of one.
    Login,
    /// A read of the secret at this path.
    Read(String),
    /// The end of a login.
    Close,
    /// Anything else, such as a look-up beside the reads.
    Beside,
}

/// One login to one kind of store, as the suite sees it.
pub trait Protocol: Sync {
    /// The settings of the provider that is served at `url`, one `key: value` each, `auth` included; without `ca_cert`,
    /// which is common to all.
    fn settings(&self, url: &str) -> Vec<String>;

    /// The variables that the settings, or the store by itself, take credentials from: name and value.
    fn credentials(&self) -> &'static [(&'static str, &'static str)];

    /// The tokens that the healthy store gives out.
    fn tokens(&self) -> &'static [&'static str];

    /// How many requests one login takes; 0 where the credential goes with every read.
    fn login_requests(&self) -> usize;

    /// How many requests end a login; 0 where it is left alone.
    fn close_requests(&self) -> usize;

    /// The reference, without the provider: `crow/app#k`, or `app` for a store that holds one value a path.
    fn reference(&self, path: &str) -> String {
        format!("{path}#{KEY}")
    }

    /// What `request` is for.
    fn act(&self, request: &Request) -> Act;

    /// The answer of a store in good health. Where it is a read, `value` lies at its path; none lies nowhere.
    fn healthy(&self, request: &Request, value: Option<&str>) -> Reply;

    /// The refusal of a login's credential, or of a token where there is no login.
    fn login_refused(&self, request: &Request) -> Reply;

    /// The refusal of one read to a login that holds.
    fn read_denied(&self, request: &Request) -> Reply;
}

/// The kind of store, and the server that plays it.
pub struct Subject {
    /// The word of `type:`.
    pub kind: &'static str,
    pub protocol: &'static dyn Protocol,
}

/// A subject at a server that is running.
struct Place {
    subject: &'static Subject,
    stand: Stand,
    authority: Authority,
}

impl Subject {
    /// In good health, but for what `script` answers instead.
    fn at(&'static self, script: impl Fn(&Request, Act, usize) -> Option<Reply> + Send + Sync + 'static) -> Place {
        let authority = Authority::new();
        let stand = Stand::start(&authority, move |request, before| {
            let act = self.protocol.act(request);
            let there = act == Act::Read(PATH.to_owned());
            let healthy = || self.protocol.healthy(request, (there || is_other(&act)).then_some(VALUE));
            script(request, act.clone(), before).unwrap_or_else(healthy)
        });
        Place { subject: self, stand, authority }
    }

    /// Behind any front, which nothing passes.
    fn behind(&'static self, front: impl FnOnce(&Authority) -> Front) -> Place {
        let authority = Authority::new();
        let stand = Stand::with(front(&authority), |_, _| Reply::Last(Vec::new()));
        Place { subject: self, stand, authority }
    }

    /// keyinit with this subject at `url` as the provider `p`, and these variables of it wanted.
    fn start(&self, url: &str, ca: &Path, variables: &[(&str, &str)]) -> Init {
        let mut text = format!("providers:\n  p:\n    type: {}\n    ca_cert: {}\n", self.kind, ca.display());
        for line in self.protocol.settings(url) {
            text.push_str(&format!("    {line}\n"));
        }
        text.push_str("env:\n");
        for (name, path) in variables {
            text.push_str(&format!("  {name}: secret://p/{}\n", self.protocol.reference(path)));
        }
        self.with_credentials(keyinit().manifest(&text).env("KEYINIT_VERBOSE", "1"))
    }

    fn with_credentials(&self, init: Init) -> Init {
        self.protocol.credentials().iter().fold(init, |init, (name, value)| init.env(name, value))
    }

    /// Whatever was said, nothing of it is secret.
    #[track_caller]
    fn discreet(&self, finished: Finished) -> Finished {
        let credentials = self.protocol.credentials().iter().map(|(_, value)| *value);
        for secret in credentials.chain(self.protocol.tokens().iter().copied()).chain([VALUE]) {
            assert!(!finished.err.contains(secret), "a secret is in the log: {}", finished.err);
        }
        finished
    }
}

/// The other paths of [`cases::one_login_and_one_read_a_path`].
fn is_other(act: &Act) -> bool {
    matches!(act, Act::Read(path) if path.starts_with("other"))
}

impl Place {
    fn start(&self, variables: &[(&str, &str)]) -> Init {
        self.subject.start(&self.stand.url(), &self.authority.file(), variables)
    }

    /// One secret is wanted.
    fn one(&self) -> Init {
        self.start(&[("DB_PASSWORD", PATH)])
    }

    /// A start that ends with `code` before the command.
    #[track_caller]
    fn refuses(&self, init: Init, code: i32) -> Finished {
        let finished = self.subject.discreet(init.probe(&["report"]).run()).expect(code);
        assert_eq!(finished.out, "", "the command was started");
        assert!(finished.err.contains("DB_PASSWORD"), "what waits for it is not named: {}", finished.err);
        finished
    }

    /// A start that succeeds.
    #[track_caller]
    fn succeeds(&self, init: Init) -> Finished {
        let finished = self.subject.discreet(init.probe(&["report"]).run()).expect(0);
        assert_eq!(finished.report().variable("DB_PASSWORD").as_deref(), Some(VALUE), "{}", finished.err);
        finished
    }

    /// How many requests there were of this kind.
    fn count(&self, fits: impl Fn(&Act) -> bool) -> usize {
        self.stand.requests().iter().filter(|request| fits(&self.subject.protocol.act(request))).count()
    }

    fn logins(&self) -> usize {
        self.count(|act| *act == Act::Login)
    }

    fn reads(&self) -> usize {
        self.count(|act| matches!(act, Act::Read(_)))
    }
}

/// Every case as a test of its own: `crate::conformance! { mod approle = &SUBJECT; }`.
#[macro_export]
macro_rules! conformance {
    (mod $name:ident = $subject:expr;) => {
        $crate::conformance! { mod $name = $subject;
            a_value_arrives_exactly
            what_is_missing
            a_read_that_is_denied
            a_login_that_is_refused
            a_store_that_cannot_be_reached
            a_store_that_is_silent
            a_certificate_of_a_stranger
            an_error_that_passes
            a_busy_store_is_left_alone_for_a_while
            a_store_that_stays_busy
            an_answer_that_is_no_json
            an_answer_without_end
            a_redirect_is_not_followed
            one_login_and_one_read_a_path
            credentials_do_not_reach_the_command
            an_interrupt_while_it_logs_in
            an_interrupt_while_it_reads
            check_reads_nothing
            a_plan_asks_nobody
        }
    };
    (mod $name:ident = $subject:expr; $($case:ident)*) => {
        mod $name {
            #[allow(unused_imports)]
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::stores::conformance::$case($subject);
                }
            )*
        }
    };
}
