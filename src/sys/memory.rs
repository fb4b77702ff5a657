//! Keeping secret memory out of swap.

use std::ffi::c_void;

/// Locks the pages that `bytes` lie in, mlock(2). Best effort: without CAP_IPC_LOCK the kernel allows RLIMIT_MEMLOCK
/// bytes, often 64 KiB. There is no unlock: pages are shared with neighbours, and execve(2) or exit unlocks them all.
///
/// nix's `mlock` is unsafe too; this one takes a slice and so cannot be given a wrong length.
pub fn lock(bytes: &[u8]) -> bool {
    // SAFETY: mlock neither reads nor writes the bytes; the range is a live allocation.
    unsafe { libc::mlock(bytes.as_ptr().cast::<c_void>(), bytes.len()) == 0 }
}
