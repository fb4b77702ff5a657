//! Core files: none of a resolver that holds secrets, whatever the limit was; the command has its own limits back.

use std::path::Path;
use std::sync::Mutex;
use std::sync::mpsc::channel;

use super::stand::{Stand, healthy};
use super::with_token;
use crate::support::handshake::{children, until};
use crate::support::pidns::{Init, kill};
use crate::support::skip::{is_root, skip};
use crate::support::tls::Authority;

/// Whether the kernel writes core files into the working directory of whoever dies (core(5)).
fn cores_are_plain_files() -> bool {
    let pattern = std::fs::read_to_string("/proc/sys/kernel/core_pattern").unwrap_or_default();
    let plain = !pattern.trim().is_empty() && !pattern.starts_with('|') && !pattern.contains('/');
    if !plain {
        skip("core files in the working directory", &format!("core_pattern is {:?}", pattern.trim()));
    }
    plain
}

fn files(folder: &Path) -> Vec<std::ffi::OsString> {
    std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name()).collect()
}

fn without_limit(init: Init, folder: &Path) -> Init {
    init.cwd(folder).limit(libc::RLIMIT_CORE, libc::RLIM_INFINITY, libc::RLIM_INFINITY)
}

#[test]
fn the_resolver_leaves_none_and_the_command_may() {
    if !is_root() || !cores_are_plain_files() {
        return;
    }
    let authority = Authority::new();
    // QUIT ends the start. ABRT is blocked until the hand-over, and kills what is then full of secrets.
    for (number, code) in [(libc::SIGQUIT, 131), (libc::SIGABRT, 134)] {
        let folder = tempfile::tempdir().unwrap();
        let (go, wait) = channel::<()>();
        let wait = Mutex::new(wait);
        // Silent until the test lets go of `go`.
        let stand = Stand::start(&authority, move |request, _| {
            let _ = wait.lock().unwrap().recv();
            healthy(request)
        });
        let mut run = without_limit(with_token(&stand.url(), &authority), folder.path()).probe(&["exit", "0"]).spawn();
        until("the read", || (!stand.seen().is_empty()).then_some(()));
        let pid = run.pid();
        kill(children(pid)[0], number);
        if number == libc::SIGABRT {
            drop(go);
            run.finish().expect(code);
        } else {
            run.finish().expect(code);
            drop(go);
        }
        assert!(files(folder.path()).is_empty(), "signal {number}: {:?}", files(folder.path()));
    }
    // The command's own: else what is above would prove nothing.
    let folder = tempfile::tempdir().unwrap();
    let stand = Stand::start(&authority, |request, _| healthy(request));
    without_limit(with_token(&stand.url(), &authority), folder.path()).probe(&["die", "6"]).run().expect(134);
    assert_eq!(files(folder.path()).len(), 1);
}
