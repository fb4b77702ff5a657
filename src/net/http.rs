//! One client for one store: its addresses, its trust, its connections.

use super::ahead::{Filling, Ready, Stash};
use super::date::retry_after;
use super::dial::Tcp;
use super::fault::{self, Care};
use super::names::{Asked, Names};
use super::origin::Origin;
use super::proxy::proxy_for;
use super::tls::{self, Identity, Trust};
use super::transport::{Connecting, Tls};
use crate::attempt::{Context, Deadline, Failure, Retry};
use crate::exit::Kind;
use crate::secret::Buffer;
use rustls::pki_types::ServerName;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};
use ureq::Agent;
use ureq::http::{self, HeaderValue, Uri, header};
use ureq::unversioned::transport::{ConnectProxyConnector, Connector};

/// The most that a response may hold; more is nonsense. A Vault secret is at most 1 MiB, most stores allow 64 KiB.
const BODY_LIMIT: usize = 4 << 20;
/// What a connection may take to stand, TLS included. A dead address is then tried again instead of used up the start.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// Buffers a connection: most answers fit into one read, and 16 connections stay small. A request's head must fit into the
/// second one, tokens and all: JWTs in a header can have 8 KiB.
const INPUT_BUFFER: usize = 16 << 10;
const OUTPUT_BUFFER: usize = 16 << 10;
/// The stack of a thread that connects. A handshake needs some tens of KiB; unoptimised builds several times that.
const STACK: usize = 256 << 10;

/// Where a client goes and whom it trusts.
pub struct Options<'a> {
    /// The addresses, tried in turn. At least one.
    pub origins: &'a [Origin],
    /// Whom to trust.
    pub trust: &'a Trust,
    /// The certificate to show, if any.
    pub identity: Option<&'a Identity>,
    /// The name to ask for and to verify, instead of the address's host.
    pub server_name: Option<&'a str>,
    /// What to tell the user when a certificate does not verify.
    pub trust_cure: &'static str,
}

/// The methods in use.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
}

/// One request.
pub struct Request<'a> {
    /// The method.
    pub method: Method,
    /// Path and query, percent-encoded, from the first `/` on, without the address's prefix.
    pub path: &'a str,
    /// Headers.
    pub headers: &'a [(&'static str, &'a [u8])],
    /// The body, with `application/json` as its type.
    pub body: Option<&'a Buffer>,
    /// Whether it may be sent twice.
    pub care: Care,
}

/// One response that is no redirect.
pub struct Response {
    /// The status.
    pub status: u16,
    /// How long the server asks to wait.
    pub retry_after: Option<Duration>,
    /// The body.
    pub body: Buffer,
}

/// A client. Shared by the threads that read; each takes a connection of its own, one that was opened ahead if there is one.
pub struct Client {
    servers: Vec<(Origin, Agent)>,
    /// What connects ahead, for each of the servers.
    openers: Vec<Opener>,
    /// Index of the server that answered last.
    active: AtomicUsize,
    trust_cure: &'static str,
}

impl Client {
    /// A client that has connected to nothing yet. Reads the CA files that are named.
    ///
    /// # Errors
    ///
    /// A CA file, a name or a proxy setting that cannot be used: 69, never to be tried again.
    pub fn new(options: &Options<'_>, context: &Context) -> Result<Client, Failure> {
        if *options.trust == Trust::Anyone {
            let origins: Vec<String> = options.origins.iter().map(Origin::to_string).collect();
            context.log.warn(&format!("skip_tls_verify: whoever answers at {} is trusted", origins.join(", ")));
        }
        let config = Arc::new(tls::config(options.trust, options.identity, &context.environment)?);
        let name = match options.server_name {
            None => None,
            Some(name) => Some(
                ServerName::try_from(name.to_owned())
                    .map_err(|_| unusable(format!("`{name}` is no server name that TLS can verify")))?,
            ),
        };
        let mut servers = Vec::with_capacity(options.origins.len());
        let mut openers = Vec::with_capacity(options.origins.len());
        for origin in options.origins {
            let proxy = proxy_for(origin, &context.environment).map_err(|name| Failure {
                cure: Some(format!("write {name} as http://HOST:PORT, or put the host in NO_PROXY")),
                ..unusable(format!("{name} is no HTTP proxy that can be used"))
            })?;
            let names = Arc::new(Names::default());
            let chain =
                ().chain(ConnectProxyConnector::default())
                    .chain(Tcp(Arc::clone(&names)))
                    .chain(Tls::new(Arc::clone(&config), name.clone()));
            let settings = Agent::config_builder()
                .http_status_as_error(false)
                .max_redirects(0)
                .max_redirects_will_error(false)
                .proxy(proxy)
                .user_agent(concat!("keyinit/", env!("CARGO_PKG_VERSION")))
                .accept_encoding("")
                .input_buffer_size(INPUT_BUFFER)
                .output_buffer_size(OUTPUT_BUFFER)
                .max_response_header_size(INPUT_BUFFER)
                .max_idle_connections(32)
                .max_idle_connections_per_host(32)
                .timeout_connect(Some(CONNECT_LIMIT))
                .build();
            let uri: Uri = origin
                .to_string()
                .parse()
                .map_err(|_| unusable(format!("{origin} is no address that can be connected to")))?;
            let (inner, stash) = (Arc::new(Connecting(chain)), Arc::new(Stash::new(&uri)));
            let ready = Ready { inner: Arc::clone(&inner), stash: Arc::clone(&stash) };
            servers.push((origin.clone(), Agent::with_parts(settings.clone(), ready, Asked(Arc::clone(&names)))));
            let filling = Filling { inner, stash: Arc::clone(&stash) };
            openers.push(Opener { agent: Agent::with_parts(settings, filling, Asked(names)), uri, stash });
        }
        Ok(Client { servers, openers, active: AtomicUsize::new(0), trust_cure: options.trust_cure })
    }

    /// Begins to open `count` connections to the server that answered last, for requests to come; nothing is sent on them.
    /// Returns at once. What fails here is left to the request that then has to connect for itself, and will say so.
    pub fn open_ahead(&self, count: usize, deadline: Deadline) {
        let Some(opener) = self.openers.get(self.active.load(Ordering::Relaxed)) else {
            return;
        };
        for _ in 0..count {
            let promise = opener.stash.open();
            let (agent, uri) = (opener.agent.clone(), opener.uri.clone());
            let connect = move || {
                let request = http::Request::get(uri).body(());
                let _ = run(&agent, request, deadline.remaining());
                drop(promise);
            };
            // Without a thread the promise is dropped, and nobody waits for it.
            let _ = std::thread::Builder::new().stack_size(STACK).spawn(connect);
        }
    }

    /// Sends `request` and reads the whole response: to the server that answered last, and to the next one in turn while
    /// the one before cannot be reached.
    ///
    /// # Errors
    ///
    /// No response, a redirect that may not be followed, or a response past 4 MiB. A status of 400 and more is a response.
    pub fn call(&self, request: &Request<'_>, deadline: Deadline) -> Result<Response, Failure> {
        let start = self.active.load(Ordering::Relaxed);
        let count = self.servers.len();
        let mut last = unusable("no address".to_owned());
        for step in 0..count {
            let index = (start + step) % count;
            let Some(server) = self.servers.get(index) else {
                break;
            };
            match self.send(server, request, deadline) {
                Ok(answer) => {
                    // A server that is sealed or broken gives way to the next one at the next attempt.
                    let next = if answer.status().is_server_error() { index + 1 } else { index };
                    self.active.store(next % count, Ordering::Relaxed);
                    return self.finish(server, answer, request, deadline);
                }
                // Only what was never sent goes to the next address: the rest is for the caller to decide.
                Err(Unsent { failure, sent: false }) if failure.kind != Kind::Deadline => last = failure,
                Err(Unsent { failure, .. }) => return Err(failure),
            }
        }
        Err(last)
    }

    fn send(&self, server: &(Origin, Agent), request: &Request<'_>, deadline: Deadline) -> Result<Answer, Unsent> {
        let (origin, agent) = server;
        let remaining = deadline.remaining();
        if remaining.is_zero() {
            return Err(Unsent { failure: Failure::deadline(), sent: false });
        }
        let uri = format!("{origin}{}{}", origin.prefix, request.path);
        let mut builder = http::Request::builder().uri(uri);
        for (name, value) in request.headers {
            let invalid =
                || Unsent { failure: unusable(format!("the value of {name} cannot stand in a header")), sent: false };
            let mut value = HeaderValue::from_bytes(value).map_err(|_| invalid())?;
            value.set_sensitive(true);
            builder = builder.header(*name, value);
        }
        let outcome = match (request.method, request.body) {
            (Method::Get, _) => run(agent, builder.method("GET").body(()), remaining),
            (Method::Post, None) => run(agent, builder.method("POST").body(&[][..]), remaining),
            (Method::Post, Some(body)) => {
                let builder = builder.method("POST").header(header::CONTENT_TYPE, "application/json");
                run(agent, builder.body(body.expose()), remaining)
            }
        };
        outcome.map_err(|error| {
            let sent = !matches!(&error, ureq::Error::Other(inner) if inner.is::<super::transport::NotSent>());
            let fault = if agent.config().proxy().is_some() { fault::through_proxy } else { fault::failure };
            let failure = fault(&error, request.care, self.trust_cure);
            Unsent { failure, sent }
        })
    }

    /// Follows one redirect to an address of ours, and reads the body.
    fn finish(
        &self,
        from: &(Origin, Agent),
        answer: Answer,
        request: &Request<'_>,
        deadline: Deadline,
    ) -> Result<Response, Failure> {
        if !answer.status().is_redirection() {
            return self.read(answer, request.care);
        }
        let server = self.target(&from.0, &answer, request)?;
        let answer = self.send(server, request, deadline).map_err(|unsent| unsent.failure)?;
        if answer.status().is_redirection() {
            return Err(unusable(format!(
                "HTTP {} from {}: a second redirect is not followed",
                answer.status().as_u16(),
                server.0
            )));
        }
        self.read(answer, request.care)
    }

    /// The server that a redirect leads to: one of ours, for the same path, and not from TLS to plain HTTP. Another prefix
    /// than ours is ignored, because a standby that redirects does not know what stands in front of it.
    fn target(&self, from: &Origin, answer: &Answer, request: &Request<'_>) -> Result<&(Origin, Agent), Failure> {
        let status = answer.status().as_u16();
        let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let authority = location.split_once("://").map(|(scheme, rest)| {
            let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
            let (authority, path) = rest.split_at(end);
            (Origin::parse(&format!("{scheme}://{authority}")), path)
        });
        let not_the_store = |what: String| Failure {
            cure: Some("look whether this address is the store's, and not that of something in front of it".to_owned()),
            ..unusable(format!("HTTP {status}: a redirect to {what}"))
        };
        let Some((Ok(to), path)) = authority else {
            return Err(not_the_store(if location.is_empty() { "nowhere" } else { "another path" }.to_owned()));
        };
        if !path.ends_with(request.path) {
            return Err(not_the_store(format!("another path of {to}")));
        }
        if from.scheme == super::Scheme::Https && to.scheme == super::Scheme::Http {
            return Err(Failure {
                cure: Some("let the store give itself an address with https:// (its `api_addr`)".to_owned()),
                ..unusable(format!("HTTP {status}: a redirect from TLS to plain HTTP, {to}, is not followed"))
            });
        }
        match self.servers.iter().find(|(origin, _)| origin.same_place(&to)) {
            Some(server) => Ok(server),
            None => Err(Failure {
                cure: Some(format!("if {to} is to be trusted with the token, add it to `address`")),
                ..unusable(format!("HTTP {status}: a redirect to {to}, which `address` does not list"))
            }),
        }
    }

    fn read(&self, answer: Answer, care: Care) -> Result<Response, Failure> {
        let (parts, body) = answer.into_parts();
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let announced = header(header::CONTENT_LENGTH).and_then(|text| text.parse::<usize>().ok()).unwrap_or(0);
        let retry_after = header(header::RETRY_AFTER).and_then(|text| retry_after(text, SystemTime::now()));
        let too_long = || unusable("an answer of more than 4 MiB".to_owned());
        if announced > BODY_LIMIT {
            return Err(too_long());
        }
        let mut buffer = Buffer::with_capacity(announced);
        let mut reader = body.into_reader();
        let mut chunk = zeroize::Zeroizing::new([0; 8 << 10]);
        loop {
            let count = match reader.read(chunk.as_mut_slice()) {
                Ok(0) => break,
                Ok(count) => count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => {
                    let cut = error.kind() == std::io::ErrorKind::UnexpectedEof;
                    let failure = fault::failure(&ureq::Error::from(error), care, self.trust_cure);
                    let answered = "it closed the connection in the middle of its answer".to_owned();
                    return Err(if cut { Failure { answered, ..failure } } else { failure });
                }
            };
            if buffer.len() + count > BODY_LIMIT {
                return Err(too_long());
            }
            buffer.push(chunk.get(..count).unwrap_or_default());
        }
        Ok(Response { status: parts.status.as_u16(), retry_after, body: buffer })
    }
}

/// What connects to one server ahead.
struct Opener {
    agent: Agent,
    uri: Uri,
    stash: Arc<Stash>,
}

type Answer = http::Response<ureq::Body>;

/// An attempt without a response.
struct Unsent {
    failure: Failure,
    /// Whether bytes of the request may have left.
    sent: bool,
}

fn run<S: ureq::AsSendBody>(
    agent: &Agent,
    request: Result<http::Request<S>, http::Error>,
    remaining: Duration,
) -> Result<Answer, ureq::Error> {
    let request = agent.configure_request(request?).timeout_global(Some(remaining)).build();
    agent.run(request)
}

/// Whether another attempt makes sense after `status`: 408, 412, 425, 429 and 5xx but 501; with [`Care::Once`] only where
/// the server says that it did nothing.
pub fn retry_for(status: u16, care: Care, wait: Option<Duration>) -> Retry {
    let again = match (care, status) {
        (_, 412 | 429 | 503) => true,
        (Care::Once, _) => false,
        (Care::Repeatable, 501) => false,
        (Care::Repeatable, 408 | 425 | 500..=599) => true,
        _ => false,
    };
    if again { Retry::After(wait) } else { Retry::Never }
}

fn unusable(answered: String) -> Failure {
    Failure { kind: Kind::Unavailable, answered, cure: None, retry: Retry::Never }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn which_statuses_are_tried_again() {
        let wait = Some(Duration::from_secs(3));
        for status in [408, 412, 425, 429, 500, 502, 503, 504, 599] {
            assert_eq!(retry_for(status, Care::Repeatable, wait), Retry::After(wait), "{status}");
        }
        for status in [200, 400, 401, 403, 404, 405, 413, 501] {
            assert_eq!(retry_for(status, Care::Repeatable, wait), Retry::Never, "{status}");
        }
        for status in [412, 429, 503] {
            assert_eq!(retry_for(status, Care::Once, None), Retry::After(None), "{status}");
        }
        for status in [400, 408, 425, 500, 502, 504] {
            assert_eq!(retry_for(status, Care::Once, None), Retry::Never, "{status}");
        }
    }
}
