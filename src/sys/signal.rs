//! Signals, all 64 of them, by raw system calls.
//!
//! libc's own functions leave out 32 and 33 (glibc) or 32 to 34 (musl), which they use between threads. A supervisor that
//! leaves 34 unblocked dies of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A set of signals as the kernel sees it: bit N-1 for signal N.
pub type Mask = u64;

/// Every signal. KILL and STOP are in it without effect.
pub const ALL: Mask = u64::MAX;

/// The size that the kernel demands for a [`Mask`].
const MASK_SIZE: usize = size_of::<Mask>();

static INHERITED: AtomicU64 = AtomicU64::new(0);

/// The mask that holds `signals`; numbers outside 1 to 64 are left out.
pub fn mask_of(signals: &[i32]) -> Mask {
    signals.iter().filter(|signal| (1..=64).contains(*signal)).fold(0, |mask, signal| mask | 1 << (signal - 1))
}

/// Blocks every signal and remembers the mask as it was before: what the command must be given.
pub fn block_all_at_start() {
    INHERITED.store(set_mask(ALL), Ordering::Relaxed);
}

/// The mask that this process inherited.
pub fn inherited_mask() -> Mask {
    INHERITED.load(Ordering::Relaxed)
}

/// Sets this thread's signal mask, rt_sigprocmask(2), and returns the one before.
pub fn set_mask(mask: Mask) -> Mask {
    let mut before: Mask = 0;
    // SAFETY: both pointers are to live 8-byte sets, the size the call is told. It cannot fail with these arguments.
    unsafe {
        libc::syscall(libc::SYS_rt_sigprocmask, libc::SIG_SETMASK, &raw const mask, &raw mut before, MASK_SIZE);
    }
    before
}

/// A signal that was taken from the queue, with what came with it.
#[derive(Clone, Copy)]
pub struct Taken {
    info: libc::siginfo_t,
}

impl Taken {
    /// Its number.
    pub fn number(&self) -> i32 {
        self.info.si_signo
    }

    /// `si_code`: above 0 the kernel sent it, else somebody did (sigaction(2)).
    pub fn code(&self) -> i32 {
        self.info.si_code
    }

    /// Who sent it, where somebody did; 0 for a sender outside this PID namespace.
    pub fn sender(&self) -> i32 {
        // SAFETY: si_pid lies within the siginfo_t for every signal; where it has no meaning the kernel left zeroes or
        // other plain data there, and any bytes are a valid i32.
        unsafe { self.info.si_pid() }
    }
}

/// Takes the next pending signal of `mask`, waiting for `timeout` at most, or for ever; rt_sigtimedwait(2). None when the
/// time is over or the wait was interrupted. The signals must be blocked.
pub fn take(mask: Mask, timeout: Option<Duration>) -> Option<Taken> {
    let limit = timeout.map(|timeout| libc::timespec {
        // Sixty-eight years are for ever. musl's time_t is not to be named: it changes its size on 32-bit machines.
        tv_sec: i32::try_from(timeout.as_secs()).unwrap_or(i32::MAX).into(),
        tv_nsec: libc::c_long::from(timeout.subsec_nanos()),
    });
    let limit = limit.as_ref().map_or(std::ptr::null(), std::ptr::from_ref);
    // SAFETY: a siginfo_t is plain data, for which all zeroes are valid.
    let mut info: libc::siginfo_t = unsafe { std::mem::zeroed() };
    // SAFETY: the mask is 8 bytes, the size the call is told; `info` is a whole siginfo_t; `limit` is null or live.
    let number = unsafe { libc::syscall(libc::SYS_rt_sigtimedwait, &raw const mask, &raw mut info, limit, MASK_SIZE) };
    (number > 0).then_some(Taken { info })
}

/// Sends signal `number` to a process, or to the group `-target`, or to all where `target` is -1; kill(2).
pub fn send(target: i32, number: i32) -> bool {
    // SAFETY: kill touches no memory of ours.
    unsafe { libc::kill(target, number) == 0 }
}

/// Sends `taken` on to `process` under the number `number`, with the payload that was queued with it;
/// rt_sigqueueinfo(2). The kernel refuses this for codes that only it may use: then it is false.
pub fn send_on(process: i32, number: i32, taken: &Taken) -> bool {
    let mut info = taken.info;
    info.si_signo = number;
    // SAFETY: `info` is a whole siginfo_t that the kernel filled in.
    unsafe { libc::syscall(libc::SYS_rt_sigqueueinfo, process, number, &raw const info) == 0 }
}

/// What a process does when it gets a signal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Disposition {
    /// SIG_DFL.
    Default,
    /// SIG_IGN.
    Ignore,
}

/// The kernel's own `struct sigaction`, which libc's hides; the layout for x86-64, arm64 and riscv64 differs only in
/// what follows the flags, and a zeroed tail is right for all.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct KernelAction {
    handler: usize,
    flags: usize,
    rest: [usize; 2],
}

/// Sets what this process does on signal `number`, rt_sigaction(2), and says whether the kernel took it.
pub fn set_disposition(number: i32, disposition: Disposition) -> bool {
    let action = KernelAction {
        handler: match disposition {
            Disposition::Default => libc::SIG_DFL,
            Disposition::Ignore => libc::SIG_IGN,
        },
        ..KernelAction::default()
    };
    // SAFETY: no handler is installed, so that nothing of ours can be called; the structure is as long as the kernel's.
    unsafe {
        libc::syscall(
            libc::SYS_rt_sigaction,
            number,
            &raw const action,
            std::ptr::null_mut::<KernelAction>(),
            MASK_SIZE,
        ) == 0
    }
}

/// What this process does on signal `number`, rt_sigaction(2). A handler counts as [`Disposition::Default`]: exec resets it.
pub fn disposition(number: i32) -> Disposition {
    let mut action = KernelAction::default();
    // SAFETY: nothing is set; the structure is as long as the kernel's.
    unsafe {
        libc::syscall(libc::SYS_rt_sigaction, number, std::ptr::null::<KernelAction>(), &raw mut action, MASK_SIZE);
    }
    if action.handler == libc::SIG_IGN { Disposition::Ignore } else { Disposition::Default }
}
