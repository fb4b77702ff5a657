//! Looks for byte strings in everything that a process can read of its own.

use std::fs::File;
use std::os::unix::fs::FileExt;

/// What to look for, and what to call it; messages never show the bytes.
pub struct Needle {
    name: String,
    bytes: Vec<u8>,
}

impl Needle {
    pub fn new(name: &str, bytes: &[u8]) -> Self {
        assert!(bytes.len() >= 16, "{name} is so short that it may stand anywhere");
        Needle { name: name.to_string(), bytes: bytes.to_vec() }
    }
}

/// A needle that was found, in a process, so many times.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    pub pid: i32,
    pub name: String,
    /// `mem`, `environ` or `cmdline`.
    pub place: &'static str,
    /// The mapping, as /proc/PID/maps names it.
    pub mapping: String,
    pub times: usize,
}

/// Every needle in every readable mapping of `pid`, and in its environment and arguments as /proc shows them.
pub fn scan(pid: i32, needles: &[Needle]) -> Vec<Found> {
    let mut found = Vec::new();
    let mut bytes_seen = 0;
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap();
    for line in maps.lines() {
        let mut words = line.split_whitespace();
        let (range, rights) = (words.next().unwrap(), words.next().unwrap());
        let mapping = words.nth(3).unwrap_or("anonymous");
        if !rights.starts_with('r') || mapping.starts_with("[v") {
            continue; // The kernel's own pages: vvar, vdso, vsyscall.
        }
        let (start, end) = range.split_once('-').unwrap();
        let (start, end) = (u64::from_str_radix(start, 16).unwrap(), u64::from_str_radix(end, 16).unwrap());
        let mut bytes = vec![0; (end - start) as usize];
        memory.read_exact_at(&mut bytes, start).unwrap_or_else(|error| panic!("{line}: {error}"));
        bytes_seen += bytes.len();
        find(pid, "mem", mapping, &bytes, needles, &mut found);
    }
    assert!(bytes_seen > 10_000, "only {bytes_seen} bytes of process {pid} could be read");
    for place in ["environ", "cmdline"] {
        let bytes = std::fs::read(format!("/proc/{pid}/{place}")).unwrap();
        find(pid, place, "", &bytes, needles, &mut found);
    }
    found
}

fn find(pid: i32, place: &'static str, mapping: &str, bytes: &[u8], needles: &[Needle], found: &mut Vec<Found>) {
    for needle in needles {
        // The first byte is looked for first: a plain comparison at every offset takes seconds in a debug build.
        let (first, length) = (needle.bytes[0], needle.bytes.len());
        let mut times = 0;
        let mut at = 0;
        while let Some(step) = bytes[at..].iter().position(|&byte| byte == first) {
            at += step;
            if bytes[at..].get(..length) == Some(&needle.bytes[..]) {
                times += 1;
            }
            at += 1;
        }
        if times > 0 {
            found.push(Found { pid, name: needle.name.clone(), place, mapping: mapping.to_string(), times });
        }
    }
}

#[test]
fn a_known_process_is_scanned() {
    use crate::support::binary::probe;
    use crate::support::pidns::Init;
    let mut run = Init::new(probe()).env("SECRET", "0123456789abcdefXYZ").args(["wait"]).spawn();
    run.out.expect("ready");
    let needles = [Needle::new("there", b"0123456789abcdefXYZ"), Needle::new("not there", b"0123456789abcdefXYZ!")];
    let pid = run.pid();
    let found: Vec<(String, &str)> = scan(pid, &needles).into_iter().map(|found| (found.name, found.place)).collect();
    assert_eq!(found, [("there".to_string(), "mem"), ("there".to_string(), "environ")]);
}
