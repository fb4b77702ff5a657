//! A stand-in for Vault and OpenBao: TLS with a private CA, KV v1 and v2, the mounts look-up, AppRole, tokens, policies,
//! namespaces. It answers as the protocol says; that it does is certified with OpenBao's own client (stores/certify.rs).

mod auth;
pub mod http;
mod kv;
mod route;
mod world;

use std::io::BufReader;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};

use http::Request;
use world::World;

use super::tls::Authority;

/// One request as the server saw it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    pub method: String,
    pub path: String,
    pub namespace: String,
    /// Of the token that was sent, while it was good; never the token.
    pub accessor: String,
    pub status: u16,
}

/// A running stand-in. It stops when dropped.
pub struct StandIn {
    address: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    world: Mutex<World>,
    log: Mutex<Vec<Seen>>,
    stopped: AtomicBool,
}

impl StandIn {
    /// Serves on a free port of 127.0.0.1 with a certificate by `authority`.
    pub fn start(authority: &Authority) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            world: Mutex::new(World::new()),
            log: Mutex::default(),
            stopped: AtomicBool::new(false),
        });
        let (config, serving) = (authority.server(), Arc::clone(&shared));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if serving.stopped.load(Ordering::SeqCst) {
                    break;
                }
                let Ok(stream) = stream else { continue };
                let (config, serving) = (Arc::clone(&config), Arc::clone(&serving));
                std::thread::spawn(move || serving.serve(stream, config));
            }
        });
        StandIn { address, shared }
    }

    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// All requests so far, in the order of their answers.
    pub fn log(&self) -> Vec<Seen> {
        self.shared.log.lock().unwrap().clone()
    }

    /// The text of every token that was given out, revoked or not.
    pub fn issued(&self) -> Vec<String> {
        self.shared.world.lock().unwrap().issued.clone()
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.shared.stopped.store(true, Ordering::SeqCst);
        // Wakes the thread that accepts.
        let _ = TcpStream::connect(self.address);
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream, config: Arc<rustls::ServerConfig>) {
        let Ok(connection) = rustls::ServerConnection::new(config) else {
            return;
        };
        let _ = stream.set_nodelay(true);
        let mut stream = BufReader::new(rustls::StreamOwned::new(connection, stream));
        while let Some(request) = Request::read(&mut stream) {
            if self.stopped.load(Ordering::SeqCst) {
                break;
            }
            let response = {
                let mut world = self.world.lock().unwrap();
                let accessor = request.token().and_then(|token| world.tokens.get(token));
                let accessor = accessor.map(|token| token.accessor.clone()).unwrap_or_default();
                let response = route::answer(&mut world, &request);
                self.log.lock().unwrap().push(Seen {
                    method: request.method.clone(),
                    path: request.path.clone(),
                    namespace: request.header("x-vault-namespace").unwrap_or("").to_string(),
                    accessor,
                    status: response.status,
                });
                response
            };
            if response.write(stream.get_mut()).is_err() {
                break;
            }
        }
        // Nothing may be left unread at the end: the kernel would answer it with a reset, which overtakes the answer.
        let socket = &mut stream.get_mut().sock;
        let _ = socket.shutdown(Shutdown::Write);
        let _ = std::io::copy(socket, &mut std::io::sink());
    }
}
