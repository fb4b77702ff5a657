//! Connections that are opened while the login is under way.

use std::net::{SocketAddr, TcpListener, TcpStream};

use serde_json::json;

use crate::support::run::keyinit;
use crate::support::server::Server;

/// Leads to `server`, but lets no byte through before there are `count` connections; and takes no more than those.
fn gate(server: SocketAddr, count: usize) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("https://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let clients: Vec<TcpStream> = listener.incoming().take(count).collect::<Result<_, _>>().unwrap();
        drop(listener);
        for client in clients {
            let server = TcpStream::connect(server).unwrap();
            for (mut from, mut to) in [
                (client.try_clone().unwrap(), server.try_clone().unwrap()),
                (server.try_clone().unwrap(), client.try_clone().unwrap()),
            ] {
                std::thread::spawn(move || {
                    let _ = std::io::copy(&mut from, &mut to);
                    let _ = to.shutdown(std::net::Shutdown::Write);
                });
            }
        }
    });
    address
}

/// One for each read and one for the look-up of the mounts; the login takes one of them and gives it back.
#[test]
fn every_connection_of_a_start_is_opened_before_the_login_is_answered() {
    let server = Server::stand_in();
    let role = server.approle(&[&server.own_policy()]);
    let paths: Vec<String> =
        (0..4).map(|n| server.secret(&format!("app{n}"), json!({ "k": format!("v{n}") }))).collect();
    let place = server.address().trim_start_matches("https://").parse().unwrap();
    let mut init = keyinit()
        .vault(&server)
        .env("VAULT_ADDR", gate(place, 5))
        .env("VAULT_ROLE_ID", &role.role_id)
        .env("VAULT_SECRET_ID", &role.secret_id);
    for (n, path) in paths.iter().enumerate() {
        init = init.env(format!("V{n}"), format!("secret://vault/{path}#k"));
    }
    let report = init.report();
    for n in 0..4 {
        assert_eq!(report.variable(&format!("V{n}")), Some(format!("v{n}")));
    }
    assert_eq!(server.tokens_of(&role), 0, "the login was revoked");
}

/// A token from outside needs no login: the reads wait for the connections that are being made, and open none beside them.
#[test]
fn a_given_token_opens_no_connection_twice() {
    let server = Server::stand_in();
    let path = server.secret("app", json!({ "k": "v" }));
    let token = server.token(&[&server.own_policy()]);
    let place = server.address().trim_start_matches("https://").parse().unwrap();
    let report = keyinit()
        .vault(&server)
        .env("VAULT_ADDR", gate(place, 2))
        .env("VAULT_TOKEN", &token.text)
        .env("X", format!("secret://vault/{path}#k"))
        .report();
    assert_eq!(report.variable("X"), Some("v".to_owned()));
}
