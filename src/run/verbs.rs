//! The verbs that print and end: `plan`, `check`, `schema`, `--help`, `--version`.

use super::resolver::{context, first_signal, watch_signals};
use crate::cli::Invocation;
use crate::environment::Environment;
use crate::error::{Problem, Problems, Subject};
use crate::exit::{Kind, code_for};
use crate::fetch;
use crate::handover;
use crate::plan::{Login, Plan, explain};
use crate::report::{Log, escape, json_safe};
use std::io::Write;
use std::os::fd::AsFd;
use std::sync::Arc;

/// Prints `text` on standard output.
pub fn say(text: &str) -> Result<u8, Problems> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Ok(()) => Ok(0),
        // Whoever closed the pipe (`| head`) has seen enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(0),
        Err(error) => Err(vec![Problem::new(Kind::Internal, format!("cannot write to standard output: {error}"))]),
    }
}

/// `plan`: what would be read, for which variable.
pub fn explain(plan: &Plan, json: bool) -> Result<u8, Problems> {
    say(&if json { explain::json(plan) } else { explain::text(plan) })
}

/// `check`: logs in to every store that is named, and reads no secret. One line a login on standard output.
pub fn check(plan: Plan, environment: Environment<'static>, invocation: &Invocation, log: Log) -> Result<u8, Problems> {
    let plan = Arc::new(plan);
    handover::harden();
    let signals = watch_signals()?;
    let context = context(&invocation.options, &environment, log);
    let results = fetch::check(&plan, &context, Some(signals.as_fd()));
    if let Some(number) = first_signal(&signals) {
        return Ok(u8::try_from(128 + number).unwrap_or(Kind::Internal.code()));
    }
    let mut problems = Problems::new();
    for (login, result) in results {
        let Some(login) = plan.logins.get(login) else { continue };
        let failure = result.err();
        say(&line(login, failure.is_none(), invocation.options.json))?;
        if let Some(failure) = failure {
            let what = failure.of_login(&login.store.location());
            let subject = Subject { provider: Some(login.providers.join(", ")), ..Subject::default() };
            let mut problem = Problem::new(failure.kind, what).about(subject);
            problem.cure = failure.cure;
            problems.push(problem);
        }
    }
    if problems.is_empty() {
        return Ok(0);
    }
    log.failed(&problems, "check failed");
    Ok(code_for(problems.iter().map(|problem| problem.kind)))
}

/// What `check` says of one login.
fn line(login: &Login, good: bool, json: bool) -> String {
    let (names, location, reason) = (login.providers.join(", "), login.store.location(), login.store.login_reason());
    if json {
        let object = serde_json::json!({
            "providers": login.providers, "type": login.kind, "location": location, "login": reason, "ok": good,
        });
        return format!("{}\n", json_safe(object.to_string()));
    }
    let reason = if reason.is_empty() { String::new() } else { format!(", {reason}") };
    format!("{}\n", escape(&format!("{names}: {} ({location}{reason})", if good { "ok" } else { "failed" })))
}
