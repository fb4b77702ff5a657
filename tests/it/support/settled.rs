//! When to give up on another init: when nothing of it moves any more, so that nothing can come of waiting.
//!
//! A family of processes has settled when every one of them sleeps, is stopped or is dead, and none has been on a
//! processor since the last looks (the counters of context switches in /proc/PID/status say so).

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::handshake::{family, state, status_of};

/// How often the counters must have stood still, and how far apart the looks are.
const LOOKS: u32 = 8;
pub const APART: Duration = Duration::from_millis(25);

thread_local! {
    static GIVES_UP: Cell<bool> = const { Cell::new(false) };
    static ROOT: Cell<Option<i32>> = const { Cell::new(None) };
}

/// Whether the waits of this thread's test end when what they wait for can no longer come. Not for keyinit: there a wait in
/// vain is a failure that is to be seen as such.
pub fn gives_up(whether: bool) {
    GIVES_UP.set(whether);
    ROOT.set(None);
}

/// From here on, it is this process and all that stem from it that must move.
pub fn watch(root: i32) {
    ROOT.set(Some(root));
}

/// One wait.
pub struct Waiting {
    counters: String,
    still: u32,
    looked: Instant,
}

impl Waiting {
    pub fn new() -> Self {
        Waiting { counters: String::new(), still: 0, looked: Instant::now() }
    }

    /// Fails when there is nothing more to wait for.
    #[track_caller]
    pub fn look(&mut self, what: &str) {
        let Some(root) = ROOT.get().filter(|_| GIVES_UP.get() && self.looked.elapsed() >= APART) else { return };
        self.looked = Instant::now();
        match counters(root) {
            Some(counters) if counters == self.counters => self.still += 1,
            counters => (self.counters, self.still) = (counters.unwrap_or_default(), 0),
        }
        assert!(self.still < LOOKS, "nothing moves any more: waited in vain for {what}");
    }
}

/// The counters of all the processes; none when one of them runs or waits for a disk.
fn counters(root: i32) -> Option<String> {
    let mut all = String::from("-");
    for pid in family(root) {
        let state = state(pid);
        if matches!(state, Some('R' | 'D')) {
            return None;
        }
        let switches = ["voluntary_ctxt_switches", "nonvoluntary_ctxt_switches"].map(|name| status_of(pid, name));
        all.push_str(&format!("{pid} {state:?} {switches:?}\n"));
    }
    Some(all)
}
