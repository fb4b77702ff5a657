use super::*;
use crate::error::{Place, Subject};
use crate::exit::Kind;
use std::time::Duration;

fn text() -> Log {
    Log::default()
}

fn json() -> Log {
    Log { format: LogFormat::Json, ..Log::default() }
}

fn place(line: u32, column: u32, excerpt: Option<&str>) -> Place {
    Place { source: "/etc/keyinit.yaml".into(), line, column, excerpt: excerpt.map(str::to_owned) }
}

fn subject(targets: &[&str], provider: &str, path: &str) -> Subject {
    Subject {
        targets: targets.iter().map(|&target| target.to_owned()).collect(),
        provider: Some(provider.to_owned()),
        path: Some(path.to_owned()),
        ..Subject::default()
    }
}

fn nothing_started(log: Log, problems: &[Problem]) -> String {
    log.problem_lines(problems, "nothing was started").join("\n")
}

#[test]
fn a_problem_with_its_place() {
    let problem = Problem::new(Kind::Config, "unknown provider `valt`")
        .about(Subject { provider: Some("valt".into()), ..Subject::default() })
        .at(place(12, 20, Some("    from_secret: secret://valt/crow/myapp#db_password")))
        .cure("did you mean `vault`?");
    assert_eq!(
        nothing_started(text(), &[problem]),
        "keyinit: error: unknown provider `valt`
  --> /etc/keyinit.yaml:12:20
   |
12 |     from_secret: secret://valt/crow/myapp#db_password
   |                    ^
   = cure: did you mean `vault`?
keyinit: nothing was started (exit 78)"
    );
}

#[test]
fn the_margin_is_as_wide_as_the_number() {
    for (line, expected) in [
        (7, " --> /etc/keyinit.yaml:7:1\n  |\n7 | a\n  | ^\n  = cure: b"),
        (1234, "    --> /etc/keyinit.yaml:1234:1\n     |\n1234 | a\n     | ^\n     = cure: b"),
    ] {
        let problem = Problem::new(Kind::Config, "x").at(place(line, 1, Some("a"))).cure("b");
        let lines = text().problem_lines(&[problem], "y");
        assert_eq!(lines[1..lines.len() - 1].join("\n"), expected);
    }
    let hidden = Problem::new(Kind::Config, "x").at(place(7, 3, None)).cure("b");
    assert_eq!(text().problem_lines(&[hidden], "y")[1..3], ["  --> /etc/keyinit.yaml:7:3", "   = cure: b"]);
    let variable = Place { source: "environment".into(), line: 0, column: 0, excerpt: None };
    assert_eq!(text().problem_lines(&[Problem::new(Kind::Config, "x").at(variable)], "y")[1], "  --> environment");
}

#[test]
fn a_problem_of_a_store() {
    let denied = Problem::new(Kind::Denied, "the store denied the read (HTTP 403)")
        .about(subject(&["DB_PASSWORD", "API_KEY"], "vault-prod", "crow/myapp"))
        .cure("let the policy of this login read secret/data/crow/myapp");
    let missing = Problem::new(Kind::Missing, "there is no such key; there are: user, pass").about(Subject {
        key: Some("password".into()),
        version: Some("3".into()),
        ..subject(&["DB"], "vault", "db")
    });
    let down = Problem::new(Kind::Unavailable, "https://vault:8200: connection refused").about(Subject {
        targets: vec!["A".into()],
        provider: Some("vault".into()),
        ..Subject::default()
    });
    assert_eq!(
        nothing_started(text(), &[denied, missing, down]),
        "keyinit: error: DB_PASSWORD, API_KEY: vault-prod crow/myapp: the store denied the read (HTTP 403)
   = cure: let the policy of this login read secret/data/crow/myapp
keyinit: error: DB: vault db?version=3#password: there is no such key; there are: user, pass
keyinit: error: A: vault: https://vault:8200: connection refused
keyinit: nothing was started (exit 77)"
    );
}

#[test]
fn nothing_is_said_twice() {
    let about =
        || Subject { version: Some("4".into()), key: Some("k".into()), ..subject(&["DB"], "prod", "crow/myapp") };
    for (what, line) in [
        ("`crow/myapp` is not allowed", "keyinit: error: DB: `crow/myapp` is not allowed"),
        ("DB is already set", "keyinit: error: prod crow/myapp?version=4#k: DB is already set"),
        ("HTTP 404", "keyinit: error: DB: prod crow/myapp?version=4#k: HTTP 404"),
    ] {
        assert_eq!(text().problem_lines(&[Problem::new(Kind::Missing, what).about(about())], "x")[0], line);
    }
}

#[test]
fn many_variables_are_all_named() {
    let names: Vec<String> = (0..300).map(|n| format!("VARIABLE_NUMBER_{n}")).collect();
    let list: Vec<&str> = names.iter().map(String::as_str).collect();
    let problem = Problem::new(Kind::Unavailable, "the store is sealed").about(subject(&list, "vault", "a"));
    let lines = text().problem_lines(std::slice::from_ref(&problem), "x");
    assert_eq!(
        lines[0],
        "keyinit: error: VARIABLE_NUMBER_0, VARIABLE_NUMBER_1, VARIABLE_NUMBER_2 and 297 more: vault a: the store is sealed"
    );
    assert!(lines[1].starts_with("   = needed by: VARIABLE_NUMBER_0, VARIABLE_NUMBER_1,"));
    let all = lines.join("\n");
    assert!(names.iter().all(|name| all.contains(name)));

    let mut seen = 0;
    for line in json().problem_lines(&[problem], "x") {
        assert!(line.len() < LINE_MAX);
        let object: serde_json::Value = serde_json::from_str(&line).unwrap();
        seen += object["targets"].as_array().map_or(0, Vec::len);
    }
    assert_eq!(seen, 300);
}

#[test]
fn one_object_a_line() {
    let problem = Problem::new(Kind::Missing, "this version was deleted")
        .about(Subject { key: Some("k".into()), version: Some("3".into()), ..subject(&["DB"], "prod", "crow/myapp") })
        .at(place(12, 20, Some("x")))
        .cure("undelete it");
    assert_eq!(
        nothing_started(json(), &[problem]),
        r#"{"level":"error","message":"DB: prod crow/myapp?version=3#k: this version was deleted","code":66,"kind":"missing","targets":["DB"],"provider":"prod","path":"crow/myapp","key":"k","version":"3","source":"/etc/keyinit.yaml","line":12,"column":20,"cure":"undelete it"}
{"level":"error","message":"nothing was started","code":66}"#
    );
    assert_eq!(json().line(Level::Warn, "a\n\"b\""), r#"{"level":"warn","message":"a\n\"b\""}"#);
}

#[test]
fn names_cannot_write_the_log() {
    let evil = "a\nkeyinit: started\r\x1b[2J\u{9b}31m\u{202e}\u{7f}b\0";
    let problem = Problem::new(Kind::Denied, evil)
        .about(subject(&[evil], evil, evil))
        .at(Place { source: evil.into(), line: 1, column: 2, excerpt: Some(evil.into()) })
        .cure(evil);
    for log in [text(), json()] {
        for line in log.problem_lines(std::slice::from_ref(&problem), evil) {
            assert!(!line.chars().any(|c| c.is_control() || c == '\u{202e}'), "{line:?}");
        }
    }
    assert_eq!(
        text().line(Level::Warn, evil),
        "keyinit: warning: a\\nkeyinit: started\\r\\x1b[2J\\u{9b}31m\\u{202e}\\x7fb\\x00"
    );
    assert_eq!(json().line(Level::Warn, "\u{202e}\u{7f}"), r#"{"level":"warn","message":"\u202e\u007f"}"#);
}

#[test]
fn lines_are_cut() {
    for long in ["ä".repeat(10_000), "\x1b".repeat(10_000), "\"".repeat(5_000), "x".repeat(4095)] {
        for log in [text(), json()] {
            let line = log.line(Level::Info, &long);
            assert!(line.len() < LINE_MAX && line.contains("..."), "{}", line.len());
            if log.format == LogFormat::Json {
                assert!(serde_json::from_str::<serde_json::Value>(&line).is_ok());
            }
            let problem = Problem::new(Kind::Denied, &long)
                .about(subject(&[&long, &long], &long, &long))
                .at(Place { source: long.clone(), line: u32::MAX, column: u32::MAX, excerpt: Some(long.clone()) })
                .cure(&long);
            for line in log.problem_lines(&[problem], &long) {
                assert!(!line.is_empty() && line.len() < LINE_MAX, "{}", line.len());
            }
        }
    }
    let fits = "x".repeat(4095 - "keyinit: ".len());
    assert_eq!(text().line(Level::Info, &fits).len(), 4095);
    assert!(!text().line(Level::Info, &fits).ends_with("..."));
}

#[test]
fn the_caret_of_a_long_line_stays_in_sight() {
    let excerpt = format!("{}!{}", "a".repeat(500), "b".repeat(500));
    let problem = Problem::new(Kind::Config, "x").at(place(3, 501, Some(&excerpt)));
    let lines = text().problem_lines(&[problem], "x");
    let caret = lines[4].find('^').unwrap();
    assert_eq!(lines[3].as_bytes()[caret], b'!');
    assert!(lines[3].len() < 110 && lines[3].starts_with("3 | ...a") && lines[3].ends_with("b..."));
    for column in [0, 5, 6, u32::MAX] {
        let problem = Problem::new(Kind::Config, "x").at(place(3, column, Some("abcd")));
        assert_eq!(text().problem_lines(&[problem], "x")[4].contains('^'), column == 5, "{column}");
    }
}

#[test]
fn the_start_line() {
    let started = Started {
        stores: &[("vault-prod", 10), ("azure", 2)],
        took: Duration::from_millis(84),
        command: "node",
        pid: Some(7),
    };
    assert_eq!(
        text().started_line(&started),
        "keyinit: 12 secrets from 2 stores in 84 ms (vault-prod 10, azure 2); started node as pid 7"
    );
    assert_eq!(
        json().started_line(&started),
        r#"{"level":"info","message":"12 secrets from 2 stores in 84 ms (vault-prod 10, azure 2); started node as pid 7","secrets":12,"stores":{"azure":2,"vault-prod":10},"milliseconds":84,"command":"node","pid":7}"#
    );
    for (stores, took, pid, expected) in [
        (&[("vault", 1)][..], 0, Some(7), "keyinit: 1 secret from 1 store in 0 ms (vault 1); started sh as pid 7"),
        (&[("vault", 1)], 12_340, None, "keyinit: 1 secret from 1 store in 12.3 s (vault 1); becoming sh"),
        (&[], 1, Some(7), "keyinit: started sh as pid 7"),
    ] {
        let started = Started { stores, took: Duration::from_millis(took), command: "sh", pid };
        assert_eq!(text().started_line(&started), expected);
    }
}

#[test]
fn colour_only_where_it_can_be_seen() {
    for (terminal, variables, expected) in [
        (true, vec![], true),
        (false, vec![], false),
        (true, vec![c"NO_COLOR=1"], false),
        (true, vec![c"NO_COLOR="], true),
        (true, vec![c"TERM=dumb"], false),
        (true, vec![c"TERM=xterm"], true),
    ] {
        assert_eq!(colour_fits(terminal, &Environment::new(variables)), expected);
    }
    let log = Log { colour: true, ..Log::default() };
    assert_eq!(log.line(Level::Warn, "x"), "keyinit: \x1b[1;33mwarning: \x1b[0mx");
    assert_eq!(log.line(Level::Info, "x"), "keyinit: x");
}
