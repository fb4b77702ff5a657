//! Writing without waiting.

use nix::errno::Errno;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Writes to a pipe what it takes at once, pwritev2(2) with RWF_NOWAIT; EAGAIN where it takes nothing. Of up to PIPE_BUF bytes
/// it takes all or nothing (pipe(7)).
///
/// Needed because O_NONBLOCK belongs to the open file, which the command shares, and poll(2) tells only what was so a moment
/// ago. Pipes know it since Linux 6.5: before, and for terminals, the answer is EOPNOTSUPP.
pub fn at_once(out: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let piece = libc::iovec { iov_base: bytes.as_ptr().cast_mut().cast(), iov_len: bytes.len() };
    // SAFETY: the one piece describes `bytes`, which the call only reads. The offset of -1 means the file's own, in both of the
    // halves in which the kernel takes it. The raw call: musl has its function since 1.2.5 only.
    let written = unsafe {
        libc::syscall(libc::SYS_pwritev2, out.as_raw_fd(), &raw const piece, 1_usize, -1_i64, -1_i64, libc::RWF_NOWAIT)
    };
    usize::try_from(written).map_err(|_| Errno::last())
}
