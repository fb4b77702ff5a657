//! The options about signals, ends and users, and every signal there is.

use std::time::{Duration, Instant};

use crate::support::binary;
use crate::support::handshake::{ended, until};
use crate::support::pidns::{Init, Running, kill, queue};
use crate::support::run::keyinit;
use crate::support::skip::is_root;

/// A grace that no test outlives.
const FOR_EVER: [&str; 2] = ["--grace", "1h"];

/// keyinit with these options and the probe, which is ready.
fn ready(options: &[&str], probe: &[&str]) -> Running {
    let mut run = keyinit().args(options).probe(probe).spawn();
    run.out.expect("ready");
    run
}

/// The same with a probe that leaves a child behind; and the child's pid as the probe sees it.
fn left(init: Init, probe: &[&str]) -> (Running, i32) {
    let mut run = init.probe(probe).spawn();
    let line = run.out.find("the child", |line| line.starts_with("left "));
    (run, line["left ".len()..].parse().unwrap())
}

fn arrival(number: i32) -> impl Fn(&str) -> bool {
    move |line| line.starts_with(&format!("signal {number} "))
}

#[test]
fn every_signal_is_forwarded() {
    let mut run = ready(&[], &["wait"]);
    for number in (1..=64).filter(|number| ![libc::SIGKILL, libc::SIGTERM, libc::SIGSTOP].contains(number)) {
        run.signal(number);
        run.out.find(&format!("signal {number}"), arrival(number));
    }
    run.signal(libc::SIGTERM);
    run.finish().expect(0);
}

#[test]
fn what_is_queued_with_a_signal_arrives() {
    let mut run = ready(&[], &["wait"]);
    let pid = run.pid();
    // Real-time signals are queued, each with its own value (signal(7)).
    for (number, value) in [(34, 1), (40, 4660), (40, 4661), (64, 7)] {
        queue(pid, number, value);
    }
    for line in ["signal 34 code -1 value 1", "signal 40 code -1 value 4660", "signal 40 code -1 value 4661"] {
        run.out.expect(line);
    }
    run.out.expect("signal 64 code -1 value 7");
    run.signal(libc::SIGTERM);
    run.finish().expect(0);
}

#[test]
fn group_reaches_the_whole_group() {
    let (mut run, _) = left(keyinit().arg("--group"), &["leave", "obedient", "3", "15"]);
    run.signal(libc::SIGUSR1);
    run.out.expect("child signal 10");
    run.signal(libc::SIGTERM);
    run.out.expect("child signal 15");
    run.finish().expect(3);
}

/// Without `--group` only the command: what the child gets is the TERM that follows the command's end.
#[test]
fn without_group_it_reaches_the_command_alone() {
    let (mut run, _) = left(keyinit().args(FOR_EVER), &["leave", "obedient", "3", "10"]);
    run.signal(libc::SIGUSR1);
    let run = run.finish().expect(3);
    assert!(!run.out.contains("child signal 10") && run.out.ends_with("\nchild signal 15"), "{}", run.out);
}

#[test]
fn rewritten_signals() {
    let mut run = ready(&["--rewrite-signal", "TERM:QUIT"], &["wait", "3", "5"]);
    run.signal(libc::SIGTERM);
    let run = run.finish().expect(5);
    assert_eq!(run.out, "ready\nsignal 3 code 0");
    // The lowest pending one is taken first (signal(7)): a TERM that was not dropped would come before WINCH.
    let mut run = ready(&["--rewrite-signal", "TERM:0"], &["wait", "28", "6"]);
    run.signal(libc::SIGTERM);
    run.signal(libc::SIGWINCH);
    let run = run.finish().expect(6);
    assert_eq!(run.out, "ready\nsignal 28 code 0");
}

#[test]
fn remapped_exit_codes() {
    for (probe, code) in [(["die", "15"], 0), (["exit", "143"], 0), (["exit", "144"], 144), (["exit", "1"], 1)] {
        keyinit().args(["--remap-exit", "143"]).probe(&probe).run().expect(code);
    }
}

#[test]
fn kill_after() {
    let mut run = ready(&["--kill-after", "200ms"], &["wait", "12", "0"]);
    let sent = Instant::now();
    run.signal(libc::SIGTERM);
    run.out.find("the forwarded TERM", arrival(libc::SIGTERM));
    run.finish().expect(137);
    assert!(sent.elapsed() >= Duration::from_millis(200), "{:?}", sent.elapsed());
}

/// An orphan that does not heed TERM is killed when the grace is over, as PID 1 and else. The code is the command's.
#[test]
fn grace_ends_in_a_kill() {
    for plain in [false, true] {
        let began = Instant::now();
        let init = keyinit().args(["--grace", "200ms"]);
        let init = if plain { init.plain() } else { init };
        let (mut run, child) = left(init, &["leave", "stubborn", "7"]);
        run.out.expect("child signal 15");
        run.finish().expect(7);
        assert!(began.elapsed() >= Duration::from_millis(200), "{:?}", began.elapsed());
        if plain {
            until("the orphan's end", || ended(child).then_some(()));
        }
    }
}

#[test]
fn grace_is_over_when_nothing_is_left() {
    let (mut run, _) = left(keyinit().args(FOR_EVER), &["leave", "obedient", "7"]);
    run.out.expect("child signal 15");
    run.finish().expect(7);
    keyinit().args(FOR_EVER).probe(&["exit", "7"]).run().expect(7);
}

/// The first TERM ended the command; whoever sends another does not want to wait.
#[test]
fn a_second_term_ends_the_grace() {
    let (mut run, _) = left(keyinit().args(FOR_EVER), &["leave", "stubborn", "7", "15"]);
    run.signal(libc::SIGTERM);
    run.out.expect("child signal 15");
    run.signal(libc::SIGTERM);
    run.finish().expect(7);
}

/// The shell is keyinit's parent, and ends when its standard input does.
#[test]
fn parent_death_signal() {
    let (stdin, writer) = std::io::pipe().unwrap();
    let script = "\"$1\" --parent-death-signal USR1 -- \"$2\" wait 10 4 & echo $!; read x";
    let init = Init::new("/bin/sh").plain().args(["-c", script, "sh"]).arg(binary::keyinit()).arg(binary::probe());
    let mut run = init.stdin(stdin).spawn();
    let pid = run.out.find("keyinit's pid", |line| line.parse::<i32>().is_ok());
    run.out.expect("ready");
    drop(writer);
    run.out.find("USR1", arrival(libc::SIGUSR1));
    run.finish().expect(1);
    until("keyinit's end", || ended(pid.parse().unwrap()).then_some(()));
}

#[test]
fn user_and_groups() {
    if !is_root() {
        return;
    }
    let report = keyinit().args(["--user", "65534:65534"]).report();
    for (name, wanted) in [("Uid", "65534\t65534\t65534\t65534"), ("Gid", "65534\t65534\t65534\t65534")] {
        assert_eq!(report.0["status"][name], wanted);
    }
    assert_eq!(report.0["status"]["Groups"], "65534");
    assert_eq!(report.0["status"]["CapEff"], "0000000000000000");
    assert_eq!(report.0["dumpable"], 1);
}

/// After a change of user keyinit, with root's rights, still reaches the command.
#[test]
fn another_user_is_still_signalled() {
    if !is_root() {
        return;
    }
    let mut run = ready(&["--user", "65534:65534"], &["wait", "15", "4"]);
    let command = run.command();
    run.signal(libc::SIGUSR1);
    run.out.find("USR1", arrival(libc::SIGUSR1));
    kill(command, libc::SIGTERM);
    run.finish().expect(4);
}
