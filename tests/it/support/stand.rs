//! A server that misbehaves by a script, and keeps a log of what it was asked.

use std::io::{BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::tls::Authority;
use super::vault::http::Request;

/// What is done about one request.
pub enum Reply {
    /// These bytes, and the connection stays.
    Bytes(Vec<u8>),
    /// These bytes, and the connection ends.
    Last(Vec<u8>),
    /// These bytes, and silence for as long as the client stays.
    Silence(Vec<u8>),
    /// These bytes, then these again and again with a pause between, for as long as the client stays.
    Forever(Vec<u8>, Vec<u8>, Duration),
}

/// From a request, and how many came before it, to what is done about it.
pub type Script = Box<dyn Fn(&Request, usize) -> Reply + Send + Sync>;

/// How a connection begins.
pub enum Front {
    /// With TLS.
    Tls(Arc<rustls::ServerConfig>),
    /// With plain HTTP.
    Plain,
    /// With these bytes once the client has said something; none is silence. There will be no request.
    Raw(Option<Vec<u8>>),
}

/// One request: method and path, and the credentials in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub what: String,
    pub token: Option<String>,
}

/// A running server. It stops when dropped.
pub struct Stand {
    address: SocketAddr,
    scheme: &'static str,
    shared: Arc<Shared>,
}

struct Shared {
    front: Front,
    script: Script,
    seen: Mutex<Vec<Seen>>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
    stopped: AtomicBool,
}

impl Stand {
    /// With TLS, vouched for by `authority`.
    pub fn start(authority: &Authority, script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Stand::with(Front::Tls(authority.server()), script)
    }

    /// With any front.
    pub fn with(front: Front, script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        Stand::on("127.0.0.1:0", front, script)
    }

    /// At an address of 127.0.0.1 or `[::1]`.
    pub fn on(address: &str, front: Front, script: impl Fn(&Request, usize) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind(address).unwrap();
        let address = listener.local_addr().unwrap();
        let scheme = if matches!(front, Front::Plain) { "http" } else { "https" };
        let shared = Arc::new(Shared {
            front,
            script: Box::new(script),
            seen: Mutex::default(),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
            stopped: AtomicBool::new(false),
        });
        let serving = Arc::clone(&shared);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                serving.connections.fetch_add(1, Ordering::SeqCst);
                let serving = Arc::clone(&serving);
                std::thread::spawn(move || serving.serve(stream));
            }
        });
        Stand { address, scheme, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// `https://127.0.0.1:PORT`.
    pub fn url(&self) -> String {
        format!("{}://{}", self.scheme, self.address)
    }

    /// All requests so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.shared.seen.lock().unwrap().clone()
    }

    /// The same, whole.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.requests.lock().unwrap().clone()
    }

    /// How many requests there were for `what`.
    pub fn count(&self, what: &str) -> usize {
        self.seen().iter().filter(|seen| seen.what == what).count()
    }

    /// How many connections were taken so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }
}

impl Drop for Stand {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, mut stream: TcpStream) {
        let _ = stream.set_nodelay(true);
        match &self.front {
            Front::Plain => {
                let Ok(socket) = stream.try_clone() else { return };
                self.answer(&mut BufReader::new(stream));
                end(socket);
            }
            Front::Tls(config) => {
                let Ok(connection) = rustls::ServerConnection::new(Arc::clone(config)) else { return };
                let Ok(socket) = stream.try_clone() else { return };
                let mut stream = BufReader::new(rustls::StreamOwned::new(connection, stream));
                self.answer(&mut stream);
                stream.get_mut().conn.send_close_notify();
                let _ = stream.get_mut().flush();
                end(socket);
            }
            Front::Raw(bytes) => {
                if let Some(bytes) = bytes {
                    let _ = stream.read(&mut [0; 4096]);
                    let _ = stream.write_all(bytes);
                    let _ = stream.shutdown(Shutdown::Write);
                }
                let _ = std::io::copy(&mut stream, &mut std::io::sink());
            }
        }
    }

    fn answer<S: Read + Write>(&self, stream: &mut BufReader<S>) {
        while let Some(request) = Request::read(stream) {
            self.requests.lock().unwrap().push(request.clone());
            let before = {
                let mut seen = self.seen.lock().unwrap();
                let what = format!("{} {}", request.method, request.path);
                seen.push(Seen { what, token: request.token().map(str::to_string) });
                seen.len() - 1
            };
            let mut say = |bytes: &[u8]| stream.get_mut().write_all(bytes).and_then(|()| stream.get_mut().flush());
            match (self.script)(&request, before) {
                Reply::Bytes(bytes) => {
                    if say(&bytes).is_err() {
                        return;
                    }
                }
                Reply::Last(bytes) => {
                    let _ = say(&bytes);
                    return;
                }
                Reply::Silence(bytes) => {
                    let _ = say(&bytes);
                    let _ = std::io::copy(stream, &mut std::io::sink());
                    return;
                }
                Reply::Forever(bytes, piece, pause) => {
                    let mut said = say(&bytes);
                    while said.is_ok() && !self.stopped.load(Ordering::SeqCst) {
                        std::thread::sleep(pause);
                        said = say(&piece);
                    }
                    return;
                }
            }
        }
    }
}

/// What came too late is read, so that what was said last is not overtaken by a reset.
fn end(mut socket: TcpStream) {
    let _ = socket.shutdown(Shutdown::Write);
    let _ = std::io::copy(&mut socket, &mut std::io::sink());
}

/// A response of HTTP/1.1, its length included; `headers` each end in CRLF.
pub fn response(status: u16, headers: &str, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("HTTP/1.1 {status} -\r\n{headers}Content-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

/// A response with JSON.
pub fn json(status: u16, headers: &str, body: &str) -> Reply {
    Reply::Bytes(response(status, &format!("Content-Type: application/json\r\n{headers}"), body.as_bytes()))
}
