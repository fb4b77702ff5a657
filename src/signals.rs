//! Names and numbers of signals. Pure.

/// The first real-time signal as users count: glibc's number, which `kill -l` prints. musl's own is 35, because it keeps
/// one more for itself; whoever writes RTMIN+3 means the number that every other program understands.
const RTMIN: i32 = 34;
/// The last signal that Linux has (signal(7)).
const RTMAX: i32 = 64;

/// The signals with names, in the order of signal(7). Where two names stand for one number, the first is the one shown.
const NAMES: &[(&str, i32)] = &[
    ("HUP", libc::SIGHUP),
    ("INT", libc::SIGINT),
    ("QUIT", libc::SIGQUIT),
    ("ILL", libc::SIGILL),
    ("TRAP", libc::SIGTRAP),
    ("ABRT", libc::SIGABRT),
    ("IOT", libc::SIGABRT),
    ("BUS", libc::SIGBUS),
    ("FPE", libc::SIGFPE),
    ("KILL", libc::SIGKILL),
    ("USR1", libc::SIGUSR1),
    ("SEGV", libc::SIGSEGV),
    ("USR2", libc::SIGUSR2),
    ("PIPE", libc::SIGPIPE),
    ("ALRM", libc::SIGALRM),
    ("TERM", libc::SIGTERM),
    ("STKFLT", libc::SIGSTKFLT),
    ("CHLD", libc::SIGCHLD),
    ("CLD", libc::SIGCHLD),
    ("CONT", libc::SIGCONT),
    ("STOP", libc::SIGSTOP),
    ("TSTP", libc::SIGTSTP),
    ("TTIN", libc::SIGTTIN),
    ("TTOU", libc::SIGTTOU),
    ("URG", libc::SIGURG),
    ("XCPU", libc::SIGXCPU),
    ("XFSZ", libc::SIGXFSZ),
    ("VTALRM", libc::SIGVTALRM),
    ("PROF", libc::SIGPROF),
    ("WINCH", libc::SIGWINCH),
    ("IO", libc::SIGIO),
    ("POLL", libc::SIGIO),
    ("PWR", libc::SIGPWR),
    ("SYS", libc::SIGSYS),
];

/// The number of the signal `text`: a name with or without `SIG`, in any case, a number from 1 to 64, `RTMIN+n` or `RTMAX-n`.
pub fn parse(text: &str) -> Option<i32> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    if let Some((_, number)) = NAMES.iter().find(|(known, _)| *known == name) {
        return Some(*number);
    }
    let number = match (name.strip_prefix("RTMIN"), name.strip_prefix("RTMAX")) {
        (Some(""), _) => RTMIN,
        (_, Some("")) => RTMAX,
        (Some(rest), _) => RTMIN.checked_add(digits(rest.strip_prefix('+')?)?).filter(|n| *n >= RTMIN)?,
        (_, Some(rest)) => RTMAX.checked_sub(digits(rest.strip_prefix('-')?)?).filter(|n| *n >= RTMIN)?,
        _ => digits(name)?,
    };
    (1..=RTMAX).contains(&number).then_some(number)
}

/// Decimal digits and nothing else: `i32`'s own parser would take `+15` too.
fn digits(text: &str) -> Option<i32> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// The name of a signal, as `kill -l` of bash writes it: `SIGTERM`, `SIGRTMIN+3`, `SIGRTMAX-2`. 32 and 33, which the C library
/// keeps for itself, are `SIG32` and `SIG33`; what is no signal is `signal 99`.
pub fn name(number: i32) -> String {
    if let Some((name, _)) = NAMES.iter().find(|(_, known)| *known == number) {
        return format!("SIG{name}");
    }
    match number {
        RTMIN => "SIGRTMIN".to_owned(),
        RTMAX => "SIGRTMAX".to_owned(),
        35..=49 => format!("SIGRTMIN+{}", number - RTMIN),
        50..=63 => format!("SIGRTMAX-{}", RTMAX - number),
        32 | 33 => format!("SIG{number}"),
        _ => format!("signal {number}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers() {
        for (text, number) in [
            ("TERM", Some(15)),
            ("SIGTERM", Some(15)),
            ("sigterm", Some(15)),
            ("Term", Some(15)),
            ("15", Some(15)),
            ("1", Some(1)),
            ("64", Some(64)),
            ("CLD", Some(17)),
            ("POLL", Some(29)),
            ("RTMIN", Some(34)),
            ("rtmin+3", Some(37)),
            ("SIGRTMIN+30", Some(64)),
            ("RTMAX", Some(64)),
            ("RTMAX-2", Some(62)),
            ("RTMAX-30", Some(34)),
            ("SIG33", Some(33)),
            ("RTMIN+31", None),
            ("RTMAX-31", None),
            ("RTMIN-1", None),
            ("RTMIN+", None),
            ("RTMIN+99999999999", None),
            ("RTMAX-2147483648", None),
            ("0", None),
            ("65", None),
            ("-1", None),
            ("+15", None),
            ("15 ", None),
            ("99999999999999", None),
            ("", None),
            ("SIG", None),
            ("SIGSIGTERM", None),
            ("TERMX", None),
        ] {
            assert_eq!(parse(text), number, "{text}");
        }
    }

    #[test]
    fn every_signal_has_a_name_that_is_understood() {
        for number in 1..=64 {
            assert_eq!(parse(&name(number)), Some(number), "{}", name(number));
        }
        for (number, text) in [
            (15, "SIGTERM"),
            (6, "SIGABRT"),
            (32, "SIG32"),
            (34, "SIGRTMIN"),
            (37, "SIGRTMIN+3"),
            (62, "SIGRTMAX-2"),
            (99, "signal 99"),
        ] {
            assert_eq!(name(number), text);
        }
    }
}
