//! The only sockets: an HTTP client that follows no redirect unasked, TLS with the roots the user named, and the mapping of
//! whatever goes wrong to a [`crate::attempt::Failure`].
//!
//! Request and response bodies live in [`crate::secret`] types; the copies that `ureq` and `rustls` keep in their own buffers
//! are accepted, because the process that makes requests ends in `execve` and the binary's allocator wipes what it frees.

mod ahead;
mod date;
mod dial;
mod fault;
mod http;
mod names;
mod origin;
mod proxy;
mod tls;
mod transport;

pub use fault::Care;
pub use http::{Client, Method, Options, Request, Response, retry_for};
pub use origin::{Origin, Scheme};
pub use tls::{Identity, Trust};
