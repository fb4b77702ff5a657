//! Servers that are none: one that never answers, and a port that refuses.
#![allow(unsafe_code)]

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::handshake::until;

/// Takes connections and never says a word.
pub struct Silent {
    listener: TcpListener,
}

impl Silent {
    pub fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Silent { listener }
    }

    pub fn address(&self) -> String {
        format!("https://{}", self.listener.local_addr().unwrap())
    }

    /// Waits for a client. It hangs for as long as the answer is kept.
    #[track_caller]
    pub fn accept(&self) -> TcpStream {
        until("a connection", || self.listener.accept().ok()).0
    }
}

/// A port that refuses connections and that nobody else can get meanwhile: bound, and not listening.
pub struct Refusing {
    socket: OwnedFd,
}

impl Refusing {
    pub fn new() -> Self {
        // SAFETY: plain system calls; the address is a sockaddr_in of port 0 at 127.0.0.1.
        let socket = unsafe {
            let fd = libc::socket(libc::AF_INET, libc::SOCK_STREAM | libc::SOCK_CLOEXEC, 0);
            assert!(fd >= 0);
            let mut address: libc::sockaddr_in = std::mem::zeroed();
            address.sin_family = libc::AF_INET as libc::sa_family_t;
            address.sin_addr.s_addr = u32::from_ne_bytes([127, 0, 0, 1]);
            let size = std::mem::size_of_val(&address) as libc::socklen_t;
            assert_eq!(libc::bind(fd, (&raw const address).cast(), size), 0);
            OwnedFd::from_raw_fd(fd)
        };
        Refusing { socket }
    }

    pub fn address(&self) -> String {
        // SAFETY: a sockaddr_in is written into a sockaddr_in.
        let port = unsafe {
            let mut address: libc::sockaddr_in = std::mem::zeroed();
            let mut size = std::mem::size_of_val(&address) as libc::socklen_t;
            assert_eq!(libc::getsockname(self.socket.as_raw_fd(), (&raw mut address).cast(), &mut size), 0);
            u16::from_be(address.sin_port)
        };
        format!("https://{}", SocketAddr::from(([127, 0, 0, 1], port)))
    }
}
