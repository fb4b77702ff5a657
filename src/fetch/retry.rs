//! When to try again. Pure.

use crate::stores::Retry;
use std::time::Duration;

/// The ceiling of the first wait; each further one doubles it.
const FIRST: Duration = Duration::from_millis(100);
/// The ceiling that no wait exceeds unless the store asks for more.
const LAST: Duration = Duration::from_secs(5);
/// The shortest wait: full jitter may draw nought.
const LEAST: Duration = Duration::from_millis(10);

/// How long to wait before the next attempt, `failed` attempts after the first one; none when there is to be no further one:
/// the failure is final, or the wait would last beyond `remaining`.
///
/// Exponential back-off with full jitter: a fraction, drawn by `random`, of a ceiling that doubles from 100 ms to 5 s; but
/// never before the time that the store asked for.
pub fn wait(retry: Retry, failed: u32, random: u32, remaining: Duration) -> Option<Duration> {
    let Retry::After(asked) = retry else {
        return None;
    };
    let ceiling = FIRST.saturating_mul(2_u32.saturating_pow(failed)).min(LAST);
    let drawn = ceiling.mul_f64(f64::from(random) / f64::from(u32::MAX)).max(LEAST);
    let wait = drawn.max(asked.unwrap_or_default());
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
        assert_eq!(wait(Retry::After(None), 9, 0, LONG), Some(Duration::from_millis(10)));
        let half = wait(Retry::After(None), 9, u32::MAX / 2, LONG).unwrap();
        assert!(half > Duration::from_millis(2499) && half < Duration::from_millis(2501), "{half:?}");
    }

    #[test]
    fn what_the_store_asks_for_is_the_least() {
        let asked = Retry::After(Some(Duration::from_secs(7)));
        assert_eq!(wait(asked, 0, 0, LONG), Some(Duration::from_secs(7)));
        let asked = Retry::After(Some(Duration::from_millis(1)));
        assert_eq!(wait(asked, 0, u32::MAX, LONG), Some(Duration::from_millis(100)));
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
