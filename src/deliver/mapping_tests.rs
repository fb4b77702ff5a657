//! A mapping is a function of the manifest, the environment and the stores' answers, and of nothing else: text in, the
//! command's environment out. The rows are the grammar.

use super::{build, compose};
use crate::environment::Environment;
use crate::exit::Kind;
use crate::fetch::Fetched;
use crate::manifest::parse_with;
use crate::plan::{build_with, fake};
use crate::secret::Secret;
use crate::stores::{Answer, Content, Failure, Field, Retry};
use std::ffi::{CStr, CString};

const PROVIDERS: &str = "providers:\n  vault: { type: vault, address: https://a }\n  f: { type: file }\n  1: { type: openbao, address: https://b }\n";

/// What the stores hold: a path with its fields, or with its one value.
const STORES: &[(&str, &[(&str, &str)])] = &[
    (
        "app",
        &[
            ("user", "app"),
            ("password", "p@ss w'd"),
            ("db.password", "exact"),
            ("db", r#"{"password":"inside","ports":[5432,5433]}"#),
        ],
    ),
    ("text", &[("json", r#"{"a":{"b":["x","y"]},"n":null,"in":"{\"deep\":\"er\"}"}"#)]),
    ("one", &[("only", "alone")]),
    ("a|b#c?d}e%f", &[("k|#?}%", "odd")]),
    ("pem", &[("", "-----\nline\n")]),
    ("b64", &[("", "czNjcmV0\n")]),
    ("sneaky", &[("", "${L} ${secret://vault/app#user} $$ secret://vault/app")]),
    ("crow/my app", &[("api_key", "v3ry"), ("other", "x")]),
];

fn answer(path: &str) -> Result<Answer, Failure> {
    let Some((_, pairs)) = STORES.iter().find(|(known, _)| *known == path) else {
        return Err(Failure { kind: Kind::Missing, answered: String::new(), cure: None, retry: Retry::Never });
    };
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).into(),
        value: Secret::copy_of(value.as_bytes()),
        json: *name == "db",
    };
    let content = match pairs {
        [("", value)] => Content::Value(Secret::copy_of(value.as_bytes())),
        pairs => Content::Fields(pairs.iter().map(field).collect()),
    };
    Ok(Answer { content, version: None, leased: false })
}

/// `NAME=value` of everything that the command gets, or every problem as `line what`.
fn mapped(manifest: &str, environment: &[&'static CStr]) -> Result<Vec<String>, Vec<String>> {
    let environment = Environment::new(environment.to_vec());
    let manifest = parse_with(fake::SPECS, "m", format!("{PROVIDERS}{manifest}").as_bytes());
    let told = |problems: crate::error::Problems| -> Vec<String> {
        let head = PROVIDERS.lines().count();
        let line = |place: &crate::error::Place| usize::try_from(place.line).unwrap().saturating_sub(head);
        let line = |problem: &crate::error::Problem| problem.place.as_ref().map_or(0, line);
        problems.iter().map(|problem| format!("{} {}", line(problem), problem.what)).collect()
    };
    let plan = build_with(fake::SPECS, manifest, &environment, &[]).map_err(told)?;
    let answers = plan.reads.iter().map(|read| answer(&read.path)).collect();
    let resolved = compose(&plan, Fetched { answers, logins: Vec::new() }).map_err(told)?;
    let built = build(&environment, resolved.variables, &plan, &[], &[c"command"], 8 << 20).map_err(told)?;
    Ok(built.entries().iter().map(|entry| entry.to_string_lossy().into_owned()).collect())
}

fn leaked(text: &str) -> &'static CStr {
    Box::leak(CString::new(text).unwrap().into_boxed_c_str())
}

/// The value of `X`, written in the manifest beside an entry `L` that is `info`, and as a variable of the container.
fn both(value: &str) -> [String; 2] {
    let quoted = serde_json::to_string(value).unwrap();
    let manifest = format!("env:\n  L: info\n  X: {quoted}\n");
    [mapped(&manifest, &[]), mapped("", &[leaked(&format!("X={value}"))])].map(|mapped| {
        let x = |entries: Vec<String>| entries.into_iter().find_map(|entry| Some(entry.strip_prefix("X=")?.to_owned()));
        mapped.map_or_else(|problems| format!("! {}", problems.join("; ")), |entries| x(entries).unwrap())
    })
}

/// The environment gives what the manifest gives.
const SAME: &str = "\0";

#[test]
fn values() {
    for (value, in_the_manifest, in_the_environment) in [
        // Text.
        ("", "", ""),
        ("info", "info", "info"),
        ("$", "$", "$"),
        ("$$", "$$", "$$"),
        ("a$$b", "a$$b", "a$$b"),
        ("${HOME:-x}", "${HOME:-x}", "${HOME:-x}"),
        (" secret://vault/app#user", " secret://vault/app#user", " secret://vault/app#user"),
        // Entries of the manifest: only the manifest has them.
        ("${L}", "info", "${L}"),
        ("<${L}> $$ $", "<info> $ $", "<${L}> $$ $"),
        ("$${L}", "${L}", "$${L}"),
        ("$$${L}", "$info", "$$${L}"),
        // References.
        ("secret://vault/app#user", "app", SAME),
        ("${secret://vault/app#user}", "app", SAME),
        ("u=${secret://vault/app#user},$$", "u=app,$", SAME),
        ("$${secret://vault/app#user}", "${secret://vault/app#user}", SAME),
        ("$$${secret://vault/app#user}", "$app", SAME),
        ("${L}:${secret://vault/app#user}", "info:app", "${L}:app"),
        ("secret://vault/one", "alone", SAME),
        ("secret://f/pem", "-----\nline\n", SAME),
        ("secret://f/pem#value", "-----\nline\n", SAME),
        ("secret://vault/app?version=0#user", "app", SAME),
        ("secret://1/one#only", "alone", SAME),
        // What came out of a store is not looked at again.
        ("secret://f/sneaky", "${L} ${secret://vault/app#user} $$ secret://vault/app", SAME),
        ("<${secret://f/sneaky}>", "<${L} ${secret://vault/app#user} $$ secret://vault/app>", SAME),
        // The exact key first, then dots and brackets inside, through JSON text too.
        ("secret://vault/app#db.password", "exact", SAME),
        ("secret://vault/app#db.ports[1]", "5433", SAME),
        ("secret://vault/app#db.ports", "[5432,5433]", SAME),
        ("secret://vault/text#json.a.b[0]", "x", SAME),
        ("secret://vault/text#json.in.deep", "er", SAME),
        // Percent-encoding.
        ("secret://vault/a%7Cb%23c%3Fd%7De%25f#k%7C%23%3F%7D%25", "odd", SAME),
        ("${secret://vault/a%7Cb%23c%3fd%7de%25f#k%7c%23%3f%7d%25}", "odd", SAME),
        // Filters, from left to right.
        ("secret://vault/app#password|urlencode", "p%40ss%20w%27d", SAME),
        ("secret://vault/app#password|shellquote", r"'p@ss w'\''d'", SAME),
        ("secret://vault/app#password|json", "\"p@ss w'd\"", SAME),
        ("secret://f/pem|json", r#""-----\nline\n""#, SAME),
        ("secret://f/pem|trim", "-----\nline", SAME),
        ("secret://f/pem|trim|base64", "LS0tLS0KbGluZQ==", SAME),
        ("secret://f/b64|base64decode", "s3cret", SAME),
        ("secret://f/b64|trim|urlencode|base64", "Y3pOamNtVjA=", SAME),
        ("[${secret://f/b64|base64decode}]", "[s3cret]", SAME),
    ] {
        let expected = if in_the_environment == SAME { in_the_manifest } else { in_the_environment };
        assert_eq!(both(value), [in_the_manifest, expected], "{value}");
        assert_eq!(both(value), both(value), "{value}");
    }
}

#[test]
fn values_that_are_refused() {
    for (value, what) in [
        ("secret://", "the reference has no path"),
        ("secret://nosuch/x", "unknown provider `nosuch`"),
        ("secret://vault/app#user|up", "unknown filter `up`"),
        ("${secret://vault/app#user", "`${secret://` without its closing `}`"),
        ("secret://vault/app", "several fields and no key: user, password, db.password, db"),
        ("secret://vault/app#db.ports[2]", "no such key"),
        ("secret://vault/text#json.n", "the value is null"),
        ("secret://f/pem|base64decode", "`base64decode` needs base64 text"),
    ] {
        for refused in both(value) {
            assert!(refused.starts_with("! ") && refused.ends_with(what), "{value}: {refused}");
        }
    }
}

#[test]
fn entries_made_of_one_another() {
    for (env, expected) in [
        ("A: \"${B}\"\n  B: \"${C}!\"\n  C: c", Ok("C=c B=c! A=c!")),
        ("A: \"${B}${B}\"\n  B: secret://vault/one", Ok("B=alone A=alonealone")),
        ("A: \"${B}\"\n  B: { from_secret: secret://vault/nothing, default: d }", Ok("B=d A=d")),
        ("A: \"${A}\"", Err("2 entries made of one another: A -> A")),
        ("A: \"${B}\"\n  B: \"x${C}\"\n  C: \"${A}\"", Err("2 entries made of one another: A -> B -> C -> A")),
        ("A: \"${B}\"", Err("2 `${B}` is no entry of the manifest")),
        ("a: \"${A}\"\n  B: x", Err("2 `${A}` is no entry of the manifest")),
    ] {
        let found = mapped(&format!("env:\n  {env}\n"), &[]);
        let found = found.map(|entries| entries.join(" ")).map_err(|problems| problems.join("; "));
        assert_eq!(found.as_deref().map_err(String::as_str), expected, "{env}");
    }
}

/// A block of a Crow CI pipeline, as it stands there.
#[test]
fn a_block_of_crow_pastes_in() {
    let block = "\
environment:
  API_KEY:
    from_secret:
      integration: 1
      path: crow/my app
      key: api_key
      version: 0
";
    assert_eq!(mapped(block, &[]), Ok(vec!["API_KEY=v3ry".to_owned()]));
    assert_eq!(
        mapped("environment:\n  API_KEY:\n    from_secret: my_api_key\n", &[]),
        Err(vec!["3 `from_secret: my_api_key` names a secret of a CI server, which keyinit cannot ask".to_owned()])
    );
}

/// The container's own variables around what the manifest adds, written in three ways.
#[test]
fn what_the_command_gets() {
    for manifest in ["env:\n  ONE: x\n", "environment: { ONE: x }\n", "\"env\": {\"ONE\": \"x\"}\n"] {
        let environment = [c"HOME=/root", c"TWO=secret://vault/app#user", c"LEFT=$$ ${X}", c"KEYINIT_TIMEOUT=3s"];
        let expected = ["HOME=/root", "LEFT=$$ ${X}", "ONE=x", "TWO=app"].map(str::to_owned);
        assert_eq!(mapped(manifest, &environment), Ok(expected.to_vec()), "{manifest}");
    }
}
