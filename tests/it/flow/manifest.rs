//! Where a manifest may stand, what may stand in it, and all of its problems at once.

use super::secrets;
use crate::support::run::{golden, keyinit};

#[test]
fn a_file_in_yaml_or_json_or_the_text_itself() {
    let (folder, head) = secrets();
    let yaml = format!("{head}env:\n  A: secret://f/password\n  LEVEL: no\n  NUMBER: 1.10\n");
    let json = format!(
        "{{\"providers\": {{\"f\": {{\"type\": \"file\", \"root\": {:?}}}}}, \"environment\": {{\"A\": \
         {{\"from_secret\": {{\"integration\": \"f\", \"path\": \"password\", \"version\": 0}}}}}}}}",
        folder.path()
    );
    for (name, text) in [("m.yaml", &yaml), ("m.json", &json)] {
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let report = keyinit().arg("--manifest").arg(&file).report();
        assert_eq!(report.variable("A").unwrap(), "s3cret", "{name}");
        let report = keyinit().env("KEYINIT_MANIFEST", &file).report();
        assert_eq!(report.variable("A").unwrap(), "s3cret", "{name}");
    }
    let report = keyinit().manifest(&yaml).report();
    assert_eq!(report.variable("A").unwrap(), "s3cret");
    assert_eq!(report.variable("LEVEL").unwrap(), "no");
    assert_eq!(report.variable("NUMBER").unwrap(), "1.10");
    keyinit().args(["-m", "/nowhere/keyinit.yaml"]).probe(&["report"]).run().expect(78);
}

#[test]
fn references_in_longer_values() {
    let (_folder, head) = secrets();
    let text = format!(
        "{head}env:\n  URL: \"db://u:${{secret://f/password|urlencode}}@h/$${{x}}\"\n  \
         B64: \"${{secret://f/password|base64}}\"\n  JSON: \"${{secret://f/password|json}}\"\n  \
         PLAIN: \"a$b\"\n  OTHER: \"<${{PLAIN}}>\"\n"
    );
    let report = keyinit().manifest(&text).report();
    assert_eq!(report.variable("URL").unwrap(), "db://u:s3cret@h/${x}");
    assert_eq!(report.variable("B64").unwrap(), "czNjcmV0");
    assert_eq!(report.variable("JSON").unwrap(), "\"s3cret\"");
    assert_eq!(report.variable("PLAIN").unwrap(), "a$b");
    assert_eq!(report.variable("OTHER").unwrap(), "<a$b>");
}

#[test]
fn the_environment_as_a_store() {
    let text = "env:\n  A: secret://env/SOURCE\n  B: \"<${secret://env/SOURCE|trim}>\"\n";
    let report = keyinit().env("SOURCE", " x ").manifest(text).report();
    assert_eq!(report.variable("A").unwrap(), " x ");
    assert_eq!(report.variable("B").unwrap(), "<x>");
    keyinit().manifest("env:\n  A: secret://env/ABSENT\n").probe(&["report"]).run().expect(66);
}

#[test]
fn every_problem_at_once_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("keyinit.yaml");
    let text = "\
providers:
  prod:
    type: vault
    adress: https://vault.example:8200
    auth: { method: token, token: s.written-out }
    allow: [\"crow/*\"]
  other: { type: no_such_store }
env:
  A: secret://prod/elsewhere/app#k
  B: secret://absent/app#k
  C: { from_secret: my_api_key }
  D: ~
  A: again
  E: \"${E}\"
  F: \"${secret://prod/crow/app#k|uppercase}\"
unknown: 1
";
    std::fs::write(&file, text).unwrap();
    let run = keyinit().arg("-m").arg(&file).probe(&["report"]).run().expect(78);
    assert_eq!(run.out, "");
    assert!(!run.err.contains("s.written-out"), "a credential that was written out is repeated: {}", run.err);
    for place in [":4:", ":5:", ":7:", ":9:", ":10:", ":11:", ":12:", ":13:", ":14:", ":15:", ":16:"] {
        assert!(run.err.contains(place), "line {place} is not named: {}", run.err);
    }
    golden("manifest-problems", &run, None, Some(folder.path()));
}

#[test]
fn a_bad_reference_in_the_environment_never_reaches_the_command() {
    for value in
        ["secret://", "secret://nothing", "secret://nosuch/app#k", "x${secret://file/a", "secret://file/a#k|nofilter"]
    {
        let run = keyinit().env("X", value).probe(&["report"]).run().expect(78);
        assert_eq!(run.out, "", "{value}");
        assert!(run.err.contains("X"), "{value}: {}", run.err);
    }
}

#[test]
fn a_reference_outside_allow_whoever_wrote_it() {
    let (_folder, _) = secrets();
    let text = format!(
        "providers:\n  f: {{ type: file, root: {}, allow: [\"pass*\"] }}\nenv:\n  A: secret://f/password\n",
        _folder.path().display()
    );
    let report = keyinit().manifest(&text).report();
    assert_eq!(report.variable("A").unwrap(), "s3cret");
    let run = keyinit().manifest(&text).env("B", "secret://f/other").probe(&["report"]).run().expect(78);
    golden("allow", &run, None, Some(_folder.path()));
}

/// The grammar as a whole, from a manifest in a variable to what the command finds in its environment.
#[test]
fn the_grammar_from_end_to_end() {
    let folder = tempfile::tempdir().unwrap();
    let put = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
    put("db.json", r#"{"user": "app", "password": "p@ss w'd", "a.b": "exact", "a": {"b": "inside", "c": ["x", "y"]}}"#);
    put("a|b#c?d", "odd\n");
    let text = r##"
providers:
  1: { type: file }
environment:
  HOST: db
  USER: secret://1/db.json#user
  URL: "pg://${USER}:${secret://1/db.json#password|urlencode}@${HOST}/$$"
  QUOTED: "${secret://1/db.json#password|shellquote} $${HOST}"
  EXACT: secret://1/db.json#a.b
  INSIDE: secret://1/db.json#a.c[1]
  ENCODED: secret://1/a%7Cb%23c%3Fd|trim|base64
  DOLLARS: "$$ ${HOME:-x}"
  NUMBER: 1.10
  CROW:
    from_secret:
      integration: 1
      path: a|b#c?d
      version: 0
  ABSENT: { from_secret: secret://1/absent, optional: true }
  DEFAULT: { from_secret: secret://1/absent, default: "none" }
"##;
    let report = keyinit()
        .env("KEYINIT_FILE_ROOT", folder.path())
        .env("KEYINIT_QUIET", "1")
        .env("KEYINIT_PORT", "tcp://10.0.0.1:80")
        .env("OWN", "$$ ${HOST}")
        .env("REFERS", "<${secret://file/db.json#user|base64}> ${HOST} $$")
        .manifest(text)
        .report();
    for (name, value) in [
        ("HOST", "db"),
        ("USER", "app"),
        ("URL", "pg://app:p%40ss%20w%27d@db/$"),
        ("QUOTED", r"'p@ss w'\''d' ${HOST}"),
        ("EXACT", "exact"),
        ("INSIDE", "y"),
        ("ENCODED", "b2Rk"),
        ("DOLLARS", "$$ ${HOME:-x}"),
        ("NUMBER", "1.10"),
        ("CROW", "odd\n"),
        ("DEFAULT", "none"),
        ("OWN", "$$ ${HOST}"),
        ("REFERS", "<YXBw> ${HOST} $"),
    ] {
        assert_eq!(report.variable(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(report.names().len(), 13, "{:?}", report.names());
}
