//! The way in, before and instead of `std`'s own start-up.
//!
//! `std`'s start-up opens /dev/null on closed descriptors 0 to 2, ignores SIGPIPE and installs handlers; the command would
//! inherit the first two. A C `main` does none of it. And as PID 1 a signal that is neither blocked nor handled is dropped
//! by the kernel at once (pid_namespaces(7)), so that everything is blocked in a constructor, before `main`.

use super::{environment, signal};
use crate::environment::Environment;
use std::ffi::{CStr, c_char, c_int};

/// Defines the C `main` and the constructor of the binary, and makes the allocator its own. To be used once, in `main.rs`.
#[macro_export]
macro_rules! entry {
    ($main:path) => {
        #[global_allocator]
        static ALLOCATOR: $crate::sys::allocator::Zeroing = $crate::sys::allocator::Zeroing;

        // The dynamic loader, or libc's start code in a static binary, calls what stands in this section before main.
        #[used]
        #[unsafe(link_section = ".init_array")]
        static BLOCK_SIGNALS: extern "C" fn() = $crate::sys::entry::before_main;

        /// What libc calls.
        ///
        /// # Safety
        ///
        /// Only libc calls it, with its own arguments.
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn main(argc: std::ffi::c_int, argv: *const *const std::ffi::c_char) -> std::ffi::c_int {
            // SAFETY: these are libc's own arguments to main.
            unsafe { $crate::sys::entry::enter(argc, argv, $main) }
        }
    };
}

/// Blocks every signal and keeps the mask that was inherited.
pub extern "C" fn before_main() {
    signal::block_all_at_start();
}

/// Calls `main` with the argument vector and the environment as the kernel laid them out, and ends with its exit code.
///
/// # Safety
///
/// `argc` and `argv` must be what libc passes to a C `main`.
pub unsafe fn enter(
    argc: c_int,
    argv: *const *const c_char,
    main: fn(Vec<&'static CStr>, Environment<'static>) -> u8,
) -> c_int {
    let count = usize::try_from(argc).unwrap_or(0);
    // SAFETY: by the caller's promise, libc passes `argc` pointers to NUL-terminated strings on the initial stack, which stays for the life of
    // the process; nothing here writes to them.
    let arguments = (0..count).map(|at| unsafe { CStr::from_ptr(*argv.add(at)) }).collect();
    c_int::from(main(arguments, environment::initial()))
}
