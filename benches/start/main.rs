//! The benchmark of a start. One command, whatever peers are on PATH in the same run:
//!
//! `cargo bench --bench start [-- init|paths|memory|bytes ...] [--rounds N]`
//!
//! - `init`: start over a bare child with no secrets, as PID 1 of a fresh namespace and as an ordinary process, beside other
//!   inits. Needs root or user namespaces.
//! - `paths`: an AppRole login and N paths over TLS, through a proxy that delays, beside the bound of four round trips: TCP,
//!   TLS, login, read. The same with a token from outside, where the bound is three.
//! - `memory`: the peak of all our processes in such a start, and what stays.
//! - `bytes`: the binary by crate.
//!
//! The programs take turns within each round, so that a busy moment hits them alike. Other programs that fetch secrets can
//! be compared at no point but `init`: vault-env and secret-init know no AppRole.
#![allow(missing_docs, dead_code)]

// Shared with the tests, whose own cases are not built here.
#[allow(unused_imports)]
#[path = "../../tests/it/support/mod.rs"]
mod support;

mod delay;
mod measure;
mod programs;
mod table;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::json;

use delay::Delay;
use measure::{start, start_and_look};
use support::pidns::Init;
use support::server::{Role, Server, Token};
use table::{Figures, print};

const ROUND_TRIP: Duration = Duration::from_millis(20);
const PATHS: [usize; 4] = [1, 10, 50, 200];

fn main() {
    let words: Vec<String> = std::env::args().skip(1).filter(|word| word != "--bench").collect();
    let rounds = words.iter().position(|word| word == "--rounds").and_then(|at| words.get(at + 1)?.parse().ok());
    let parts: Vec<&str> = words.iter().map(String::as_str).filter(|word| PARTS.contains(word)).collect();
    let wanted = |part| parts.is_empty() || parts.contains(&part);
    for name in ["vault-env", "secret-init"] {
        if support::binary::on_path(name).is_none() {
            println!("{name}: not on PATH");
        }
    }
    if wanted("init") {
        init(rounds.unwrap_or(101), false);
        init(rounds.unwrap_or(101), true);
    }
    if wanted("paths") {
        paths(rounds.unwrap_or(11), ROUND_TRIP, Login::AppRole);
        paths(rounds.unwrap_or(11), ROUND_TRIP, Login::Token);
        paths(rounds.unwrap_or(11), Duration::ZERO, Login::AppRole);
    }
    if wanted("memory") {
        memory(rounds.unwrap_or(5));
    }
    if wanted("bytes") {
        bytes();
    }
}

const PARTS: [&str; 4] = ["init", "paths", "memory", "bytes"];

/// Start with no secrets.
fn init(rounds: usize, plain: bool) {
    let programs = programs::inits();
    let mut figures: Vec<Figures> = programs.iter().map(|_| Figures::default()).collect();
    let mut private: Vec<Figures> = programs.iter().map(|_| Figures::default()).collect();
    let prepared = |init: Init| if plain { init.plain() } else { init };
    for round in 0..rounds {
        for (at, program) in programs.iter().enumerate() {
            figures[at].push(start(prepared(program.init())).microseconds);
            if round < 5 {
                private[at].push(start_and_look(prepared(program.init())).private as f64);
            }
        }
    }
    let bare = figures[0].median();
    let rows: Vec<Vec<String>> = programs
        .iter()
        .zip(&figures)
        .zip(&private)
        .map(|((program, figures), private)| {
            let over = format!("{:+.0}", figures.median() - bare);
            let stays = program.name != "bare" && program.name != "keyinit --exec";
            let private = if stays { format!("{:.0}", private.median()) } else { "-".to_owned() };
            vec![program.name.clone(), over, figures.spread(0), private]
        })
        .collect();
    let place = if plain { "as an ordinary process" } else { "as PID 1 of a fresh namespace" };
    let title = format!("Start with no secrets, {place}: execve to the command's first instruction ({rounds} rounds)");
    let stays = "private dirty of what stays, KiB";
    print(&title, &["program", "over bare, µs", "min / median / max, µs", stays], &rows);
}

/// Who logs in.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Login {
    AppRole,
    Token,
}

/// A Vault with 200 secrets, and a role that may read them.
struct Vault {
    server: Server,
    role: Role,
    token: Token,
    paths: Vec<String>,
}

impl Vault {
    fn new() -> Vault {
        let server = Server::stand_in();
        let most = PATHS.into_iter().max().unwrap_or(0);
        let write = |number| server.secret(&format!("app{number}"), json!({ "value": format!("value of {number}") }));
        let paths = (0..most).map(write).collect();
        let role = server.approle(&[&server.own_policy()]);
        let token = server.token(&[&server.own_policy()]);
        Vault { server, role, token, paths }
    }

    /// `program` with the command, which is to get `count` secrets from `address`.
    fn init(&self, program: &programs::Program, address: &str, login: Login, count: usize) -> Init {
        let init = program.init().plain().env("VAULT_ADDR", address).env("VAULT_CACERT", self.server.ca());
        let mut init = match login {
            Login::Token => init.env("VAULT_TOKEN", &self.token.text),
            Login::AppRole => {
                init.env("VAULT_ROLE_ID", &self.role.role_id).env("VAULT_SECRET_ID", &self.role.secret_id)
            }
        };
        for (number, path) in self.paths.iter().take(count).enumerate() {
            init = init.env(format!("V_{number}"), format!("secret://vault/{path}#value"));
        }
        init
    }

    fn requests(&self) -> usize {
        self.server.log().map_or(0, |log| log.len())
    }
}

/// Start with secrets, through the proxy.
fn paths(rounds: usize, round_trip: Duration, login: Login) {
    let (vault, programs) = (Vault::new(), programs::ours());
    let place = vault.server.address().trim_start_matches("https://").parse().unwrap();
    let delay = Delay::start(place, round_trip);
    let address = format!("https://{}", delay.address);
    let bound = (if login == Login::AppRole { 4 } else { 3 } * round_trip).as_secs_f64() * 1000.0;
    let mut rows = Vec::new();
    for count in PATHS {
        let cells = || programs.iter().map(|_| Figures::default()).collect::<Vec<_>>();
        let (mut times, mut requests, mut connections) = (cells(), cells(), cells());
        for _ in 0..rounds {
            for (at, program) in programs.iter().enumerate() {
                let before = vault.requests();
                delay.take_connections();
                let started = start(vault.init(program, &address, login, count));
                assert_eq!(started.variables, count, "{} gave the command too little", program.name);
                times[at].push(started.microseconds / 1000.0);
                requests[at].push((vault.requests() - before) as f64);
                connections[at].push(delay.take_connections() as f64);
            }
        }
        for (at, program) in programs.iter().enumerate() {
            let median = times[at].median();
            let ratio = if bound > 0.0 { format!("{:.2}", median / bound) } else { "-".to_owned() };
            let (requests, connections) = (requests[at].spread(0), connections[at].spread(0));
            rows.push(vec![program.name.clone(), count.to_string(), times[at].spread(1), ratio, requests, connections]);
        }
    }
    let title = format!(
        "Start with secrets over TLS, {login:?}, a round trip of {} ms, bound {bound:.0} ms ({rounds} rounds)",
        round_trip.as_millis()
    );
    print(&title, &["program", "paths", "min / median / max, ms", "of the bound", "requests", "connections"], &rows);
}

/// The peak of all processes in a start with secrets.
fn memory(rounds: usize) {
    let (vault, programs) = (Vault::new(), programs::ours());
    let address = vault.server.address();
    let mut rows = Vec::new();
    for count in [0].into_iter().chain(PATHS) {
        for program in &programs {
            let mut cells = [(); 4].map(|()| Figures::default());
            for _ in 0..rounds {
                let started = start_and_look(vault.init(program, &address, Login::AppRole, count));
                let peak = started.resolver + started.supervisor;
                for (cell, value) in cells.iter_mut().zip([started.resolver, started.supervisor, peak, started.private])
                {
                    cell.push(value as f64);
                }
            }
            let mut row = vec![program.name.clone(), count.to_string()];
            row.extend(cells.iter().map(|cell| format!("{:.0}", cell.max())));
            rows.push(row);
        }
    }
    let title = format!("Resident memory in KiB, shared pages counted in each process, the worst of {rounds} rounds");
    let head = ["program", "paths", "peak, resolver", "peak, PID 1", "peak, both", "private dirty of what stays"];
    print(&title, &head, &rows);
}

fn bytes() {
    println!("\nBytes of the static binary by crate (.ci/bytes-by-crate)\n");
    let status = Command::new(".ci/bytes-by-crate").current_dir(Path::new(env!("CARGO_MANIFEST_DIR"))).status();
    assert!(status.is_ok_and(|status| status.success()), ".ci/bytes-by-crate failed: it needs python3 and nm");
}
