//! The report: one JSON object on one line. Bytes above ASCII stand as U+0080 to U+00FF, one character a byte.

use std::ffi::{c_int, c_ulong};
use std::fs;
use std::os::unix::ffi::OsStrExt;

unsafe extern "C" {
    fn prctl(option: c_int, ...) -> c_int;
    static environ: *const *const std::ffi::c_char;
}

/// Everything that this process was given.
pub fn json(args: &[&[u8]]) -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the last parenthesis: state, ppid, pgrp, session.
    let numbers: Vec<&str> = stat.rsplit(')').next().unwrap_or("").split_whitespace().collect();
    let number = |index: usize| numbers.get(index).copied().unwrap_or("-1").to_string();
    let cwd = std::env::current_dir().unwrap_or_default();
    // SAFETY: PR_GET_DUMPABLE takes no argument; PR_GET_PDEATHSIG writes one int.
    let (dumpable, death) = unsafe {
        let mut death: c_int = 0;
        let dumpable = prctl(3, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong, 0 as c_ulong);
        prctl(2, &mut death as *mut c_int);
        (dumpable, death)
    };
    object(&[
        ("argv", list(args.iter().map(|arg| quote(arg)))),
        ("env", list(environment().iter().map(|entry| quote(entry)))),
        ("pid", std::process::id().to_string()),
        ("ppid", number(1)),
        ("pgid", number(2)),
        ("sid", number(3)),
        ("cwd", quote(cwd.as_os_str().as_bytes())),
        ("dumpable", dumpable.to_string()),
        ("death_signal", death.to_string()),
        ("fds", descriptors()),
        ("limits", limits()),
        ("status", statuses(&status)),
    ])
}

fn environment() -> Vec<&'static [u8]> {
    let mut entries = Vec::new();
    // SAFETY: `environ` is a null-terminated array of C strings that nobody changes.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            entries.push(std::ffi::CStr::from_ptr(*at).to_bytes());
            at = at.add(1);
        }
    }
    entries
}

fn descriptors() -> String {
    let mut found: Vec<(i32, String)> = Vec::new();
    for entry in fs::read_dir("/proc/self/fd").into_iter().flatten().flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let link = fs::read_link(entry.path()).unwrap_or_default();
        // The descriptor of this very directory.
        if link.as_os_str().as_bytes().ends_with(b"/fd") {
            continue;
        }
        found.push((name.parse().unwrap_or(-1), quote(link.as_os_str().as_bytes())));
    }
    found.sort();
    let pairs: Vec<String> = found.iter().map(|(fd, link)| format!("\"{fd}\":{link}")).collect();
    format!("{{{}}}", pairs.join(","))
}

/// Soft and hard, as text, by the kernel's own names.
fn limits() -> String {
    let text = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let pairs: Vec<String> = text
        .lines()
        .skip(1)
        .filter_map(|line| {
            // Columns of fixed width: 26 for the name, 21 for each limit.
            let name = line.get(..26)?.trim();
            let soft = line.get(26..47)?.trim();
            let hard = line.get(47..68).or(line.get(47..))?.trim();
            Some(format!("{}:[{},{}]", quote(name.as_bytes()), quote(soft.as_bytes()), quote(hard.as_bytes())))
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn statuses(status: &str) -> String {
    const WANTED: [&str; 9] = ["Uid", "Gid", "Groups", "Umask", "SigBlk", "SigIgn", "SigCgt", "NoNewPrivs", "CapEff"];
    let pairs: Vec<String> = status
        .lines()
        .filter_map(|line| line.split_once(':'))
        .filter(|(name, _)| WANTED.contains(name))
        .map(|(name, value)| format!("\"{name}\":{}", quote(value.trim().as_bytes())))
        .collect();
    format!("{{{}}}", pairs.join(","))
}

fn object(pairs: &[(&str, String)]) -> String {
    let pairs: Vec<String> = pairs.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
    format!("{{{}}}", pairs.join(","))
}

fn list(items: impl Iterator<Item = String>) -> String {
    format!("[{}]", items.collect::<Vec<_>>().join(","))
}

fn quote(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'"' | b'\\' => {
                text.push('\\');
                text.push(byte as char);
            }
            0x20..=0x7e => text.push(byte as char),
            _ => text.push_str(&format!("\\u{byte:04x}")),
        }
    }
    text.push('"');
    text
}
