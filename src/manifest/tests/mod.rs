//! The manifest as a whole, over stores made up for tests.

mod hostile;
mod references;
mod schema;

use super::*;
use crate::plan::fake;
use crate::stores::Value;

fn read(text: &str) -> Manifest {
    parse_with(fake::SPECS, "m.yaml", text.as_bytes())
}

/// `line:column what | cure`.
fn problems(text: &str) -> Vec<String> {
    let shown = |problem: &crate::error::Problem| {
        assert_eq!(problem.kind, crate::exit::Kind::Config);
        let place = problem.place.as_ref().unwrap();
        assert_eq!(place.source, "m.yaml");
        format!("{}:{} {} | {}", place.line, place.column, problem.what, problem.cure.as_deref().unwrap_or_default())
    };
    read(text).problems.iter().map(shown).collect()
}

fn reference(provider: &str, path: &str, key: Option<&str>) -> Reference {
    Reference { provider: provider.into(), path: path.into(), key: key.map(str::to_owned), ..Reference::default() }
}

const FULL: &str = r#"
providers:
  vault-prod:
    type: openbao
    address: [https://a:8200, https://b:8200]
    mount: secret
    kv_version: 2
    skip_tls_verify: false
    auth:
      method: approle
      path: my/approle
      role_id:   { env: VAULT_ROLE_ID }
      secret_id: { file: /run/secrets/secret_id, wrapped: false }
    allow: ["crow/*", "database/creds/app"]
  1:
    type: file
    root: /srv
environment:
  LOG_LEVEL: info
  NO: no
  VERSION: 1.10
  EMPTY: ""
  API_KEY:
    from_secret: { integration: vault-prod, path: "crow/my#app", key: api_key, version: 3, mount: kv }
  NEWEST:
    from_secret: { provider: 1, path: a, version: 0 }
    default: "x"
  DB_PASSWORD: secret://vault-prod/crow/myapp#password
  URL: "postgres://${USER_NAME}:${secret://vault-prod/crow/myapp#password|urlencode}@db"
  USER_NAME: app
  FLAG:
    from_secret: secret://1/flag
    optional: true
on_conflict: manifest
"#;

#[test]
fn a_whole_manifest() {
    let manifest = read(FULL);
    assert_eq!(manifest.problems, []);
    assert_eq!(manifest.on_conflict, Some(Winner::Manifest));
    let [vault, file] = manifest.providers.as_slice() else { panic!("two providers") };
    assert_eq!((vault.name.as_str(), file.name.as_str()), ("vault-prod", "1"));
    assert_eq!(vault.allow.as_deref(), Some(&["crow/*".to_owned(), "database/creds/app".to_owned()][..]));
    let (spec, settings) = vault.store.as_ref().unwrap();
    assert_eq!(spec.kind, "vault");
    assert_eq!(settings.list("address"), ["https://a:8200", "https://b:8200"]);
    assert_eq!((settings.text("kv_version"), settings.flag("skip_tls_verify")), (Some("2"), Some(false)));
    assert_eq!(settings.method.as_deref(), Some("approle"));
    let auth: Vec<(&str, &Value)> = settings.auth.iter().map(|(name, given)| (name.as_str(), &given.value)).collect();
    assert_eq!(
        auth,
        [
            ("mount", &Value::Text("my/approle".into())),
            ("role_id", &Value::Env("VAULT_ROLE_ID".into())),
            ("secret_id", &Value::File { path: "/run/secrets/secret_id".into(), wrapped: false }),
        ]
    );
    let entries: Vec<(&str, &[Piece], &Absent)> = manifest
        .entries
        .iter()
        .map(|entry| (entry.name.as_str(), entry.pieces.as_deref().unwrap(), &entry.absent))
        .collect();
    let text = |text: &str| vec![Piece::Literal(text.to_owned())];
    let db = reference("vault-prod", "crow/myapp", Some("password"));
    let expected = [
        ("LOG_LEVEL", text("info"), Absent::Fail),
        ("NO", text("no"), Absent::Fail),
        ("VERSION", text("1.10"), Absent::Fail),
        ("EMPTY", text(""), Absent::Fail),
        (
            "API_KEY",
            vec![Piece::Secret(Reference {
                version: Some("3".into()),
                mount: Some("kv".into()),
                ..reference("vault-prod", "crow/my#app", Some("api_key"))
            })],
            Absent::Fail,
        ),
        ("NEWEST", vec![Piece::Secret(reference("1", "a", None))], Absent::Default("x".into())),
        ("DB_PASSWORD", vec![Piece::Secret(db.clone())], Absent::Fail),
        (
            "URL",
            vec![
                Piece::Literal("postgres://".into()),
                Piece::Entry("USER_NAME".into()),
                Piece::Literal(":".into()),
                Piece::Secret(Reference { filters: vec![crate::plan::Filter::Urlencode], ..db }),
                Piece::Literal("@db".into()),
            ],
            Absent::Fail,
        ),
        ("USER_NAME", text("app"), Absent::Fail),
        ("FLAG", vec![Piece::Secret(reference("1", "flag", None))], Absent::Omit),
    ];
    let expected: Vec<(&str, &[Piece], &Absent)> =
        expected.iter().map(|(name, pieces, absent)| (*name, pieces.as_slice(), absent)).collect();
    assert_eq!(entries, expected);
}

#[test]
fn json_is_the_same() {
    let manifest = read(
        "{\n\t\"env\": {\n\t\t\"A\": \"x\\/\\ud83d\\ude00\",\n\t\t\"B\": {\"from_secret\": {\"provider\": \"f\", \"path\": \"p\", \"version\": 0}}\n\t}\n}\n",
    );
    assert_eq!(manifest.problems, []);
    let pieces: Vec<_> = manifest.entries.into_iter().map(|entry| entry.pieces.unwrap()).collect();
    assert_eq!(pieces, [vec![Piece::Literal("x/\u{1F600}".into())], vec![Piece::Secret(reference("f", "p", None))]]);
}

#[test]
fn nothing_is_an_empty_manifest() {
    for text in ["", "\u{feff}", "# nothing\n", "---\n", "{}", "env: {}"] {
        let manifest = read(text);
        assert!(manifest.entries.is_empty() && manifest.problems.is_empty(), "{text:?}");
    }
}

#[test]
fn every_problem_at_once() {
    let text = "\
provders: {}
mask: {}
providers:
  valt:
    type: valt
  vault:
    type: vault
    adress: https://x
    kv_version: 3
    token: hvs.x
    auth: { method: aprole, role_id: [a], mont: x }
    type: file
  azure: { type: azure }
  none: { address: x }
  files:
    type: file
    auth: { method: token }
env:
  A: ~
  B: secret://vault
  C: [x]
  D:
    from_secret: my_api_key
    optinal: true
  E:
    from_secret: { integration: 1, paht: x }
    as: file
  F: { default: x }
  G:
    from_secret: secret://vault/a
    default: secret://vault/b
  A: again
  H=1: x
  \"\": x
environment: {}
on_conflict: both
";
    assert_eq!(
        problems(text),
        [
            "1:1 unknown key `provders` | did you mean `providers`?",
            "2:1 `mask` is not supported by this version | take it away, or use a newer keyinit",
            "5:11 unknown provider type `valt` | did you mean `vault`?",
            "12:5 `type` is given twice | keep one of them",
            "8:5 unknown key `adress` in provider `vault` | did you mean `address`?",
            "9:17 `kv_version` is none of 1, 2 | write one of these",
            "10:5 unknown key `token` in provider `vault` | it belongs under `auth`",
            "11:21 unknown login method `aprole` of `vault` | did you mean `approle`?",
            "11:38 `role_id` is a list, not text | write one plain value",
            "11:43 unknown key `mont` under `auth` | did you mean `mount`?",
            "13:18 `type: azure` is not supported by this version | take it away, or use a newer keyinit",
            "14:3 provider `none` has no `type` | add `type:`; the types are vault, openbao, file",
            "17:11 a provider of type `file` has no login | take `auth` away",
            "32:3 `A` is given twice | keep one of them",
            "19:6 `A` has no value | write a value; an empty text is \"\"",
            "20:6 the reference has no path | the shape is secret://<provider>/<path>[?version=N][#key][|filter]",
            "21:6 `C` is a list, not text | write one plain value",
            "23:18 `from_secret: my_api_key` names a secret of a CI server, which keyinit cannot ask | name a store: `from_secret: secret://<provider>/<path>#my_api_key`",
            "24:5 unknown key `optinal` in `D` | did you mean `optional`?",
            "26:36 unknown key `paht` in `from_secret` | did you mean `path`?",
            "28:3 `F` has no `from_secret` | write `from_secret: secret://<provider>/<path>#<key>`, or a plain value",
            "31:14 `default` is a reference | write plain text: a default is not resolved",
            "33:3 a variable's name with `=` in it | no environment can hold it: give it another name",
            "34:3 a variable without a name | no environment can hold it: give it another name",
            "35:1 `env` and `environment` are one key, given twice | put them together",
            "36:14 `on_conflict` is neither `manifest` nor `environment` | name who wins when a variable is set in both",
        ]
    );
}

#[test]
fn files_and_what_is_wrong_with_them() {
    let manifest = read(
        "\
files:
  /run/a: { template: 'x=${secret://v/a}', mode: 0440, owner: app:app }
  /run/b/c:
    from_secret: { provider: v, path: p, key: k }
    on_disk: true
    optional: true
    mode: \"600\"
  /run/d: { template: /etc/d.tmpl }
  /run/e: { template: \"/etc/x\\n/etc/y\" }
",
    );
    assert_eq!(manifest.problems, []);
    let shown: Vec<String> = manifest
        .files
        .iter()
        .map(|file| {
            let content = match &file.content {
                super::FileContent::Pieces(pieces) => format!("{}", pieces.as_ref().unwrap().len()),
                super::FileContent::Template(path) => path.display().to_string(),
            };
            let owner = file.owner.as_deref().unwrap_or("-");
            format!("{} {content} {:o} {owner} {} {:?}", file.path, file.mode, file.on_disk, file.absent)
        })
        .collect();
    assert_eq!(
        shown,
        [
            "/run/a 2 440 app:app false Fail",
            "/run/b/c 1 600 - true Omit",
            "/run/d /etc/d.tmpl 400 - false Fail",
            "/run/e 1 400 - false Fail",
        ]
    );
    assert_eq!(
        problems(
            "\
files:
  run/a: { template: x }
  /run/../a: { template: x }
  /run/a/: { template: x }
  /a: text
  /b: { mode: \"0400\" }
  /c: { template: x, from_secret: secret://v/a }
  /d: { template: '${secret://v', mode: \"4755\", ownr: app }
  /e: { from_secret: my_secret, on_disk: yes }
  /f: { template: \"\" }
"
        ),
        [
            "2:3 the file `run/a` is no absolute path | begin it with a slash",
            "3:3 the file `/run/../a` has a segment that is empty, `.` or `..` | write the path without such segments, and without a slash at its end",
            "4:3 the file `/run/a/` has a segment that is empty, `.` or `..` | write the path without such segments, and without a slash at its end",
            "5:7 `/a` is no map | write `template:` or `from_secret:` beneath the path",
            "6:3 `/b` has neither `template` nor `from_secret` | write one of the two",
            "7:3 `/c` has both `template` and `from_secret` | keep one of them",
            "8:20 `${secret://` without its closing `}` | close it with `}`; for the text itself write `$${secret://`",
            "8:41 `mode` is no permission in octal | write it like \"0400\" or \"0440\"",
            "8:49 unknown key `ownr` in `/d` | did you mean `owner`?",
            "9:22 `from_secret: my_secret` names a secret of a CI server, which keyinit cannot ask | name a store: `from_secret: secret://<provider>/<path>#my_secret`",
            "9:42 `on_disk` is neither `true` nor `false` | write one of the two",
            "10:19 `template` is empty | write a value, or take the line away",
        ]
    );
}

#[test]
fn what_is_promised_for_later_is_never_ignored() {
    for key in ["import", "mask", "user", "clear_env", "pass", "on_lease_end", "fingerprint_key", "accept"] {
        assert_eq!(
            problems(&format!("{key}: x")),
            [format!("1:1 `{key}` is not supported by this version | take it away, or use a newer keyinit")]
        );
    }
    assert_eq!(
        problems("providers:\n  v: { type: vault, auth: { method: approle, role_id: { url: x } } }"),
        ["2:57 `url` is not supported by this version | take it away, or use a newer keyinit"]
    );
}

#[test]
fn forms_of_settings() {
    let provider = |setting: &str| format!("providers:\n  v:\n    type: vault\n    {setting}");
    let auth = |field: &str| provider(&format!("auth: {{ method: approle, {field} }}"));
    for (text, problem) in [
        (provider("mount: { env: X }"), "4:12 `mount` is a map, not text | write one plain value"),
        (
            provider("mount: secret://a/b"),
            "4:12 `mount` is a reference | settings are not resolved: write the value, or `{ env: NAME }` where a name or credential stands",
        ),
        (provider("address: []"), "4:14 `address` is an empty list | write a value, or take the line away"),
        (provider("address: [~]"), "4:15 `address` has no value | write a value; an empty text is \"\""),
        (
            provider("skip_tls_verify: yes"),
            "4:22 `skip_tls_verify` is neither `true` nor `false` | write one of the two",
        ),
        (provider("auth: approle"), "4:11 `auth` is text, not a map | write it as `key: value`"),
        (
            auth("secret_id: hunter2"),
            "4:41 `secret_id` is a credential, and written out in the manifest | put it in a variable or a file, and write `{ env: NAME }` or `{ file: PATH }`",
        ),
        (
            auth("secret_id: {}"),
            "4:41 `secret_id` has neither `env` nor `file` | write `{ env: NAME }` or `{ file: PATH }`",
        ),
        (auth("secret_id: { env: A, file: B }"), "4:51 `secret_id` has both `env` and `file` | keep one of them"),
        (
            auth("secret_id: { env: A, wrapped: false }"),
            "4:51 `wrapped` without `file` | only a file can hold a wrapping token",
        ),
        (
            auth("secret_id: { file: A, wrapped: true }"),
            "4:52 `wrapped: true` is not supported by this version | take it away, or use a newer keyinit",
        ),
        (auth("secret_id: { env: $A }"), "4:48 `env` is no name of a variable | write the bare name, without `$`"),
        (
            auth("secret_id: { value: hunter2 }"),
            "4:43 unknown key `value` in `secret_id` | the keys here are env, file, wrapped",
        ),
        (
            auth("token: { env: A }"),
            "4:30 unknown key `token` of the login method `approle` | the keys here are method, mount, role_id, secret_id",
        ),
        (auth("mount: a, path: b"), "4:40 `mount` and `path` under `auth` are one key, given twice | keep one of them"),
        (auth("role_id: \"\""), "4:39 `role_id` is empty | write a value, or take the line away"),
    ] {
        assert_eq!(problems(&text), [problem], "{text}");
    }
    assert_eq!(problems(&provider("auth: { method: token, path: x }")).len(), 1);
    assert_eq!(problems(&provider("auth: { role_id: x, path: y }")), [""; 0]);
}
