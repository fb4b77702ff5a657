//! `keyinit check`: logs in, reads no secret, and tells a wrong credential from a server that is not there.

use crate::on_both;
use crate::support::net::Refusing;
use crate::support::run::{golden, keyinit};

on_both! {
    fn a_good_login(server) {
        let role = server.approle(&[&server.own_policy()]);
        let path = format!("{}/app", server.id);
        keyinit()
            .arg("check")
            .vault(server)
            .env("VAULT_ROLE_ID", &role.role_id)
            .env("VAULT_SECRET_ID", &role.secret_id)
            // It does not exist, and nobody asks for it.
            .env("X", format!("secret://vault/{path}#k"))
            .run()
            .expect(0);
        assert_eq!(server.tokens_of(&role), 0);
        if let Some(log) = server.log() {
            assert!(log.iter().any(|seen| seen.path == "auth/approle/login" && seen.status == 200), "{log:?}");
            assert!(!log.iter().any(|seen| seen.path.contains(&path) && !seen.path.starts_with("sys/")), "{log:?}");
        }
    }

    fn a_given_token(server) {
        let token = server.token(&[]);
        let check = || keyinit().arg("check").vault(server).env("X", "secret://vault/a#k");
        check().env("VAULT_TOKEN", &token.text).run().expect(0);
        assert!(server.alive(&token.accessor));
        check().env("VAULT_TOKEN", "wrong").run().expect(77);
    }

    fn a_wrong_secret_id(server) {
        let role = server.approle(&[]);
        let run = keyinit()
            .arg("check")
            .vault(server)
            .env("VAULT_ROLE_ID", &role.role_id)
            .env("VAULT_SECRET_ID", "wrong")
            .env("X", "secret://vault/a#k")
            .run()
            .expect(77);
        golden("check-wrong-secret-id", &run, Some(server), None);
    }
}

#[test]
fn a_server_that_is_not_there() {
    let refusing = Refusing::new();
    let run = keyinit()
        .args(["check", "--timeout", "1s"])
        .env("VAULT_ADDR", refusing.address())
        .env("VAULT_ROLE_ID", "r")
        .env("VAULT_SECRET_ID", "s")
        .env("X", "secret://vault/a#k")
        .run()
        .expect(69);
    golden("check-unreachable", &run, None, None);
}
