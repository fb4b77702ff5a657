//! From a host to its addresses: both families asked apart, and remembered, because ureq asks before each request, also
//! before one that goes out on a connection that stands.

use super::transport::not_sent;
use crate::sys::names::{Family, Unresolved, addresses};
use std::ffi::CString;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use ureq::http::Uri;
use ureq::unversioned::resolver::{ArrayVec, ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;
use ureq::{Error, Timeout};

/// How long one family waits for the other once it has an answer: the "resolution delay" of RFC 8305, section 3.
const GRACE: Duration = Duration::from_millis(50);
/// How long a look-up may take, unless the deadline is earlier.
const LIMIT: Duration = Duration::from_secs(10);
/// How long an answer is kept: about as long as a start takes, and less than most records live.
const KEPT: Duration = Duration::from_secs(30);
/// The most addresses that are tried, which is what ureq can hand on.
const MOST: usize = 16;
/// A look-up's stack: libc keeps its packets there.
const STACK: usize = 256 << 10;

/// The hosts of one client, and what is known of them.
#[derive(Debug, Default)]
pub struct Names {
    /// Locked while a look-up runs: whoever wants the same answer waits for it instead of asking again.
    known: Mutex<Vec<Known>>,
}

#[derive(Debug)]
struct Known {
    host: String,
    addresses: Vec<SocketAddr>,
    at: Instant,
}

impl Names {
    /// The addresses of `host`, the one that a connection was made to last in front.
    fn addresses(&self, host: &str, limit: Duration) -> Result<Vec<SocketAddr>, Error> {
        if let Ok(address) = host.parse::<IpAddr>() {
            return Ok(vec![SocketAddr::new(address, 0)]);
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|entry| entry.at.elapsed() < KEPT);
        if let Some(entry) = known.iter().find(|entry| entry.host == host) {
            return Ok(entry.addresses.clone());
        }
        let addresses = look_up(host, limit)?;
        known.push(Known { host: host.to_owned(), addresses: addresses.clone(), at: Instant::now() });
        Ok(addresses)
    }

    /// A connection to `host` at `address` was made: it is tried first from now on.
    pub fn lives(&self, host: &str, address: SocketAddr) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = known.iter_mut().find(|entry| entry.host == host);
        if let Some((entry, at)) = entry.and_then(|entry| {
            let at = entry.addresses.iter().position(|known| known.ip() == address.ip())?;
            Some((entry, at))
        }) {
            let living = entry.addresses.remove(at);
            entry.addresses.insert(0, living);
        }
    }

    /// No address of `host` could be connected to: its name is asked for anew.
    pub fn forget(&self, host: &str) {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).retain(|entry| entry.host != host);
    }
}

/// What ureq asks.
#[derive(Debug)]
pub struct Asked(pub Arc<Names>);

impl Resolver for Asked {
    fn resolve(&self, uri: &Uri, _: &ureq::config::Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, Error> {
        let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("http") { 80 } else { 443 });
        let late = |error| match error {
            // Whose limit it was: the look-up's own, or the one of the whole request.
            Error::Timeout(_) if *timeout.after <= LIMIT => Error::Timeout(timeout.reason),
            error => error,
        };
        let found =
            self.0.addresses(host(uri), LIMIT.min(*timeout.after)).map_err(|error| not_sent(late(error), true))?;
        let mut addresses = ArrayVec::from_fn(|_| SocketAddr::from(([0, 0, 0, 0], 0)));
        for mut address in found.into_iter().take(MOST) {
            address.set_port(port);
            addresses.push(address);
        }
        Ok(addresses)
    }
}

/// The host of `uri` without the brackets of an IPv6 address.
pub fn host(uri: &Uri) -> &str {
    uri.host().unwrap_or_default().trim_matches(['[', ']'])
}

/// Asks for both families at once. One that has no good answer does not hold up the other.
fn look_up(host: &str, limit: Duration) -> Result<Vec<SocketAddr>, Error> {
    let name = CString::new(host).map_err(|_| Error::HostNotFound)?;
    let (sender, answers) = channel();
    ask(&name, Family::V6, &sender);
    ask(&name, Family::V4, &sender);
    drop(sender);
    let (mut sixes, mut fours) = (Vec::new(), Vec::new());
    let mut unanswered = false;
    let mut end = Instant::now() + limit;
    loop {
        match answers.recv_timeout(end.saturating_duration_since(Instant::now())) {
            Ok((family, Ok(found))) => {
                end = end.min(Instant::now() + GRACE);
                match family {
                    Family::V4 => fours = found,
                    Family::V6 => sixes = found,
                }
            }
            Ok((_, Err(why))) => unanswered |= why == Unresolved::Unanswered,
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) if sixes.is_empty() && fours.is_empty() => {
                return Err(Error::Timeout(Timeout::Resolve));
            }
            Err(RecvTimeoutError::Timeout) => break,
        }
    }
    let found = alternate(sixes, fours);
    match (found.is_empty(), unanswered) {
        (false, _) => Ok(found),
        (true, true) => Err(Error::Io(io::ErrorKind::TimedOut.into())),
        (true, false) => Err(Error::HostNotFound),
    }
}

type Heard = (Family, Result<Vec<SocketAddr>, Unresolved>);

/// In a thread of its own, which nobody waits for if libc keeps it; when there can be none, at once.
fn ask(name: &CString, family: Family, sender: &Sender<Heard>) {
    let (asked, answer) = (name.clone(), sender.clone());
    let job = move || {
        // Whoever asked may have gone on.
        let _ = answer.send((family, addresses(&asked, family)));
    };
    if thread::Builder::new().stack_size(STACK).spawn(job).is_err() {
        let _ = sender.send((family, addresses(name, family)));
    }
}

/// One of each family in turn, IPv6 first (RFC 8305, section 4).
fn alternate(sixes: Vec<SocketAddr>, fours: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let (mut sixes, mut fours) = (sixes.into_iter(), fours.into_iter());
    let mut found = Vec::new();
    loop {
        let before = found.len();
        found.extend(sixes.next());
        found.extend(fours.next());
        if found.len() == before {
            return found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(text: &str) -> Vec<SocketAddr> {
        text.split_whitespace().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect()
    }

    #[test]
    fn families_alternate() {
        for (sixes, fours, wanted) in [
            ("", "", ""),
            ("", "10.0.0.1 10.0.0.2", "10.0.0.1 10.0.0.2"),
            ("::1 ::2 ::3", "10.0.0.1", "::1 10.0.0.1 ::2 ::3"),
            ("::1", "10.0.0.1 10.0.0.2", "::1 10.0.0.1 10.0.0.2"),
        ] {
            assert_eq!(alternate(list(sixes), list(fours)), list(wanted), "{sixes} {fours}");
        }
    }

    #[test]
    fn the_address_that_lives_comes_first_until_none_does() {
        let names = Names::default();
        let entry = Known { host: "a".to_owned(), addresses: list("::1 10.0.0.1 ::2"), at: Instant::now() };
        names.known.lock().unwrap().push(entry);
        let known = |host| names.addresses(host, Duration::ZERO).ok();
        assert_eq!(known("a"), Some(list("::1 10.0.0.1 ::2")));
        names.lives("a", "10.0.0.1:8200".parse().unwrap());
        assert_eq!(known("a"), Some(list("10.0.0.1 ::1 ::2")));
        names.lives("b", "10.0.0.1:8200".parse().unwrap());
        names.forget("a");
        assert!(names.known.lock().unwrap().is_empty());
        assert_eq!(known("10.1.2.3"), Some(list("10.1.2.3")), "no look-up");
    }
}
