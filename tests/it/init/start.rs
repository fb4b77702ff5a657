//! keyinit's start seen from outside: a server that is silent keeps it there for as long as the test likes.

use std::net::TcpStream;
use std::os::unix::fs::MetadataExt;
use std::time::{Duration, Instant};

use crate::support::handshake::{children, status_of, until};
use crate::support::net::Silent;
use crate::support::pidns::{Init, Running, kill};
use crate::support::run::keyinit;

/// A start that hangs, its connection, and the resolver's pid.
struct Hanging {
    run: Running,
    resolver: i32,
    _server: Silent,
    _connection: TcpStream,
}

fn hang(more: impl FnOnce(Init) -> Init) -> Hanging {
    let server = Silent::new();
    let mut run =
        more(keyinit().env("VAULT_ADDR", server.address()).env("VAULT_TOKEN", "t").env("X", "secret://vault/a#k"))
            .probe(&["report"])
            .spawn();
    let connection = server.accept();
    let pid = run.pid();
    let resolver = until("the resolver", || children(pid).first().copied());
    Hanging { run, resolver, _server: server, _connection: connection }
}

#[test]
fn term_int_quit_and_hup_end_it_within_a_second() {
    for number in [libc::SIGTERM, libc::SIGINT, libc::SIGQUIT, libc::SIGHUP] {
        let mut hanging = hang(|init| init);
        let sent = Instant::now();
        hanging.run.signal(number);
        let run = hanging.run.finish().expect(128 + number);
        let took = sent.elapsed();
        assert_eq!(run.out, "");
        // A promise of the contract, with room for a busy machine.
        assert!(took < Duration::from_secs(3), "{took:?}");
    }
}

/// A signal that asks for nothing of ours waits for the command, and does not end the start.
#[test]
fn other_signals_do_not_end_it() {
    let mut hanging = hang(|init| init);
    for number in [libc::SIGUSR1, libc::SIGWINCH, libc::SIGALRM] {
        hanging.run.signal(number);
    }
    hanging.run.signal(libc::SIGTERM);
    hanging.run.finish().expect(143);
}

/// What was inherited as ignored is ignored here as it would be by the command: `nohup`, or `&` in a script.
#[test]
fn ignored_signals_do_not_end_it() {
    let mut hanging = hang(|init| init.ignored(&[libc::SIGHUP, libc::SIGINT]));
    for number in [libc::SIGHUP, libc::SIGINT] {
        hanging.run.signal(number);
        kill(hanging.resolver, number);
    }
    hanging.run.signal(libc::SIGTERM);
    hanging.run.finish().expect(143);
}

#[test]
fn a_resolver_that_was_killed_is_70() {
    let hanging = hang(|init| init);
    kill(hanging.resolver, libc::SIGKILL);
    let run = hanging.run.finish().expect(70);
    assert_eq!(run.out, "");
    assert!(run.err.contains("KILL"), "{}", run.err);
}

/// In R, while it holds a token: not dumpable, no core file. In PID 1: dumpable, or `> /proc/1/fd/1` fails.
#[test]
fn the_resolver_is_not_dumpable_and_pid_1_is() {
    if !crate::support::skip::is_root() {
        return;
    }
    // An ordinary user's process whose files in /proc belong to root is not dumpable (proc(5)).
    let mut hanging = hang(|init| init.user(65534, 65534).limit(libc::RLIMIT_CORE, 1_000_000, libc::RLIM_INFINITY));
    let owner = |pid: i32| std::fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid();
    assert_eq!(status_of(hanging.resolver, "Uid").unwrap().split_whitespace().next(), Some("65534"));
    assert_eq!(owner(hanging.resolver), 0, "the resolver is dumpable");
    assert_eq!(owner(hanging.run.pid()), 65534, "PID 1 is not dumpable");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", hanging.resolver)).unwrap();
    let line = limits.lines().find(|line| line.starts_with("Max core file size")).unwrap();
    let words: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "unlimited"]);
}

/// R goes when PID 1 is killed.
#[test]
fn the_resolver_does_not_outlive_pid_1() {
    let mut hanging = hang(|init| init.plain());
    hanging.run.signal(libc::SIGKILL);
    until("the resolver's end", || crate::support::handshake::ended(hanging.resolver).then_some(()));
}
