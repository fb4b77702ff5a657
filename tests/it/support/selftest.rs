//! The support shown to work on programs that are known: busybox, the shell, the probe.

use super::binary::{digest, probe};
use super::handshake::children;
use super::pidns::{Init, opened};

#[test]
fn a_program_is_first_in_a_namespace_of_its_own() {
    let report = Init::new(probe()).arg("report").run().expect(0).json();
    assert_eq!(report["pid"], 1);
    assert_eq!(report["ppid"], 0);
    assert_eq!(report["env"], serde_json::json!([]));
    let processes = Init::new("/bin/sh").args(["-c", "echo /proc/[0-9]*"]).run().expect(0);
    assert_eq!(processes.out, "/proc/1");
}

#[test]
fn exit_codes_and_deaths_are_mirrored() {
    Init::new(probe()).args(["exit", "7"]).run().expect(7);
    // A plain PID 1 has no default actions: its own TERM does nothing to it. Seen from outside, KILL does.
    Init::new(probe()).args(["die", "15"]).run().expect(0);
    Init::new(probe()).args(["die", "15"]).plain().run().expect(1015);
    let mut waiting = Init::new(probe()).args(["wait", "15", "3"]).spawn();
    waiting.out.expect("ready");
    waiting.signal(libc::SIGKILL);
    waiting.finish().expect(1009);
}

#[test]
fn everything_that_is_set_arrives() {
    let report = Init::new(probe())
        .arg0("another")
        .arg("report")
        .env("A", "1")
        .cwd("/usr")
        .umask(0o027)
        .blocked(&[libc::SIGUSR1])
        .ignored(&[libc::SIGPIPE, libc::SIGHUP])
        .limit(libc::RLIMIT_NOFILE, 100, 200)
        .descriptor(7, opened("/dev/null"))
        .run()
        .expect(0)
        .json();
    assert_eq!(report["argv"], serde_json::json!(["another", "report"]));
    assert_eq!(report["env"], serde_json::json!(["A=1"]));
    assert_eq!(report["cwd"], "/usr");
    assert_eq!(report["status"]["Umask"], "0027");
    assert_eq!(report["status"]["SigBlk"], "0000000000000200");
    assert_eq!(report["status"]["SigIgn"], "0000000000001001");
    assert_eq!(report["limits"]["Max open files"], serde_json::json!(["100", "200"]));
    assert_eq!(report["fds"]["7"], "/dev/null");
    assert_eq!(report["fds"].as_object().unwrap().len(), 4);
}

#[test]
fn signals_reach_it_from_outside_and_its_death_takes_all_along() {
    let mut shell = Init::new("/bin/sh").args(["-c", "sleep 1000 & echo up; wait"]).spawn();
    shell.out.expect("up");
    let pid = shell.pid();
    let sleeper = super::handshake::until("sleep", || children(pid).first().copied());
    drop(shell);
    super::handshake::until("the end of the namespace", || super::handshake::ended(sleeper).then_some(()));

    let mut waiting = Init::new(probe()).args(["wait"]).spawn();
    waiting.out.expect("ready");
    waiting.signal(libc::SIGUSR1);
    waiting.out.expect("signal 10 code 0");
    waiting.signal(libc::SIGTERM);
    waiting.finish().expect(0);
}

#[test]
fn the_probe_knows_a_value_by_its_digest() {
    let value = "s3cret";
    let digest = format!("{:016x}", digest(value.as_bytes()));
    Init::new(probe()).env("X", value).args(["has", "X", "6", &digest]).run().expect(0);
    Init::new(probe()).env("X", "s3creT").args(["has", "X", "6", &digest]).run().expect(1);
}
