//! What may stand behind an option: text in, value out. Pure and total.

use std::ffi::OsStr;
use std::time::Duration;

/// Why a value does not do.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Wrong {
    /// What is wrong, to follow `--option: `.
    pub what: String,
    /// What to write instead.
    pub cure: String,
}

impl Wrong {
    pub(super) fn new(what: impl Into<String>, cure: impl Into<String>) -> Self {
        Wrong { what: what.into(), cure: cure.into() }
    }
}

/// At most this many characters of a wrong value are shown.
const SHOWN: usize = 40;

/// A word as it may be shown in a message: never more than a glance of it.
pub(super) fn shown(word: &[u8]) -> String {
    let text = String::from_utf8_lossy(word);
    let mut short: String = text.chars().take(SHOWN).collect();
    if text.chars().nth(SHOWN).is_some() {
        short.push_str("...");
    }
    short
}

fn bytes(value: &OsStr) -> &[u8] {
    value.as_encoded_bytes()
}

/// The units of a duration, longest first, in milliseconds.
const UNITS: [(&str, u64); 4] = [("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

/// `500ms`, `3s`, `1m30s`, `2h`, or a bare number of seconds. Units stand from long to short, each at most once.
pub(super) fn duration(value: &OsStr) -> Result<Duration, Wrong> {
    let wrong = |why: &str| {
        Wrong::new(
            format!("`{}` {why}", shown(bytes(value))),
            "write it like 500ms, 3s, 1m30s or 2h; a bare number is seconds",
        )
    };
    let mut rest = value.to_str().unwrap_or("");
    let mut total: u64 = 0;
    let mut units = UNITS.as_slice();
    let mut bare = true;
    loop {
        let length = rest.bytes().take_while(u8::is_ascii_digit).count();
        let (digits, tail) = rest.split_at(length);
        if digits.is_empty() {
            return Err(wrong("is no duration"));
        }
        let number: u64 = digits.parse().map_err(|_| wrong("is too long"))?;
        let length = tail.bytes().take_while(|byte| !byte.is_ascii_digit()).count();
        // No unit is longer than the text up to the next digit, and a cut there is a cut between characters: a byte of a
        // longer character is no digit.
        let (name, tail) = tail.split_at(length);
        let factor = if name.is_empty() && bare {
            units = &[];
            1_000
        } else {
            let place = units.iter().position(|(unit, _)| *unit == name);
            let (place, (_, factor)) =
                place.and_then(|place| Some((place, units.get(place)?))).ok_or_else(|| wrong("is no duration"))?;
            let factor = *factor;
            units = units.get(place + 1..).unwrap_or(&[]);
            factor
        };
        bare = false;
        total =
            number.checked_mul(factor).and_then(|part| total.checked_add(part)).ok_or_else(|| wrong("is too long"))?;
        if tail.is_empty() {
            return Ok(Duration::from_millis(total));
        }
        rest = tail;
    }
}

/// Like [`duration`], but more than nothing.
pub(super) fn span(value: &OsStr, instead: &str) -> Result<Duration, Wrong> {
    match duration(value)? {
        Duration::ZERO => Err(Wrong::new("must be longer than 0", instead)),
        some => Ok(some),
    }
}

/// `1`, `true`, `0` or `false`.
pub(super) fn boolean(value: &[u8]) -> Result<bool, Wrong> {
    match value {
        b"1" | b"true" => Ok(true),
        b"0" | b"false" => Ok(false),
        _ => Err(Wrong::new(format!("`{}` is neither true nor false", shown(value)), "write 1 or true, 0 or false")),
    }
}

/// The number of a signal.
pub(super) fn signal(value: &OsStr) -> Result<i32, Wrong> {
    value.to_str().and_then(crate::signals::parse).ok_or_else(|| {
        Wrong::new(
            format!("`{}` is no signal", shown(bytes(value))),
            "write a name like TERM, SIGUSR1 or RTMIN+3, or a number from 1 to 64",
        )
    })
}

/// A signal as [`signal`] reads it, but no real-time one: a parent's death is told by one of the old signals.
pub(super) fn standard_signal(value: &OsStr) -> Result<i32, Wrong> {
    match signal(value)? {
        number @ 1..=31 => Ok(number),
        number => Err(Wrong::new(
            format!("{} is a real-time signal", crate::signals::name(number)),
            "write a signal from 1 to 31, like TERM",
        )),
    }
}

/// `FROM:TO`; `TO` is 0 where the signal is dropped.
pub(super) fn rewrite(value: &OsStr) -> Result<(i32, i32), Wrong> {
    let Some((from, to)) = value.to_str().and_then(|text| text.split_once(':')) else {
        return Err(Wrong::new(
            format!("`{}` is not FROM:TO", shown(bytes(value))),
            "write two signals, like TERM:QUIT, or TERM:0 to drop it",
        ));
    };
    let from = signal(OsStr::new(from))?;
    if from == libc::SIGKILL || from == libc::SIGSTOP {
        return Err(Wrong::new(
            format!("{} cannot be rewritten", crate::signals::name(from)),
            "the kernel acts on KILL and STOP itself, no program gets to see them: leave it out",
        ));
    }
    let to = if to == "0" { 0 } else { signal(OsStr::new(to))? };
    Ok((from, to))
}

/// An exit code.
pub(super) fn exit_code(value: &OsStr) -> Result<u8, Wrong> {
    let digits = value.to_str().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|text| text.parse().ok())
        .ok_or_else(|| Wrong::new(format!("`{}` is no exit code", shown(bytes(value))), "write a number from 0 to 255"))
}

/// `NAME|UID[:GROUP|GID]`; whether there is such a user is asked where the command is started.
pub(super) fn user(value: &OsStr) -> Result<String, Wrong> {
    let wrong = || Wrong::new("is no user", "write a name or a number, like app, 1000 or 1000:1000");
    let text = value.to_str().ok_or_else(wrong)?;
    let mut parts = text.split(':');
    let fits = |part: &str| !part.is_empty() && !part.contains(|c: char| c.is_whitespace() || c.is_control());
    let user = parts.next().is_some_and(fits);
    let group = parts.next().is_none_or(fits);
    if user && group && parts.next().is_none() { Ok(text.to_owned()) } else { Err(wrong()) }
}

/// The name of a variable. What was written is not shown: it may be `NAME=value`.
pub(super) fn name(value: &OsStr) -> Result<String, Wrong> {
    let text = value.to_str().filter(|text| !text.is_empty() && !text.contains('='));
    text.map(str::to_owned)
        .ok_or_else(|| Wrong::new("is no name of a variable", "write the name alone, without `=` and a value"))
}

/// One of `words`, as its place among them.
pub(super) fn one_of(value: &OsStr, words: &[&str]) -> Result<usize, Wrong> {
    words.iter().position(|word| OsStr::new(word) == value).ok_or_else(|| {
        Wrong::new(format!("`{}` is unknown", shown(bytes(value))), format!("write {}", words.join(" or ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStrExt;

    #[test]
    fn durations() {
        for (text, milliseconds) in [
            ("500ms", Some(500)),
            ("3s", Some(3_000)),
            ("3", Some(3_000)),
            ("0", Some(0)),
            ("007", Some(7_000)),
            ("1m30s", Some(90_000)),
            ("2h", Some(7_200_000)),
            ("1h2m3s4ms", Some(3_723_004)),
            ("1h4ms", Some(3_600_004)),
            ("90m", Some(5_400_000)),
            ("18446744073709551615ms", Some(u64::MAX)),
            ("", None),
            (" 3s", None),
            ("3s ", None),
            ("3 s", None),
            ("s", None),
            ("-3s", None),
            ("+3s", None),
            ("1.5s", None),
            ("1m30", None),
            ("30s1m", None),
            ("3s3s", None),
            ("3S", None),
            ("3d", None),
            ("3sec", None),
            ("3ß", None),
            ("ß", None),
            ("18446744073709551616ms", None),
            ("18446744073709551615s", None),
            ("18446744073709551615ms1ms", None),
            ("5124095576030431h15m1s", None),
            ("99999999999999999999999", None),
        ] {
            let got = duration(OsStr::new(text)).ok().map(|d| u64::try_from(d.as_millis()).unwrap());
            assert_eq!(got, milliseconds, "{text}");
        }
        assert!(duration(OsStr::from_bytes(b"3\xff")).is_err());
        assert_eq!(
            duration(OsStr::new("18446744073709551615s")).unwrap_err().what,
            "`18446744073709551615s` is too long"
        );
    }

    #[test]
    fn signals_of_a_parents_death() {
        for (text, number) in [("TERM", Some(15)), ("9", Some(9)), ("31", Some(31)), ("32", None), ("RTMIN+3", None)] {
            assert_eq!(standard_signal(OsStr::new(text)).ok(), number, "{text}");
        }
        let wrong = standard_signal(OsStr::new("37")).unwrap_err();
        assert_eq!(wrong.what, "SIGRTMIN+3 is a real-time signal");
    }

    #[test]
    fn rewrites() {
        for (text, pair) in [
            ("TERM:QUIT", Some((15, 3))),
            ("sigterm:3", Some((15, 3))),
            ("15:0", Some((15, 0))),
            ("RTMIN+1:RTMAX-1", Some((35, 63))),
            ("KILL:TERM", None),
            ("19:TERM", None),
            ("TERM:KILL", Some((15, 9))),
            ("0:TERM", None),
            ("TERM", None),
            ("TERM:", None),
            (":TERM", None),
            ("TERM:QUIT:INT", None),
            ("TERM:00", None),
        ] {
            assert_eq!(rewrite(OsStr::new(text)).ok(), pair, "{text}");
        }
        assert_eq!(rewrite(OsStr::new("9:TERM")).unwrap_err().what, "SIGKILL cannot be rewritten");
    }

    #[test]
    fn codes_users_and_names() {
        for (text, code) in [
            ("0", Some(0)),
            ("143", Some(143)),
            ("255", Some(255)),
            ("256", None),
            ("-1", None),
            ("+1", None),
            ("", None),
        ] {
            assert_eq!(exit_code(OsStr::new(text)).ok(), code, "{text}");
        }
        for (text, fits) in [
            ("app", true),
            ("1000", true),
            ("1000:1000", true),
            ("app:", false),
            (":app", false),
            ("", false),
            ("a b", false),
            ("a:b:c", false),
        ] {
            assert_eq!(user(OsStr::new(text)).is_ok(), fits, "{text}");
        }
        let wrong = name(OsStr::new("VAULT_TOKEN=hvs.AAAA")).unwrap_err();
        assert!(!format!("{wrong:?}").contains("hvs"));
        assert_eq!(name(OsStr::new("VAULT_TOKEN")).ok().as_deref(), Some("VAULT_TOKEN"));
    }

    #[test]
    fn a_long_word_is_shown_in_part() {
        assert_eq!(shown(b"short\xff"), "short\u{fffd}");
        assert_eq!(shown(&[b'x'; 500]), format!("{}...", "x".repeat(40)));
    }
}
