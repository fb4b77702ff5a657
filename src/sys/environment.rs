//! The environment block that the kernel put on the initial stack: read in place, and overwritten in place.

use crate::environment::Environment;
use std::ffi::{CStr, c_char};
use zeroize::Zeroize;

unsafe extern "C" {
    static mut environ: *const *mut c_char;
}

/// The environment as it was inherited. The entries are borrowed from the initial stack for the life of the process.
pub fn initial() -> Environment<'static> {
    let mut entries = Vec::new();
    // SAFETY: `environ` is null or points to a null-terminated array of pointers to NUL-terminated strings. Nothing in
    // this program calls setenv or putenv, so that neither the array nor the strings move; `overwrite` is the only
    // writer, and it keeps every string NUL-terminated at its old end.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            entries.push(CStr::from_ptr(*at));
            at = at.add(1);
        }
    }
    Environment::new(entries)
}

/// Overwrites, in place, the value of every entry whose name is `chosen`: what `/proc/PID/environ` shows of it is zeroes.
///
/// Needed because the block is the one copy of a credential that no allocator and no destructor reaches. It takes the
/// environment by value, since what was borrowed from the block may not be read any more.
pub fn overwrite(environment: Environment<'static>, chosen: impl Fn(&[u8]) -> bool) {
    drop(environment);
    // SAFETY: the block is writable private memory of this process. The bytes written lie between the first `=` and the
    // final NUL of one string, both of which stay. The borrowed entries are gone with `environment`, and the only caller
    // is the supervisor while it has one thread.
    unsafe {
        let mut at = environ;
        while !at.is_null() && !(*at).is_null() {
            let entry = *at;
            let length = CStr::from_ptr(entry).to_bytes().len();
            let bytes = std::slice::from_raw_parts_mut(entry.cast::<u8>(), length);
            if let Some(equals) = bytes.iter().skip(1).position(|&byte| byte == b'=').map(|at| at + 1) {
                let (name, value) = bytes.split_at_mut(equals);
                if chosen(name) {
                    value.get_mut(1..).unwrap_or_default().zeroize();
                }
            }
            at = at.add(1);
        }
    }
}
