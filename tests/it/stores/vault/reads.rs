//! What is read: both KV versions without anyone typing `data/`, mounts, namespaces, versions.

use serde_json::json;

use super::with_token;
use crate::on_both;
use crate::support::run::keyinit;
use crate::support::server::Server;

/// A manifest with one provider `v` for this server, with these settings, and `X` from `secret`.
fn manifest(settings: &str, secret: &str) -> String {
    format!(
        "providers:\n  v: {{ type: vault, {settings} }}\nenv:\n  X:\n    from_secret: {{ provider: v, {secret} }}\n"
    )
}

fn root(server: &Server, settings: &str, secret: &str) -> Option<String> {
    let manifest = manifest(settings, secret);
    keyinit().vault(server).env("VAULT_TOKEN", "root").manifest(&manifest).report().variable("X")
}

on_both! {
    /// The shortest use: a reference in the environment, no manifest.
    fn a_reference_in_the_environment(server) {
        let path = server.secret("app", json!({ "db_password": "pa55 w\u{f6}rd", "user": "u" }));
        let report = with_token(server)
            .env("DB_PASSWORD", format!("secret://vault/{path}#db_password"))
            .env("URL", format!("db://${{secret://vault/{path}#user}}:${{secret://vault/{path}#db_password|urlencode}}@h"))
            .env("PLAIN", "a$$b${HOME}")
            .report();
        // One character a byte: the UTF-8 of U+00F6 is two.
        assert_eq!(report.variable("DB_PASSWORD").unwrap(), "pa55 w\u{c3}\u{b6}rd");
        assert_eq!(report.variable("URL").unwrap(), "db://u:pa55%20w%C3%B6rd@h");
        assert_eq!(report.variable("PLAIN").unwrap(), "a$$b${HOME}");
    }

    fn a_manifest(server) {
        let path = server.secret("app", json!({ "k": "v", "nested": { "a": [1, 2] } }));
        let text = format!(
            "providers:\n  prod:\n    type: vault\n    address: {}\n    ca_cert: {}\n    \
             auth: {{ method: token, token: {{ env: MY_TOKEN }} }}\n\
             env:\n  A:\n    from_secret: {{ integration: prod, path: {path}, key: k, version: 0 }}\n  \
             B: secret://prod/{path}#nested.a[1]\n",
            server.address(),
            server.ca().display(),
        );
        let token = server.token(&[&server.own_policy()]);
        let report = keyinit().env("MY_TOKEN", token.text).manifest(&text).report();
        assert_eq!(report.variable("A").unwrap(), "v");
        assert_eq!(report.variable("B").unwrap(), "2");
        assert_eq!(report.variable("MY_TOKEN"), None);
    }

    /// Root sees `sys/` among the mounts; only a leading slash would make this a path of the API.
    fn a_path_like_one_of_the_api_is_beneath_the_mount(server) {
        let paths = [format!("sys/{}", server.id), format!("auth/token/{}", server.id)];
        for path in paths {
            server.root("POST", &format!("secret/data/{path}"), json!({ "data": { "k": "v" } }));
            assert_eq!(root(server, "mount: secret", &format!("path: {path}, key: k")).unwrap(), "v");
        }
    }

    /// `allow` for a path of the KV is none for the API path of the same letters, least of all for the token itself.
    fn the_token_is_no_secret(server) {
        for (allow, path) in [("auth/**", "/auth/token/lookup-self"), ("/**", "/auth/token/lookup-self"), ("/**", "/sys/health")] {
            let settings = format!("allow: [\"{allow}\"]");
            let manifest = manifest(&settings, &format!("path: {path}, key: id"));
            let run = keyinit().vault(server).env("VAULT_TOKEN", "root").manifest(&manifest).probe(&["report"]).run().expect(78);
            let what = if allow == "/**" { "is no secret" } else { "is outside of what provider `v` allows" };
            assert!(run.err.contains(what), "{}", run.err);
        }
    }

    fn kv_version_1(server) {
        let mount = server.mount("old", 1);
        server.root("POST", &format!("{mount}/app"), json!({ "k": "one" }));
        assert_eq!(root(server, &format!("mount: {mount}"), "path: app, key: k").unwrap(), "one");
        assert_eq!(root(server, &format!("mount: {mount}, kv_version: 1"), "path: app, key: k").unwrap(), "one");
    }

    fn kv_version_2_with_a_data_folder(server) {
        // Nothing of the user's path is taken for the `data/` of the API.
        server.root("POST", &format!("secret/data/data/{}", server.id), json!({ "data": { "k": "two" } }));
        let path = format!("path: data/{}, key: k", server.id);
        assert_eq!(root(server, "kv_version: 2", &path).unwrap(), "two");
        assert_eq!(root(server, "mount: secret", &path).unwrap(), "two");
    }

    fn a_mount_with_a_slash(server) {
        for version in [1, 2] {
            let mount = server.mount(&format!("/team/kv{version}"), version);
            let (path, body) = match version {
                1 => ("app/db", json!({ "k": "v" })),
                _ => ("data/app/db", json!({ "data": { "k": "v" } })),
            };
            server.root("POST", &format!("{mount}/{path}"), body);
            assert_eq!(root(server, &format!("mount: {mount}"), "path: app/db, key: k").unwrap(), "v");
            assert_eq!(root(server, &format!("mount: {mount}/"), "path: app/db").unwrap(), "v");
        }
    }

    /// The mounts look-up is only for who may see the mount: a policy for one path must do.
    fn a_policy_for_nothing_but_the_path(server) {
        let mount = server.mount("/narrow", 2);
        server.root("POST", &format!("{mount}/data/app"), json!({ "data": { "k": "v" } }));
        let policy = server.policy("narrow", &[&format!("{mount}/data/app")]);
        let token = server.token(&[&policy]).text;
        let text = manifest(&format!("mount: {mount}"), "path: app, key: k");
        let report = keyinit().vault(server).env("VAULT_TOKEN", token).manifest(&text).report();
        assert_eq!(report.variable("X").unwrap(), "v");
    }

    fn a_namespace(server) {
        let namespace = format!("{}ns", server.id);
        server.root("POST", &format!("sys/namespaces/{namespace}"), json!({}));
        server.root_in(&namespace, "POST", "sys/mounts/secret", json!({ "type": "kv", "options": { "version": "2" } }));
        server.root_in(&namespace, "POST", "secret/data/app", json!({ "data": { "k": "inside" } }));
        assert_eq!(root(server, &format!("namespace: {namespace}"), "path: app, key: k").unwrap(), "inside");
        let report = keyinit()
            .vault(server)
            .env("VAULT_TOKEN", "root")
            .env("VAULT_NAMESPACE", &namespace)
            .env("X", "secret://vault/app#k")
            .report();
        assert_eq!(report.variable("X").unwrap(), "inside");
    }

    fn versions(server) {
        for value in ["one", "two", "three"] {
            server.secret("app", json!({ "k": value }));
        }
        let path = format!("{}/app", server.id);
        let report = with_token(server)
            .env("FIRST", format!("secret://vault/{path}?version=1#k"))
            .env("SECOND", format!("secret://vault/{path}?version=2#k"))
            .env("ZERO", format!("secret://vault/{path}?version=0#k"))
            .env("NEWEST", format!("secret://vault/{path}#k"))
            .report();
        for (name, value) in [("FIRST", "one"), ("SECOND", "two"), ("ZERO", "three"), ("NEWEST", "three")] {
            assert_eq!(report.variable(name).unwrap(), value, "{name}");
        }
    }

    /// Strings as they are, anything else as compact JSON.
    fn kinds_of_values(server) {
        let path = server.secret("app", json!({ "n": 3, "b": true, "o": { "a": [1] }, "s": "${secret://vault/x}$$", "e": "" }));
        let mut run = with_token(server);
        for key in ["n", "b", "o", "s", "e"] {
            run = run.env(key, format!("secret://vault/{path}#{key}"));
        }
        let report = run.report();
        for (name, value) in [("n", "3"), ("b", "true"), ("o", "{\"a\":[1]}"), ("s", "${secret://vault/x}$$"), ("e", "")] {
            assert_eq!(report.variable(name).unwrap(), value, "{name}");
        }
    }

    fn optional_and_default(server) {
        let path = server.secret("app", json!({ "k": "v" }));
        let id = &server.id;
        let text = format!(
            "env:\n  A: {{ from_secret: secret://vault/{id}/absent#k, optional: true }}\n  \
             B: {{ from_secret: secret://vault/{path}#absent, default: fallback }}\n  \
             C: {{ from_secret: secret://vault/{path}#k, default: unused }}\n"
        );
        let report = with_token(server).manifest(&text).report();
        assert_eq!(report.variable("A"), None);
        assert_eq!(report.variable("B").unwrap(), "fallback");
        assert_eq!(report.variable("C").unwrap(), "v");
    }
}

/// Each path once, however many variables need it, and one login for all.
#[test]
fn each_path_is_read_once() {
    let server = Server::stand_in();
    let path = server.secret("app", json!({ "a": "1", "b": "2" }));
    let role = server.approle(&[&server.own_policy()]);
    let before = server.log().unwrap().len();
    let text = format!(
        "providers:\n  one: {{ type: vault }}\n  two: {{ type: vault }}\n\
         env:\n  A: secret://one/{path}#a\n  B: secret://two/{path}#b\n  C: secret://vault/{path}?version=0#a\n"
    );
    let report = keyinit()
        .vault(&server)
        .env("VAULT_ROLE_ID", role.role_id)
        .env("VAULT_SECRET_ID", role.secret_id)
        .manifest(&text)
        .report();
    assert_eq!(report.variable("B").unwrap(), "2");
    let log = server.log().unwrap();
    let count = |wanted: &str| log.iter().skip(before).filter(|seen| seen.path == wanted && seen.status == 200).count();
    assert_eq!(count(&format!("secret/data/{path}")), 1, "{log:?}");
    assert_eq!(count("auth/approle/login"), 1, "{log:?}");
}
