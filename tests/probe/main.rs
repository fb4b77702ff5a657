//! The command of the integration tests: reports what it was given, or behaves in one particular way.
//!
//! It needs nothing but std, so that one call of rustc builds it static for an image FROM scratch. `no_main` keeps std's
//! start-up away, which ignores SIGPIPE and opens closed descriptors: the report would tell of std, not of the init.
#![no_main]
#![allow(unsafe_code)]

mod digest;
mod report;

use std::ffi::{CStr, OsStr, c_char, c_int, c_long, c_void};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;

const SIG_BLOCK: c_int = 0;
const SIG_UNBLOCK: c_int = 1;
const SIG_DFL: usize = 0;
const SIGTERM: c_int = 15;
const SI_QUEUE: c_int = -1;
/// `siginfo_t` is 128 bytes: si_signo, si_errno, si_code first; on 64-bit machines the value that was queued is the seventh.
type SignalInfo = [c_int; 32];

/// Raw calls: libc keeps the signals 32 to 34 to itself, in sets and in waits.
#[cfg(target_arch = "x86_64")]
const CALLS: (c_long, c_long) = (14, 128);
/// rt_sigprocmask and rt_sigtimedwait.
#[cfg(target_arch = "aarch64")]
const CALLS: (c_long, c_long) = (135, 137);

unsafe extern "C" {
    fn syscall(number: c_long, ...) -> c_long;
    fn signal(signal: c_int, handler: usize) -> usize;
    fn kill(pid: c_int, signal: c_int) -> c_int;
    fn fork() -> c_int;
    fn pipe(ends: *mut [c_int; 2]) -> c_int;
    fn close(fd: c_int) -> c_int;
    fn read(fd: c_int, buffer: *mut c_void, count: usize) -> isize;
    fn waitpid(pid: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn _exit(code: c_int) -> !;
    fn getenv(name: *const c_char) -> *const c_char;
}

#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, argv: *const *const c_char) -> c_int {
    let args: Vec<&[u8]> = (0..argc as usize)
        // SAFETY: the kernel laid out argc strings.
        .map(|index| unsafe { CStr::from_ptr(*argv.add(index)) }.to_bytes())
        .collect();
    let word = |index: usize| args.get(index).map_or("", |word| std::str::from_utf8(word).unwrap());
    let number = |index: usize, default: c_int| word(index).parse().unwrap_or(default);
    match word(1) {
        "report" => say(&report::json(&args)),
        "exit" => return number(2, 0),
        "die" => die(number(2, 9)),
        "wait" => return wait(number(2, SIGTERM), number(3, 0)),
        "orphan" => return orphan(),
        "leave" => return leave(word(2) == "stubborn", number(3, 0), number(4, 0)),
        "file" => file(word(2)),
        "stdin" => return stdin(),
        "has" => return has(word(2), number(3, 0) as usize, word(4)),
        other => {
            say(&format!("probe: unknown mode {other:?}"));
            return 99;
        }
    }
    0
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// What the file holds that the variable `name` leads to, read twice and by a descriptor each.
fn file(name: &str) {
    let path = std::env::var(name).unwrap_or_else(|_| name.to_string());
    let read = || std::fs::read_to_string(&path).unwrap_or_else(|error| format!("{error}"));
    say(&format!("{path} {} {}", read(), read()));
}

/// Dies of `number` by its default action.
fn die(number: c_int) {
    let set = 1u64 << (number - 1);
    // SAFETY: plain signal calls; the set has the kernel's size.
    unsafe {
        signal(number, SIG_DFL);
        syscall(CALLS.0, SIG_UNBLOCK, &set, 0usize, 8usize);
        kill(std::process::id() as c_int, number);
    }
}

/// Says `ready`, then every signal that arrives, until `end` does.
fn wait(end: c_int, code: c_int) -> c_int {
    block_all();
    say("ready");
    loop {
        let (number, si_code, value) = next();
        let payload = if si_code == SI_QUEUE { format!(" value {value}") } else { String::new() };
        say(&format!("signal {number} code {si_code}{payload}"));
        if number == end {
            return code;
        }
    }
}

fn block_all() {
    // SAFETY: the set has the kernel's size.
    unsafe { syscall(CALLS.0, SIG_BLOCK, &u64::MAX, 0usize, 8usize) };
}

/// The next signal: its number, si_code, and the low half of the value that was queued with it.
fn next() -> (c_int, c_int, c_int) {
    loop {
        let mut info: SignalInfo = [0; 32];
        // SAFETY: a set and a siginfo of the kernel's sizes, no timeout.
        let number = unsafe { syscall(CALLS.1, &u64::MAX, &mut info, 0usize, 8usize) };
        if number > 0 {
            return (number as c_int, info[2], info[6]);
        }
    }
}

/// Leaves a grandchild behind that ends as soon as its parent has, says `orphaned`, and waits for TERM.
fn orphan() -> c_int {
    block_all();
    // SAFETY: fork in a program with one thread.
    unsafe {
        let mut ends = [0; 2];
        pipe(&mut ends);
        let child = fork();
        if child == 0 {
            if fork() == 0 {
                close(ends[1]);
                let mut byte = [0u8; 1];
                // End of file comes once the parent in between is gone: by then this process is an orphan.
                read(ends[0], byte.as_mut_ptr().cast(), 1);
            }
            _exit(0);
        }
        close(ends[0]);
        close(ends[1]);
        let mut status = 0;
        waitpid(child, &mut status, 0);
    }
    say("orphaned");
    while next().0 != SIGTERM {}
    0
}

/// Leaves a child behind that says every signal it gets and ends on TERM, or if it is `stubborn` on nothing but KILL. Says
/// `left` with the child's pid, and ends with `code`: at once, or on the signal `end`.
fn leave(stubborn: bool, code: c_int, end: c_int) -> c_int {
    block_all();
    // SAFETY: fork in a program with one thread.
    let child = unsafe { fork() };
    if child == 0 {
        loop {
            let (number, ..) = next();
            say(&format!("child signal {number}"));
            if number == SIGTERM && !stubborn {
                return 0;
            }
        }
    }
    say(&format!("left {child}"));
    while end != 0 && next().0 != end {}
    code
}

/// Says what comes on standard input, once it has ended.
fn stdin() -> c_int {
    let mut text = String::new();
    let _ = std::io::stdin().read_to_string(&mut text);
    say(&text);
    0
}

/// 0 when the variable `name` has `length` bytes with this digest, else 1.
fn has(name: &str, length: usize, wanted: &str) -> c_int {
    let name = std::ffi::CString::new(OsStr::new(name).as_bytes()).unwrap();
    // SAFETY: a C string; the answer points into the environment block, which nobody changes.
    let value = unsafe { getenv(name.as_ptr()) };
    if value.is_null() {
        say("not set");
        return 1;
    }
    // SAFETY: see above.
    let bytes = unsafe { CStr::from_ptr(value) }.to_bytes();
    let found = format!("{:016x}", digest::digest(bytes));
    say(&format!("length {} digest {found}", bytes.len()));
    c_int::from(bytes.len() != length || found != wanted)
}
