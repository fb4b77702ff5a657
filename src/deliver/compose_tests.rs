//! Plans built by hand-written manifests, answered by hand.

use super::compose;
use crate::environment::Environment;
use crate::exit::Kind;
use crate::fetch::Fetched;
use crate::manifest::parse_with;
use crate::plan::{Plan, build_with, fake};
use crate::secret::Secret;
use crate::stores::{Answer, Content, Failure, Field, Retry};

fn plan(env: &str) -> Plan {
    let text =
        format!("providers:\n  prod: {{ type: vault, address: a }}\n  two: {{ type: vault, address: b }}\nenv:\n{env}");
    let manifest = parse_with(fake::SPECS, "m", text.as_bytes());
    build_with(fake::SPECS, manifest, &Environment::default(), &[]).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn fields(pairs: &[(&str, &str)]) -> Result<Answer, Failure> {
    let field = |(name, value): &(&str, &str)| Field {
        name: (*name).into(),
        value: Secret::copy_of(value.as_bytes()),
        json: false,
    };
    Ok(Answer { content: Content::Fields(pairs.iter().map(field).collect()), version: None, leased: false })
}

fn failure(kind: Kind, answered: &str) -> Failure {
    Failure { kind, answered: answered.into(), cure: Some("the cure".into()), retry: Retry::Never }
}

/// `NAME=value`, or `code what | cure | targets | provider path key version`.
fn composed(plan: &Plan, answers: Vec<Result<Answer, Failure>>, logins: Vec<Option<Failure>>) -> Vec<String> {
    match compose(plan, Fetched { answers, logins }) {
        Ok(resolved) => {
            let shown =
                |(name, value): &(String, Secret)| format!("{name}={}", String::from_utf8_lossy(value.expose()));
            resolved.variables.iter().map(shown).collect()
        }
        Err(problems) => {
            let shown = |problem: &crate::error::Problem| {
                let subject = &problem.subject;
                let about: Vec<&str> = [&subject.provider, &subject.path, &subject.key, &subject.version]
                    .into_iter()
                    .map(|text| text.as_deref().unwrap_or("-"))
                    .collect();
                let cure = problem.cure.as_deref().unwrap_or("-");
                let targets = subject.targets.join(" ");
                format!("{} {} | {cure} | {targets} | {}", problem.kind.code(), problem.what, about.join(" "))
            };
            problems.iter().map(shown).collect()
        }
    }
}

#[test]
fn values_are_picked_filtered_and_joined() {
    let plan = plan(
        "  URL: \"pg://${USER}:${secret://prod/db#password|urlencode}@h\"
  USER: \"${secret://prod/db#user|trim}\"
  RAW: secret://prod/one
  PLAIN: info
  ECHO: \"$${x} ${RAW} $$\"
  B: secret://prod/one|base64|json",
    );
    assert_eq!(
        composed(
            &plan,
            vec![fields(&[("password", "p@ss"), ("user", " app\n")]), fields(&[("only", "${USER}")])],
            vec![]
        ),
        ["USER=app", "URL=pg://app:p%40ss@h", "RAW=${USER}", "PLAIN=info", "ECHO=${x} ${USER} $", "B=\"JHtVU0VSfQ==\""]
    );
}

#[test]
fn what_is_absent_may_be_where_the_manifest_says_so() {
    let plan = plan(
        "  A: { from_secret: secret://prod/gone#x, optional: true }
  B: { from_secret: secret://prod/gone#x, default: fallback }
  C: { from_secret: secret://prod/there#nokey, default: \"\" }
  D: \"<${B}>\"",
    );
    let answers = || vec![Err(failure(Kind::Missing, "HTTP 404")), fields(&[("x", "1"), ("y", "2")])];
    assert_eq!(composed(&plan, answers(), vec![]), ["B=fallback", "C=", "D=<fallback>"]);
    for kind in [Kind::Denied, Kind::Unavailable, Kind::Deadline] {
        let answers = vec![Err(failure(kind, "")), fields(&[("nokey", "1")])];
        let found = composed(&plan, answers, vec![]);
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("| A B D |"), "{found:?}");
    }
}

#[test]
fn an_ambiguous_reference_is_not_absent() {
    let plan = plan("  A: { from_secret: secret://prod/a, optional: true }");
    assert_eq!(
        composed(&plan, vec![fields(&[("x", "1"), ("y\u{1b}", "2")])], vec![]),
        ["66 several fields and no key: x, y\u{fffd} | add `#key` with one of these names | A | prod a - -"]
    );
}

#[test]
fn one_problem_a_reason() {
    let plan = plan(
        "  A: secret://prod/crow/myapp#db_password
  B: \"${secret://prod/crow/myapp#db_password}${secret://prod/gone?version=3}\"
  C: secret://prod/denied#x
  D: secret://prod/denied#y
  E: secret://prod/keys#usr
  F: secret://prod/keys#other|trim
  G: \"${F}\"
  H: secret://prod/keys#bin|base64decode
  I: { from_secret: secret://prod/gone?version=3, optional: true }
  J: \"${I}\"
  K: secret://prod/slow
  L: secret://prod/down",
    );
    let answers = vec![
        Err(failure(Kind::Denied, "HTTP 403")),
        Err(failure(Kind::Missing, "HTTP 404")),
        Err(failure(Kind::Denied, "HTTP 403")),
        fields(&[("user", "s3cret"), ("bin", "s3cret!")]),
        Err(failure(Kind::Deadline, "waiting for the answer")),
        Err(failure(Kind::Unavailable, "connection refused")),
    ];
    let found = composed(&plan, answers, vec![]);
    assert_eq!(
        found,
        [
            "77 the store denied the read (HTTP 403) | the cure | A B | prod crow/myapp db_password -",
            "66 no such secret (HTTP 404) | the cure | B J | prod gone - 3",
            "77 the store denied the read (HTTP 403) | the cure | C D | prod denied - -",
            "66 no such key | did you mean `user`? | E | prod keys usr -",
            "66 no such key | the keys are user, bin | F G | prod keys other -",
            "73 `base64decode` needs base64 text | take the filter away, or store a value that fits it | H | prod keys bin -",
            "75 no answer from a before the deadline (waiting for the answer) | the cure | K | prod slow - -",
            "69 a is not available (connection refused) | the cure | L | prod down - -",
        ]
    );
    assert!(!found.concat().contains("s3cret"));
}

#[test]
fn one_problem_a_login() {
    let plan = plan(
        "  A: secret://prod/a\n  B: secret://prod/b#x\n  C: secret://two/c\n  D: { from_secret: secret://two/d, optional: true }",
    );
    let login = || failure(Kind::Denied, "HTTP 400: invalid secret_id");
    let other = || failure(Kind::Missing, "HTTP 404");
    let answers = vec![Err(login()), Err(login()), Err(other()), Err(other())];
    assert_eq!(
        composed(&plan, answers, vec![Some(login()), Some(other())]),
        [
            "77 a refused the login (HTTP 400: invalid secret_id) | the cure | A B | prod - - -",
            "66 HTTP 404 | the cure | C D | two - - -",
        ]
    );
}

#[test]
fn growth_has_an_end() {
    let mut env = "  A0: 0123456789abcdef\n".to_owned();
    for level in 1..40 {
        env.push_str(&format!("  A{level}: \"${{A{0}}}${{A{0}}}\"\n", level - 1));
    }
    let found = composed(&plan(&env), vec![], vec![]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with("73 longer than 16 MiB | see what it is made of: an entry made of others is as long as all of them | A21 A22 "), "{found:?}");
}
