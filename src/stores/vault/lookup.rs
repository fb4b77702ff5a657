//! Which mounts there are, and of which kind. Asked once a session, beside the first read.
//!
//! `GET sys/internal/ui/mounts` lists every mount that the token can see in one answer; it needs no policy and spends no use
//! of a counted token, and its 403 means that the token itself is not accepted. Where it is not served, the documented form
//! with a path is asked, once for each path.

use super::door::{Door, denied, nonsense};
use super::locate::encode;
use super::wire::{self, Engine, Nonsense};
use crate::net::Care;
use crate::stores::{Deadline, Failure};
use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

const PATH: &str = "sys/internal/ui/mounts";
/// The look-up's thread does one request; TLS and JSON need some tens of KiB.
const STACK: usize = 256 << 10;

/// What is known of the mounts.
pub enum Known {
    /// All that the token can see, by path with a final slash.
    List(BTreeMap<String, Engine>),
    /// The list is not served here.
    Unlisted,
    /// The token is not accepted, or something in front of the server keeps the list back.
    Refused,
}

/// The mounts of one session.
#[derive(Default)]
pub struct Lookup {
    state: Mutex<State>,
    changed: Condvar,
    single: Mutex<BTreeMap<String, Option<(String, Engine)>>>,
}

#[derive(Default)]
enum State {
    #[default]
    Idle,
    Running,
    Known(Arc<Known>),
    Failed(Failure),
}

impl Lookup {
    /// What is known already.
    pub fn known(&self) -> Option<Arc<Known>> {
        match &*self.state() {
            State::Known(known) => Some(Arc::clone(known)),
            _ => None,
        }
    }

    /// Begins to ask, unless somebody has; after a failure it asks anew. In a thread of its own, or, when there can be none,
    /// at once.
    pub fn start(self: &Arc<Self>, door: &Arc<Door>, deadline: Deadline) {
        {
            let mut state = self.state();
            if matches!(*state, State::Running | State::Known(_)) {
                return;
            }
            *state = State::Running;
        }
        let (lookup, way) = (Arc::clone(self), Arc::clone(door));
        let spawned = std::thread::Builder::new().stack_size(STACK).spawn(move || lookup.ask(&way, deadline));
        if spawned.is_err() {
            self.ask(door, deadline);
        }
    }

    /// Waits for what [`Lookup::start`] began.
    ///
    /// # Errors
    ///
    /// The failure of the look-up, or the deadline.
    pub fn wait(&self, deadline: Deadline) -> Result<Arc<Known>, Failure> {
        let mut state = self.state();
        loop {
            match &*state {
                State::Known(known) => return Ok(Arc::clone(known)),
                State::Failed(failure) => return Err(failure.clone()),
                State::Idle | State::Running => {}
            }
            let remaining = deadline.remaining();
            if remaining.is_zero() {
                return Err(crate::attempt::Failure::deadline());
            }
            state = self.changed.wait_timeout(state, remaining).unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    /// The mount above `path`, by the documented form; none when there is none, or none that the token can see.
    pub fn above(&self, path: &str, door: &Door, deadline: Deadline) -> Result<Option<(String, Engine)>, Failure> {
        let single = || self.single.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = single().get(path) {
            return Ok(known.clone());
        }
        let response = door.get(&format!("{PATH}/{}", encode(path)), Care::Repeatable, deadline)?;
        let found = match response.status {
            200 => Some(wire::mount(response.body.expose()).map_err(|Nonsense| nonsense(200))?),
            400 | 403 => None,
            404 if !wire::hints(response.body.expose()).no_namespace => None,
            _ => return Err(door.trouble(&response, Care::Repeatable)),
        };
        single().insert(path.to_owned(), found.clone());
        Ok(found)
    }

    fn ask(&self, door: &Door, deadline: Deadline) {
        let outcome = door.get(PATH, Care::Repeatable, deadline).and_then(|response| match response.status {
            // Served, but not as a list: then the documented form has to do.
            200 => Ok(wire::mounts(response.body.expose()).map_or(Known::Unlisted, Known::List)),
            403 => Ok(Known::Refused),
            400 | 405 => Ok(Known::Unlisted),
            404 if !wire::hints(response.body.expose()).no_namespace => Ok(Known::Unlisted),
            _ => Err(door.trouble(&response, Care::Repeatable)),
        });
        *self.state() = match outcome {
            Ok(known) => State::Known(Arc::new(known)),
            Err(failure) => State::Failed(failure),
        };
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The refusal of a token as such. `token` says where it came from.
pub fn token_refused(token: &str) -> Failure {
    denied(
        "HTTP 403: the token is not accepted".to_owned(),
        &format!("the token from {token} is wrong, expired, revoked, or of another namespace or server"),
    )
}
