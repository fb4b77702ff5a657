//! Logins, and what becomes of their tokens: judged from the server.

use serde_json::json;

use super::with_token;
use crate::on_both;
use crate::support::run::keyinit;

on_both! {
    /// The way of the shortest use: role_id in the environment, secret_id in a file.
    fn approle_and_its_token_revoked(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let role = server.approle(&[&server.own_policy()]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret_id");
        std::fs::write(&file, format!("{}\n", role.secret_id)).unwrap();
        let mut run = keyinit()
            .vault(server)
            .env("VAULT_ROLE_ID", &role.role_id)
            .env("VAULT_SECRET_ID_FILE", &file)
            .env("X", format!("secret://vault/{path}#k"))
            .probe(&["wait"])
            .spawn();
        run.out.expect("ready");
        // The command has just started, and the token is gone already.
        assert_eq!(server.tokens_of(&role), 0);
        if let Some(log) = server.log() {
            let count = |path: &str| log.iter().filter(|seen| seen.path == path).count();
            assert_eq!((count("auth/approle/login"), count("auth/token/revoke-self")), (1, 1));
            assert_eq!(log.iter().rposition(|seen| seen.path == format!("secret/data/{path}")).map(|at| {
                log[at..].iter().any(|seen| seen.path == "auth/token/revoke-self")
            }), Some(true), "revoked before the last read");
        }
        run.signal(libc::SIGTERM);
        run.finish().expect(0);
    }

    fn approle_in_a_manifest(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let role = server.approle(&[&server.own_policy()]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("id");
        std::fs::write(&file, &role.secret_id).unwrap();
        let text = format!(
            "providers:\n  prod:\n    type: openbao\n    address: {}\n    ca_cert: {}\n    auth:\n      \
             method: approle\n      role_id: {{ env: MY_ROLE }}\n      secret_id: {{ file: {} }}\n\
             env:\n  X: secret://prod/{path}#k\n",
            server.address(),
            server.ca().display(),
            file.display(),
        );
        let report = keyinit().env("MY_ROLE", &role.role_id).manifest(&text).report();
        assert_eq!(report.variable("X").unwrap(), "v");
        assert_eq!(server.tokens_of(&role), 0);
    }

    /// A failed start leaves no token behind either.
    fn the_token_of_a_start_that_failed_is_revoked(server) {
        let role = server.approle(&[&server.own_policy()]);
        keyinit()
            .vault(server)
            .env("VAULT_ROLE_ID", &role.role_id)
            .env("VAULT_SECRET_ID", &role.secret_id)
            .env("X", format!("secret://vault/{}/absent#k", server.id))
            .probe(&["report"])
            .run()
            .expect(66);
        assert_eq!(server.tokens_of(&role), 0);
    }

    fn a_given_token_is_not_revoked(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let token = server.token(&[&server.own_policy()]);
        let reference = format!("secret://vault/{path}#k");
        let report = keyinit().vault(server).env("VAULT_TOKEN", &token.text).env("X", &reference).report();
        assert_eq!(report.variable("X").unwrap(), "v");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("token");
        std::fs::write(&file, format!("{}\n", token.text)).unwrap();
        let report = keyinit().vault(server).env("VAULT_TOKEN_FILE", &file).env("X", &reference).report();
        assert_eq!(report.variable("X").unwrap(), "v");
        assert!(server.alive(&token.accessor));
    }

    /// What was used to log in does not reach the command; what was not, does.
    fn credentials_are_stripped(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let report = with_token(server)
            .env("X", format!("secret://vault/{path}#k"))
            .env("VAULT_SECRET_ID_FILE", "/nowhere")
            .env("AZURE_CLIENT_SECRET", "of another store")
            .env("KEYINIT_TIMEOUT", "20s")
            .report();
        assert_eq!(report.names(), ["AZURE_CLIENT_SECRET", "VAULT_ADDR", "VAULT_CACERT", "X"]);
    }

    fn keep_env(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let report = with_token(server)
            .arg("--keep-env")
            .arg("VAULT_TOKEN")
            .env("X", format!("secret://vault/{path}#k"))
            .report();
        assert_eq!(report.names(), ["VAULT_ADDR", "VAULT_CACERT", "VAULT_TOKEN", "X"]);
    }
}
