//! An attempt on a store: what it is given, and why it failed. Below the stores and the sockets, which both speak of it.

use crate::environment::Environment;
use crate::exit::Kind;
use crate::report::Log;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What every call to a store is given.
#[derive(Clone)]
pub struct Context {
    /// Where `{ env: NAME }` is read from.
    pub environment: Arc<Environment<'static>>,
    /// When the whole start must have ended.
    pub deadline: Deadline,
    /// How long the end of logins may take, `--revoke-timeout`.
    pub revoke_timeout: Duration,
    /// Where warnings and `-v` lines go.
    pub log: Log,
}

/// One moment for the whole start.
#[derive(Clone, Copy, Debug)]
pub struct Deadline(pub Instant);

impl Deadline {
    /// A deadline `duration` from now.
    pub fn after(duration: Duration) -> Self {
        let now = Instant::now();
        // A duration too long for the clock means "never": thirty years do.
        Deadline(now.checked_add(duration).unwrap_or_else(|| now + Duration::from_secs(946_080_000)))
    }

    /// What is left; zero when it has passed.
    pub fn remaining(self) -> Duration {
        self.0.saturating_duration_since(Instant::now())
    }
}

/// Why a store did not do what it was asked.
#[derive(Clone, Debug)]
pub struct Failure {
    /// Decides the exit code: denied, missing, unavailable or deadline.
    pub kind: Kind,
    /// What the store answered, in our words: `HTTP 403`, `connection refused`. Never a response body.
    pub answered: String,
    /// What to do about it.
    pub cure: Option<String>,
    /// Whether another attempt makes sense.
    pub retry: Retry,
}

/// Whether another attempt makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// No: the answer will be the same, or the attempt may have used something up.
    Never,
    /// Yes, after a back-off, and not before the time that the store asked for.
    After(Option<Duration>),
}

impl Failure {
    /// The deadline cut an attempt that still waited for its answer.
    pub fn deadline() -> Self {
        Failure {
            kind: Kind::Deadline,
            answered: String::new(),
            cure: Some("raise --timeout, or see why the store is slow".to_owned()),
            retry: Retry::Never,
        }
    }

    /// What went wrong with a login to the store at `location`, in one line.
    pub fn of_login(&self, location: &str) -> String {
        match self.kind {
            Kind::Denied => self.phrase(&format!("{location} refused the login")),
            // A place that does not exist names itself.
            Kind::Missing if !self.answered.is_empty() => self.answered.clone(),
            _ => self.of_store(location),
        }
    }

    /// What went wrong with a read of the store at `location`, in one line.
    pub fn of_read(&self, location: &str) -> String {
        match self.kind {
            Kind::Denied => self.phrase("the store denied the read"),
            Kind::Missing => self.phrase("no such secret"),
            _ => self.of_store(location),
        }
    }

    fn of_store(&self, location: &str) -> String {
        match self.kind {
            Kind::Unavailable => self.phrase(&format!("{location} is not available")),
            Kind::Deadline => self.phrase(&format!("no answer from {location} before the deadline")),
            _ => self.phrase(&format!("{location} failed")),
        }
    }

    fn phrase(&self, phrase: &str) -> String {
        match self.answered.as_str() {
            "" => phrase.to_owned(),
            answered => format!("{phrase} ({answered})"),
        }
    }
}

/// The cure where no descriptor is left, EMFILE.
pub const OPEN_FILES: &str = "raise the limit of open files: `ulimit -n`, or `--ulimit nofile` of docker run";

/// What the kernel said, without its number.
pub fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(number) => nix::errno::Errno::from_raw(number).desc().to_owned(),
        None => error.kind().to_string(),
    }
}
