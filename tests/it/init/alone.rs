//! keyinit's own: `--exec`, and life without being PID 1.

use std::io::Write;

use crate::support::binary::{self, on_path};
use crate::support::handshake::{children, until};
use crate::support::pidns::{Init, kill};
use crate::support::run::keyinit;
use crate::support::skip::skip;

#[test]
fn exec_leaves_nothing_of_keyinit() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "s3cret").unwrap();
    for reference in ["secret://file/password", "plain"] {
        let report = keyinit()
            .arg("--exec")
            .env("KEYINIT_FILE_ROOT", folder.path())
            .env("X", reference)
            .ignored(&[libc::SIGPIPE])
            .limit(libc::RLIMIT_CORE, 1_000_000, libc::RLIM_INFINITY)
            .report();
        assert_eq!(report.variable("X").unwrap(), if reference == "plain" { "plain" } else { "s3cret" });
        assert_eq!(report.0["pid"], 1);
        assert_eq!(report.0["dumpable"], 1);
        assert_eq!(report.0["limits"]["Max core file size"], serde_json::json!(["1000000", "unlimited"]));
        assert_eq!(report.0["status"]["SigIgn"], "0000000000001000");
        assert_eq!(report.0["status"]["SigBlk"], "0000000000000000");
        assert_eq!(report.0["fds"].as_object().unwrap().len(), 3);
    }
    keyinit().args(["--exec", "--", "/nowhere/command"]).run().expect(127);
    keyinit().args(["--exec", "--", "/etc/passwd"]).run().expect(126);
}

/// Past execve PID 1 would never hear of it. The manifest comes only once the signal waits.
#[test]
fn exec_does_not_start_after_term() {
    let (manifest, mut written) = std::io::pipe().unwrap();
    let mut run = keyinit()
        .args(["--exec", "-m", "/dev/fd/5"])
        .descriptor(5, manifest)
        .blocked(&[libc::SIGTERM])
        .probe(&["report"])
        .spawn();
    run.signal(libc::SIGTERM);
    written.write_all(b"env: { X: plain }\n").unwrap();
    drop(written);
    let run = run.finish().expect(143);
    assert_eq!(run.out, "");
}

#[test]
fn without_being_pid_1() {
    let mut run = keyinit().plain().probe(&["wait", "15", "4"]).spawn();
    run.out.expect("ready");
    run.signal(libc::SIGUSR1);
    run.out.find("USR1", |line| line.starts_with("signal 10 "));
    run.signal(libc::SIGTERM);
    run.finish().expect(4);
    keyinit().plain().probe(&["die", "9"]).run().expect(137);
}

/// When not PID 1, it is a subreaper by itself.
#[test]
fn orphans_are_reaped_without_being_pid_1() {
    let mut run = keyinit().plain().probe(&["orphan"]).spawn();
    run.out.expect("orphaned");
    let (pid, command) = (run.pid(), run.command());
    until("the orphan to be reaped", || (children(pid) == [command]).then_some(()));
    run.signal(libc::SIGTERM);
    run.finish().expect(0);
}

/// Started without standard descriptors: nothing of ours takes their numbers, or the log would be written into it.
#[test]
fn standard_descriptors_that_are_closed() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "s3cret").unwrap();
    let start = || keyinit().args(["-v", "--timeout", "1"]).env("KEYINIT_FILE_ROOT", folder.path());
    for closed in [&[0][..], &[1], &[2], &[0, 1], &[0, 2], &[1, 2], &[0, 1, 2]] {
        start().env("X", "secret://file/password").closed(closed).probe(&["exit", "3"]).run().expect(3);
        start().closed(closed).probe(&["exit", "3"]).run().expect(3);
    }
    let report = start().env("X", "secret://file/password").closed(&[0, 2]).report();
    let numbers: Vec<&String> = report.0["fds"].as_object().unwrap().keys().collect();
    assert_eq!(numbers, ["1"]);
}

/// A pipe that is full and that nobody empties: the log is lost, and nothing else.
#[test]
fn standard_error_that_nobody_empties() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "s3cret").unwrap();
    for (reference, code) in [("secret://file/password", 3), ("secret://file/none", 66), ("secret://none/none", 78)] {
        let (_reader, writer) = full_pipe();
        keyinit()
            .args(["-v", "--timeout", "10"])
            .env("KEYINIT_FILE_ROOT", folder.path())
            .env("X", reference)
            .descriptor(2, writer)
            .probe(&["exit", "3"])
            .run()
            .expect(code);
    }
}

/// A pipe that takes no byte more.
fn full_pipe() -> (std::io::PipeReader, std::io::PipeWriter) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    let flags = nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::O_NONBLOCK));
    flags.unwrap();
    while writer.write(&[b'x'; 4096]).is_ok() {}
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(nix::fcntl::OFlag::empty())).unwrap();
    (reader, writer)
}

#[test]
fn standard_error_that_cannot_be_written() {
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    keyinit().arg("-v").probe(&["exit", "3"]).descriptor(2, full).run().expect(3);
}

/// The command of a keyinit in the foreground gets the terminal; one that was started with `&` leaves it to the shell.
#[test]
fn only_in_the_foreground_is_the_terminal_taken() {
    let Some(setsid) = on_path("setsid") else { return skip("setsid", "not installed") };
    let wait = "\"$1\" -- \"$2\" wait 10 4";
    for (script, foreground, code) in [(format!("exec {wait}"), true, 4), (format!("set -m; {wait} & wait"), false, 0)]
    {
        let pty = nix::pty::openpty(None, None).unwrap();
        // The shell leads a session of its own, whose terminal this is, and is in its foreground.
        let init = Init::new(&setsid).plain().args(["--ctty", "/bin/sh", "-c", &script, "sh"]);
        let mut run = init.arg(binary::keyinit()).arg(binary::probe()).stdin(pty.slave).spawn();
        run.out.expect("ready");
        let keyinit = if foreground { run.pid() } else { children(run.pid())[0] };
        let command = children(keyinit)[0];
        let wanted = if foreground { command } else { run.pid() };
        assert_eq!(nix::unistd::tcgetpgrp(&pty.master).unwrap().as_raw(), wanted, "{script}");
        kill(command, libc::SIGUSR1);
        run.finish().expect(code);
    }
}

/// The usual set of capabilities for dropping a user lacks CAP_KILL: then no signal reaches the command, and that is said.
#[test]
fn a_command_that_may_not_be_signalled() {
    if !crate::support::skip::is_root() {
        return;
    }
    const CAP_KILL: u8 = 5;
    let mut run = keyinit().args(["--user", "65534"]).without(CAP_KILL).probe(&["wait"]).spawn();
    run.out.expect("ready");
    run.signal(libc::SIGUSR1);
    run.err.find("the warning", |line| {
        line.starts_with("keyinit: warning: SIGUSR1 did not reach the command: keyinit may not signal pid ")
            && line.ends_with(" (it lacks CAP_KILL)")
    });
    let command = run.command();
    kill(command, libc::SIGTERM);
    run.finish().expect(0);
}
