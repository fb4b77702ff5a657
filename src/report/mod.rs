//! What keyinit says on standard error. A line that cannot be written is not an error, and nothing here can panic.
//!
//! Every line is one write(2) of at most [`LINE_MAX`] bytes, so that the lines of several processes on one pipe do not mix, and
//! holds no control character: names come from manifests and stores, and a log must not be written by them.

mod headline;
mod json;
mod started;
mod text;
mod write;

pub use json::json_safe;
pub use started::Started;
pub use text::escape;

use crate::environment::Environment;
use crate::error::Problem;

/// The longest line, its newline included: PIPE_BUF, up to which a write to a pipe is never torn (pipe(7)).
pub const LINE_MAX: usize = 4096;

/// How lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// `keyinit: ...`
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where lines go. A copy is cheap; it holds no state.
#[derive(Clone, Copy, Debug, Default)]
pub struct Log {
    /// Text or JSON.
    pub format: LogFormat,
    /// 0 as a rule; 1 with `-v`; -1 with `-q`.
    pub verbosity: i8,
    /// Whether text is coloured; see [`colour_fits`].
    pub colour: bool,
    /// Whether a line is left out when standard error would make the writer wait at all, and not only when it would for more
    /// than a second. For the process that supervises: a reader that stands still must not hold up a signal.
    pub never_block: bool,
}

/// Whether coloured text is wanted: only on a terminal that knows colour, and not where `NO_COLOR` is set.
pub fn colour_fits(stderr_is_terminal: bool, environment: &Environment<'_>) -> bool {
    let plain = environment.filled("NO_COLOR").is_some() || environment.get("TERM") == Some(b"dumb");
    stderr_is_terminal && !plain
}

impl Log {
    /// A line that is always written, save with `-q`.
    pub fn info(self, text: &str) {
        if self.verbosity >= 0 {
            self.write(&self.line(Level::Info, text));
        }
    }

    /// A line for `-v`.
    pub fn verbose(self, text: &str) {
        if self.verbosity >= 1 {
            self.write(&self.line(Level::Debug, text));
        }
    }

    /// A warning: something works, but not as the user may think.
    pub fn warn(self, text: &str) {
        self.write(&self.line(Level::Warn, text));
    }

    /// That the command runs, and with what. Nothing with `-q`; only with `-v` when there was nothing to resolve.
    pub fn started(self, started: &Started<'_>) {
        let least = if started.stores.is_empty() { 1 } else { 0 };
        if self.verbosity >= least {
            self.write(&self.started_line(started));
        }
    }

    /// All problems, and then `outcome` (`nothing was started`) and with which code keyinit ends.
    pub fn failed(self, problems: &[Problem], outcome: &str) {
        for line in self.problem_lines(problems, outcome) {
            self.write(&line);
        }
    }

    /// The lines that [`Log::failed`] writes, without their newlines.
    pub fn problem_lines(self, problems: &[Problem], outcome: &str) -> Vec<String> {
        let code = crate::exit::code_for(problems.iter().map(|problem| problem.kind));
        let mut lines: Vec<String> = Vec::new();
        for problem in problems {
            match self.format {
                LogFormat::Text => lines.extend(text::problem(problem, self.colour)),
                LogFormat::Json => lines.extend(json::problem(problem)),
            }
        }
        lines.push(match self.format {
            LogFormat::Text => text::outcome(outcome, code),
            LogFormat::Json => json::outcome(outcome, code),
        });
        lines
    }

    /// The line that [`Log::started`] writes, without its newline.
    pub fn started_line(self, started: &Started<'_>) -> String {
        match self.format {
            LogFormat::Text => text::line(Level::Info, &started.text(), self.colour),
            LogFormat::Json => started.json(),
        }
    }

    fn line(self, level: Level, message: &str) -> String {
        match self.format {
            LogFormat::Text => text::line(level, message, self.colour),
            LogFormat::Json => json::line(level, message),
        }
    }

    fn write(self, line: &str) {
        write::line(&std::io::stderr(), line, self.never_block);
    }
}

/// How much a line matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Level {
    Debug,
    Info,
    Warn,
    Error,
}

impl Level {
    /// The stable name that the JSON log uses.
    fn name(self) -> &'static str {
        match self {
            Level::Debug => "debug",
            Level::Info => "info",
            Level::Warn => "warn",
            Level::Error => "error",
        }
    }
}

#[cfg(test)]
mod tests;
