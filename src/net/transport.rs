//! How a connection is made: names and TCP (`names`, `dial`) or a proxy, then TLS. Whatever fails in here has sent no byte of the request, and the
//! error says so ([`NotSent`]), because a login may only be tried again when that is sure.

use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, StreamOwned};
use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use ureq::Error;
use ureq::unversioned::transport::time::{Duration, Instant};
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

/// An error from before the first byte of the request.
#[derive(Debug)]
pub struct NotSent {
    /// What happened.
    pub error: Error,
    /// Whether it was the name that did not resolve.
    pub resolving: bool,
}

impl fmt::Display for NotSent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for NotSent {}

/// Marks `error` as one from before the first byte.
pub fn not_sent(error: Error, resolving: bool) -> Error {
    match error {
        Error::Other(inner) if inner.is::<NotSent>() => Error::Other(inner),
        error => Error::Other(Box::new(NotSent { error, resolving })),
    }
}

/// Marks the errors of a chain of connectors as [`NotSent`].
#[derive(Debug)]
pub struct Connecting<C>(pub C);

impl<C: Connector<()>> Connector<()> for Connecting<C> {
    type Out = C::Out;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<()>) -> Result<Option<Self::Out>, Error> {
        self.0.connect(details, chained).map_err(|error| not_sent(error, false))
    }
}

/// Puts TLS on a connection, with our own roots and, where asked, another name than the host's.
pub struct Tls {
    config: Arc<ClientConfig>,
    name: Option<ServerName<'static>>,
}

impl Tls {
    /// TLS by `config`, for the server `name` instead of the address's host.
    pub fn new(config: Arc<ClientConfig>, name: Option<ServerName<'static>>) -> Self {
        Tls { config, name }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Tls")
    }
}

impl<In: Transport> Connector<In> for Tls {
    type Out = Either<In, TlsTransport>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, Error> {
        let Some(transport) = chained else {
            return Ok(None);
        };
        if !details.needs_tls() || transport.is_tls() {
            return Ok(Some(Either::A(transport)));
        }
        let name = match &self.name {
            Some(name) => name.clone(),
            None => {
                let host = details.uri.host().unwrap_or_default().trim_matches(['[', ']']);
                ServerName::try_from(host.to_owned())
                    .map_err(|_| Error::Tls("the host is no name that TLS can verify"))?
            }
        };
        let mut connection = ClientConnection::new(Arc::clone(&self.config), name)?;
        let mut socket = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
        socket.set_timeout(what_is_left(details));
        connection.complete_io(&mut socket)?;
        let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
        Ok(Some(Either::B(TlsTransport { buffers, stream: StreamOwned::new(connection, socket) })))
    }
}

/// The time that TCP, or the proxy, has left of what the whole connection may take.
fn what_is_left(details: &ConnectionDetails<'_>) -> NextTimeout {
    let after = match (details.timeout.after, details.now, (details.current_time)()) {
        (Duration::Exact(after), Instant::Exact(begin), Instant::Exact(now)) => {
            Duration::Exact(after.saturating_sub(now.saturating_duration_since(begin)))
        }
        (after, ..) => after,
    };
    NextTimeout { after, ..details.timeout }
}

/// A connection with TLS on it.
pub struct TlsTransport {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl fmt::Debug for TlsTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TlsTransport")
    }
}

impl Transport for TlsTransport {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), Error> {
        self.stream.get_mut().set_timeout(timeout);
        let output = self.buffers.output().get(..amount).unwrap_or_default();
        self.stream.write_all(output)?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, Error> {
        self.stream.get_mut().set_timeout(timeout);
        let amount = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(amount);
        Ok(amount > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}
