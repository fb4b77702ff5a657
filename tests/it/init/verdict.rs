//! What came of a behaviour: a failed test for keyinit, a line in the results for the others.
//!
//! `KEYINIT_TEST_INITS` names a file that gets one line a behaviour and init: the test's module, the row's text, init, and `holds`, `fails` or
//! `lacks` (it has no such option), between tabs. `.ci/inits` reads it.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any, resume_unwind};

use super::{Ask, Kind, Subject, init};
use crate::support::settled;

/// Thrown by a case that asks for an option which the init lacks.
struct Lacks(String);

/// Ends the case: this init has no such option. keyinit has them all.
pub fn lacks(kind: Kind, ask: Ask) -> ! {
    assert_ne!(kind, Kind::Keyinit, "{ask:?} has no option");
    panic_any(Lacks(format!("{} has no option for {ask:?}", kind.name())))
}

/// Tries `case` on that init, and keeps what came of it.
pub fn tried(behaviour: &str, kind: Kind, case: fn(&Subject)) {
    let Some(subject) = init(kind) else { return };
    let others = kind != Kind::Keyinit;
    settled::gives_up(others);
    let outcome = catch_unwind(AssertUnwindSafe(|| case(&subject)));
    settled::gives_up(false);
    let word = match &outcome {
        Ok(()) => "holds",
        Err(thrown) if thrown.is::<Lacks>() => "lacks",
        Err(_) => "fails",
    };
    if let Some(path) = std::env::var_os("KEYINIT_TEST_INITS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        let line = format!("{behaviour}\t{}\t{word}\n", kind.name());
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("KEYINIT_TEST_INITS");
    }
    match outcome {
        Err(thrown) if !others => resume_unwind(thrown),
        Err(thrown) => {
            if let Some(Lacks(text)) = thrown.downcast_ref() {
                println!("{text}");
            }
        }
        Ok(()) => {}
    }
}
