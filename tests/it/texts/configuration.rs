//! What is wrong with references and with the configuration of a store: 78, before any network.

use super::Said;
use crate::support::run::keyinit;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

#[test]
fn of_a_store_by_variables() {
    let mut said = Said::new(Path::new(""));
    for line in [
        "A=secret://vault/a#k",
        "A=secret://vault/a#k B=x${secret://openbao/b}",
        "A=secret://vault/a VAULT_ROLE_ID=r",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=vault.internal:8200",
        "A=secret://vault/a VAULT_TOKEN=t BAO_ADDR=ftp://vault.internal",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=https://user:hunter2@vault.internal",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=https://vault.internal:0",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=https://vault.internal/?x",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=unix:///run/vault.sock",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_NAMESPACE=a//b",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_SKIP_VERIFY=maybe",
        "A=secret://vault/a VAULT_TOKEN=t VAULT_CLIENT_CERT=/c.pem",
        "A=secret://vault/a VAULT_TOKEN=secret://file/token",
        "A=secret://vault/a//b VAULT_TOKEN=t",
        "A=secret://vault/../b VAULT_TOKEN=t",
        "A=secret://vault/a?version=new VAULT_TOKEN=t",
        "A=secret://env/B=C",
        "A=secret://env/B?version=1",
        "A=secret://file/",
        "A=secret://vault",
        "A=secret://valt/a",
        "A=secret://azure/a",
        "A=secret://vault/a|up VAULT_TOKEN=t",
        "A=x${secret://vault/a VAULT_TOKEN=t",
    ] {
        let mut init = keyinit().plain().args(["--", "/bin/true"]);
        for (name, value) in line.split(' ').map(|pair| pair.split_once('=').unwrap()) {
            init = init.env(name, value);
        }
        said.add(&format!("{line} keyinit -- true"), 78, init);
    }
    assert!(
        !said
            .text
            .replace("$ A=secret://vault/a VAULT_TOKEN=t VAULT_ADDR=https://user:hunter2@", "")
            .contains("hunter2")
    );
    let bytes = |text: &[u8]| OsString::from_vec(text.to_vec());
    for (shown, name, value) in [
        ("VAULT_ADDR=\\xff A=secret://vault/a", bytes(b"VAULT_ADDR"), bytes(b"\xff")),
        ("A=\\xff${secret://vault/a}", bytes(b"A"), bytes(b"\xff${secret://vault/a}")),
        ("A=secret://vault/a\\n", bytes(b"A"), bytes(b"secret://vault/a\n")),
        ("A\\xff\\e[31m=secret://vault/a", bytes(b"A\xff\x1b[31m"), bytes(b"secret://vault/a")),
    ] {
        let init = keyinit().plain().args(["--", "/bin/true"]).env("VAULT_TOKEN", "t");
        let init = if shown.starts_with("VAULT_ADDR") { init.env("A", "secret://vault/a") } else { init };
        said.add(&format!("{shown} keyinit -- true"), 78, init.env(name, value));
    }
    said.is("texts-variables");
}

#[test]
fn of_a_store_by_the_manifest() {
    let mut said = Said::new(Path::new(""));
    for settings in [
        "auth: { method: token }",
        "auth: { method: token, token: { env: NOT_SET } }",
        "auth: { method: approle, role_id: { env: NOT_SET }, secret_id: { env: NOT_SET_EITHER } }",
        "auth: { mount: approle }",
        "auth: { method: token, token: { file: /t }, role_id: x }",
        "auth: { method: approle, role_id: x, mount: a//b }",
        "client_cert: /c.pem",
        "client_key: /k.pem",
        "{ client_cert: /c.pem, client_key: \"-----BEGIN PRIVATE KEY-----\" }",
        "mount: a/../b",
        "namespace: /a//b/",
        "address: [https://a, b]",
    ] {
        let settings =
            settings.trim_start_matches("{ ").trim_end_matches(if settings.starts_with("{ ") { " }" } else { "" });
        let text = format!("providers:\n  prod: {{ type: vault, {settings} }}\n");
        let init = keyinit().plain().arg("check").manifest(&text);
        let init = if settings.contains("auth") { init } else { init.env("VAULT_TOKEN", "t") };
        said.add(&format!("{settings}: keyinit check"), 78, init);
    }
    for (entry, environment) in [("A: secret://file/a", "set by hand"), ("A: \"${B}\"\n  B: x", "set by hand")] {
        let text = format!("env:\n  {entry}\n");
        said.add(
            &format!("A='{environment}' keyinit -- true"),
            78,
            keyinit().plain().manifest(&text).env("A", environment).args(["--", "/bin/true"]),
        );
    }
    let text = "on_conflict: environment\nenv:\n  A: a\n  U: \"${A}\"\n";
    let init = keyinit().plain().manifest(text).env("A", OsString::from_vec(b"\xff".to_vec()));
    said.add("A=\\xff keyinit -- true", 78, init.args(["--", "/bin/true"]));
    said.is("texts-settings");
}
