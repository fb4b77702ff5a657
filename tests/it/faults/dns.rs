//! A network of the test's own, with a name server in it that answers by a script.
#![allow(unsafe_code)]

use std::net::{IpAddr, UdpSocket};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

use tempfile::TempDir;

/// Types of records.
const A: u16 = 1;
const AAAA: u16 = 28;

/// What the name server does about one question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Address(IpAddr),
    /// The name exists, without a record of this type.
    NoData,
    NxDomain,
    ServFail,
    Silence,
}

/// Whether a question was for an IPv6 address, and how many of its kind came before it.
pub type Script = Box<dyn Fn(bool, usize) -> Answer + Send>;

/// Brings this thread, and all that it starts, into a network of its own, where only the loopback is. None, and a loud skip,
/// where that is not allowed.
pub fn own_network() -> Option<()> {
    if !crate::support::skip::is_root() {
        return None;
    }
    // SAFETY: plain system calls; the request is an ifreq with a name and flags.
    let up = unsafe {
        let network = libc::unshare(libc::CLONE_NEWNET);
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        let mut request: libc::ifreq = std::mem::zeroed();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        request.ifr_ifru.ifru_flags = (libc::IFF_UP | libc::IFF_RUNNING) as libc::c_short;
        let up = libc::ioctl(socket, libc::SIOCSIFFLAGS as _, &request);
        libc::close(socket);
        network == 0 && up == 0
    };
    if !up {
        crate::support::skip::skip("network namespaces", "no network of its own can be made here");
    }
    up.then_some(())
}

/// A name server at 127.0.0.1, in the network of this thread.
///
/// It must be dropped in the network that it was started in.
pub struct NameServer {
    thread: Option<JoinHandle<()>>,
    folder: TempDir,
    asked: Arc<Mutex<Vec<bool>>>,
}

impl NameServer {
    /// The script answers for every name.
    pub fn start(script: impl Fn(bool, usize) -> Answer + Send + 'static) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:53").unwrap();
        let folder = tempfile::tempdir().unwrap();
        let settings = "nameserver 127.0.0.1\nsearch .\noptions timeout:5 attempts:2\n";
        std::fs::write(folder.path().join("resolv.conf"), settings).unwrap();
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (log, script): (Arc<Mutex<Vec<bool>>>, Script) = (Arc::clone(&asked), Box::new(script));
        let thread = std::thread::spawn(move || {
            let mut packet = [0; 1500];
            while let Ok((length @ 1.., client)) = socket.recv_from(&mut packet) {
                let Some(reply) = reply(&packet[..length], &log, &script) else { continue };
                let _ = socket.send_to(&reply, client);
            }
        });
        NameServer { thread: Some(thread), folder, asked }
    }

    /// Has libc give up after a second. musl takes a server that fails for one that is silent.
    pub fn hasty(self) -> Self {
        let settings = "nameserver 127.0.0.1\nsearch .\noptions timeout:1 attempts:1\n";
        std::fs::write(self.resolv_conf(), settings).unwrap();
        self
    }

    /// What is to lie over /etc/resolv.conf.
    pub fn resolv_conf(&self) -> PathBuf {
        self.folder.path().join("resolv.conf")
    }

    /// How many questions there were: for IPv4 addresses, and for IPv6.
    pub fn asked(&self) -> (usize, usize) {
        let asked = self.asked.lock().unwrap();
        let six = asked.iter().filter(|six| **six).count();
        (asked.len() - six, six)
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        // An empty packet is the end.
        let _ = UdpSocket::bind("127.0.0.1:0").and_then(|socket| socket.send_to(&[], "127.0.0.1:53"));
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// RFC 1035, section 4.1: a header of 12 bytes, one question, at most one answer.
fn reply(question: &[u8], log: &Mutex<Vec<bool>>, script: &Script) -> Option<Vec<u8>> {
    let name = question.get(12..)?.iter().position(|byte| *byte == 0)? + 1;
    let asked = question.get(12..12 + name + 4)?;
    let kind = u16::from_be_bytes([asked[name], asked[name + 1]]);
    let six = match kind {
        A => false,
        AAAA => true,
        _ => return None,
    };
    let before = {
        let mut log = log.lock().unwrap();
        log.push(six);
        log.iter().filter(|known| **known == six).count() - 1
    };
    let (code, data) = match script(six, before) {
        Answer::Silence => return None,
        Answer::NoData => (0, Vec::new()),
        Answer::ServFail => (2, Vec::new()),
        Answer::NxDomain => (3, Vec::new()),
        Answer::Address(IpAddr::V4(address)) => (0, address.octets().to_vec()),
        Answer::Address(IpAddr::V6(address)) => (0, address.octets().to_vec()),
    };
    let mut reply = question.get(..2)?.to_vec();
    // An answer, recursion wanted and had; one question, and an answer or none.
    reply.extend([0x81, 0x80 | code, 0, 1, 0, u8::from(!data.is_empty()), 0, 0, 0, 0]);
    reply.extend_from_slice(asked);
    if !data.is_empty() {
        // The name of the question, its type, class IN, a minute to live.
        reply.extend([0xc0, 12]);
        reply.extend(kind.to_be_bytes());
        reply.extend([0, 1, 0, 0, 0, 60, 0, data.len() as u8]);
        reply.extend(data);
    }
    Some(reply)
}
