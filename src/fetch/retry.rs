//! When to try again. Pure.

use crate::stores::Retry;
use std::time::Duration;

/// The ceiling of the first wait; each further one doubles it.
const FIRST: Duration = Duration::from_millis(100);
/// The ceiling that no wait exceeds unless the store asks for more.
const LAST: Duration = Duration::from_secs(5);
/// The shortest wait is this part of the ceiling. Full jitter may draw nought, and draw it again: then nothing would bound
/// how often a store that is down is asked.
const LEAST: u32 = 10;

/// How long to wait before the next attempt, `failed` attempts after the first one; none when there is to be no further one:
/// the failure is final, or the wait would last beyond `remaining`.
///
/// Exponential back-off with full jitter: a fraction, drawn by `random`, of a ceiling that doubles from 100 ms to 5 s. Where
/// the store asked for a time, it is added to that time, so that containers that were turned away together do not come back
/// together; but a store that asks for less than what is left is asked once more, however little that leaves to draw from.
pub fn wait(retry: Retry, failed: u32, random: u32, remaining: Duration) -> Option<Duration> {
    let Retry::After(asked) = retry else {
        return None;
    };
    let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(failed)).min(LAST);
    let drawn = ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX)).max(ceiling / LEAST);
    let wait = match asked.unwrap_or_default() {
        Duration::ZERO => drawn,
        asked => asked.saturating_add(drawn.min(remaining.saturating_sub(asked) / 2)),
    };
    (wait < remaining).then_some(wait)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn the_ceiling_doubles_up_to_five_seconds() {
        for (failed, ceiling) in [(0, 100), (1, 200), (2, 400), (5, 3200), (6, 5000), (7, 5000), (40, 5000)] {
            let wait = wait(Retry::After(None), failed, u32::MAX, LONG);
            assert_eq!(wait, Some(Duration::from_millis(ceiling)), "{failed}");
        }
    }

    #[test]
    fn full_jitter_draws_from_the_whole_range_but_its_lowest_tenth() {
        for (failed, random, wanted) in [
            (0, 0, 10),
            (0, u32::MAX / 100, 10),
            (0, u32::MAX / 2, 50),
            (0, u32::MAX / 4 * 3, 75),
            (0, u32::MAX, 100),
            (3, 0, 80),
            (3, u32::MAX / 2, 400),
            (9, 0, 500),
            (9, u32::MAX / 2, 2500),
            (9, u32::MAX, 5000),
        ] {
            let wait = wait(Retry::After(None), failed, random, LONG).unwrap();
            assert_eq!((wait.as_secs_f64() * 1000.0).round(), f64::from(wanted), "{failed} {random}");
        }
    }

    /// With the lowest draw each time: the most that a start can ask of a store that is down.
    #[test]
    fn the_number_of_attempts_is_bounded() {
        for (seconds, most) in [(1, 7), (10, 25), (60, 125)] {
            let mut left = Duration::from_secs(seconds);
            let mut attempts = 1;
            while let Some(wait) = wait(Retry::After(None), attempts - 1, 0, left) {
                left -= wait;
                attempts += 1;
            }
            assert_eq!(attempts, most, "{seconds} s");
        }
    }

    #[test]
    fn what_the_store_asks_for_is_the_least() {
        for (asked, random, wanted) in [
            (7000, 0, 7010),
            (7000, u32::MAX, 7100),
            (1, u32::MAX, 101),
            (0, u32::MAX, 100),
            (59_900, u32::MAX, 59_950),
        ] {
            let wait = wait(Retry::After(Some(Duration::from_millis(asked))), 0, random, LONG).unwrap();
            assert_eq!(wait.as_millis(), wanted, "{asked} {random}");
        }
    }

    #[test]
    fn no_wait_lasts_beyond_the_deadline() {
        let asked = Retry::After(Some(Duration::from_secs(7)));
        assert_eq!(wait(asked, 0, 0, Duration::from_secs(7)), None);
        assert_eq!(wait(Retry::After(None), 9, u32::MAX, Duration::from_secs(4)), None);
        assert_eq!(wait(Retry::After(None), 0, 0, Duration::ZERO), None);
        assert_eq!(wait(Retry::Never, 0, 0, LONG), None);
    }
}
