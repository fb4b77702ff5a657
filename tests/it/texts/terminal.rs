//! Colour: on a terminal that knows it, and nowhere else.

use crate::support::run::keyinit;
use nix::pty::openpty;
use std::io::Read;

/// What a start with a wrong reference writes to a terminal.
fn on_a_terminal(variables: &[(&str, &str)], options: &[&str]) -> String {
    let pty = openpty(None, None).unwrap();
    let mut init = keyinit().plain().args(options).env("X\u{1b}[7m", "secret://valt/a").descriptor(2, pty.slave);
    for (name, value) in variables {
        init = init.env(name, value);
    }
    let run = init.args(["--", "/bin/true"]).spawn();
    let mut terminal = std::fs::File::from(pty.master);
    let mut said = Vec::new();
    // Once nobody holds the other end, a read gives what is left and then EIO.
    let mut chunk = [0; 4096];
    while let Ok(count @ 1..) = terminal.read(&mut chunk) {
        said.extend_from_slice(&chunk[..count]);
    }
    run.finish().expect(78);
    String::from_utf8(said).unwrap().replace("\r\n", "\n")
}

const PLAIN: &str = "\
keyinit: error: X\\x1b[7m: unknown provider `valt`
  --> environment variable X\\x1b[7m
   = cure: did you mean `vault`?
keyinit: nothing was started (exit 78)
";

#[test]
fn colour_only_on_a_terminal_that_wants_it() {
    let coloured = on_a_terminal(&[("TERM", "xterm")], &[]);
    assert_eq!(
        coloured,
        "keyinit: \u{1b}[1;31merror: \u{1b}[0mX\\x1b[7m: unknown provider `valt`
  --> environment variable X\\x1b[7m
   = \u{1b}[36mcure\u{1b}[0m: did you mean `vault`?
keyinit: nothing was started (exit 78)
"
    );
    assert_eq!(on_a_terminal(&[("TERM", "xterm"), ("NO_COLOR", "")], &[]), coloured);
    assert_eq!(on_a_terminal(&[("TERM", "xterm"), ("NO_COLOR", "1")], &[]), PLAIN);
    assert_eq!(on_a_terminal(&[("TERM", "dumb")], &[]), PLAIN);
    assert!(!on_a_terminal(&[("TERM", "xterm")], &["--log-format", "json"]).contains('\u{1b}'));
    let run = keyinit().plain().env("TERM", "xterm").env("X\u{1b}[7m", "secret://valt/a").args(["--", "/bin/true"]);
    assert_eq!(run.run().expect(78).err, PLAIN.trim_end());
}

/// Names from a manifest and from the environment, in what `plan` and `check` print.
#[test]
fn nothing_that_is_printed_acts_on_a_terminal() {
    let text = "providers:\n  \"p\\u202e\": { type: file, root: \"/r\\e[2J\" }\nenv:\n  \"A\\e[31m\\r\\n\": secret://p\u{202e}/x#k\u{202e}\n  \"B\\u0085\": plain\n  C: \"${D}\"\n  D: x\n";
    for verb in ["plan", "check"] {
        for format in ["text", "json"] {
            let run = keyinit()
                .plain()
                .args([verb, "--format", format])
                .env("E\u{1b}c", "secret://env/y")
                .manifest(text)
                .run();
            let acts = |c: char| (c.is_control() && c != '\n') || c == '\u{202e}';
            assert!(!run.out.is_empty() && !run.out.contains(acts), "{verb} {format}: {:?}", run.out);
            assert!(!run.err.contains(acts), "{verb} {format}: {:?}", run.err);
        }
    }
}
