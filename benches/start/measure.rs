//! One start, measured from the execve of the program under test to the first instruction of the command.

use std::io::{PipeReader, Read};

use crate::support::handshake::status_of;
use crate::support::pidns::Init;

/// What one start took.
pub struct Start {
    /// From the execve of the program to the first instruction of the command, in µs.
    pub microseconds: f64,
    /// The peak resident memory, in KiB, of the process that became the command, before it did.
    pub resolver: u64,
    /// The same of the process that stayed; 0 when none did or the command did not wait.
    pub supervisor: u64,
    /// What of the process that stayed belongs to it alone and was written to, in KiB.
    pub private: u64,
    /// How many variables that begin with `V_` the command was given.
    pub variables: usize,
}

/// Starts `init`, whose command is `stamp`.
pub fn start(init: Init) -> Start {
    run(init, false)
}

/// The same, with a look at the process that stays while the command waits.
pub fn start_and_look(init: Init) -> Start {
    run(init.arg("wait"), true)
}

fn run(init: Init, look: bool) -> Start {
    let (mut stamps, stamp) = std::io::pipe().unwrap();
    let (input, keep) = std::io::pipe().unwrap();
    let mut running = init.stamp(stamp).stdin(input).spawn();
    let begin = read_stamp(&mut stamps);
    let line = running.out.find("the command's line", |_| true);
    let numbers: Vec<i64> = line.split(' ').map(|word| word.parse().unwrap()).collect();
    let [end, resolver, variables] = numbers[..] else { panic!("{line}") };
    let (mut supervisor, mut private) = (0, 0);
    if look {
        let pid = running.pid();
        let kib = |text: Option<String>| text.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or(0);
        supervisor = kib(status_of(pid, "VmHWM"));
        let rollup = std::fs::read_to_string(format!("/proc/{pid}/smaps_rollup")).unwrap_or_default();
        let dirty = rollup.lines().find_map(|line| line.strip_prefix("Private_Dirty:"));
        private = kib(dirty.map(|text| text.trim().to_owned()));
    }
    drop(keep);
    running.finish().expect(0);
    Start {
        microseconds: (end - begin) as f64 / 1000.0,
        resolver: resolver as u64,
        supervisor,
        private,
        variables: variables as usize,
    }
}

fn read_stamp(stamps: &mut PipeReader) -> i64 {
    let mut bytes = [0; 16];
    stamps.read_exact(&mut bytes).unwrap();
    let word = |at: usize| i64::from_ne_bytes(bytes[at..at + 8].try_into().unwrap());
    word(0) * 1_000_000_000 + word(8)
}
