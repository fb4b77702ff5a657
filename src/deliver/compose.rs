//! Puts the variables together from what was fetched. All or nothing: one report names every variable that failed.

use super::filter;
use super::pick::{Picked, Unpicked, pick};
use crate::error::{Problem, Problems, Subject};
use crate::exit::Kind;
use crate::fetch::Fetched;
use crate::plan::{Absent, Part, Pick, Plan, Variable};
use crate::secret::{Buffer, Secret};
use crate::stores::Failure;
use crate::suggest::nearest;
use std::collections::BTreeMap;

/// Longer values are refused: a manifest whose entries are made of one another can grow without bounds.
const LONGEST: usize = 16 << 20;

/// The cure where a store knows none.
const IF_ABSENT: &str =
    "check the path and what the store has there; `optional: true` or `default:` in the manifest does without it";

/// Names of fields that a message lists at most.
const MOST_NAMES: usize = 20;

/// What the command gets beside its environment.
pub struct Resolved {
    /// Names and values, in the order of the plan.
    pub variables: Vec<(String, Secret)>,
    /// The same for those that the command reads from a file.
    pub as_files: Vec<(String, Secret)>,
    /// What is written into files: indices into [`Plan::files`], in its order.
    pub files: Vec<(usize, Secret)>,
}

/// Picks, filters and joins.
///
/// # Errors
/// Every variable that failed. Those that failed for one reason on one read, or of one login, share a problem.
pub fn compose(plan: &Plan, fetched: Fetched) -> Result<Resolved, Problems> {
    let mut faults = Faults { plan, fetched: &fetched, known: BTreeMap::new(), list: Vec::new() };
    let mut states: Vec<State> = Vec::with_capacity(plan.variables.len());
    for variable in &plan.variables {
        let state = faults.variable(variable, &states);
        states.push(state);
    }
    let files: Vec<State> = plan.files.iter().map(|file| faults.variable(&file.content, &[])).collect();
    let problems = faults.into_problems();
    if !problems.is_empty() {
        return Err(problems);
    }
    let mut resolved = Resolved { variables: Vec::new(), as_files: Vec::new(), files: Vec::new() };
    for (variable, state) in plan.variables.iter().zip(states) {
        if let State::Ready(value) = state {
            let list = if variable.as_file { &mut resolved.as_files } else { &mut resolved.variables };
            list.push((variable.name.clone(), value));
        }
    }
    let written = files.into_iter().enumerate().filter_map(|(index, state)| match state {
        State::Ready(value) => Some((index, value)),
        State::Omitted(_) | State::Failed(_) => None,
    });
    resolved.files = written.collect();
    Ok(resolved)
}

/// What became of a variable. Numbers are indices of faults.
enum State {
    Ready(Secret),
    /// Left out, because of these.
    Omitted(Vec<usize>),
    Failed(Vec<usize>),
}

/// What tells two faults apart.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Cause {
    Login(usize),
    Read(usize),
    Key(usize, Option<String>),
    Filter(usize, Option<String>, &'static str),
    Length(String),
}

/// One reason, and all that fail for it.
struct Fault {
    kind: Kind,
    /// Whether it means that something does not exist, which `optional` and `default` are for.
    absent: bool,
    /// Whether it is about a login as a whole, and not about one secret.
    of_login: bool,
    why: String,
    cure: Option<String>,
    read: Option<usize>,
    keys: Vec<Option<String>>,
    targets: Vec<String>,
}

impl Fault {
    fn new(kind: Kind, why: impl Into<String>) -> Self {
        Fault {
            kind,
            absent: false,
            of_login: false,
            why: why.into(),
            cure: None,
            read: None,
            keys: Vec::new(),
            targets: Vec::new(),
        }
    }
}

struct Faults<'a> {
    plan: &'a Plan,
    fetched: &'a Fetched,
    known: BTreeMap<Cause, usize>,
    list: Vec<Fault>,
}

impl Faults<'_> {
    fn variable(&mut self, variable: &Variable, earlier: &[State]) -> State {
        let mut value = Buffer::default();
        let mut found: Vec<usize> = Vec::new();
        for part in &variable.parts {
            match part {
                Part::Literal(text) => value.push(text.as_bytes()),
                Part::Secret(pick) => match self.secret(pick, &mut value) {
                    Ok(()) => {}
                    Err(fault) => found.push(fault),
                },
                Part::Variable(index) => match earlier.get(*index) {
                    Some(State::Ready(text)) => value.push(text.expose()),
                    Some(State::Omitted(faults) | State::Failed(faults)) => found.extend(faults),
                    None => {
                        let fault = Fault::new(Kind::Internal, "made of a variable that comes later");
                        found.push(self.note(Cause::Length(variable.name.clone()), fault, None));
                    }
                },
            }
            if value.len() > LONGEST {
                let mut fault = Fault::new(Kind::Undeliverable, "longer than 16 MiB");
                fault.cure = Some("see what it is made of: an entry made of others is as long as all of them".into());
                found.push(self.note(Cause::Length(variable.name.clone()), fault, None));
                break;
            }
        }
        if found.is_empty() {
            return State::Ready(value.into_secret());
        }
        let absent = found.iter().all(|&fault| self.list.get(fault).is_some_and(|fault| fault.absent));
        match &variable.absent {
            Absent::Omit if absent => State::Omitted(found),
            Absent::Default(text) if absent => State::Ready(Secret::copy_of(text.as_bytes())),
            _ => {
                // What is absent and may be is no reason.
                if variable.absent != Absent::Fail {
                    found.retain(|&fault| self.list.get(fault).is_some_and(|fault| !fault.absent));
                }
                for &fault in &found {
                    if let Some(fault) = self.list.get_mut(fault)
                        && !fault.targets.contains(&variable.name)
                    {
                        fault.targets.push(variable.name.clone());
                    }
                }
                State::Failed(found)
            }
        }
    }

    /// Appends a secret to `value`, or says which fault kept it.
    fn secret(&mut self, wanted: &Pick, value: &mut Buffer) -> Result<(), usize> {
        let fetched = self.fetched;
        let read = wanted.read;
        let content = match fetched.answers.get(read) {
            Some(Ok(answer)) => &answer.content,
            Some(Err(failure)) => return Err(self.failure(wanted, failure)),
            None => {
                let fault = Fault::new(Kind::Internal, "it was not fetched");
                return Err(self.note(Cause::Read(read), fault, Some(wanted)));
            }
        };
        let picked = pick(content, wanted.key.as_deref()).map_err(|unpicked| {
            let fault = unpicked_fault(unpicked, wanted.key.as_deref());
            self.note(Cause::Key(read, wanted.key.clone()), fault, Some(wanted))
        })?;
        let mut picked = picked;
        for filter in &wanted.filters {
            let filtered = filter::apply(*filter, picked.expose()).map_err(|why| {
                let mut fault = Fault::new(Kind::Undeliverable, why);
                fault.cure = Some("take the filter away, or store a value that fits it".into());
                self.note(Cause::Filter(read, wanted.key.clone(), why), fault, Some(wanted))
            })?;
            picked = Picked::Owned(filtered);
        }
        value.push(picked.expose());
        Ok(())
    }

    /// The fault of a read that failed, or of the login above it.
    fn failure(&mut self, wanted: &Pick, failure: &Failure) -> usize {
        let login = self.plan.reads.get(wanted.read).map(|read| read.login);
        let of_login = login.and_then(|login| self.fetched.logins.get(login)?.as_ref().map(|failure| (login, failure)));
        let (cause, failure) = match of_login {
            Some((login, failure)) => (Cause::Login(login), failure),
            None => (Cause::Read(wanted.read), failure),
        };
        let location = login.and_then(|login| self.plan.logins.get(login)).map(|login| login.store.location());
        let location = location.unwrap_or_default();
        let why = if of_login.is_some() { failure.of_login(&location) } else { failure.of_read(&location) };
        let mut fault = Fault::new(failure.kind, why);
        fault.absent = of_login.is_none() && failure.kind == Kind::Missing;
        fault.cure = failure.cure.clone().or_else(|| fault.absent.then(|| IF_ABSENT.to_owned()));
        if of_login.is_some() {
            fault.of_login = true;
        }
        self.note(cause, fault, Some(wanted))
    }

    /// The index of the fault with this cause.
    fn note(&mut self, cause: Cause, fault: Fault, wanted: Option<&Pick>) -> usize {
        let next = self.list.len();
        let index = *self.known.entry(cause).or_insert(next);
        if index == next {
            self.list.push(fault);
        }
        if let (Some(fault), Some(wanted)) = (self.list.get_mut(index), wanted) {
            fault.read.get_or_insert(wanted.read);
            if !fault.keys.contains(&wanted.key) {
                fault.keys.push(wanted.key.clone());
            }
        }
        index
    }

    fn into_problems(self) -> Problems {
        let plan = self.plan;
        self.list.into_iter().filter(|fault| !fault.targets.is_empty()).map(|fault| problem(plan, fault)).collect()
    }
}

fn unpicked_fault(unpicked: Unpicked, key: Option<&str>) -> Fault {
    let (why, absent, cure) = match unpicked {
        Unpicked::Null => {
            let cure = "set it in the store; `optional: true` or `default:` in the manifest does without it".to_owned();
            ("the value is null".to_owned(), true, Some(cure))
        }
        Unpicked::Empty => ("there is no field in it".to_owned(), true, Some("set one in the store".to_owned())),
        // Not a secret that is absent but a reference that is ambiguous: `optional` must not hide it.
        Unpicked::Several(names) => {
            let why = format!("several fields and no key: {}", list(&names));
            (why, false, Some("add `#key` with one of these names".to_owned()))
        }
        Unpicked::NoKey(names) => {
            let cure = match key.and_then(|key| nearest(key, names.iter().map(String::as_str))) {
                Some(meant) => Some(format!("did you mean `{}`?", clean(meant))),
                None if names.is_empty() => Some(
                    "see what is in it: dots and `[n]` pick inside JSON text, and nothing else has keys".to_owned(),
                ),
                None => Some(format!("the keys are {}", list(&names))),
            };
            ("no such key".to_owned(), true, cure)
        }
    };
    let mut fault = Fault::new(Kind::Missing, why);
    fault.absent = absent;
    fault.cure = cure;
    fault
}

fn list(names: &[String]) -> String {
    let mut shown: Vec<String> = names.iter().take(MOST_NAMES).map(|name| clean(name)).collect();
    if names.len() > MOST_NAMES {
        shown.push("...".into());
    }
    shown.join(", ")
}

/// Names come from the store: what would steer a terminal is taken out.
fn clean(name: &str) -> String {
    name.chars().map(|c| if c.is_control() { '\u{fffd}' } else { c }).collect()
}

fn problem(plan: &Plan, fault: Fault) -> Problem {
    let read = fault.read.and_then(|read| plan.reads.get(read));
    // A key is named where it is the only one.
    let key = match fault.keys.as_slice() {
        [key] if !fault.of_login => key.clone(),
        _ => None,
    };
    let secret = read.filter(|_| !fault.of_login);
    let mut problem = Problem::new(fault.kind, fault.why).about(Subject {
        targets: fault.targets,
        provider: read.map(|read| read.provider.clone()),
        path: secret.map(|read| read.path.clone()),
        key,
        version: secret.and_then(|read| read.locator.version.clone()),
    });
    problem.cure = fault.cure;
    problem
}
