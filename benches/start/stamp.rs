//! The command of the benchmark: says when its first instruction ran, and what its process had used before it.
//!
//! One line on standard output: the monotonic clock in ns, the peak resident memory in KiB of everything that this process
//! ran before (execve keeps it, getrusage(2)), and how many variables that begin with `V_` it was given. With the argument
//! `wait` it stays until standard input ends.
#![no_main]
#![allow(unsafe_code)]

use std::ffi::{CStr, c_char, c_int, c_long, c_void};

const CLOCK_MONOTONIC: c_int = 1;
const RUSAGE_SELF: c_int = 0;

unsafe extern "C" {
    fn clock_gettime(clock: c_int, time: *mut [c_long; 2]) -> c_int;
    fn getrusage(who: c_int, usage: *mut [c_long; 36]) -> c_int;
    fn write(fd: c_int, bytes: *const c_void, count: usize) -> isize;
    fn read(fd: c_int, buffer: *mut c_void, count: usize) -> isize;
    static environ: *const *const c_char;
}

#[unsafe(no_mangle)]
extern "C" fn main(argc: c_int, _: *const *const c_char) -> c_int {
    let mut time = [0; 2];
    // musl's rusage is two times, fourteen numbers and sixteen to spare; the fifth word is ru_maxrss.
    let mut usage = [0; 36];
    let mut variables = 0;
    // SAFETY: both structures have at least the size that libc writes; the environment is the kernel's and ends with null.
    unsafe {
        clock_gettime(CLOCK_MONOTONIC, &mut time);
        getrusage(RUSAGE_SELF, &mut usage);
        let mut entry = environ;
        while !(*entry).is_null() {
            variables += c_int::from(CStr::from_ptr(*entry).to_bytes().starts_with(b"V_"));
            entry = entry.add(1);
        }
    }
    let line = format!("{} {} {variables}\n", time[0] * 1_000_000_000 + time[1], usage[4]);
    let mut byte = [0_u8; 1];
    // SAFETY: valid buffers of the lengths given.
    unsafe {
        write(1, line.as_ptr().cast(), line.len());
        while argc > 1 && read(0, byte.as_mut_ptr().cast(), 1) > 0 {}
    }
    0
}
