//! A TCP proxy that makes a network long: whatever passes it takes half a round trip either way, and a connection takes one
//! to stand. It counts connections. One thread does it all, because two cores have better things to do.

use std::collections::VecDeque;
use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, ppoll};

/// A running proxy. It ends with the process.
pub struct Delay {
    /// Where it listens.
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
}

impl Delay {
    /// Leads to `server` with `round_trip` in between.
    pub fn start(server: SocketAddr, round_trip: Duration) -> Delay {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&connections);
        std::thread::spawn(move || serve(&listener, server, round_trip, &count));
        Delay { address, connections }
    }

    /// How many connections were made since the last question.
    pub fn take_connections(&self) -> usize {
        self.connections.swap(0, Ordering::SeqCst)
    }
}

/// One direction: what was read, and when it may leave.
struct Way {
    from: TcpStream,
    to: TcpStream,
    waiting: VecDeque<(Instant, Vec<u8>)>,
    /// Nothing leaves before: a connection takes a round trip to stand.
    opens: Instant,
    ended: bool,
}

impl Way {
    fn new(from: &TcpStream, to: &TcpStream, opens: Instant) -> Way {
        let (from, to) = (from.try_clone().unwrap(), to.try_clone().unwrap());
        Way { from, to, waiting: VecDeque::new(), opens, ended: false }
    }

    fn read(&mut self, half: Duration) {
        let mut bytes = [0; 32 << 10];
        loop {
            let due = self.opens.max(Instant::now()) + half;
            match self.from.read(&mut bytes) {
                Ok(count) if count > 0 => self.waiting.push_back((due, bytes[..count].to_vec())),
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                // An empty piece stands for the end.
                Ok(_) | Err(_) => {
                    self.ended = true;
                    return self.waiting.push_back((due, Vec::new()));
                }
            }
        }
    }

    fn write(&mut self, now: Instant) {
        while let Some((_, piece)) = self.waiting.pop_front_if(|(due, _)| *due <= now) {
            if piece.is_empty() {
                let _ = self.to.shutdown(std::net::Shutdown::Write);
            } else {
                // A few KiB into an empty socket buffer: it takes them at once.
                let _ = self.to.write_all(&piece);
            }
        }
    }

    fn done(&self) -> bool {
        self.ended && self.waiting.is_empty()
    }
}

fn serve(listener: &TcpListener, server: SocketAddr, round_trip: Duration, count: &AtomicUsize) {
    let half = round_trip / 2;
    let mut ways: Vec<Way> = Vec::new();
    loop {
        let now = Instant::now();
        ways.iter_mut().for_each(|way| way.write(now));
        // Both ways of a connection stay until both are done: each has the other's socket.
        let mut at = 0;
        while at < ways.len() {
            if ways[at].done() && ways[at + 1].done() {
                ways.drain(at..at + 2);
            } else {
                at += 2;
            }
        }
        let next = ways.iter().filter_map(|way| way.waiting.front().map(|(due, _)| *due)).min();
        let wait = next.map(|due| due.saturating_duration_since(now).into());
        let mut watched = vec![PollFd::new(listener.as_fd(), PollFlags::POLLIN)];
        let open: Vec<usize> = (0..ways.len()).filter(|&at| !ways[at].ended).collect();
        watched.extend(open.iter().map(|&at| PollFd::new(ways[at].from.as_fd(), PollFlags::POLLIN)));
        let _ = ppoll(&mut watched, wait, None);
        let ready: Vec<bool> = watched.iter().map(|fd| fd.any().unwrap_or(false)).collect();
        for (&at, _) in open.iter().zip(&ready[1..]).filter(|(_, ready)| **ready) {
            ways[at].read(half);
        }
        while let Ok((client, _)) = listener.accept() {
            let Ok(target) = TcpStream::connect(server) else { continue };
            count.fetch_add(1, Ordering::SeqCst);
            for stream in [&client, &target] {
                let _ = stream.set_nodelay(true);
                let _ = stream.set_nonblocking(true);
            }
            let opens = Instant::now() + round_trip;
            ways.push(Way::new(&client, &target, opens));
            ways.push(Way::new(&target, &client, opens));
        }
    }
}
