//! What an init does on request, and what becomes of those that the command leaves behind.

use super::Ask;
use crate::on_inits;
use crate::support::handshake::{children, until};

on_inits! {
    /// on request, signals reach the command's whole group
    fn the_whole_group(init) {
        let mut run = init.asked(&[Ask::Group]).probe(&["leave", "obedient", "3", "15"]).spawn();
        run.out.find("the child", |line| line.starts_with("left "));
        run.signal(libc::SIGUSR1);
        run.out.expect("child signal 10");
        run.signal(libc::SIGTERM);
        run.finish().expect(3);
    }

    /// as PID 1, what the command leaves behind gets TERM and time to end
    fn workers_get_their_time(init) {
        let mut run = init.asked(&[Ask::Alone]).probe(&["leave", "obedient", "3", "15"]).spawn();
        run.out.find("the child", |line| line.starts_with("left "));
        run.signal(libc::SIGTERM);
        run.out.expect("child signal 15");
        run.finish().expect(3);
    }

    /// on request, one signal is passed on as another
    fn rewritten(init) {
        let mut run = init.asked(&[Ask::Rewrite(15, 3)]).probe(&["wait", "3", "5"]).spawn();
        run.out.expect("ready");
        run.signal(libc::SIGTERM);
        run.finish().expect(5);
    }

    /// on request, an exit code is reported as 0
    fn remapped(init) {
        init.asked(&[Ask::Remap(143)]).probe(&["die", "15"]).run().expect(0);
    }

    /// when not PID 1, orphans come to it and are reaped
    fn orphans_without_being_pid_1(init) {
        let mut run = init.asked(&[Ask::Adopt]).probe(&["orphan"]).plain().spawn();
        run.out.expect("orphaned");
        let (pid, command) = (run.pid(), run.command());
        until("the orphan to be reaped", || (children(pid) == [command]).then_some(()));
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    /// has an option for a signal at its parent's death
    fn the_parents_death(init) {
        init.asked(&[Ask::ParentDeath("USR1")]).probe(&["exit", "4"]).run().expect(4);
    }

    /// on request, a line for each orphan that is reaped
    fn a_line_for_an_orphan(init) {
        let mut run = init.asked(&[Ask::Verbose]).probe(&["orphan"]).spawn();
        run.out.expect("orphaned");
        let (pid, command) = (run.pid(), run.command());
        until("the orphan to be reaped", || (children(pid) == [command]).then_some(()));
        run.signal(libc::SIGTERM);
        let said = run.finish().expect(0);
        // Each in its own words, and the others for the command itself too; tini says it on standard output, at the end.
        let (words, least) = match init.kind {
            Kind::Keyinit => ("reaped orphan", 1),
            Kind::DumbInit => ("A child with PID", 2),
            _ => ("Reaped child with pid", 2),
        };
        let lines = said.out.lines().chain(said.err.lines()).filter(|line| line.contains(words));
        assert_eq!(lines.count(), least);
    }
}
