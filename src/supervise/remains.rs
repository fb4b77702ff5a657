//! What is left when the command has ended.

use crate::sys::process::{self, Reap};
use crate::sys::signal;

/// The processes that outlived the command.
pub struct Remains {
    /// The command's pid, which is also its process group's.
    pub command: i32,
    /// This process.
    pub own_pid: i32,
}

impl Remains {
    /// Reaps all that has died; whether nothing of ours is left.
    pub fn reap_all(&self) -> bool {
        loop {
            match process::reap() {
                Reap::Ended(_) => {}
                Reap::AllLive => return false,
                Reap::None => return true,
            }
        }
    }

    /// Sends `number` to what is left: as PID 1 to everybody (kill(-1) leaves PID 1 out), else only to the command's
    /// group and to the orphans that this process has adopted. A root process that is not PID 1 and says kill(-1) ends
    /// the pod or the host.
    pub fn signal(&self, number: i32) {
        if self.own_pid == 1 {
            signal::send(-1, number);
            return;
        }
        // The command is reaped, and once the last of its group is gone, its id may be that of a stranger's group. A child
        // of ours holds it, even dead, for as long as it is not reaped, which only we do. Whoever is in the group but below
        // a process that left it is reached only once it has come to us.
        if process::has_child_in_group(self.command) {
            signal::send(-self.command, number);
        }
        // The adopted ones are children now; the kernel lists them (proc_pid_task(5)), if it was built to.
        let children = std::fs::read_to_string("/proc/thread-self/children").unwrap_or_default();
        for pid in children.split_whitespace().filter_map(|pid| pid.parse::<i32>().ok()).filter(|pid| *pid > 1) {
            signal::send(pid, number);
        }
    }
}
