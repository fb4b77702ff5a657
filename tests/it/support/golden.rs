//! Text compared with a file. `KEYINIT_UPDATE_GOLDEN=1` writes the files anew; read the difference before committing it.

use std::path::Path;

/// Fails unless `text` is what `tests/it/golden/<name>.txt` holds. `names` are replaced first: what differs between runs,
/// and what stands for it in the file.
#[track_caller]
pub fn golden(name: &str, text: &str, names: &[(&str, &str)]) {
    let text = normal(text, names);
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/golden").join(format!("{name}.txt"));
    if std::env::var_os("KEYINIT_UPDATE_GOLDEN").is_some() {
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(&file, &text).unwrap();
    }
    let wanted = std::fs::read_to_string(&file).unwrap_or_else(|_| "(no such golden file)".to_string());
    assert!(wanted == text, "{} says:\n{wanted}\nand this run:\n{text}", file.display());
}

fn normal(text: &str, names: &[(&str, &str)]) -> String {
    let mut text = format!("{}\n", text.trim_end());
    for (found, stands_for) in names.iter().filter(|(found, _)| !found.is_empty()) {
        text = text.replace(found, stands_for);
    }
    // The probe is built under a name of its own for each state of its source.
    while let Some(at) = text.find("probe-") {
        let end = text[at + 6..].find(|c: char| !c.is_ascii_hexdigit()).map_or(text.len(), |end| at + 6 + end);
        text.replace_range(at..end, "PROBE");
    }
    // A time: 2026-01-02T03:04:05Z.
    let is_time = |word: &str| word.len() == 20 && word.ends_with('Z') && word.as_bytes()[10] == b'T';
    let times: Vec<String> = text.split([' ', ')', ',']).filter(|word| is_time(word)).map(str::to_string).collect();
    times.iter().for_each(|time| text = text.replace(time, "TIME"));
    for (before, after, letter) in [
        ("127.0.0.1:", "", "PORT"),
        ("pid ", "", "PID"),
        ("\"milliseconds\":", "", "N"),
        ("\"pid\":", "", "PID"),
        (" in ", " ms", "N"),
    ] {
        text = numbers(&text, before, after, letter);
    }
    text
}

/// Puts `letter` where digits stand between `before` and `after`.
fn numbers(text: &str, before: &str, after: &str, letter: &str) -> String {
    let mut parts = text.split(before);
    let mut done = parts.next().unwrap_or("").to_string();
    for part in parts {
        let rest = part.trim_start_matches(|c: char| c.is_ascii_digit());
        let number = rest.len() < part.len() && rest.starts_with(after);
        done.push_str(before);
        done.push_str(if number { letter } else { "" });
        done.push_str(if number { rest } else { part });
    }
    done
}

#[test]
fn what_differs_between_runs_is_named() {
    let text = "1 secret from https://127.0.0.1:4711 in 84 ms, in 3 steps; /tmp/x/ca.pem, started node as pid 7\n\n";
    let wanted = "1 secret from https://127.0.0.1:PORT in N ms, in 3 steps; DIR/ca.pem, started node as pid PID\n";
    assert_eq!(normal(text, &[("/tmp/x", "DIR")]), wanted);
}
