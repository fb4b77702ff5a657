//! Which signal is passed on, and as what; and which end a start. Pure but for asking what was inherited as ignored.

use crate::sys::signal::{self, Disposition};
use libc::{SIGCHLD, SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// What is known of a signal that arrived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrived {
    /// Its number.
    pub number: i32,
    /// `si_code` (sigaction(2)): above 0 it came from the kernel.
    pub code: i32,
    /// Who sent it, where somebody did.
    pub sender: i32,
}

/// The number under which `arrived` is passed on to the command; none when it is not.
///
/// Not passed on: the kernel's word that a child of ours changed (a SIGCHLD that somebody sent is passed on), and what
/// this process brought upon itself (SIGPIPE, from a log line that nobody reads: the kernel names us as its sender).
pub fn passed_on(arrived: Arrived, own_pid: i32, rewrite: &[(i32, i32)]) -> Option<i32> {
    let sent = arrived.code <= 0;
    if (arrived.number == SIGCHLD && !sent) || (sent && arrived.sender == own_pid) {
        return None;
    }
    let number = rewrite.iter().rfind(|(from, _)| *from == arrived.number).map_or(arrived.number, |(_, to)| *to);
    (number > 0).then_some(number)
}

/// Whether a signal asks the command to end: `--kill-after` counts from the first of these.
pub fn is_terminating(number: i32) -> bool {
    matches!(number, SIGTERM | SIGINT | SIGQUIT | SIGHUP)
}

/// The signals that end a start before the command runs: TERM, INT, QUIT and HUP, save what was inherited as ignored (by
/// `nohup`, or by `&` in a script) and would be by the command too.
pub fn ends_a_start() -> Vec<i32> {
    let heeded = |number: &i32| signal::disposition(*number) == Disposition::Default;
    [SIGTERM, SIGINT, SIGQUIT, SIGHUP].into_iter().filter(heeded).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_on() {
        let (user, kernel, queue) = (0, 0x80, -1);
        for (number, code, sender, rewrite, expected) in [
            (SIGTERM, user, 50, &[][..], Some(SIGTERM)),
            (SIGTERM, user, 50, &[(SIGTERM, SIGQUIT)], Some(SIGQUIT)),
            (SIGTERM, user, 50, &[(SIGTERM, 0)], None),
            (SIGTERM, user, 50, &[(SIGTERM, 1), (SIGTERM, 2)], Some(2)),
            (SIGINT, kernel, 0, &[], Some(SIGINT)),
            (64, queue, 50, &[], Some(64)),
            (SIGCHLD, libc::CLD_EXITED, 50, &[], None),
            (SIGCHLD, user, 50, &[], Some(SIGCHLD)),
            (libc::SIGPIPE, user, 1, &[], None),
            (libc::SIGPIPE, user, 50, &[], Some(libc::SIGPIPE)),
            // A sender outside this PID namespace is shown as 0: `docker stop`.
            (SIGTERM, user, 0, &[], Some(SIGTERM)),
        ] {
            let arrived = Arrived { number, code, sender };
            assert_eq!(passed_on(arrived, 1, rewrite), expected, "{arrived:?}");
        }
    }
}
