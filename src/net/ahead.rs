//! Connections that are opened before there is anything to ask, so that the reads after a login find them ready: TCP and TLS
//! take two round trips, and a login takes a third meanwhile.

use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use ureq::Error;
use ureq::http::uri::{Authority, Uri};
use ureq::unversioned::transport::{ConnectionDetails, Connector, Transport};

/// How long a connection may lie ready. A server that waits for a first request ends the wait some day, and what is written
/// to it then is lost; no server does so within seconds. Whether it is still open cannot be asked: the tickets that a server
/// sends after the handshake look like unasked-for bytes.
const FRESH: Duration = Duration::from_secs(3);

/// The connections to one server that are ready or being made.
pub struct Stash {
    state: Mutex<State>,
    changed: Condvar,
    /// A connection to a proxy passes through the same connectors; it is none of ours.
    authority: Option<Authority>,
}

#[derive(Default)]
struct State {
    ready: Vec<(Instant, Box<dyn Transport>)>,
    /// How many are being made.
    pending: usize,
}

impl Stash {
    /// An empty one, for the server at `uri`.
    pub fn new(uri: &Uri) -> Stash {
        Stash { state: Mutex::default(), changed: Condvar::new(), authority: uri.authority().cloned() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn is_for(&self, uri: &Uri) -> bool {
        uri.authority() == self.authority.as_ref()
    }

    /// Promises one connection: whoever needs one waits for it, until `open` has made it or has failed.
    pub fn open(self: &Arc<Self>) -> Promise {
        self.state().pending += 1;
        Promise(Arc::clone(self))
    }

    /// A connection that is ready or soon will be, within `limit`.
    fn take(&self, limit: Duration) -> Option<Box<dyn Transport>> {
        let begin = Instant::now();
        let mut state = self.state();
        loop {
            while let Some((since, transport)) = state.ready.pop() {
                if since.elapsed() < FRESH {
                    return Some(transport);
                }
            }
            let left = limit.saturating_sub(begin.elapsed());
            if state.pending == 0 || left.is_zero() {
                return None;
            }
            state = self.changed.wait_timeout(state, left).unwrap_or_else(PoisonError::into_inner).0;
        }
    }
}

/// One connection that is being made. Dropped, it is no longer waited for.
pub struct Promise(Arc<Stash>);

impl Drop for Promise {
    fn drop(&mut self) {
        self.0.state().pending -= 1;
        self.0.changed.notify_all();
    }
}

/// A connector that hands out what lies ready, before it connects by `inner`.
pub struct Ready<C> {
    pub inner: Arc<C>,
    pub stash: Arc<Stash>,
}

impl<C: Connector<()>> Connector<()> for Ready<C> {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        if self.stash.is_for(details.uri)
            && let Some(transport) = self.stash.take(*details.timeout.after)
        {
            return Ok(Some(transport));
        }
        let made = self.inner.connect(details, chained)?;
        Ok(made.map(|transport| -> Box<dyn Transport> { Box::new(transport) }))
    }
}

/// A connector that puts what it connected by `inner` into the stash and then fails, so that no request is ever sent.
pub struct Filling<C> {
    pub inner: Arc<C>,
    pub stash: Arc<Stash>,
}

impl<C: Connector<()>> Connector<()> for Filling<C> {
    type Out = Box<dyn Transport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = self.inner.connect(details, chained)? else {
            return Ok(None);
        };
        let transport: Box<dyn Transport> = Box::new(transport);
        if !self.stash.is_for(details.uri) {
            return Ok(Some(transport));
        }
        self.stash.state().ready.push((Instant::now(), transport));
        Err(Error::ConnectionFailed)
    }
}

impl<C> fmt::Debug for Ready<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Ready")
    }
}

impl<C> fmt::Debug for Filling<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Filling")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc::channel;
    use ureq::unversioned::transport::{Buffers, LazyBuffers, NextTimeout};

    #[derive(Debug)]
    struct Nothing(LazyBuffers);

    impl Transport for Nothing {
        fn buffers(&mut self) -> &mut dyn Buffers {
            &mut self.0
        }
        fn transmit_output(&mut self, _: usize, _: NextTimeout) -> Result<(), Error> {
            Ok(())
        }
        fn await_input(&mut self, _: NextTimeout) -> Result<bool, Error> {
            Ok(false)
        }
        fn is_open(&mut self) -> bool {
            true
        }
    }

    fn stash() -> Arc<Stash> {
        Arc::new(Stash::new(&Uri::from_static("https://vault.internal:8200")))
    }

    fn fill(stash: &Stash, age: Duration) {
        let since = Instant::now().checked_sub(age).unwrap();
        stash.state().ready.push((since, Box::new(Nothing(LazyBuffers::new(1, 1)))));
    }

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn what_is_ready_is_handed_out_once_and_only_while_it_is_fresh() {
        let stash = stash();
        fill(&stash, Duration::ZERO);
        assert!(stash.take(LONG).is_some());
        assert!(stash.take(LONG).is_none());
        fill(&stash, FRESH);
        assert!(stash.take(LONG).is_none());
        assert!(stash.state().ready.is_empty());
    }

    #[test]
    fn what_is_being_made_is_waited_for_until_it_is_there_or_has_failed() {
        let stash = stash();
        let (made, failed) = (stash.open(), stash.open());
        let (sender, seen) = channel();
        for _ in 0..2 {
            let (stash, sender) = (Arc::clone(&stash), sender.clone());
            std::thread::spawn(move || sender.send(stash.take(LONG).is_some()));
        }
        fill(&stash, Duration::ZERO);
        drop(made);
        assert!(seen.recv().unwrap());
        drop(failed);
        assert!(!seen.recv().unwrap());
    }

    #[test]
    fn nobody_waits_past_the_limit() {
        let stash = stash();
        let _promise = stash.open();
        assert!(stash.take(Duration::from_millis(1)).is_none());
    }

    #[test]
    fn a_connection_to_a_proxy_is_none_of_the_store() {
        let stash = stash();
        assert!(stash.is_for(&Uri::from_static("https://vault.internal:8200/v1/x")));
        assert!(!stash.is_for(&Uri::from_static("http://proxy:3128")));
    }
}
