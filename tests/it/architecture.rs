//! The house rules that a compiler does not hold: which room may know which, and where `unsafe` may stand.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Every source file below `src`, by its path there, without comments and unit tests.
fn sources() -> BTreeMap<String, String> {
    fn walk(directory: &Path, into: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(directory).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() { walk(&path, into) } else { into.push(path) }
        }
    }
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    walk(&root, &mut files);
    assert!(files.len() > 30, "the sources are not where this test looks");
    files
        .into_iter()
        .filter(|path| !path.to_str().unwrap().contains("tests") && !path.ends_with("fake.rs"))
        .map(|path| {
            let name = path.strip_prefix(&root).unwrap().to_str().unwrap().to_owned();
            (name, code_of(&fs::read_to_string(path).unwrap()))
        })
        .collect()
}

/// The code of a file: no comment lines, and nothing from its first `#[cfg(test)]` on, where the unit tests stand.
fn code_of(text: &str) -> String {
    let code: Vec<&str> = text
        .lines()
        .take_while(|line| !line.starts_with("#[cfg(test)]"))
        .filter(|line| !line.trim_start().starts_with("//") && !line.trim().is_empty())
        .collect();
    code.join("\n")
}

/// The rooms that a piece of code names: the `x` of every `crate::x`, also inside `crate::{x, y::z}`.
fn rooms_named(code: &str) -> Vec<String> {
    let mut rooms = Vec::new();
    let mut push = |text: &str| {
        let name: String = text.trim_start().chars().take_while(|c| c.is_ascii_lowercase() || *c == '_').collect();
        if !name.is_empty() {
            rooms.push(name);
        }
    };
    for (at, _) in code.match_indices("crate::") {
        // `$crate::` in a macro is the caller's business.
        if code[..at].ends_with('$') {
            continue;
        }
        let rest = &code[at + "crate::".len()..];
        match rest.strip_prefix('{') {
            None => push(rest),
            Some(list) => {
                let (mut depth, mut item) = (0, String::new());
                for c in list.chars() {
                    match c {
                        '}' if depth == 0 => break,
                        '{' => depth += 1,
                        '}' => depth -= 1,
                        ',' if depth == 0 => {
                            push(&item);
                            item.clear();
                            continue;
                        }
                        _ => {}
                    }
                    item.push(c);
                }
                push(&item);
            }
        }
    }
    rooms.sort();
    rooms.dedup();
    rooms
}

/// What each room may know beside itself. A room that is not listed may not exist; an arrow that is not listed is an error.
/// `run` knows them all. No room may know one that knows it.
const ARROWS: &[(&str, &[&str])] = &[
    ("exit", &[]),
    ("error", &["exit"]),
    ("environment", &[]),
    ("suggest", &[]),
    ("signals", &[]),
    ("sys", &["environment"]),
    ("secret", &["sys"]),
    ("report", &["environment", "error", "exit", "sys"]),
    ("attempt", &["environment", "exit", "report"]),
    ("cli", &["environment", "error", "exit", "report", "signals", "suggest"]),
    ("net", &["attempt", "environment", "exit", "report", "secret", "sys"]),
    ("auth", &["attempt", "environment", "exit", "net", "secret"]),
    ("stores", &["attempt", "auth", "environment", "error", "exit", "net", "report", "secret"]),
    ("manifest", &["attempt", "environment", "error", "exit", "stores", "suggest"]),
    ("plan", &["environment", "error", "exit", "manifest", "report", "stores", "suggest"]),
    ("fetch", &["exit", "plan", "stores"]),
    ("deliver", &["attempt", "environment", "error", "exit", "fetch", "plan", "secret", "stores", "suggest"]),
    ("handover", &["error", "exit", "secret", "sys"]),
    ("supervise", &["exit", "report", "signals", "sys"]),
];

#[test]
fn every_arrow_between_rooms_is_on_the_list() {
    let mut wrong = Vec::new();
    for (file, code) in sources() {
        let room = file.split(['/', '.']).next().unwrap();
        if ["run", "lib", "main"].contains(&room) {
            continue;
        }
        let Some((_, allowed)) = ARROWS.iter().find(|(name, _)| *name == room) else {
            wrong.push(format!("{file}: the room `{room}` is not on the list"));
            continue;
        };
        for named in rooms_named(&code) {
            if named != room && named != "entry" && !allowed.contains(&named.as_str()) {
                wrong.push(format!("{file} knows `{named}`"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_list_has_no_circles() {
    // Each room may know only rooms that stand above it: then there is an order, and no circle.
    for (at, (room, allowed)) in ARROWS.iter().enumerate() {
        for known in *allowed {
            assert!(ARROWS[..at].iter().any(|(name, _)| name == known), "{room} -> {known}");
        }
    }
}

#[test]
fn a_store_knows_no_other_store_and_no_later_stage() {
    let sources = sources();
    let stores: Vec<&str> = sources
        .keys()
        .filter_map(|file| file.strip_prefix("stores/")?.split_once('/'))
        .map(|(store, _)| store)
        .collect();
    assert!(stores.contains(&"vault") && stores.contains(&"file"), "{stores:?}");
    for (file, code) in &sources {
        let Some((own, _)) = file.strip_prefix("stores/").and_then(|rest| rest.split_once('/')) else { continue };
        for forbidden in ["std::env", "std::process", "crate::deliver", "crate::handover", "crate::supervise"] {
            assert!(!code.contains(forbidden), "{file} uses {forbidden}");
        }
        for other in stores.iter().filter(|other| **other != own) {
            assert!(
                !code.contains(&format!("stores::{other}")) && !code.contains(&format!("super::super::{other}")),
                "{file} knows {other}"
            );
        }
    }
}

#[test]
fn unsafe_lives_in_the_cellar_alone() {
    for (file, code) in sources() {
        // The macro that the binary uses once stands in the cellar too.
        let unsafe_words = code.matches("unsafe").count();
        assert!(file.starts_with("sys/") || unsafe_words == 0, "{file} says unsafe");
    }
}

#[test]
fn the_process_environment_is_read_in_one_place() {
    for (file, code) in sources() {
        for forbidden in ["env::var", "env::args", "set_var", "Command::new", "std::process"] {
            assert!(!code.contains(forbidden), "{file} uses {forbidden}");
        }
    }
}

#[test]
fn no_file_is_too_long_to_hold_in_the_head() {
    for (file, code) in sources() {
        let lines = code.lines().count();
        assert!(lines <= 400, "{file} has {lines} lines of code");
    }
}

#[test]
fn the_reader_of_arrows_reads() {
    assert_eq!(
        rooms_named("use crate::net::http; use crate::{cli::{self, Verb}, plan, sys::signal};"),
        ["cli", "net", "plan", "sys"]
    );
}
