//! Signals, ends and orphans.

use super::Kind;
use crate::on_inits;
use crate::support::handshake::{children, ended, state, until};
use crate::support::pidns::kill;

on_inits! {
    fn signals_are_forwarded(init: Keyinit | Tini | DumbInit) {
        // CHLD is the init's own; TERM ends the probe. The others lack what PEERS lists: tini 4 to 8, 11, 21, 22, 31,
        // dumb-init real-time signals, everybody 32 and 33.
        let missing: &[i32] = match init.kind {
            Kind::Keyinit => &[],
            Kind::Tini => &[4, 5, 6, 7, 8, 11, 21, 22, 31, 32, 33],
            Kind::DumbInit => &[20, 21, 22, 32, 33, 34, 35, 36, 37, 38, 39, 40],
        };
        let mut run = init.probe(&["wait"]).spawn();
        run.out.expect("ready");
        for number in (1..=40).filter(|number| ![9, 15, 17, 19].contains(number) && !missing.contains(number)) {
            run.signal(number);
            run.out.find(&format!("signal {number}"), |line| line.starts_with(&format!("signal {number} ")));
        }
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    fn the_commands_own_exit_code(init: Keyinit | Tini | DumbInit) {
        for code in [0, 1, 2, 64, 70, 77, 126, 127, 143, 255] {
            init.probe(&["exit", &code.to_string()]).run().expect(code);
        }
    }

    fn death_by_a_signal_is_128_and_its_number(init: Keyinit | Tini | DumbInit) {
        for number in [1, 2, 6, 9, 11, 13, 15] {
            init.probe(&["die", &number.to_string()]).run().expect(128 + number);
        }
    }

    fn death_by_a_real_time_signal(init: Keyinit | Tini) {
        for number in [34, 40, 64] {
            init.probe(&["die", &number.to_string()]).run().expect(128 + number);
        }
    }

    fn a_command_that_cannot_be_started(init: Keyinit | Tini) {
        init.with(&["/nowhere/command"]).run().expect(127);
        init.with(&["/etc/passwd"]).run().expect(126);
    }

    fn a_command_that_takes_its_time_after_term(init: Keyinit | Tini | DumbInit) {
        // It ends on USR2 only, with 3: TERM is forwarded, and nobody loses patience.
        let mut run = init.probe(&["wait", "12", "3"]).spawn();
        run.out.expect("ready");
        run.signal(libc::SIGTERM);
        run.out.find("the forwarded TERM", |line| line.starts_with("signal 15 "));
        run.signal(libc::SIGUSR2);
        run.finish().expect(3);
    }

    fn orphans_are_reaped(init: Keyinit | Tini | DumbInit) {
        let mut run = init.probe(&["orphan"]).spawn();
        run.out.expect("orphaned");
        let (pid, command) = (run.pid(), run.command());
        until("the orphan to be reaped", || (children(pid) == [command]).then_some(()));
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    fn many_orphans_are_reaped(init: Keyinit | Tini | DumbInit) {
        let script = "for i in 1 2 3 4 5 6 7 8 9 10; do (/bin/true & /bin/true &) ; done; echo made; read x";
        let (stdin, writer) = std::io::pipe().unwrap();
        let mut run = init.with(&["/bin/sh", "-c", script]).stdin(stdin).spawn();
        run.out.expect("made");
        let (pid, command) = (run.pid(), run.command());
        until("all orphans to be reaped", || (children(pid) == [command]).then_some(()));
        drop(writer);
        run.finish().expect(1);
    }

    /// A command that is stopped is no end.
    fn a_stopped_command_goes_on(init: Keyinit | Tini | DumbInit) {
        let mut run = init.probe(&["wait"]).spawn();
        run.out.expect("ready");
        let command = run.command();
        kill(command, libc::SIGSTOP);
        until("the command to stop", || (state(command) == Some('T')).then_some(()));
        kill(command, libc::SIGCONT);
        run.signal(libc::SIGUSR1);
        run.out.find("USR1", |line| line.starts_with("signal 10 "));
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    /// Nothing of the container outlives the init.
    fn nothing_is_left(init: Keyinit | Tini | DumbInit) {
        let script = "sleep 1000 & echo $!; read x";
        let (stdin, writer) = std::io::pipe().unwrap();
        let mut run = init.with(&["/bin/sh", "-c", script]).stdin(stdin).spawn();
        run.out.find("the pid", |line| !line.is_empty());
        let command = run.command();
        let sleeper = until("sleep", || children(command).first().copied());
        drop(writer);
        run.finish();
        until("the sleeper's end", || ended(sleeper).then_some(()));
    }

    /// CHLD inherited as ignored: tini hangs for ever.
    fn chld_that_was_ignored(init: Keyinit) {
        init.probe(&["exit", "7"]).ignored(&[libc::SIGCHLD]).run().expect(7);
    }

    /// Everything blocked from the start: TERM is still forwarded.
    fn signals_that_were_blocked(init: Keyinit | Tini) {
        let all: Vec<i32> = (1..=64).collect();
        let mut run = init.probe(&["wait"]).blocked(&all).spawn();
        run.out.expect("ready");
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }
}
