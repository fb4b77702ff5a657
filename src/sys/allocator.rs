//! An allocator that wipes what it frees: the second line of defence behind [`crate::secret`].
//!
//! It catches the copies that libraries make (a TLS record, a header, a JSON scratch buffer) and cannot wipe themselves.

use std::alloc::{GlobalAlloc, Layout, System};
use zeroize::Zeroize;

/// The system's allocator, with every block overwritten before it is given back.
pub struct Zeroing;

// SAFETY: every block comes from `System` and goes back to it with the layout it was asked for.
unsafe impl GlobalAlloc for Zeroing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps GlobalAlloc's contract, which is System's too.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: `block` is a live block of `layout.size()` bytes, ours alone until it is freed here.
        unsafe {
            std::slice::from_raw_parts_mut(block, layout.size()).zeroize();
            System.dealloc(block, layout);
        }
    }

    // Not System.realloc: it may move the bytes and leave the old ones where they were.
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, new_size: usize) -> *mut u8 {
        // SAFETY: `new_size` is not zero and fits the alignment, as the caller promises; both blocks are live and
        // apart, and the copy stays within the smaller of them.
        unsafe {
            let new_layout = Layout::from_size_align_unchecked(new_size, layout.align());
            let new_block = System.alloc(new_layout);
            if !new_block.is_null() {
                std::ptr::copy_nonoverlapping(block, new_block, layout.size().min(new_size));
                self.dealloc(block, layout);
            }
            new_block
        }
    }
}
