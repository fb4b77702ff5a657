//! The stand-in certified: by OpenBao's own client, and by giving the answers that OpenBao gives.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::on_both;
use crate::support::bao;
use crate::support::client::As;
use crate::support::server::Server;
use crate::support::skip::skip;

struct Cli<'a> {
    server: &'a Server,
    program: std::path::PathBuf,
    home: tempfile::TempDir,
}

impl Cli<'_> {
    fn run(&self, token: &str, namespace: &str, args: &[&str]) -> Output {
        let mut command = Command::new(&self.program);
        command.args(args).env_clear().env("HOME", self.home.path());
        command.env("BAO_ADDR", self.server.address()).env("BAO_CACERT", self.server.ca()).env("BAO_TOKEN", token);
        if !namespace.is_empty() {
            command.env("BAO_NAMESPACE", namespace);
        }
        command.output().unwrap()
    }

    #[track_caller]
    fn json(&self, token: &str, namespace: &str, args: &[&str]) -> Value {
        let output = self.run(token, namespace, args);
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        assert!(output.status.success(), "{args:?}: {} {}", text(&output.stdout), text(&output.stderr));
        serde_json::from_slice(&output.stdout).unwrap_or(Value::Null)
    }
}

#[test]
fn the_vendors_client_works_with_the_stand_in() {
    let Some(program) = bao::program() else {
        return skip("bao", "no client to certify the stand-in with");
    };
    let server = Server::stand_in();
    let cli = Cli { server: &server, program, home: tempfile::tempdir().unwrap() };
    let json = |args: &[&str]| cli.json("root", "", args);
    let text = |output: Output| String::from_utf8_lossy(&output.stderr).into_owned();

    assert_eq!(json(&["kv", "put", "-format=json", "secret/app", "k=one"])["data"]["version"], 1);
    assert_eq!(json(&["kv", "put", "-format=json", "secret/app", "k=two"])["data"]["version"], 2);
    assert_eq!(json(&["kv", "get", "-format=json", "secret/app"])["data"]["data"]["k"], "two");
    assert_eq!(json(&["kv", "get", "-format=json", "-version=1", "secret/app"])["data"]["data"]["k"], "one");
    assert_eq!(json(&["kv", "list", "-format=json", "secret/"]), json!(["app"]));
    assert_eq!(json(&["kv", "metadata", "get", "-format=json", "secret/app"])["data"]["current_version"], 2);
    json(&["kv", "destroy", "-versions=1", "secret/app"]);
    json(&["kv", "delete", "secret/app"]);
    let missing = cli.run("root", "", &["kv", "get", "secret/absent"]);
    assert_eq!(missing.status.code(), Some(2));
    assert!(text(missing).contains("No value found at secret/data/absent"));

    json(&["secrets", "enable", "-path=team/kv", "-version=1", "kv"]);
    json(&["kv", "put", "team/kv/app", "k=v1"]);
    assert_eq!(json(&["kv", "get", "-format=json", "team/kv/app"])["data"]["k"], "v1");

    json(&["namespace", "create", "ns1"]);
    cli.json("root", "ns1", &["secrets", "enable", "-path=kv", "-version=2", "kv"]);
    cli.json("root", "ns1", &["kv", "put", "kv/app", "k=inside"]);
    assert_eq!(cli.json("root", "ns1", &["kv", "get", "-format=json", "kv/app"])["data"]["data"]["k"], "inside");

    let policy = server.policy("one", &["secret/data/one"]);
    server.root("POST", "secret/data/one", json!({ "data": { "k": "1" } }));
    let role = server.approle(&[&policy]);
    let role_id = format!("role_id={}", role.role_id);
    let secret_id = format!("secret_id={}", role.secret_id);
    let login = cli.json("", "", &["write", "-format=json", "auth/approle/login", &role_id, &secret_id]);
    let token = login["auth"]["client_token"].as_str().unwrap();
    let own = cli.json(token, "", &["token", "lookup", "-format=json"]);
    assert_eq!(own["data"]["policies"], json!(["default", policy]));
    assert_eq!(own["data"]["meta"]["role_name"], role.name.as_str());
    assert_eq!(cli.json(token, "", &["kv", "get", "-format=json", "secret/one"])["data"]["data"]["k"], "1");
    assert!(text(cli.run(token, "", &["kv", "get", "secret/two"])).contains("permission denied"));
    assert_eq!(server.tokens_of(&role), 1);
    cli.json(token, "", &["token", "revoke", "-self"]);
    assert_eq!(server.tokens_of(&role), 0);
    assert!(text(cli.run(token, "", &["token", "lookup"])).contains("permission denied"));
    let wrong = cli.run("", "", &["write", "auth/approle/login", &role_id, "secret_id=wrong"]);
    assert!(text(wrong).contains("invalid role or secret ID"));
}

/// Status, and the parts of the answer that a client goes by.
fn gist(server: &Server, token: &str, namespace: &str, method: &str, path: &str, body: Option<Value>) -> Value {
    let (status, answer) = server.ask(As { token, namespace }, method, path, body);
    let data = &answer["data"];
    json!([status, answer["errors"], data["data"], data["metadata"]["version"], data["metadata"]["destroyed"]])
}

on_both! {
    /// The answers themselves: literal, and the same from both.
    fn answers(server) {
        let app = server.secret("app", json!({ "k": "v" }));
        for path in ["deleted", "destroyed"] {
            server.secret(path, json!({ "k": "v" }));
        }
        let id = &server.id;
        server.root("DELETE", &format!("secret/data/{id}/deleted"), Value::Null);
        server.root("POST", &format!("secret/destroy/{id}/destroyed"), json!({ "versions": [1] }));
        let old = server.mount("/kv", 1);
        server.root("POST", &format!("{old}/app"), json!({ "k": "v" }));
        let policy = server.own_policy();
        let token = server.token(&[&policy]).text;
        let get = |token: &str, path: &str| gist(server, token, "", "GET", path, None);
        let denied = json!([403, ["1 error occurred:\n\t* permission denied\n\n"], null, null, null]);
        let missing = json!([404, [], null, null, null]);

        assert_eq!(get(&token, &format!("secret/data/{app}")), json!([200, null, { "k": "v" }, 1, false]));
        assert_eq!(get(&token, &format!("secret/data/{app}?version=0")), json!([200, null, { "k": "v" }, 1, false]));
        assert_eq!(get(&token, &format!("secret/data/{app}?version=7")), missing);
        assert_eq!(get(&token, &format!("secret/data/{id}/absent")), missing);
        assert_eq!(get(&token, &format!("secret/data/{id}/deleted")), json!([404, null, null, 1, false]));
        assert_eq!(get(&token, &format!("secret/data/{id}/destroyed")), json!([404, null, null, 1, true]));
        assert_eq!(get(&token, "secret/data/other"), denied);
        assert_eq!(get(&token, &format!("secret/{app}")), denied);
        assert_eq!(get("root", &format!("secret/{app}")), json!([404, null, null, null, null]));
        assert_eq!(get("root", &format!("{old}/absent")), missing);
        assert_eq!(get("root", "nowhere/app")[0], 404);
        assert_eq!(get(&token, "nowhere/app"), denied);
        assert_eq!(get("wrong", &format!("secret/data/{app}")), json!([403, ["permission denied"], null, null, null]));
        assert_eq!(gist(server, &token, "absent", "GET", "secret/data/x", None)[0], 404);

        let mount = |token: &str, path: &str| {
            let (status, answer) = server.ask(As { token, namespace: "" }, "GET", &format!("sys/internal/ui/mounts/{path}"), None);
            json!([status, answer["data"]["path"], answer["data"]["options"]["version"]])
        };
        assert_eq!(mount(&token, "secret/absent"), json!([200, "secret/", "2"]));
        assert_eq!(mount("root", &format!("{old}/app")), json!([200, format!("{old}/"), "1"]));
        assert_eq!(mount(&token, &format!("{old}/app")), json!([403, null, null]));
        assert_eq!(mount("root", "nowhere/app"), json!([403, null, null]));

        let role = server.approle(&[&policy]);
        let login = |mount: &str, body: Value| gist(server, "", "", "POST", &format!("auth/{mount}/login"), Some(body));
        let right = json!({ "role_id": role.role_id, "secret_id": role.secret_id });
        assert_eq!(login("approle", right.clone())[0], 200);
        assert_eq!(login("absent", right)[0], 403);
        let invalid = json!([400, ["invalid role or secret ID"], null, null, null]);
        assert_eq!(login("approle", json!({ "role_id": role.role_id, "secret_id": "wrong" })), invalid);
        assert_eq!(login("approle", json!({ "role_id": "wrong", "secret_id": "wrong" })), invalid);
        assert_eq!(login("approle", json!({ "role_id": role.role_id }))[0], 400);
        assert_eq!(login("approle", json!({ "secret_id": "x" }))[0], 500);
    }

    fn namespaces_and_tokens(server) {
        let name = format!("{}ns", server.id);
        server.root("POST", &format!("sys/namespaces/{name}"), json!({}));
        server.root_in(&name, "POST", "sys/mounts/kv", json!({ "type": "kv", "options": { "version": "2" } }));
        server.root_in(&name, "POST", "kv/data/app", json!({ "data": { "k": "inside" } }));
        assert_eq!(gist(server, "root", &name, "GET", "kv/data/app", None)[2], json!({ "k": "inside" }));
        assert_eq!(gist(server, "root", "", "GET", &format!("{name}/kv/data/app"), None)[2], json!({ "k": "inside" }));

        let token = server.token(&["default"]);
        assert!(server.alive(&token.accessor));
        let own = As { token: &token.text, namespace: "" };
        assert_eq!(server.ask(own, "GET", "auth/token/lookup-self", None).0, 200);
        assert_eq!(server.ask(own, "POST", "auth/token/revoke-self", None).0, 204);
        assert_eq!(server.ask(own, "GET", "auth/token/lookup-self", None).0, 403);
        assert!(!server.alive(&token.accessor));
    }
}
