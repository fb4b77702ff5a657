//! The TCP connection: every address gets its turn, and none that is dead uses up the start.

use super::names::{Names, host};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use ureq::unversioned::resolver::ArrayVec;
use ureq::unversioned::transport::{ConnectionDetails, Connector, NextTimeout, TcpConnector, Transport, time};
use ureq::{Error, Timeout};

/// How long the first round waits for an address before the next one has its turn: the "connection attempt delay" that RFC
/// 8305, section 5, recommends. What needs longer has all the time of the second round.
const TURN: Duration = Duration::from_millis(250);

/// Makes TCP connections, unless the connector before it has made one: ureq's connector, asked for one address at a time. By
/// itself it gives the first address more than half of the time that there is, which with a dead one is seconds.
#[derive(Debug)]
pub struct Tcp(pub Arc<Names>);

impl<In: Transport> Connector<In> for Tcp {
    type Out = <TcpConnector as Connector<In>>::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let tcp = TcpConnector::default();
        if chained.is_some() {
            return tcp.connect(details, chained);
        }
        let one = |address: SocketAddr, bound: Duration| {
            let mut addrs = ArrayVec::from_fn(|_| address);
            addrs.push(address);
            let timeout = NextTimeout { after: time::Duration::Exact(bound), ..details.timeout };
            let details = ConnectionDetails {
                uri: details.uri,
                addrs,
                config: details.config,
                request_level: details.request_level,
                resolver: details.resolver,
                now: details.now,
                timeout,
                current_time: Arc::clone(&details.current_time),
                run_connector: Arc::clone(&details.run_connector),
                register_shutdown: Arc::clone(&details.register_shutdown),
            };
            tcp.connect(&details, None::<In>)
        };
        let host = host(details.uri);
        match dial(&details.addrs, *details.timeout.after, details.timeout.reason, one) {
            Ok((connection, address)) => {
                self.0.lives(host, address);
                Ok(connection)
            }
            Err(error) => {
                self.0.forget(host);
                Err(error)
            }
        }
    }
}

/// Connects to the first address that answers. With several, each has a short turn; then those that were silent share the
/// time that is left.
///
/// # Errors
///
/// The last refusal; a timeout for `reason` when all were silent.
fn dial<T>(
    addresses: &[SocketAddr],
    limit: Duration,
    reason: Timeout,
    mut connect: impl FnMut(SocketAddr, Duration) -> Result<T, Error>,
) -> Result<(T, SocketAddr), Error> {
    let begin = Instant::now();
    let mut last = Error::Timeout(reason);
    let mut silent = addresses.to_vec();
    for turn in if addresses.len() > 1 { &[Some(TURN), None][..] } else { &[None] } {
        let mut left = std::mem::take(&mut silent).into_iter();
        while let Some(address) = left.next() {
            let remaining = limit.saturating_sub(begin.elapsed());
            let share = remaining / u32::try_from(left.len() + 1).unwrap_or(1);
            let bound = turn.unwrap_or(share).min(remaining);
            // ureq takes nought for a second.
            if bound.is_zero() {
                return Err(last);
            }
            match connect(address, bound) {
                Ok(connection) => return Ok((connection, address)),
                Err(Error::Timeout(_)) => silent.push(address),
                Err(error) => last = error,
            }
        }
    }
    Err(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Error as Io, ErrorKind};

    /// Connects by a script: of each address the outcome and, in milliseconds, the least time that it takes.
    fn run(script: &[(&str, Result<(), ErrorKind>, u64)]) -> (Result<SocketAddr, Error>, Vec<(usize, Duration)>) {
        let addresses: Vec<SocketAddr> = script.iter().map(|(address, ..)| address.parse().unwrap()).collect();
        let mut asked = Vec::new();
        let outcome = dial(&addresses, Duration::from_secs(10), Timeout::Connect, |address, bound| {
            let at = addresses.iter().position(|known| *known == address).unwrap();
            asked.push((at, bound));
            let (_, outcome, needs) = script[at];
            match outcome {
                Ok(()) if bound >= Duration::from_millis(needs) => Ok(()),
                Ok(()) => Err(Error::Timeout(Timeout::Connect)),
                Err(kind) => Err(Error::Io(Io::from(kind))),
            }
        });
        (outcome.map(|((), address)| address), asked)
    }

    #[test]
    fn every_address_has_its_turn() {
        const NEVER: u64 = u64::MAX;
        let (dead, living) = ("[::1]:1", "10.0.0.1:1");
        let refused = Err(ErrorKind::ConnectionRefused);
        for (script, winner, order) in [
            (&[(living, Ok(()), 0)][..], Some(0), &[0][..]),
            (&[(dead, Ok(()), NEVER), (living, Ok(()), 0)], Some(1), &[0, 1]),
            (&[(dead, refused, 0), (living, Ok(()), 0)], Some(1), &[0, 1]),
            // One that is slow but lives has its time in the second round; a refusal is not asked again.
            (&[(dead, refused, 0), (living, Ok(()), 3000)], Some(1), &[0, 1, 1]),
            (&[(dead, Ok(()), NEVER), (living, Ok(()), 3000)], Some(1), &[0, 1, 0, 1]),
            (&[(dead, refused, 0), (living, refused, 0)], None, &[0, 1]),
            (&[(dead, Ok(()), NEVER), (living, Ok(()), NEVER)], None, &[0, 1, 0, 1]),
        ] {
            let (outcome, asked) = run(script);
            assert_eq!(asked.iter().map(|(at, _)| *at).collect::<Vec<_>>(), order, "{script:?}");
            match winner {
                Some(at) => assert_eq!(outcome.unwrap(), script[at].0.parse().unwrap(), "{script:?}"),
                None => assert!(outcome.is_err(), "{script:?}"),
            }
        }
        let (outcome, asked) = run(&[(living, Ok(()), 0)]);
        assert!(outcome.is_ok() && asked[0].1 > Duration::from_secs(9), "one address has all the time: {asked:?}");
        let (outcome, asked) = run(&[(dead, Ok(()), NEVER), (living, refused, 0)]);
        assert!(matches!(outcome, Err(Error::Io(_))), "a refusal says more than silence");
        assert_eq!(asked[0].1, TURN);
    }
}
