//! What the command is given is what the init was given: nothing more, nothing less.

use std::fs::File;

use super::Kind;
use crate::on_inits;
use crate::support::binary::probe;
use crate::support::pidns::opened;
use crate::support::run::Report;
use serde_json::json;

const TEN: &str = "0000000000000200"; // SIGUSR1
const HUP_AND_PIPE: &str = "0000000000001001";
const NONE: &str = "0000000000000000";

on_inits! {
    /// the signal mask and the ignored signals are the command's as they were the init's
    fn mask_and_dispositions(init) {
        for (blocked, ignored, wanted) in [
            (&[][..], &[][..], (NONE, NONE)),
            (&[libc::SIGUSR1], &[libc::SIGHUP, libc::SIGPIPE], (TEN, HUP_AND_PIPE)),
        ] {
            let report = init.probe(&["report"]).blocked(blocked).ignored(ignored).run().expect(0).report();
            let status = &report.0["status"];
            assert_eq!((&status["SigBlk"], &status["SigIgn"]), (&json!(wanted.0), &json!(wanted.1)));
            assert_eq!(status["SigCgt"], NONE);
        }
    }

    /// so are all 64 of them, ignored or blocked
    fn every_signal_ignored_and_every_signal_blocked(init) {
        let all: Vec<i32> = (1..=64).filter(|number| ![9, 17, 19].contains(number)).collect();
        let report = init.probe(&["report"]).ignored(&all).run().expect(0).report();
        assert_eq!(report.0["status"]["SigIgn"], "fffffffffffafeff");
        let report = init.probe(&["report"]).blocked(&all).run().expect(0).report();
        assert_eq!(report.0["status"]["SigBlk"], "fffffffffffafeff");
    }

    /// resource limits
    fn limits(init) {
        let report = init
            .probe(&["report"])
            .limit(libc::RLIMIT_NOFILE, 100, 200)
            .limit(libc::RLIMIT_CORE, 1_000_000, libc::RLIM_INFINITY)
            .limit(libc::RLIMIT_STACK, 1 << 20, 1 << 22)
            .run()
            .expect(0)
            .report();
        for (name, wanted) in [
            ("Max open files", json!(["100", "200"])),
            ("Max core file size", json!(["1000000", "unlimited"])),
            ("Max stack size", json!(["1048576", "4194304"])),
        ] {
            assert_eq!(report.0["limits"][name], wanted);
        }
    }

    /// umask and working directory
    fn umask_and_directory(init) {
        let report = init.probe(&["report"]).umask(0o137).cwd("/usr/bin").run().expect(0).report();
        assert_eq!(report.0["status"]["Umask"], "0137");
        assert_eq!(report.0["cwd"], "/usr/bin");
    }

    /// arguments, byte for byte
    fn arguments_as_they_were_written(init) {
        let report = init.probe(&["report", "", "--", "-x", "a b", "\u{e9}"]).run().expect(0).report();
        let path = probe().display().to_string();
        assert_eq!(report.0["argv"], json!([path, "report", "", "--", "-x", "a b", "\u{c3}\u{a9}"]));
    }

    /// argv[0] is the name that was typed
    fn argv_0_is_the_name_that_was_typed(init) {
        let folder = probe().parent().unwrap();
        let name = probe().file_name().unwrap().to_str().unwrap();
        let report = init.with(&[name, "report"]).env("PATH", folder).run().expect(0).report();
        assert_eq!(report.0["argv"][0], name);
    }

    /// the descriptors that were inherited, and no other
    fn descriptors(init) {
        let report = init
            .probe(&["report"])
            .descriptor(7, opened("/dev/null"))
            .descriptor(42, opened("/etc/hostname"))
            .run()
            .expect(0)
            .report();
        let fds = report.0["fds"].as_object().unwrap();
        let numbers: Vec<&String> = fds.keys().collect();
        assert_eq!(numbers, ["0", "1", "2", "42", "7"]);
        assert_eq!(fds["7"], "/dev/null");
        assert_eq!(fds["42"], "/etc/hostname");
    }

    /// standard input reaches the command
    fn standard_input_reaches_the_command(init) {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("in");
        std::fs::write(&file, "line").unwrap();
        let run = init.probe(&["stdin"]).stdin(File::open(&file).unwrap()).run().expect(0);
        assert_eq!(run.out, "line");
    }

    /// a process group of its own, dumpable, no parent-death signal
    fn the_kernels_own_marks(init) {
        let report = init.probe(&["report"]).run().expect(0).report();
        assert_eq!(report.0["dumpable"], 1);
        assert_eq!(report.0["death_signal"], 0);
        assert_eq!(report.0["ppid"], 1);
        // In a process group of its own.
        assert_eq!(report.0["pgid"], report.0["pid"]);
    }
}

/// All of it at once after a start that resolved something: through R, not past it.
#[test]
fn the_same_after_a_resolution() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "s3cret").unwrap();
    let init = super::init(Kind::Keyinit).unwrap();
    let report: Report = init
        .probe(&["report"])
        .env("KEYINIT_FILE_ROOT", folder.path())
        .env("X", "secret://file/password")
        .blocked(&[libc::SIGUSR1])
        .ignored(&[libc::SIGHUP, libc::SIGPIPE])
        .limit(libc::RLIMIT_CORE, 1_000_000, libc::RLIM_INFINITY)
        .descriptor(7, opened("/dev/null"))
        .umask(0o137)
        .cwd("/usr")
        .run()
        .expect(0)
        .report();
    assert_eq!(report.environment(), ["X=s3cret"]);
    let status = &report.0["status"];
    assert_eq!((&status["SigBlk"], &status["SigIgn"]), (&json!(TEN), &json!(HUP_AND_PIPE)));
    assert_eq!((&status["SigCgt"], &status["Umask"]), (&json!(NONE), &json!("0137")));
    assert_eq!(report.0["limits"]["Max core file size"], json!(["1000000", "unlimited"]));
    assert_eq!(
        (&report.0["cwd"], &report.0["dumpable"], &report.0["death_signal"]),
        (&json!("/usr"), &json!(1), &json!(0))
    );
    assert_eq!((&report.0["ppid"], &report.0["pgid"]), (&json!(1), &report.0["pid"]));
    let numbers: Vec<&String> = report.0["fds"].as_object().unwrap().keys().collect();
    assert_eq!(numbers, ["0", "1", "2", "7"]);
}
