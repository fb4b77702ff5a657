//! Waiting for events. Every wait has a deadline that fails the test, and none of them stands for "by now it must have".

use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use super::settled::{APART, Waiting};

/// How long an event may take on a busy machine before its absence is a failure.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// Looks until `look` finds something, for states that the kernel gives no event for.
#[track_caller]
pub fn until<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    let (end, mut waiting) = (Instant::now() + PATIENCE, Waiting::new());
    loop {
        if let Some(found) = look() {
            return found;
        }
        waiting.look(what);
        assert!(Instant::now() < end, "waited {PATIENCE:?} in vain for {what}");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// The lines of a stream as they come.
pub struct Lines {
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    /// Reads `stream` in a thread of its own.
    pub fn new(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n') {
                let Ok(line) = line else { break };
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    break;
                }
            }
        });
        Lines { lines, seen: Vec::new() }
    }

    /// The next line that `fits`; those before it are passed over. Fails at the end of the stream.
    #[track_caller]
    pub fn find(&mut self, what: &str, fits: impl Fn(&str) -> bool) -> String {
        let (end, mut waiting) = (Instant::now() + PATIENCE, Waiting::new());
        loop {
            match self.lines.recv_timeout(APART) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if fits(&line) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    waiting.look(what);
                    assert!(Instant::now() < end, "waited in vain for {what} after {:?}", self.seen);
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("the stream ended without {what}: {:?}", self.seen)
                }
            }
        }
    }

    /// Waits for exactly this line.
    #[track_caller]
    pub fn expect(&mut self, line: &str) {
        self.find(line, |found| found == line);
    }

    /// Everything up to the end of the stream, what was seen before included.
    #[track_caller]
    pub fn rest(mut self) -> String {
        let (end, mut waiting) = (Instant::now() + PATIENCE, Waiting::new());
        loop {
            match self.lines.recv_timeout(APART) {
                Ok(line) => self.seen.push(line),
                Err(RecvTimeoutError::Disconnected) => return self.seen.join("\n"),
                Err(RecvTimeoutError::Timeout) => {
                    waiting.look("the end of the stream");
                    assert!(Instant::now() < end, "the stream did not end: {:?}", self.seen);
                }
            }
        }
    }
}

/// The state letter of a process (`S`, `T`, `Z`); none when it is gone. An orphan may stay `Z` until the host's own
/// init reaps it, so that `kill(pid, 0)` tells nothing.
pub fn state(pid: i32) -> Option<char> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    stat.rsplit(')').next()?.trim_start().chars().next()
}

/// Whether the process is gone or a zombie.
pub fn ended(pid: i32) -> bool {
    state(pid).is_none_or(|state| state == 'Z' || state == 'X')
}

/// The children of all threads of `pid`.
pub fn children(pid: i32) -> Vec<i32> {
    let mut found = Vec::new();
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
        let text = std::fs::read_to_string(thread.path().join("children")).unwrap_or_default();
        found.extend(text.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()));
    }
    found
}

/// `pid` and all that stem from it.
pub fn family(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut at = 0;
    while let Some(&pid) = found.get(at) {
        found.extend(children(pid));
        at += 1;
    }
    found
}

/// What a process runs, as the kernel sees it; none for a zombie or when it is gone.
pub fn executable(pid: i32) -> Option<std::path::PathBuf> {
    std::fs::read_link(Path::new("/proc").join(pid.to_string()).join("exe")).ok()
}

/// The value of one line of /proc/PID/status.
pub fn status_of(pid: i32, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    Some(line.trim().to_string())
}
