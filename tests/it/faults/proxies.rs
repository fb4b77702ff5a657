//! A proxy between us and the store: it sees a name and a port, and nothing else.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

use rcgen::CertificateParams;

use super::stand::{Front, Stand, healthy};
use super::{MIDDLE, TOKEN, refused, succeeds, with_token};
use crate::support::net::Refusing;
use crate::support::pidns::Init;
use crate::support::tls::Authority;

/// What a proxy does when it is asked to CONNECT.
#[derive(Clone, Copy)]
enum Does {
    Connects(SocketAddr),
    Answers(&'static str),
    Nothing,
}

/// A proxy that connects every name to one server, and keeps all that it hears in the clear.
struct Proxy {
    address: SocketAddr,
    heard: Arc<Heard>,
}

/// Connections come at the same time: what was said to the proxy, and what it passed on.
#[derive(Default)]
struct Heard {
    asked: Mutex<Vec<u8>>,
    inside: Mutex<Vec<u8>>,
}

impl Proxy {
    fn start(does: Does) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let heard = Arc::new(Heard::default());
        let log = Arc::clone(&heard);
        // Ends with the test's process: nobody comes any more, and it holds nothing but its port.
        std::thread::spawn(move || {
            for client in listener.incoming().flatten() {
                let log = Arc::clone(&log);
                std::thread::spawn(move || serve(client, does, &log));
            }
        });
        Proxy { address, heard }
    }

    /// What was said to the proxy itself, and behind it what went through it.
    fn heard(&self) -> String {
        let text = |bytes: &Mutex<Vec<u8>>| String::from_utf8_lossy(&bytes.lock().unwrap()).into_owned();
        text(&self.heard.asked) + &text(&self.heard.inside)
    }

    fn url(&self) -> String {
        format!("http://user:pa55@{}", self.address)
    }
}

fn serve(client: TcpStream, does: Does, log: &Heard) {
    let mut reader = BufReader::new(client.try_clone().unwrap());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|count| count > 2) {
        log.asked.lock().unwrap().extend_from_slice(line.as_bytes());
        line.clear();
    }
    let mut client = client;
    match does {
        Does::Nothing => {
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
        Does::Answers(text) => {
            let _ = client.write_all(text.as_bytes());
            let _ = client.shutdown(Shutdown::Write);
            let _ = std::io::copy(&mut reader, &mut std::io::sink());
        }
        Does::Connects(target) => {
            let server = TcpStream::connect(target).unwrap();
            let _ = client.write_all(b"HTTP/1.1 200 Connection established\r\n\r\n");
            let back = (server.try_clone().unwrap(), client);
            std::thread::spawn(move || pump(back.0, back.1, None));
            pump(reader, server, Some(&log.inside));
        }
    }
}

fn pump(mut from: impl Read, mut to: TcpStream, log: Option<&Mutex<Vec<u8>>>) {
    let mut bytes = [0; 4096];
    while let Ok(count @ 1..) = from.read(&mut bytes) {
        if let Some(log) = log {
            log.lock().unwrap().extend_from_slice(&bytes[..count]);
        }
        if to.write_all(&bytes[..count]).is_err() {
            break;
        }
    }
    let _ = to.shutdown(Shutdown::Write);
}

/// A server that is vouched for as `vault.test`, a name that no name server knows.
fn store(authority: &Authority) -> Stand {
    let params = CertificateParams::new(vec!["vault.test".into()]).unwrap();
    Stand::with(Front::Tls(authority.server_with(params)), |request, _| healthy(request))
}

fn through(authority: &Authority, proxy: &str) -> Init {
    with_token("https://vault.test:8200", authority).env("HTTPS_PROXY", proxy).args(MIDDLE)
}

#[test]
fn a_proxy_connects() {
    let authority = Authority::new();
    let stand = store(&authority);
    let proxy = Proxy::start(Does::Connects(stand.address()));
    let run = with_token("https://vault.test:8200", &authority).env("HTTPS_PROXY", proxy.url());
    succeeds(run.env("NO_PROXY", "other.test"));
    assert_eq!(stand.seen().len(), 2);
    let heard = proxy.heard();
    assert!(heard.starts_with("CONNECT vault.test:8200 HTTP/1.1\r\n"), "{heard:?}");
    // `user:pa55`
    assert!(heard.contains("Proxy-Authorization: Basic dXNlcjpwYTU1\r\n"), "{heard:?}");
    assert!(!heard.contains(TOKEN) && !heard.contains("secret/data"), "the proxy can read what is asked");
}

/// A store without TLS behind a proxy is reached through a tunnel too. What it is asked can be read on the way, as it could be
/// without a proxy; the proxy is asked for nothing but the connection, and gets no header of ours but its own.
#[test]
fn a_plain_store_is_reached_through_a_tunnel() {
    let authority = Authority::new();
    let stand = Stand::with(Front::Plain, |request, _| healthy(request));
    let proxy = Proxy::start(Does::Connects(stand.address()));
    let run = with_token("http://vault.test:8200", &authority).env("HTTP_PROXY", proxy.url());
    // What is for the other scheme does not count.
    succeeds(run.env("HTTPS_PROXY", "http://127.0.0.1:1"));
    assert_eq!(stand.seen().len(), 2);
    let heard = proxy.heard();
    assert!(heard.starts_with("CONNECT vault.test:8200 HTTP/1.1\r\n"), "{heard:?}");
    let inside = heard.find("GET /v1/").unwrap();
    assert!(heard.find(TOKEN).unwrap() > inside && heard.rfind("dXNlcjpwYTU1").unwrap() < inside, "{heard:?}");
}

/// With NO_PROXY the way is direct: the name is known here, and the proxy hears nothing. Nor does it of a loopback address,
/// as in Go.
#[test]
fn no_proxy_goes_around_it() {
    let authority = Authority::new();
    let proxy = Proxy::start(Does::Nothing);
    let stand = store(&authority);
    let folder = tempfile::tempdir().unwrap();
    let hosts = folder.path().join("hosts");
    std::fs::write(&hosts, "127.0.0.1 vault.test\n").unwrap();
    let url = format!("https://vault.test:{}", stand.address().port());
    for exempt in ["vault.test", ".test", "a.example, *"] {
        let run = with_token(&url, &authority).env("HTTPS_PROXY", proxy.url()).env("NO_PROXY", exempt);
        succeeds(run.over(&hosts, "/etc/hosts"));
    }
    let local = Stand::start(&authority, |request, _| healthy(request));
    succeeds(with_token(&local.url(), &authority).env("HTTPS_PROXY", proxy.url()));
    assert_eq!(proxy.heard(), "");
}

#[test]
fn a_proxy_that_does_not_connect() {
    let authority = Authority::new();
    let refusing = Refusing::new();
    let denied = "HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n";
    for (name, code, does) in [
        ("proxy-denies", 69, Does::Answers(denied)),
        ("proxy-hangs-up", 69, Does::Answers("")),
        ("proxy-silent", 75, Does::Nothing),
    ] {
        let proxy = Proxy::start(does);
        let finished = refused(name, through(&authority, &proxy.url()), code);
        assert!(!proxy.heard().contains(TOKEN) && !finished.err.contains("pa55"));
    }
    let away = refusing.address().replace("https", "http");
    refused("proxy-refused", through(&authority, &away), 69);
    refused("proxy-of-another-kind", through(&authority, "socks5://127.0.0.1:1080"), 69);
}

/// A proxy that looks inside shows a certificate of its own, and gets no request.
#[test]
fn a_proxy_that_looks_inside() {
    let (authority, stranger) = (Authority::new(), Authority::new());
    let inside = store(&stranger);
    let proxy = Proxy::start(Does::Connects(inside.address()));
    refused("proxy-looks-inside", through(&authority, &proxy.url()), 69);
    assert_eq!(inside.seen(), []);
}
