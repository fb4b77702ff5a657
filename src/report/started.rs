//! The one line of a start that went well.

use super::Level;
use super::json::{Object, cut, fitted};
use std::time::Duration;

/// What was resolved, and what was started with it.
#[derive(Clone, Copy, Debug)]
pub struct Started<'a> {
    /// The providers that were read from, with the number of secrets of each, in the order of the plan.
    pub stores: &'a [(&'a str, usize)],
    /// From the beginning of the start to the command's execve.
    pub took: Duration,
    /// The command's name as it was typed; never its arguments.
    pub command: &'a str,
    /// Its process id as keyinit sees it; none where keyinit itself becomes the command.
    pub pid: Option<i32>,
}

impl Started<'_> {
    fn secrets(&self) -> usize {
        self.stores.iter().map(|(_, secrets)| secrets).sum()
    }

    /// `12 secrets from 2 stores in 84 ms (vault-prod 10, azure 2); started node as pid 7`.
    pub(super) fn text(&self) -> String {
        let what = match self.pid {
            Some(pid) => format!("started {} as pid {pid}", self.command),
            None => format!("becoming {}", self.command),
        };
        if self.stores.is_empty() {
            return what;
        }
        let each: Vec<String> = self.stores.iter().map(|(name, secrets)| format!("{name} {secrets}")).collect();
        format!(
            "{} from {} in {} ({}); {what}",
            counted(self.secrets(), "secret"),
            counted(self.stores.len(), "store"),
            lasted(self.took),
            each.join(", ")
        )
    }

    /// The same as an object.
    pub(super) fn json(&self) -> String {
        let message = self.text();
        fitted(|most| Object {
            level: Level::Info.name(),
            message: cut(&message, most),
            secrets: Some(self.secrets()),
            stores: (most > 16).then(|| self.stores.iter().copied().collect()),
            milliseconds: Some(u64::try_from(self.took.as_millis()).unwrap_or(u64::MAX)),
            command: Some(cut(self.command, most)),
            pid: self.pid,
            ..Object::default()
        })
    }
}

fn counted(number: usize, name: &str) -> String {
    if number == 1 { format!("1 {name}") } else { format!("{number} {name}s") }
}

fn lasted(took: Duration) -> String {
    if took < Duration::from_secs(10) {
        format!("{} ms", took.as_millis())
    } else {
        format!("{:.1} s", took.as_secs_f64())
    }
}
