//! Signals, ends and orphans.

use super::Subject;
use crate::on_inits;
use crate::support::handshake::{children, ended, state, until};
use crate::support::pidns::kill;

/// Sends each of `numbers` to the init; the command must get them all.
fn every(init: &Subject, numbers: &[i32]) {
    let mut run = init.probe(&["wait"]).spawn();
    run.out.expect("ready");
    for number in numbers {
        run.signal(*number);
        run.out.find(&format!("signal {number}"), |line| line.starts_with(&format!("signal {number} ")));
    }
    run.signal(libc::SIGTERM);
    run.finish().expect(0);
}

on_inits! {
    /// the usual signals are forwarded
    fn usual_signals_are_forwarded(init) {
        every(init, &[1, 2, 3, 10, 12, 13, 14, 16, 18, 23, 24, 25, 26, 27, 28, 29, 30]);
    }

    /// ILL, TRAP, ABRT, BUS, FPE, SEGV and SYS are forwarded when somebody sent them
    fn faults_that_somebody_sent(init) {
        every(init, &[4, 5, 6, 7, 8, 11, 31]);
    }

    /// TSTP, TTIN and TTOU are forwarded
    fn stops_of_a_terminal(init) {
        every(init, &[20, 21, 22]);
    }

    /// every real-time signal is forwarded, 32 and 33 too
    fn real_time_signals_are_forwarded(init) {
        every(init, &(32..=64).collect::<Vec<i32>>());
    }

    /// the exit code is the command's own
    fn the_commands_own_exit_code(init) {
        for code in [0, 1, 2, 64, 70, 77, 126, 127, 143, 255] {
            init.probe(&["exit", &code.to_string()]).run().expect(code);
        }
    }

    /// 128+N when signal N killed the command
    fn death_by_a_signal_is_128_and_its_number(init) {
        for number in [1, 2, 6, 9, 11, 13, 15] {
            init.probe(&["die", &number.to_string()]).run().expect(128 + number);
        }
    }

    /// 128+N for a real-time signal too
    fn death_by_a_real_time_signal(init) {
        for number in [34, 40, 64] {
            init.probe(&["die", &number.to_string()]).run().expect(128 + number);
        }
    }

    /// a command that is missing is 127, one that cannot be executed 126
    fn a_command_that_cannot_be_started(init) {
        init.with(&["/nowhere/command"]).run().expect(127);
        init.with(&["/etc/passwd"]).run().expect(126);
    }

    /// a command that takes its time after TERM is given it
    fn a_command_that_takes_its_time_after_term(init) {
        // It ends on USR2 only, with 3: TERM is forwarded, and nobody loses patience.
        let mut run = init.probe(&["wait", "12", "3"]).spawn();
        run.out.expect("ready");
        run.signal(libc::SIGTERM);
        run.out.find("the forwarded TERM", |line| line.starts_with("signal 15 "));
        run.signal(libc::SIGUSR2);
        run.finish().expect(3);
    }

    /// an orphan is reaped
    fn orphans_are_reaped(init) {
        let mut run = init.probe(&["orphan"]).spawn();
        run.out.expect("orphaned");
        let (pid, command) = (run.pid(), run.command());
        until("the orphan to be reaped", || (children(pid) == [command]).then_some(()));
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    /// many orphans at once are reaped
    fn many_orphans_are_reaped(init) {
        let script = "for i in 1 2 3 4 5 6 7 8 9 10; do (/bin/true & /bin/true &) ; done; echo made; read x";
        let (stdin, writer) = std::io::pipe().unwrap();
        let mut run = init.with(&["/bin/sh", "-c", script]).stdin(stdin).spawn();
        run.out.expect("made");
        let (pid, command) = (run.pid(), run.command());
        until("all orphans to be reaped", || (children(pid) == [command]).then_some(()));
        drop(writer);
        run.finish().expect(1);
    }

    /// a command that is stopped has not ended
    fn a_stopped_command_goes_on(init) {
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

    /// nothing of the container outlives the init
    fn nothing_is_left(init) {
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

    /// with SIGCHLD inherited as ignored, the command's end is still seen
    fn chld_that_was_ignored(init) {
        init.probe(&["exit", "7"]).ignored(&[libc::SIGCHLD]).run().expect(7);
    }

    /// signals that were blocked at the start are forwarded
    fn signals_that_were_blocked(init) {
        let all: Vec<i32> = (1..=64).collect();
        let mut run = init.probe(&["wait"]).blocked(&all).spawn();
        run.out.expect("ready");
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }
}
