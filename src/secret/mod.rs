//! Where secret bytes live: [`Secret`] for a value that is complete, [`Buffer`] for one that is being built.
//!
//! Neither has `Debug`, `Display`, `Clone` or `Serialize`. [`Secret::expose`] and [`Buffer::expose`] are the only doors
//! to the bytes, so that the audit is one search.
//!
//! ```compile_fail
//! fn debug<T: std::fmt::Debug>() {}
//! debug::<keyinit::secret::Secret>();
//! ```
//! ```compile_fail
//! fn clone<T: Clone>() {}
//! clone::<keyinit::secret::Secret>();
//! ```
//! ```compile_fail
//! fn debug<T: std::fmt::Debug>() {}
//! debug::<keyinit::secret::Buffer>();
//! ```
//! ```compile_fail
//! fn clone<T: Clone>() {}
//! clone::<keyinit::secret::Buffer>();
//! ```

mod buffer;

pub use buffer::Buffer;

use std::sync::atomic::{AtomicBool, Ordering};
use zeroize::Zeroize;

static LOCK_EACH: AtomicBool = AtomicBool::new(false);

/// From now on every new [`Secret`] asks the kernel to keep its pages out of swap: for a process that may not lock all of
/// its memory at once. Best effort, see [`crate::sys::memory::lock`].
pub fn lock_each_from_now_on() {
    LOCK_EACH.store(true, Ordering::Relaxed);
}

/// A complete secret value, in an allocation of exactly its size, wiped on drop.
#[derive(Default)]
pub struct Secret {
    bytes: Box<[u8]>,
}

impl Secret {
    /// Copies `bytes` into an allocation of exactly their size. The source stays the caller's to wipe.
    pub fn copy_of(bytes: &[u8]) -> Self {
        // `Box::from(&[u8])` allocates once, at the final size: no growth, nothing left behind.
        let secret = Secret { bytes: Box::from(bytes) };
        if LOCK_EACH.load(Ordering::Relaxed) {
            crate::sys::memory::lock(&secret.bytes);
        }
        secret
    }

    /// The bytes. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}
