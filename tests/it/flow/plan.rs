//! `keyinit plan`: what would be read; no network, no value.

use crate::support::run::keyinit;

const MANIFEST: &str = "\
providers:
  prod:
    type: vault
    address: https://127.0.0.1:1
    mount: team/kv
    auth: { method: approle, role_id: { env: MY_ROLE }, secret_id: { file: /nowhere/secret_id } }
env:
  A: secret://prod/crow/app?version=3#a
  B: \"x${secret://prod/crow/app?version=3#b}\"
  C: { from_secret: { provider: prod, path: crow/other }, optional: true }
  LEVEL: info
";

/// Port 1 refuses, and no file is there: neither is asked.
#[test]
fn as_text() {
    let run = keyinit().arg("plan").env("MY_ROLE", "not-to-be-shown").manifest(MANIFEST).run().expect(0);
    for word in ["prod", "crow/app", "crow/other", "A", "B", "C", "approle", "3"] {
        assert!(run.out.contains(word), "{word} is missing: {}", run.out);
    }
    assert!(!run.out.contains("not-to-be-shown"), "{}", run.out);
    crate::support::golden::golden("plan", &run.out, &[]);
}

#[test]
fn as_json() {
    let run = keyinit().args(["plan", "--format", "json"]).env("MY_ROLE", "r").manifest(MANIFEST).run().expect(0);
    let plan = run.json();
    assert!(plan.is_object(), "{plan}");
    crate::support::golden::golden("plan-json", &serde_json::to_string_pretty(&plan).unwrap(), &[]);
}

#[test]
fn of_nothing() {
    keyinit().arg("plan").run().expect(0);
}

#[test]
fn of_something_wrong() {
    let run = keyinit().arg("plan").env("X", "secret://nosuch/a#k").run().expect(78);
    assert_eq!(run.out, "");
}

/// What is taken out of the environment is not handed on under another name either.
#[test]
fn of_a_credential_for_the_command() {
    let run = |reference: &str, keep: &[&str]| {
        let run = keyinit().arg("plan").args(keep).env("VAULT_TOKEN", "t").env("A", "secret://vault/a#k");
        run.env("X", reference).run()
    };
    let refused = run("x${secret://env/VAULT_TOKEN}", &[]).expect(78);
    let what = "`VAULT_TOKEN` is a store's credential, which the command does not get";
    assert!(refused.err.contains(what), "{}", refused.err);
    run("secret://env/VAULT_TOKEN", &["--keep-env", "VAULT_TOKEN"]).expect(0);
    run("secret://env/HOME", &[]).expect(0);
}
