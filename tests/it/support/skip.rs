//! A test that cannot run says so, loudly and by name; it never passes in silence.
//!
//! `KEYINIT_TEST_SKIPS` names a file that gets one line a skip, for CI's summary. `KEYINIT_TEST_REQUIRE` (`bao,docker`,
//! or `all`) turns a skip for want of one of those into a failure.

use std::io::Write;

/// Records that the running test is skipped because `need` is not at hand; fails where `need` is required.
pub fn skip(need: &str, why: &str) {
    let name = std::thread::current().name().unwrap_or("?").to_string();
    let required = std::env::var("KEYINIT_TEST_REQUIRE").unwrap_or_default();
    let line = format!("SKIPPED {name}: needs {need}: {why}\n");
    assert!(!required.split(',').any(|word| word == need || word == "all"), "{line}");
    // Not eprintln!, which the harness captures: a skip is to be seen.
    let _ = std::io::stderr().write_all(line.as_bytes());
    if let Some(path) = std::env::var_os("KEYINIT_TEST_SKIPS") {
        let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("KEYINIT_TEST_SKIPS");
    }
}

/// Whether the tests run as root; else a skip, for a test that must become somebody else.
pub fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt;
    let root = std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0);
    if !root {
        skip("root", "only root can become another user");
    }
    root
}
