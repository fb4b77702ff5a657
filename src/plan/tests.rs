//! Plans as a whole, over stores made up for tests.

use super::*;
use crate::environment::Environment;
use crate::error::Problems;
use crate::manifest::{Manifest, parse_with};
use std::ffi::CStr;

fn manifest(text: &str) -> Manifest {
    parse_with(fake::SPECS, "m.yaml", text.as_bytes())
}

fn plan(text: &str, environment: &[&'static CStr], keep_env: &[&str]) -> Result<Plan, Problems> {
    let keep_env: Vec<String> = keep_env.iter().map(|name| (*name).to_owned()).collect();
    build_with(fake::SPECS, manifest(text), &Environment::new(environment.to_vec()), &keep_env)
}

/// `line what | cure | targets`.
fn problems(text: &str, environment: &[&'static CStr]) -> Vec<String> {
    let shown = |problem: Problem| {
        assert_eq!(problem.kind, Kind::Config);
        let line = problem.place.map_or(0, |place| place.line);
        let targets = problem.subject.targets.join(" ");
        format!("{line} {} | {} | {targets}", problem.what, problem.cure.unwrap_or_default())
    };
    plan(text, environment, &[]).err().unwrap_or_default().into_iter().map(shown).collect()
}

const PROVIDERS: &str = "
providers:
  prod: { type: vault, address: https://a, mount: secret, allow: [crow/*, database/creds/app], auth: { method: approle, secret_id: { env: MY_SECRET } } }
  same: { type: openbao, address: https://a }
  other: { type: vault, address: https://a, namespace: n }
  unused: { type: file, root: /srv }
env:
";

#[test]
fn one_login_an_identity_one_read_a_path() {
    let text = format!(
        "{PROVIDERS}  A: secret://prod/crow/a#x
  B: secret://same/crow/a#y
  C: \"${{secret://prod/crow/a#x|trim}}-${{secret://prod/crow/a?version=2#x}}\"
  D: secret://other/crow/a
  E: plain
  F: secret://file/f"
    );
    let environment = [
        c"VAULT_TOKEN=t",
        c"VAULT_TOKEN_FILE=/t",
        c"MY_SECRET=s",
        c"HOME=/root",
        c"G=x${secret://prod/crow/a#x}y",
        c"KEYINIT_MANIFEST_TEXT=${secret://prod/x}",
    ];
    let plan = plan(&text, &environment, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
    let logins: Vec<(&str, String)> = plan.logins.iter().map(|login| (login.kind, login.providers.join(" "))).collect();
    assert_eq!(
        logins,
        [("vault", "prod same".into()), ("vault", "other".into()), ("file", "unused".into()), ("file", "file".into())]
    );
    let reads: Vec<(usize, &str, &str, Option<&str>)> = plan
        .reads
        .iter()
        .map(|read| (read.login, read.provider.as_str(), read.path.as_str(), read.locator.version.as_deref()))
        .collect();
    assert_eq!(
        reads,
        [
            (0, "prod", "crow/a", None),
            (0, "prod", "crow/a", Some("2")),
            (1, "other", "crow/a", None),
            (3, "file", "f", None)
        ]
    );
    let names: Vec<&str> = plan.variables.iter().map(|variable| variable.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D", "E", "F", "G"]);
    assert_eq!(plan.strip, ["VAULT_TOKEN", "VAULT_TOKEN_FILE", "MY_SECRET"]);
    assert!(plan.variables[0].place.is_some() && plan.variables[6].place.is_none());
    assert_eq!(
        explain::text(&plan),
        "\
prod, same (vault) at https://a
  login: approle (a test)
  read crow/a
    A <- x
    B <- y
    C <- x
    G <- x
  read crow/a, version 2
    C <- x
other (vault) at https://a
  login: token (a test)
  read crow/a
    D <- (the value, or the only field)
unused (file) at /srv
  nothing is read; only `check` logs in
file (file) at /run/secrets
  read f
    F <- (the value, or the only field)
plain: E
stripped from the environment: VAULT_TOKEN, VAULT_TOKEN_FILE, MY_SECRET
"
    );
}

#[test]
fn json_for_programs() {
    let text = "env:\n  A: { from_secret: { provider: file, path: p, key: k, mount: m }, default: hidden }\n  B: \"${A}hidden\"";
    let plan = plan(text, &[], &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(
        explain::json(&plan),
        concat!(
            r#"{"logins":[{"providers":["file"],"kind":"file","location":"/run/secrets","reads":[{"provider":"file","path":"p","mount":"m","variables":[{"name":"A","key":"k"}]}]}],"#,
            r#""variables":[{"name":"A","source":"manifest","secret":true,"absent":"default"},{"name":"B","source":"manifest","secret":false,"absent":"fail","made_of":["A"]}],"stripped":[]}"#,
            "\n"
        )
    );
    assert_eq!(
        explain::text(&plan),
        "file (file) at /run/secrets\n  read p, mount m\n    A <- k\nmade of others: B <- A\nwith a default if missing: A\n"
    );
}

#[test]
fn nothing_to_resolve_strips_nothing() {
    let environment = [c"VAULT_TOKEN=t", c"A=$$ ${HOME} secret://x", c"B=\xff"];
    for text in ["", "providers:\n  v: { type: vault, address: a }"] {
        let plan = plan(text, &environment, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
        assert!(plan.is_empty() && plan.strip.is_empty());
    }
    assert_eq!(explain::text(&Plan::default()), "nothing to resolve\n");
}

#[test]
fn what_is_kept_is_not_stripped() {
    let environment = [c"VAULT_ADDR=https://v", c"VAULT_TOKEN=t", c"VAULT_SECRET_ID_FILE=/s", c"A=secret://openbao/a"];
    let plan = plan("", &environment, &["VAULT_TOKEN"]).unwrap_or_else(|problems| panic!("{problems:?}"));
    assert_eq!(plan.strip, ["VAULT_SECRET_ID_FILE"]);
}

#[test]
fn every_problem_of_manifest_references_and_stores_at_once() {
    let text = format!(
        "{PROVIDERS}  A: secret://prd/x
  B: secret://prod/admin/x
  C: {{ from_secret: {{ provider: prod, path: x, mount: crow2 }} }}
  D: secret://azure/x
  E: \"${{G}} ${{FF}}\"
  G: \"${{E}}\"
  FFF: \"${{FFF}}\"
  H: secret://same/bad
  I: ~
  J: secret://nobody/x
unknown: x"
    );
    let environment = [
        c"X=secret://vault/a",
        c"Y=${secret://vault/b}${secret://valt/b}",
        c"Z=secret://",
        c"W=\xff${secret://vault/a}",
        c"V=1",
        c"V=secret://same/a",
        c"VAULT_SECRET_ID=secret://same/b",
    ];
    let found = problems(&text, &environment);
    assert_eq!(
        found,
        [
            "8 unknown provider `prd` | did you mean `prod`? | A",
            "9 `admin/x` is outside of what provider `prod` allows | add it to `allow` of the provider, or refer to another path | B",
            "10 `crow2/x` is outside of what provider `prod` allows | add it to `allow` of the provider, or refer to another path | C",
            "11 `secret://azure/` is not supported by this version | use a newer keyinit | D",
            "12 `${FF}` is no entry of the manifest | did you mean `${FFF}`? | E",
            "12 entries made of one another: E -> G -> E | write out one of them, without the others in it | ",
            "14 entries made of one another: FFF -> FFF | for the container's own variable write `${secret://env/FFF}` | ",
            "15 a bad path | write a good one | H",
            "16 `I` has no value | write a value; an empty text is \"\" | ",
            "17 unknown provider `nobody` | add it to `providers` of the manifest, or use a type: vault, openbao, file | J",
            "18 unknown key `unknown` | the keys here are providers, env, on_conflict, files, files_dir | ",
            "0 the reference has no path | the shape is secret://<provider>/<path>[?version=N][#key][|filter] | Z",
            "0 a value with `${secret://...}` in it that is not UTF-8 text | keep the bytes in a store, and refer to them | W",
            "0 it is set twice, to different values | set it once | V",
            "0 provider `vault`: no address | set VAULT_ADDR, or `address` | X Y",
            "0 unknown provider `valt` | did you mean `vault`? | Y",
            "0 holds a reference, but a store takes its credential from it | put the credential itself there, or a `_FILE` variable | VAULT_SECRET_ID",
        ]
    );
}

#[test]
fn a_provider_that_is_wrong_is_told_once() {
    let text =
        "providers:\n  vault: { type: vault }\n  x: { type: nix }\nenv:\n  A: secret://vault/a\n  B: secret://x/a";
    assert_eq!(
        problems(text, &[]),
        [
            "2 provider `vault`: no address | set VAULT_ADDR, or `address` | ",
            "3 unknown provider type `nix` | the types are vault, openbao, file | ",
        ]
    );
}

#[test]
fn conflicts_with_the_environment() {
    let env = |entry: &str| format!("env:\n  B: b\n  A: {entry}");
    let conflict = "3 `A` is set in the environment to something else | remove one of the two, or say who wins: `on_conflict: manifest` or `on_conflict: environment` | A";
    for (entry, value, conflicts) in [
        ("x", c"A=x", false),
        ("x", c"A=", false),
        ("x", c"A=y", true),
        ("x", c"A=\xff", true),
        ("secret://file/a", c"A=secret://file/a", false),
        ("{ from_secret: { provider: file, path: a, version: 0 } }", c"A=secret://file/a", false),
        ("secret://file/a", c"A=secret://file/b", true),
        ("secret://file/a", c"A=x", true),
        ("secret://file/a", c"A=", false),
        ("\"${B}\"", c"A=b", true),
    ] {
        let expected: Vec<&str> = if conflicts { vec![conflict] } else { Vec::new() };
        assert_eq!(problems(&env(entry), &[value]), expected, "{entry} {value:?}");
    }
}

#[test]
fn who_wins() {
    let shown = |winner: &str, environment: &[&'static CStr]| {
        let text = format!("on_conflict: {winner}\nenv:\n  U: \"${{A}}!\"\n  A: secret://file/ours\n  C: c");
        let plan = plan(&text, environment, &[]).unwrap_or_else(|problems| panic!("{problems:?}"));
        let part = |part: &Part| match part {
            Part::Literal(text) => text.clone(),
            Part::Secret(pick) => plan.reads[pick.read].path.clone(),
            Part::Variable(index) => format!("[{}]", plan.variables[*index].name),
        };
        let variable =
            |variable: &Variable| format!("{}={}", variable.name, variable.parts.iter().map(part).collect::<String>());
        plan.variables.iter().map(variable).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(shown("manifest", &[c"A=x", c"C=x"]), "A=ours U=[A]! C=c");
    assert_eq!(shown("environment", &[c"A=x", c"C=x"]), "A=x U=[A]!");
    assert_eq!(shown("environment", &[c"A=secret://file/theirs"]), "A=theirs U=[A]! C=c");
    assert_eq!(shown("environment", &[c"A=", c"C=c"]), "A=ours U=[A]! C=c");
    let text = "on_conflict: environment\nenv:\n  U: \"${A}\"\n  A: a";
    assert_eq!(
        problems(text, &[c"A=\xff"]),
        ["3 `${A}` is not UTF-8 text in the environment | let the manifest win | U"]
    );
}

/// What a provider lacks is not said of one in which something was refused already; what is wrong elsewhere in it is.
#[test]
fn a_refused_setting_is_told_once() {
    let provider = |settings: &str| format!("providers:\n  v: {{ type: vault, {settings} }}");
    for (settings, expected) in [
        ("adress: a", "2 unknown key `adress` in provider `v` | did you mean `address`? | "),
        ("address: []", "2 `address` is an empty list | write a value, or take the line away | "),
        ("auth: token", "2 `auth` is text, not a map | write it as `key: value` | "),
        ("auth: { method: tokn }", "2 unknown login method `tokn` of `vault` | did you mean `token`? | "),
        (
            "auth: { method: token, tokn: x }",
            "2 unknown key `tokn` of the login method `token` | did you mean `token`? | ",
        ),
        ("mount: x", "2 provider `v`: no address | set VAULT_ADDR, or `address` | "),
    ] {
        assert_eq!(problems(&provider(settings), &[]), [expected], "{settings}");
    }
}

/// A leading slash makes a path of the API, which `allow` must say too. Beneath a mount that is named it means nothing.
#[test]
fn allow_minds_the_leading_slash() {
    let providers = format!("{PROVIDERS}  P: plain");
    let outside = |path: &str| {
        let cure = "add it to `allow` of the provider, or refer to another path";
        vec![format!("0 `{path}` is outside of what provider `prod` allows | {cure} | X")]
    };
    assert_eq!(problems(&providers, &[c"X=secret://prod//crow/a"]), outside("/crow/a"));
    assert_eq!(problems(&providers, &[c"X=secret://prod//database/creds/app"]), outside("/database/creds/app"));
    assert_eq!(problems(&providers, &[c"X=secret://prod/database/creds/app"]), Vec::<String>::new());
    let named = format!("{PROVIDERS}  X: {{ from_secret: {{ provider: prod, mount: secret, path: /crow/a }} }}");
    assert_eq!(problems(&named, &[]), Vec::<String>::new());
}

/// `allow` binds whoever goes in by the same login: a type's own name, or its alias, is no way around it.
#[test]
fn a_types_name_is_no_way_around_allow() {
    let limited = "providers:\n  prod: { type: vault, address: https://a, allow: [crow/*] }\n";
    let same = [c"VAULT_ADDR=https://a", c"X=secret://vault/crow/a", c"Y=secret://openbao/admin"];
    let refused = |name: &str, kind: &str| {
        format!(
            "0 `secret://{kind}/` would use the login of provider `prod`, which has `allow` | \
             write `secret://prod/` | {name}"
        )
    };
    assert_eq!(problems(limited, &same), [refused("X", "vault"), refused("Y", "openbao")]);
    let another = [c"VAULT_ADDR=https://b", c"X=secret://vault/admin"];
    assert_eq!(problems(limited, &another), Vec::<String>::new());
    let open = "providers:\n  prod: { type: vault, address: https://a }\n";
    assert_eq!(problems(open, &same), Vec::<String>::new());
}
