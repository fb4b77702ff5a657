//! Manifest and environment to a plan. Pure; tells every problem, the manifest's included.

use super::files;
use super::order::order;
use super::providers::{Needed, Providers};
use super::{Absent, Part, Plan, Variable, Winner, file_variable, problem_of};
use crate::environment::Environment;
use crate::error::{Place, Problem, Problems, Subject};
use crate::exit::Kind;
use crate::manifest::template::{self, Ground};
use crate::manifest::{Entry, Manifest, Piece};
use crate::stores::{self, Spec};
use crate::suggest::nearest;
use std::collections::BTreeMap;

/// Plans a start: what the manifest asks for, and the references in the container's environment.
///
/// # Errors
/// Everything that is wrong with the manifest, the references and the configuration of the stores: 78.
pub fn build(manifest: Manifest, environment: &Environment<'_>, keep_env: &[String]) -> Result<Plan, Problems> {
    build_with(stores::SPECS, manifest, environment, keep_env)
}

/// [`build`] over the given stores.
///
/// # Errors
/// As [`build`].
pub fn build_with(
    specs: &[&'static Spec],
    manifest: Manifest,
    environment: &Environment<'_>,
    keep_env: &[String],
) -> Result<Plan, Problems> {
    let mut plan = Plan { on_conflict: manifest.on_conflict, files_dir: manifest.files_dir, ..Plan::default() };
    let mut providers = Providers::new(specs, environment, manifest.problems);
    for provider in manifest.providers {
        providers.add(provider, &mut plan);
    }
    let mut sources = Vec::new();
    let mut outside = references(environment, &mut providers.problems);
    for entry in manifest.entries {
        let set_by = set_by(&entry.name, entry.as_file);
        let set = environment.get(&set_by).filter(|value| !value.is_empty());
        let theirs = outside.remove(&set_by);
        sources.push(settle(entry, set, theirs, plan.on_conflict, &mut providers.problems));
    }
    // What is left of the environment keeps the order it has there.
    for (name, _) in environment.iter() {
        if let Some((name, pieces)) = std::str::from_utf8(name).ok().and_then(|name| outside.remove_entry(name)) {
            sources.push(Source {
                name,
                pieces,
                absent: Absent::Fail,
                as_file: false,
                place: None,
                entry: false,
                given: false,
            });
        }
    }
    variables(sources, &mut providers, &mut plan);
    files::add(manifest.files, &mut providers, &mut plan);
    let mut credentials = providers.credentials();
    for variable in plan.variables.iter().filter(|variable| variable.place.is_none()) {
        let secret = variable.parts.iter().any(|part| matches!(part, Part::Secret(_)));
        if secret && credentials.contains(&variable.name) {
            let needed = Needed { name: &variable.name, place: None };
            let what = "holds a reference, but a store takes its credential from it";
            providers.problems.push(problem_of(
                &needed,
                what,
                "put the credential itself there, or a `_FILE` variable",
            ));
        }
    }
    credentials_read(&plan, &credentials, keep_env, &mut providers.problems);
    if !providers.problems.is_empty() {
        return Err(in_order(providers.problems));
    }
    credentials.retain(|name| environment.get(name).is_some() && !keep_env.contains(name));
    plan.strip = credentials;
    Ok(plan)
}

/// The variables and files made of a credential that the command is not to have: under another name it would have it all the same.
fn credentials_read(plan: &Plan, credentials: &[String], keep_env: &[String], problems: &mut Problems) {
    for variable in plan.targets() {
        for part in &variable.parts {
            let Part::Secret(pick) = part else { continue };
            let Some(read) = plan.reads.get(pick.read) else { continue };
            let of_env = plan.logins.get(read.login).is_some_and(|login| login.kind == "env");
            let name = &read.locator.path;
            if of_env && credentials.contains(name) && !keep_env.contains(name) {
                let needed = Needed { name: &variable.name, place: variable.place.as_ref() };
                let what = format!("`{name}` is a store's credential, which the command does not get");
                problems.push(problem_of(&needed, &what, &format!("to hand it on all the same: `--keep-env {name}`")));
            }
        }
    }
}

/// In the order of the manifest's lines; what stands elsewhere comes last.
fn in_order(mut problems: Problems) -> Problems {
    problems.sort_by_key(|problem| {
        let place = problem.place.as_ref().filter(|place| place.line > 0).map(|place| (place.line, place.column));
        (place.is_none(), place)
    });
    problems
}

/// The variable that an entry sets.
fn set_by(name: &str, as_file: bool) -> String {
    if as_file { file_variable(name) } else { name.to_owned() }
}

/// What a variable is made of, and where that stands.
struct Source {
    name: String,
    /// None when it is wrong, which a problem tells.
    pieces: Option<Vec<Piece>>,
    absent: Absent,
    as_file: bool,
    place: Option<Place>,
    /// Whether the manifest names it, so that `${NAME}` finds it.
    entry: bool,
    /// Whether the command has it already: only `${NAME}` of other entries needs it.
    given: bool,
}

/// The variables of the environment that hold references. `KEYINIT_*` are ours, and never reach the command.
fn references(environment: &Environment<'_>, problems: &mut Problems) -> BTreeMap<String, Option<Vec<Piece>>> {
    let mut found = BTreeMap::new();
    for (name, value) in environment.iter().filter(|(name, _)| !name.starts_with(b"KEYINIT_")) {
        let parsed = template::parse(value, Ground::Environment);
        if parsed == Ok(None) {
            continue;
        }
        let shown = String::from_utf8_lossy(name).into_owned();
        let needed = Needed { name: &shown, place: None };
        let mut refuse = |what: &str, cure: &str| problems.push(problem_of(&needed, what, cure));
        if std::str::from_utf8(name).is_err() {
            refuse("its name is not UTF-8 text", "give it another name");
            continue;
        }
        // getenv(3) finds the first; the others must not reach the command with a reference as text.
        if environment.get(&shown) != Some(value) {
            refuse("it is set twice, to different values", "set it once");
            continue;
        }
        if found.contains_key(&shown) {
            continue;
        }
        let pieces = match parsed {
            Ok(pieces) => pieces,
            Err(faults) => {
                for fault in faults {
                    refuse(&fault.what, &fault.cure);
                }
                None
            }
        };
        found.insert(shown, pieces);
    }
    found
}

/// Decides between an entry of the manifest and what the environment has under its name: `set` the value when it is not
/// empty, `theirs` its pieces when it holds a reference.
fn settle(
    entry: Entry,
    set: Option<&[u8]>,
    theirs: Option<Option<Vec<Piece>>>,
    winner: Option<Winner>,
    problems: &mut Problems,
) -> Source {
    let ours = Source {
        name: entry.name,
        pieces: entry.pieces,
        absent: entry.absent,
        as_file: entry.as_file,
        place: Some(entry.place),
        entry: true,
        given: false,
    };
    let Some(set) = set else { return ours };
    let Some(pieces) = &ours.pieces else {
        return ours;
    };
    let same = match (&theirs, pieces.as_slice()) {
        (Some(theirs), _) => theirs.as_ref().is_none_or(|theirs| theirs == pieces),
        (None, [Piece::Literal(text)]) => text.as_bytes() == set,
        (None, _) => false,
    };
    match winner {
        _ if same => ours,
        Some(Winner::Manifest) => ours,
        Some(Winner::Environment) => Source {
            absent: Absent::Fail,
            as_file: false,
            place: None,
            given: theirs.is_none(),
            pieces: theirs
                .unwrap_or_else(|| std::str::from_utf8(set).ok().map(|text| vec![Piece::Literal(text.to_owned())])),
            ..ours
        },
        None => {
            let set_by = set_by(&ours.name, ours.as_file);
            let what = format!("`{set_by}` is set in the environment to something else");
            let mut problem = Problem::new(Kind::Config, what)
                .cure("remove one of the two, or say who wins: `on_conflict: manifest` or `on_conflict: environment`")
                .about(Subject { targets: vec![ours.name.clone()], ..Subject::default() });
            problem.place = ours.place.clone();
            problems.push(problem);
            ours
        }
    }
}

/// Turns sources into variables, each after those it is made of.
fn variables(sources: Vec<Source>, providers: &mut Providers<'_>, plan: &mut Plan) {
    let named: BTreeMap<&str, usize> =
        sources.iter().enumerate().map(|(index, source)| (source.name.as_str(), index)).collect();
    let mut uses = Vec::with_capacity(sources.len());
    for source in &sources {
        let mut of_this = Vec::new();
        for piece in source.pieces.iter().flatten() {
            let Piece::Entry(name) = piece else { continue };
            let used = named.get(name.as_str()).and_then(|&index| Some((index, sources.get(index)?)));
            let fault = match used.filter(|(_, used)| used.entry) {
                Some((index, used)) if used.pieces.is_some() || !used.given => {
                    of_this.push(index);
                    continue;
                }
                _ if providers.is_full() => continue,
                Some(_) => {
                    (format!("`${{{name}}}` is not UTF-8 text in the environment"), "let the manifest win".into())
                }
                None => {
                    let names = sources.iter().filter(|source| source.entry).map(|source| source.name.as_str());
                    let cure = match nearest(name, names) {
                        Some(meant) => format!("did you mean `${{{meant}}}`?"),
                        None => format!(
                            "add `{name}` to `env`; for the container's own variable write `${{secret://env/{name}}}`, for the text \
                             itself `$${{{name}}}`"
                        ),
                    };
                    (format!("`${{{name}}}` is no entry of the manifest"), cure)
                }
            };
            let needed = Needed { name: &source.name, place: source.place.as_ref() };
            providers.problems.push(problem_of(&needed, &fault.0, &fault.1));
        }
        uses.push(of_this);
    }
    let ordered = order(&uses);
    for cycle in &ordered.cycles {
        let names: Vec<&str> =
            cycle.iter().filter_map(|&index| sources.get(index)).map(|source| source.name.as_str()).collect();
        let first = cycle.first().and_then(|&index| sources.get(index));
        let cure = match names.as_slice() {
            [name, _] => format!("for the container's own variable write `${{secret://env/{name}}}`"),
            _ => "write out one of them, without the others in it".to_owned(),
        };
        let mut problem =
            Problem::new(Kind::Config, format!("entries made of one another: {}", names.join(" -> "))).cure(cure);
        problem.place = first.and_then(|source| source.place.clone());
        providers.problems.push(problem);
    }
    // Of what the command has already, only what others are made of becomes a variable.
    let mut wanted: Vec<bool> = sources.iter().map(|source| !source.given).collect();
    for &used in uses.iter().flatten() {
        if let Some(slot) = wanted.get_mut(used) {
            *slot = true;
        }
    }
    let mut index_of: BTreeMap<&str, usize> = BTreeMap::new();
    for source in
        ordered.order.iter().filter(|&&index| wanted.get(index) == Some(&true)).filter_map(|&index| sources.get(index))
    {
        let needed = Needed { name: &source.name, place: source.place.as_ref() };
        let mut parts = Vec::new();
        for piece in source.pieces.iter().flatten() {
            let part = match piece {
                Piece::Literal(text) => Some(Part::Literal(text.clone())),
                Piece::Entry(name) => index_of.get(name.as_str()).map(|&index| Part::Variable(index)),
                Piece::Secret(reference) => providers.part(reference, &needed, plan),
            };
            parts.extend(part);
        }
        index_of.insert(&source.name, plan.variables.len());
        plan.variables.push(Variable {
            name: source.name.clone(),
            parts,
            absent: source.absent.clone(),
            as_file: source.as_file,
            place: source.place.clone(),
        });
    }
}
