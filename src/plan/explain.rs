//! The verb `plan`: what would be read, for which variable. Names only; no value, no network, and nothing that a terminal acts on.

use super::{Absent, File, Part, Plan, Variable};
use crate::report::{escape, json_safe};
use serde::Serialize;
use std::fmt::Write;

#[derive(Serialize)]
struct View<'a> {
    logins: Vec<LoginView<'a>>,
    variables: Vec<VariableView<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    files: Vec<FileView<'a>>,
    stripped: Vec<&'a str>,
}

#[derive(Serialize)]
struct LoginView<'a> {
    providers: Vec<&'a str>,
    kind: &'a str,
    location: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    login: String,
    reads: Vec<ReadView<'a>>,
}

#[derive(Serialize)]
struct ReadView<'a> {
    provider: &'a str,
    path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    mount: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    version: Option<&'a str>,
    variables: Vec<UseView<'a>>,
}

/// One use of a read by a variable.
#[derive(Serialize)]
struct UseView<'a> {
    name: &'a str,
    /// None for the only field.
    key: Option<&'a str>,
}

#[derive(Serialize)]
struct VariableView<'a> {
    name: &'a str,
    source: &'static str,
    secret: bool,
    /// What happens when it does not exist: `fail`, `omit` or `default`.
    absent: &'static str,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    as_file: bool,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    made_of: Vec<&'a str>,
}

#[derive(Serialize)]
struct FileView<'a> {
    path: &'a str,
    /// In octal, four digits.
    mode: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    owner: Option<&'a str>,
    on_disk: bool,
    /// What happens when it does not exist: `fail` or `omit`.
    absent: &'static str,
}

/// For people.
pub fn text(plan: &Plan) -> String {
    let view = view(plan);
    let mut out = String::new();
    // Writing to a String cannot fail.
    let _ = write_text(&view, &mut out);
    out
}

/// For programs: one JSON object and a newline.
pub fn json(plan: &Plan) -> String {
    // Text keys and text values only: cannot fail.
    let mut out = json_safe(serde_json::to_string(&view(plan)).unwrap_or_default());
    out.push('\n');
    out
}

fn view(plan: &Plan) -> View<'_> {
    let mut reads: Vec<Vec<ReadView<'_>>> = plan.logins.iter().map(|_| Vec::new()).collect();
    for (read, variables) in plan.reads.iter().zip(uses(plan)) {
        if let Some(of_login) = reads.get_mut(read.login) {
            of_login.push(ReadView {
                provider: &read.provider,
                path: &read.path,
                mount: read.locator.mount.as_deref(),
                version: read.locator.version.as_deref(),
                variables,
            });
        }
    }
    let logins = plan.logins.iter().zip(reads).map(|(login, reads)| LoginView {
        providers: login.providers.iter().map(String::as_str).collect(),
        kind: login.kind,
        location: login.store.location(),
        login: login.store.login_reason(),
        reads,
    });
    View {
        logins: logins.collect(),
        variables: plan.variables.iter().map(|variable| variable_view(plan, variable)).collect(),
        files: plan.files.iter().map(file_view).collect(),
        stripped: plan.strip.iter().map(String::as_str).collect(),
    }
}

/// For each read, which variables and files need which of its keys.
fn uses(plan: &Plan) -> Vec<Vec<UseView<'_>>> {
    let mut uses: Vec<Vec<UseView<'_>>> = plan.reads.iter().map(|_| Vec::new()).collect();
    for variable in plan.targets() {
        for part in &variable.parts {
            let Part::Secret(pick) = part else { continue };
            let Some(of_read) = uses.get_mut(pick.read) else {
                continue;
            };
            let used = UseView { name: &variable.name, key: pick.key.as_deref() };
            // The uses of one variable are neighbours.
            let mut of_variable = of_read.iter().rev().take_while(|other| other.name == used.name);
            if !of_variable.any(|other| other.key == used.key) {
                of_read.push(used);
            }
        }
    }
    uses
}

fn variable_view<'a>(plan: &'a Plan, variable: &'a Variable) -> VariableView<'a> {
    let mut made_of: Vec<&str> = Vec::new();
    for part in &variable.parts {
        if let Part::Variable(index) = part
            && let Some(used) = plan.variables.get(*index)
            && !made_of.contains(&used.name.as_str())
        {
            made_of.push(&used.name);
        }
    }
    VariableView {
        name: &variable.name,
        source: if variable.place.is_some() { "manifest" } else { "environment" },
        secret: variable.parts.iter().any(|part| matches!(part, Part::Secret(_))),
        absent: if_absent(&variable.absent),
        as_file: variable.as_file,
        made_of,
    }
}

fn if_absent(absent: &Absent) -> &'static str {
    match absent {
        Absent::Fail => "fail",
        Absent::Omit => "omit",
        Absent::Default(_) => "default",
    }
}

fn file_view(file: &File) -> FileView<'_> {
    FileView {
        path: &file.content.name,
        mode: format!("{:04o}", file.mode),
        owner: file.owner.as_deref(),
        on_disk: file.on_disk,
        absent: if_absent(&file.content.absent),
    }
}

fn write_text(view: &View<'_>, out: &mut String) -> std::fmt::Result {
    if view.logins.is_empty() && view.variables.is_empty() && view.files.is_empty() {
        return out.write_str("nothing to resolve\n");
    }
    for login in &view.logins {
        writeln!(out, "{} ({}) at {}", escape(&login.providers.join(", ")), login.kind, escape(&login.location))?;
        if !login.login.is_empty() {
            writeln!(out, "  login: {}", escape(&login.login))?;
        }
        if login.reads.is_empty() {
            writeln!(out, "  nothing is read; only `check` logs in")?;
        }
        for read in &login.reads {
            write!(out, "  read {}", escape(read.path))?;
            if let Some(mount) = read.mount {
                write!(out, ", mount {}", escape(mount))?;
            }
            if let Some(version) = read.version {
                write!(out, ", version {}", escape(version))?;
            }
            writeln!(out)?;
            for used in &read.variables {
                let key = used.key.unwrap_or("(the value, or the only field)");
                writeln!(out, "    {} <- {}", escape(used.name), escape(key))?;
            }
        }
    }
    for variable in view.variables.iter().filter(|variable| !variable.made_of.is_empty()) {
        writeln!(out, "made of others: {} <- {}", escape(variable.name), escape(&variable.made_of.join(", ")))?;
    }
    for file in &view.files {
        let owner = file.owner.map(|owner| format!(", owner {owner}")).unwrap_or_default();
        let disk = if file.on_disk { ", on disk, removed at the end" } else { "" };
        let absent = if file.absent == "omit" { ", left out if missing" } else { "" };
        writeln!(out, "file: {}, mode {}{}{disk}{absent}", escape(file.path), file.mode, escape(&owner))?;
    }
    let as_files = view.variables.iter().filter(|variable| variable.as_file).map(|variable| variable.name);
    list(out, "as a file", &as_files.collect::<Vec<_>>())?;
    for (title, absent) in [("left out if missing", "omit"), ("with a default if missing", "default")] {
        let names = view.variables.iter().filter(|variable| variable.absent == absent).map(|variable| variable.name);
        list(out, title, &names.collect::<Vec<_>>())?;
    }
    let plain = view.variables.iter().filter(|variable| !variable.secret && variable.made_of.is_empty());
    list(out, "plain", &plain.map(|variable| variable.name).collect::<Vec<_>>())?;
    list(out, "stripped from the environment", &view.stripped)
}

fn list(out: &mut String, title: &str, names: &[&str]) -> std::fmt::Result {
    if names.is_empty() { Ok(()) } else { writeln!(out, "{title}: {}", escape(&names.join(", "))) }
}
