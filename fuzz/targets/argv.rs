//! The command line: a word a line; lines before an empty one are the environment. Any words give an invocation or problems
//! of kind 64.
#![no_main]

use keyinit::cli;
use keyinit::environment::Environment;
use keyinit::exit::Kind;
use keyinit::report::Log;
use libfuzzer_sys::fuzz_target;
use std::ffi::{CStr, CString};

fuzz_target!(|bytes: &[u8]| {
    let words = |bytes: &[u8]| -> Vec<CString> {
        let line =
            |line: &[u8]| CString::new(line.iter().copied().filter(|&byte| byte != 0).collect::<Vec<u8>>()).unwrap();
        bytes.split(|&byte| byte == b'\n').map(line).collect()
    };
    let at = bytes.windows(2).position(|pair| pair == b"\n\n");
    let (variables, arguments) = match at {
        Some(at) => (words(&bytes[..at]), words(&bytes[at + 2..])),
        None => (Vec::new(), words(bytes)),
    };
    let environment = Environment::new(variables.iter().map(CString::as_c_str).collect());
    let arguments: Vec<&'static CStr> =
        std::iter::once(c"keyinit").chain(arguments.iter().map(|word| lasting(word))).collect();
    let _ = cli::log_settings(&arguments, &environment);
    match cli::parse(&arguments, &environment) {
        Ok(invocation) => {
            // What is run is the end of what was typed.
            assert!(arguments.ends_with(&invocation.command));
        }
        Err(problems) => {
            assert!(!problems.is_empty());
            assert!(problems.iter().all(|problem| problem.kind == Kind::Usage));
            for line in Log::default().problem_lines(&problems, "nothing was started") {
                assert!(!line.chars().any(|c| c.is_control() && c != '\n'), "{line:?}");
            }
        }
    }
});

/// The command line lasts as long as a process, and here as long as one round of the fuzzer.
fn lasting(word: &CStr) -> &'static CStr {
    // SAFETY: nothing that was made of the words outlives the round, in which they are alive.
    unsafe { &*std::ptr::from_ref(word) }
}
