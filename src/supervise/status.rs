//! From a child's end to an exit code. Pure.

use crate::sys::process;

/// The exit code for a raw wait status, as a shell and every init report it: the child's own, or 128+N for signal N.
pub fn exit_code(status: i32) -> u8 {
    let code = match (process::exited(status), process::killed(status)) {
        (Some(code), _) => code,
        (None, Some(signal)) => 128 + signal,
        (None, None) => 70,
    };
    u8::try_from(code).unwrap_or(70)
}

/// The code that is reported, with those of `--remap-exit` turned into 0.
pub fn remapped(code: u8, remap: &[u8]) -> u8 {
    if remap.contains(&code) { 0 } else { code }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_codes_and_signals() {
        // The status words are those of wait(2): code << 8 for an exit, the number for a signal, 128 more with a core.
        for (status, code) in [(0, 0), (3 << 8, 3), (255 << 8, 255), (15, 143), (9, 137), (11 | 128, 139), (64, 192)] {
            assert_eq!(exit_code(status), code, "{status:#x}");
        }
        assert_eq!(remapped(143, &[143]), 0);
        assert_eq!(remapped(1, &[143]), 1);
    }
}
