use super::config::Config;
use super::infer::Login;
use crate::auth::Source;
use crate::environment::Environment;
use crate::error::Place;
use crate::net::Trust;
use crate::stores::{Given, Settings, Value};
use std::ffi::CStr;
use std::path::PathBuf;

fn place() -> Place {
    Place { source: "m.yaml".to_owned(), line: 3, column: 5, excerpt: None }
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}

fn env(name: &str) -> Value {
    Value::Env(name.to_owned())
}

fn given(pairs: &[(&str, Value)]) -> std::collections::BTreeMap<String, Given> {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), Given { value: value.clone(), place: place() })).collect()
}

fn settings(keys: &[(&str, Value)], method: Option<&str>, auth: &[(&str, Value)]) -> Settings {
    Settings {
        keys: given(keys),
        method: method.map(str::to_owned),
        auth: given(auth),
        place: Some(place()),
        refused: false,
    }
}

fn configure(settings: &Settings, entries: &[&'static CStr]) -> Result<Config, Vec<String>> {
    Config::new(settings, &Environment::new(entries.to_vec()))
        .map_err(|complaints| complaints.into_iter().map(|complaint| complaint.what).collect())
}

fn inferred(entries: &[&'static CStr]) -> Result<String, String> {
    configure(&Settings::default(), entries).map(|config| config.reason).map_err(|all| all.join("; "))
}

#[test]
fn the_login_is_inferred_from_what_is_set() {
    for (entries, reason) in [
        (&[c"VAULT_TOKEN=t"][..], Ok("token (VAULT_TOKEN is set)")),
        (&[c"VAULT_TOKEN=t", c"BAO_TOKEN=u"], Ok("token (BAO_TOKEN is set)")),
        (&[c"VAULT_TOKEN_FILE=/t"], Ok("token (VAULT_TOKEN_FILE is set)")),
        (&[c"VAULT_TOKEN=t", c"VAULT_ROLE_ID=r"], Ok("token (VAULT_TOKEN is set, and wins over VAULT_ROLE_ID)")),
        (&[c"VAULT_ROLE_ID=r", c"VAULT_SECRET_ID=s"], Ok("approle (VAULT_ROLE_ID and VAULT_SECRET_ID are set)")),
        (&[c"BAO_ROLE_ID=r", c"VAULT_SECRET_ID_FILE=/s"], Ok("approle (BAO_ROLE_ID and VAULT_SECRET_ID_FILE are set)")),
        (
            &[c"VAULT_TOKEN=", c"VAULT_ROLE_ID=r", c"VAULT_SECRET_ID=s"],
            Ok("approle (VAULT_ROLE_ID and VAULT_SECRET_ID are set)"),
        ),
        (
            &[c"VAULT_ROLE_ID=r", c"HOME=/root"],
            Err("VAULT_ROLE_ID is set, but neither VAULT_SECRET_ID nor VAULT_SECRET_ID_FILE"),
        ),
        (&[c"HOME=/root"], Ok("token (the file /root/.vault-token: neither VAULT_TOKEN nor VAULT_ROLE_ID is set)")),
        (&[c"BAO_TOKEN=", c"VAULT_TOKEN=t"], Err("there is nothing to log in to Vault with")),
        (&[], Err("there is nothing to log in to Vault with")),
    ] {
        assert_eq!(inferred(entries), reason.map(str::to_owned).map_err(str::to_owned), "{entries:?}");
    }
}

#[test]
fn settings_win_over_variables_and_bao_over_vault() {
    let entries = [
        c"VAULT_TOKEN=t",
        c"VAULT_ADDR=https://v:1",
        c"BAO_ADDR=https://b:1/p/",
        c"VAULT_NAMESPACE=/ns1/",
        c"VAULT_CACERT=/ca",
    ];
    let config = configure(&Settings::default(), &entries).unwrap();
    assert_eq!(config.origins[0].to_string(), "https://b:1");
    assert_eq!(config.namespace.as_deref(), Some("ns1"));
    assert_eq!((config.mount.as_str(), config.kv_version), ("secret", None));
    assert_eq!(config.trust, Trust::File(PathBuf::from("/ca")));

    let list = Value::List(vec!["https://a:1".to_owned(), "https://b:2".to_owned()]);
    let keys = [
        ("address", list),
        ("mount", text("/team/kv/")),
        ("namespace", text("ns2")),
        ("kv_version", text("1")),
        ("ca_cert", text("-----BEGIN CERTIFICATE-----")),
        ("tls_server_name", text("inner")),
    ];
    let config = configure(&settings(&keys, None, &[]), &entries).unwrap();
    assert_eq!(config.origins.iter().map(ToString::to_string).collect::<Vec<_>>(), ["https://a:1", "https://b:2"]);
    assert_eq!(
        (config.mount.as_str(), config.kv_version, config.namespace.as_deref()),
        ("team/kv", Some(1), Some("ns2"))
    );
    assert_eq!(config.trust, Trust::Pem("-----BEGIN CERTIFICATE-----".to_owned()));
    assert_eq!(config.server_name.as_deref(), Some("inner"));
    assert_eq!(config.credentials(), ["VAULT_TOKEN"]);

    let config = configure(
        &Settings::default(),
        &[c"VAULT_TOKEN=t", c"BAO_ADDR=", c"VAULT_ADDR=https://v", c"VAULT_SKIP_VERIFY=T"],
    )
    .unwrap();
    assert_eq!(config.origins[0].to_string(), "https://127.0.0.1:8200");
    assert_eq!(config.trust, Trust::Anyone);
    let config = configure(
        &settings(&[("skip_tls_verify", text("false"))], None, &[]),
        &[c"VAULT_TOKEN=t", c"VAULT_SKIP_VERIFY=1"],
    )
    .unwrap();
    assert_eq!(config.trust, Trust::System);
}

#[test]
fn logins_of_the_manifest() {
    let file = Value::File { path: PathBuf::from("/run/secrets/secret_id"), wrapped: false };
    let auth = [("role_id", text("r")), ("secret_id", file), ("mount", text("auth/team/approle/"))];
    let config = configure(&settings(&[], Some("approle"), &auth), &[c"VAULT_TOKEN=t"]).unwrap();
    let role_id = Source::Literal("r".to_owned());
    let secret_id = Some(Source::File(PathBuf::from("/run/secrets/secret_id")));
    assert_eq!(config.login, Login::AppRole { mount: "team/approle".to_owned(), role_id, secret_id });
    assert_eq!(config.reason, "approle (from the manifest)");
    assert_eq!(config.credentials(), Vec::<String>::new());

    let auth = [("role_id", env("R")), ("secret_id", env("S"))];
    let config = configure(&settings(&[], None, &auth), &[c"R=r", c"S=s"]).unwrap();
    assert_eq!(config.credentials(), ["S"]);
    let other = configure(&settings(&[("mount", text("other"))], None, &auth), &[c"R=r", c"S=s"]).unwrap();
    assert_eq!(config.identity(), other.identity());
    let other = configure(&settings(&[("namespace", text("n"))], None, &auth), &[c"R=r", c"S=s"]).unwrap();
    assert_ne!(config.identity(), other.identity());
}

#[test]
fn what_is_wrong_is_said_all_at_once() {
    let wrapped = Value::File { path: PathBuf::from("/w"), wrapped: true };
    for (settings, entries, complaints) in [
        (
            settings(&[("address", text("vault:8200")), ("mount", text("a//b"))], Some("kubernetes"), &[]),
            &[][..],
            &[
                "`address`: an address needs a scheme: https://HOST[:PORT]",
                "auth method `kubernetes` is not supported by this version",
                "the mount has an empty segment",
            ][..],
        ),
        (
            settings(&[], Some("approle"), &[("secret_id", wrapped), ("role_id", text("r"))]),
            &[],
            &["`secret_id`: `wrapped: true` is not supported by this version"],
        ),
        (
            settings(&[], Some("token"), &[("token", text("hvs.x"))]),
            &[],
            &["`token` is a credential and stands in the manifest"],
        ),
        (settings(&[], Some("token"), &[("token", env("T"))]), &[], &["T is not set, or empty"]),
        (
            settings(&[], Some("token"), &[("token", env("T")), ("role_id", text("r"))]),
            &[c"T=t"],
            &["method `token` has no field `role_id`"],
        ),
        (settings(&[], Some("magic"), &[]), &[], &["`magic` is no auth method of Vault"]),
        (settings(&[], None, &[("mount", text("m"))]), &[], &["`auth` has no `method`"]),
        (settings(&[], Some("approle"), &[]), &[], &["method `approle` has no `role_id`"]),
        (
            settings(&[("client_cert", text("/c"))], None, &[]),
            &[c"VAULT_TOKEN=t"],
            &["a client certificate without its key"],
        ),
        (
            settings(&[], None, &[]),
            &[c"VAULT_TOKEN=t", c"VAULT_SKIP_VERIFY=yes"],
            &["VAULT_SKIP_VERIFY is neither true nor false"],
        ),
        (
            settings(&[], None, &[]),
            &[c"VAULT_TOKEN=t", c"VAULT_ADDR=127.0.0.1:8200"],
            &["VAULT_ADDR: an address needs a scheme: https://HOST[:PORT]"],
        ),
        (settings(&[], None, &[]), &[c"VAULT_TOKEN=t", c"VAULT_ADDR=\xff"], &["VAULT_ADDR is no UTF-8 text"]),
    ] {
        assert_eq!(configure(&settings, entries).unwrap_err(), complaints);
    }
}
