//! The command line: verbs, help, and what is wrong with it.

use super::secrets;
use crate::support::binary::probe;
use crate::support::run::{golden, keyinit};

#[test]
fn run_is_implied() {
    for words in [&["--"][..], &[], &["run"], &["run", "--"]] {
        keyinit().args(words).arg(probe()).args(["exit", "5"]).run().expect(5);
    }
    // Options end at the first word that is none: the command keeps its own.
    let report = keyinit().arg(probe()).args(["report", "--exec", "-m"]).run().expect(0).report();
    assert_eq!(report.0["argv"][1], "report");
    assert_eq!(report.0["argv"][2], "--exec");
    assert_eq!(report.0["argv"][3], "-m");
}

#[test]
fn help_and_version() {
    let run = keyinit().arg("--help").run().expect(0);
    for word in ["run", "check", "plan", "--manifest", "--timeout", "--exec", "--keep-env"] {
        assert!(run.out.contains(word), "{word} is missing: {}", run.out);
    }
    let run = keyinit().arg("--version").run().expect(0);
    assert!(run.out.starts_with("keyinit "), "{}", run.out);
}

#[test]
fn what_is_wrong_on_the_command_line_is_64() {
    for words in [
        &["--no-such-option", "--", "/bin/true"][..],
        &[],
        &["--"],
        &["--timeout"],
        &["--timeout", "soon", "--", "/bin/true"],
        &["health"],
        &["doctor"],
        &["wait"],
        &["check", "stray"],
    ] {
        let run = keyinit().args(words).run().expect(64);
        assert_eq!(run.out, "", "{words:?}");
        assert_ne!(run.err, "", "{words:?}");
    }
}

#[test]
fn the_option_wins_over_its_variable() {
    keyinit().env("KEYINIT_TIMEOUT", "nonsense").probe(&["exit", "0"]).run().expect(64);
    keyinit().args(["--timeout", "5s"]).env("KEYINIT_TIMEOUT", "6s").probe(&["exit", "0"]).run().expect(0);
}

/// Before any store is asked, and before any file is read.
#[test]
fn a_command_that_is_not_there() {
    let (_folder, head) = secrets();
    let text = format!("{head}env:\n  A: secret://f/absent\n");
    let run = keyinit().manifest(&text).args(["--", "/nowhere/command"]).run().expect(127);
    golden("command-not-found", &run, None, None);
    keyinit().manifest(&text).args(["--", "no-such-command"]).env("PATH", "/usr/bin:/bin").run().expect(127);
    let run = keyinit().manifest(&text).args(["--", "/etc/passwd"]).run().expect(126);
    golden("command-not-executable", &run, None, None);
    keyinit().manifest(&text).args(["--", "/etc"]).run().expect(126);
}

#[test]
fn a_command_is_found_on_path() {
    let run = keyinit().env("PATH", "/usr/bin:/bin").args(["--", "sh", "-c", "exit 4"]).run();
    run.expect(4);
}
