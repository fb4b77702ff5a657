//! What goes wrong: each with its exact exit code, and its text in a golden file, the same for both servers.

use serde_json::{Value, json};

use super::with_token;
use crate::on_both;
use crate::support::net::{Refusing, Silent};
use crate::support::pidns::Init;
use crate::support::run::{golden, keyinit};
use crate::support::server::Server;
use crate::support::tls::Authority;

/// Runs it, and compares code and text.
#[track_caller]
fn fails(run: Init, code: i32, name: &str, server: &Server) {
    let finished = run.probe(&["report"]).run().expect(code);
    assert_eq!(finished.out, "", "the command was started");
    golden(name, &finished, Some(server), None);
}

on_both! {
    fn a_missing_path(server) {
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{}/absent#k", server.id));
        fails(run, 66, "vault-missing-path", server);
    }

    fn a_missing_key(server) {
        let path = server.secret("app", json!({ "user": "u", "other": "o" }));
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{path}#db_password"));
        fails(run, 66, "vault-missing-key", server);
    }

    fn no_key_where_there_are_several(server) {
        let path = server.secret("app", json!({ "user": "u", "other": "o" }));
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{path}"));
        fails(run, 66, "vault-several-keys", server);
    }

    fn a_missing_version(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{path}?version=7#k"));
        fails(run, 66, "vault-missing-version", server);
    }

    fn a_deleted_version(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        server.root("DELETE", &format!("secret/data/{path}"), Value::Null);
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{path}#k"));
        fails(run, 66, "vault-deleted", server);
    }

    fn a_destroyed_version(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        server.root("POST", &format!("secret/destroy/{path}"), json!({ "versions": [1] }));
        let run = with_token(server).env("DB_PASSWORD", format!("secret://vault/{path}?version=1#k"));
        fails(run, 66, "vault-destroyed", server);
    }

    fn a_denied_path(server) {
        let run = with_token(server).env("DB_PASSWORD", "secret://vault/somebody/else#k");
        fails(run, 77, "vault-denied", server);
    }

    /// A refusal is never "absent".
    fn a_default_does_not_help_against_a_refusal(server) {
        let text = "env:\n  DB_PASSWORD: { from_secret: secret://vault/somebody/else#k, default: d }\n";
        fails(with_token(server).manifest(text), 77, "vault-denied-default", server);
    }

    fn a_bad_token(server) {
        let run = keyinit().vault(server).env("VAULT_TOKEN", "wrong").env("DB_PASSWORD", "secret://vault/a#k");
        fails(run, 77, "vault-bad-token", server);
    }

    fn a_wrong_secret_id(server) {
        let role = server.approle(&[]);
        let run = keyinit()
            .vault(server)
            .env("VAULT_ROLE_ID", role.role_id)
            .env("VAULT_SECRET_ID", "wrong")
            .env("DB_PASSWORD", "secret://vault/a#k")
            .env("OTHER", "secret://vault/b#k");
        fails(run, 77, "vault-wrong-secret-id", server);
    }

    fn a_wrong_ca(server) {
        let stranger = Authority::new();
        let run = keyinit()
            .env("VAULT_ADDR", server.address())
            .env("VAULT_CACERT", stranger.file())
            .env("VAULT_TOKEN", "root")
            .env("DB_PASSWORD", "secret://vault/a#k");
        // Not retried: it ends long before the deadline of the wait.
        fails(run, 69, "vault-wrong-ca", server);
    }

    /// Every variable that failed is named, whatever the reason, and the first of the codes' order counts.
    fn all_failures_at_once(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let run = with_token(server)
            .env("GOOD", format!("secret://vault/{path}#k"))
            .env("NO_KEY", format!("secret://vault/{path}#absent"))
            .env("NO_PATH", format!("secret://vault/{}/absent#k", server.id))
            .env("REFUSED", "secret://vault/somebody/else#k");
        fails(run, 77, "vault-all-at-once", server);
    }
}

/// No credential at all is a matter of configuration, said before any network.
#[test]
fn no_login_is_configured() {
    let run = keyinit().env("VAULT_ADDR", "https://127.0.0.1:1").env("X", "secret://vault/a#k").probe(&["report"]);
    golden("vault-no-login", &run.run().expect(78), None, None);
}

#[test]
fn a_refused_port() {
    let refusing = Refusing::new();
    let run = keyinit()
        .args(["--timeout", "1s"])
        .env("VAULT_ADDR", refusing.address())
        .env("VAULT_TOKEN", "t")
        .env("DB_PASSWORD", "secret://vault/a#k")
        .probe(&["report"]);
    golden("vault-refused", &run.run().expect(69), None, None);
}

#[test]
fn a_silent_server() {
    let silent = Silent::new();
    let run = keyinit()
        .args(["--timeout", "1s"])
        .env("VAULT_ADDR", silent.address())
        .env("VAULT_TOKEN", "t")
        .env("DB_PASSWORD", "secret://vault/a#k")
        .probe(&["report"]);
    golden("vault-silent", &run.run().expect(75), None, None);
}

/// What a restart cannot cure comes first: a refusal before a silent server.
#[test]
fn a_refusal_counts_more_than_silence() {
    let (server, silent) = (Server::stand_in(), Silent::new());
    let text = format!(
        "providers:\n  one: {{ type: vault, address: \"{}\", ca_cert: {} }}\n  two: {{ type: vault, address: \"{}\" }}\n\
         env:\n  A: secret://one/somebody/else#k\n  B: secret://two/a#k\n",
        server.address(),
        server.ca().display(),
        silent.address(),
    );
    let token = server.token(&[]);
    let run = keyinit().args(["--timeout", "1s"]).env("VAULT_TOKEN", token.text).manifest(&text);
    fails(run, 77, "vault-precedence", &server);
}
