//! The command's environment: what keyinit inherited, less what is stripped, plus what was resolved.

use crate::environment::Environment;
use crate::error::{Problem, Problems, Subject};
use crate::exit::Kind;
use crate::plan::{Plan, Winner};
use crate::secret::{Buffer, Secret};
use std::ffi::CStr;

/// The longest `NAME=value` that execve(2) takes: MAX_ARG_STRLEN is 32 pages, the final NUL included.
const LONGEST_ENTRY: usize = 131_071;

/// The kernel never lets argv and environment have more than this (three quarters of the default stack limit).
const MOST: usize = 6 * 1024 * 1024;

/// The kernel always lets them have this much (ARG_MAX).
const LEAST: usize = 131_072;

/// `NAME=value` entries, ready for execve. Inherited ones are borrowed; resolved ones are wiped on drop.
pub struct CommandEnvironment {
    inherited: Vec<&'static CStr>,
    resolved: Vec<Secret>,
    /// Names that were taken out, for the log.
    pub stripped: Vec<String>,
}

impl CommandEnvironment {
    /// All entries, the inherited ones first and in their order.
    pub fn entries(&self) -> Vec<&CStr> {
        let resolved = self.resolved.iter().filter_map(|entry| CStr::from_bytes_with_nul(entry.expose()).ok());
        self.inherited.iter().copied().chain(resolved).collect()
    }
}

/// Puts the command's environment together, or names every variable that does not fit: 73. `arguments` count against
/// the same limit of the kernel, `stack_limit` is the soft RLIMIT_STACK in bytes.
pub fn build(
    inherited: &Environment<'static>,
    resolved: Vec<(String, Secret)>,
    plan: &Plan,
    keep: &[String],
    arguments: &[&CStr],
    stack_limit: u64,
) -> Result<CommandEnvironment, Problems> {
    let mut problems = Problems::new();
    let mut environment = CommandEnvironment { inherited: Vec::new(), resolved: Vec::new(), stripped: Vec::new() };
    let keeps_existing = |name: &[u8]| plan.on_conflict == Some(Winner::Environment) && is_set_by_hand(inherited, name);
    for (entry, (name, _)) in inherited.entries().iter().zip(inherited.iter()) {
        if is_stripped(name, &plan.strip, keep) {
            environment.stripped.push(String::from_utf8_lossy(name).into_owned());
        } else if keeps_existing(name) || !resolved.iter().any(|(other, _)| other.as_bytes() == name) {
            environment.inherited.push(entry);
        }
    }
    let mut sizes = Vec::new();
    for (name, value) in resolved {
        if keeps_existing(name.as_bytes()) {
            continue;
        }
        match entry(&name, &value) {
            Ok(entry) => {
                sizes.push((entry.len(), name));
                environment.resolved.push(entry);
            }
            Err(problem) => problems.push(problem),
        }
    }
    problems.extend(too_large(&environment, sizes, arguments, stack_limit));
    if problems.is_empty() { Ok(environment) } else { Err(problems) }
}

/// Whether `name` does not reach the command: keyinit's own variables, and the credentials of the stores in use.
pub fn is_stripped(name: &[u8], strip: &[String], keep: &[String]) -> bool {
    let listed = |list: &[String]| list.iter().any(|other| other.as_bytes() == name);
    (name.starts_with(b"KEYINIT_") || listed(strip)) && !listed(keep)
}

/// A reference is not "set to something else": it is what gets resolved.
fn is_set_by_hand(inherited: &Environment<'_>, name: &[u8]) -> bool {
    inherited.iter().any(|(other, value)| {
        other == name && !value.is_empty() && !value.starts_with(b"secret://") && !contains(value, b"${secret://")
    })
}

fn contains(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window == part)
}

/// `NAME=value` and a final NUL, in one allocation of its exact size.
fn entry(name: &str, value: &Secret) -> Result<Secret, Problem> {
    let subject = || Subject { targets: vec![name.to_owned()], ..Subject::default() };
    if value.expose().contains(&0) {
        return Err(Problem::new(Kind::Undeliverable, "the value holds a NUL byte, which no variable can")
            .about(subject())
            .cure(
                "store it as text (base64, say), or let the command read it from a file: `as: file` in the manifest",
            ));
    }
    // A first `=` belongs to the name; a further one would make another name of it, and a NUL would cut it off.
    if name.is_empty() || name.contains('\0') || name.chars().skip(1).any(|c| c == '=') {
        return Err(Problem::new(Kind::Undeliverable, "no environment can hold a variable of this name")
            .about(subject())
            .cure("give it another name"));
    }
    let length = name.len().saturating_add(value.len()).saturating_add(1);
    if length > LONGEST_ENTRY {
        let what = format!("name and value take {length} bytes; the kernel allows a variable {LONGEST_ENTRY}");
        return Err(Problem::new(Kind::Undeliverable, what)
            .about(subject())
            .cure("let the command read it from a file: `as: file` in the manifest"));
    }
    let mut entry = Buffer::with_capacity(length.saturating_add(1));
    for part in [name.as_bytes(), b"=", value.expose(), b"\0"] {
        entry.push(part);
    }
    Ok(entry.into_secret())
}

/// execve(2): strings and pointers of argv and environment together may take a quarter of the stack limit.
fn too_large(
    environment: &CommandEnvironment,
    mut sizes: Vec<(usize, String)>,
    arguments: &[&CStr],
    stack_limit: u64,
) -> Option<Problem> {
    let allowed = usize::try_from(stack_limit / 4).unwrap_or(MOST).clamp(LEAST, MOST);
    let strings = environment.inherited.iter().chain(arguments).map(|entry| entry.to_bytes_with_nul().len());
    let total: usize = strings.chain(sizes.iter().map(|(size, _)| *size)).map(|size| size + size_of::<usize>()).sum();
    if total <= allowed || sizes.is_empty() {
        return None;
    }
    sizes.sort_by(|one, other| other.cmp(one));
    let largest: Vec<String> = sizes.into_iter().take(3).map(|(_, name)| name).collect();
    let what = format!("the command's arguments and environment take {total} bytes; the kernel allows {allowed}");
    Some(
        Problem::new(Kind::Undeliverable, what)
            .about(Subject { targets: largest, ..Subject::default() })
            .cure("let the command read the largest values from files (`as: file` in the manifest), or raise the stack limit (ulimit -s)"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn built(
        inherited: Vec<&'static CStr>,
        variables: &[(&str, &[u8])],
        plan: &Plan,
        keep: &[String],
    ) -> Result<Vec<String>, Problems> {
        let variables = variables.iter().map(|(name, value)| ((*name).to_owned(), Secret::copy_of(value))).collect();
        let inherited = Environment::new(inherited);
        build(&inherited, variables, plan, keep, &[c"command"], 8 << 20)
            .map(|built| built.entries().iter().map(|entry| entry.to_str().unwrap().to_owned()).collect())
    }

    #[test]
    fn stripped_replaced_and_kept() {
        let plan = Plan { strip: vec!["VAULT_TOKEN".into(), "VAULT_SECRET_ID".into()], ..Plan::default() };
        let inherited =
            vec![c"A=1", c"VAULT_TOKEN=t", c"KEYINIT_TIMEOUT=3", c"DB=secret://vault/x", c"VAULT_SECRET_ID=s"];
        let entries = built(inherited, &[("DB", b"v"), ("NEW", b"")], &plan, &["VAULT_SECRET_ID".into()]).unwrap();
        assert_eq!(entries, ["A=1", "VAULT_SECRET_ID=s", "DB=v", "NEW="]);
    }

    /// Its name begins with the first `=`, as for glibc: the reference must not reach the command beside its value.
    #[test]
    fn an_entry_that_begins_with_an_equals_sign_is_replaced_too() {
        let entries = built(vec![c"=A=secret://file/a", c"B=1"], &[("=A", b"v")], &Plan::default(), &[]);
        assert_eq!(entries.unwrap(), ["B=1", "=A=v"]);
    }

    #[test]
    fn a_name_that_no_environment_can_hold_is_refused() {
        for name in ["", "A=B", "A\0B"] {
            let problems = built(Vec::new(), &[(name, b"v")], &Plan::default(), &[]).unwrap_err();
            assert_eq!((problems[0].kind.code(), problems[0].subject.targets.join(",")), (73, name.to_owned()));
        }
    }

    #[test]
    fn the_environment_wins_where_it_was_told_to() {
        let plan = Plan { on_conflict: Some(Winner::Environment), ..Plan::default() };
        let entries =
            built(vec![c"DB=by-hand", c"B=", c"C=secret://x/y"], &[("DB", b"v"), ("B", b"v"), ("C", b"v")], &plan, &[]);
        assert_eq!(entries.unwrap(), ["DB=by-hand", "B=v", "C=v"]);
    }

    #[test]
    fn what_the_kernel_would_refuse_is_refused_by_name() {
        let long = vec![b'x'; LONGEST_ENTRY];
        let problems = built(Vec::new(), &[("NUL", b"a\0b"), ("LONG", &long)], &Plan::default(), &[]).unwrap_err();
        let told: Vec<_> =
            problems.iter().map(|problem| (problem.kind.code(), problem.subject.targets.join(","))).collect();
        assert_eq!(told, [(73, "NUL".to_owned()), (73, "LONG".to_owned())]);
        let just_fits = vec![b'x'; LONGEST_ENTRY - 2];
        assert!(built(Vec::new(), &[("A", &just_fits)], &Plan::default(), &[]).is_ok());
        let many: Vec<(&str, &[u8])> = vec![("A", &just_fits); 17];
        assert_eq!(built(Vec::new(), &many, &Plan::default(), &[]).unwrap_err()[0].kind.code(), 73);
    }
}
