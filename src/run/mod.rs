//! The pipeline, and the only room that knows every stage: read, plan, fetch, deliver, hand over, supervise.

mod resolver;
mod verbs;

use crate::attempt::{OPEN_FILES, reason};
use crate::cli::{self, Invocation, Options, Verb};
use crate::deliver::{self, Owner, is_stripped};
use crate::environment::Environment;
use crate::error::{Problem, Problems, Subject};
use crate::exit::{Kind, code_for};
use crate::handover::{self, Asked, User};
use crate::plan::{Part, Plan};
use crate::report::{self, Log, Started as StartedLine};
use crate::supervise;
use crate::supervise::start::{Started, await_command};
use crate::sys::process::{self, Forked};
use crate::{manifest, plan, signals, stores, sys};
use nix::fcntl::OFlag;
use nix::sys::prctl;
use resolver::{Resolver, Supervisor};
use std::ffi::{CStr, CString};
use std::io::IsTerminal;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is left to a resolver beyond `--timeout` and the revoking, before it is taken for stuck.
const SLACK: Duration = Duration::from_secs(2);

/// How the report of a failed start ends.
const NOTHING_STARTED: &str = "nothing was started";

/// The program: arguments and environment in, exit code out.
pub fn main(arguments: Vec<&'static CStr>, environment: Environment<'static>) -> u8 {
    handover::take_closed_descriptors();
    let log = early_log(&arguments, &environment);
    let invocation = match cli::parse(&arguments, &environment) {
        Ok(invocation) => invocation,
        Err(problems) => return refused(log, &problems),
    };
    let log = Log { format: invocation.options.log_format, verbosity: invocation.options.verbosity, ..log };
    // The end of a report: what has not happened.
    let undone = match invocation.verb {
        Verb::Check => "check failed",
        Verb::Plan => "there is no plan",
        _ => NOTHING_STARTED,
    };
    let outcome = match invocation.verb {
        Verb::Help => verbs::say(&cli::help()),
        Verb::Version => verbs::say(&format!("{}\n", cli::version())),
        Verb::Schema => verbs::say(&manifest::schema::text(stores::SPECS)),
        Verb::Plan => {
            read_and_plan(&invocation, &environment).and_then(|plan| verbs::explain(&plan, invocation.options.json))
        }
        Verb::Check => {
            read_and_plan(&invocation, &environment).and_then(|plan| verbs::check(plan, environment, &invocation, log))
        }
        Verb::Run => run(invocation, environment, log),
    };
    outcome.unwrap_or_else(|problems| {
        log.failed(&problems, undone);
        code_for(problems.iter().map(|problem| problem.kind))
    })
}

/// How to speak before the command line is understood: by those of its options that are about speaking.
fn early_log(arguments: &[&'static CStr], environment: &Environment<'_>) -> Log {
    let (format, verbosity) = cli::log_settings(arguments, environment);
    let colour = report::colour_fits(std::io::stderr().is_terminal(), environment);
    Log { format, verbosity, colour, never_block: false }
}

/// Reports what is wrong with a start, and gives the exit code for it.
fn refused(log: Log, problems: &[Problem]) -> u8 {
    log.failed(problems, NOTHING_STARTED);
    code_for(problems.iter().map(|problem| problem.kind))
}

/// READ and PLAN: no network yet, and nothing secret.
fn read_and_plan(invocation: &Invocation, environment: &Environment<'_>) -> Result<Plan, Problems> {
    let manifest = manifest::source::load(invocation.options.manifest.as_deref(), environment)?;
    plan::build(manifest, environment, &invocation.options.keep_env)
}

/// The verb `run`. Everything that can be found wrong without a store is found before one is asked.
fn run(invocation: Invocation, environment: Environment<'static>, log: Log) -> Result<u8, Problems> {
    let plan = read_and_plan(&invocation, &environment)?;
    let options = invocation.options;
    let user = options
        .user
        .as_deref()
        .map(|user| handover::lookup(user, &Asked::OPTION))
        .transpose()
        .map_err(|problem| vec![problem])?;
    let owners = owners(&plan, user.as_ref())?;
    let name = invocation.command.first().copied().unwrap_or_default();
    let program = handover::locate(name, path(&plan, &environment))
        .map_err(|problem| vec![with_the_verb_meant(problem, &invocation.command)])?;
    let directory = if plan.variables.iter().any(|variable| variable.as_file) {
        deliver::place::directory(plan.files_dir.as_deref())
    } else {
        None
    };
    let arguments = invocation.command;
    let start = Start { plan: Arc::new(plan), options, arguments, program, user, directory, owners, log };
    if start.options.exec { start.become_it(environment) } else { start.spawn(environment) }
}

/// Whom each file of the plan is to belong to: its `owner`, else who the command runs as.
fn owners(plan: &Plan, user: Option<&User>) -> Result<Vec<Option<Owner>>, Problems> {
    let mut problems = Problems::new();
    let mut owners = Vec::with_capacity(plan.files.len());
    for file in &plan.files {
        match file.owner.as_deref().map(|owner| handover::lookup(owner, &Asked::OWNER)).transpose() {
            Ok(named) => owners.push(named.as_ref().or(user).map(owner)),
            Err(problem) => {
                let targets = vec![file.content.name.clone()];
                let problem = Problem { place: file.content.place.clone(), ..problem };
                problems.push(problem.about(Subject { targets, ..Subject::default() }));
            }
        }
    }
    if problems.is_empty() { Ok(owners) } else { Err(problems) }
}

fn owner(user: &User) -> Owner {
    Owner { uid: user.uid, gid: user.gid }
}

/// `keyinit chekc` is a command that is not there; a verb was probably meant.
fn with_the_verb_meant(problem: Problem, command: &[&CStr]) -> Problem {
    match command {
        [word] if problem.kind == Kind::NotFound => match cli::meant(word.to_bytes()) {
            Some(verb) => problem.cure(format!("did you mean `keyinit {verb}`? Else give the command's full path")),
            None => problem,
        },
        _ => problem,
    }
}

/// Where the command is looked for: the PATH that it will have, as far as that is known before any store is asked.
fn path<'a>(plan: &'a Plan, environment: &Environment<'a>) -> Option<&'a [u8]> {
    let planned = plan.variables.iter().find(|variable| variable.name == "PATH").and_then(|variable| {
        match variable.parts.as_slice() {
            [Part::Literal(text)] => Some(text.as_bytes()),
            _ => None,
        }
    });
    planned.or_else(|| environment.get("PATH"))
}

/// A start that is ready to go: planned, and the command found.
struct Start {
    plan: Arc<Plan>,
    options: Options,
    arguments: Vec<&'static CStr>,
    program: CString,
    user: Option<User>,
    /// The tmpfs that values with `as: file` go to; none where they go to memory files.
    directory: Option<PathBuf>,
    /// Whom each file of the plan is to belong to; none where that is who keyinit runs as.
    owners: Vec<Option<Owner>>,
    log: Log,
}

impl Start {
    /// `--exec`: this process does the resolver's part and becomes the command.
    fn become_it(self, environment: Environment<'static>) -> Result<u8, Problems> {
        for (path, _) in removed(&self) {
            self.log.warn(&format!("{path} stays when the command ends: with --exec nobody is left to remove it"));
        }
        Ok(Resolver::new(self, environment, None).run())
    }

    /// Whom files belong to that say nothing of it: who the command runs as.
    fn owner(&self) -> Option<Owner> {
        self.user.as_ref().map(owner)
    }

    /// Forks the resolver, which becomes the command, and supervises it. This process never holds a secret value.
    fn spawn(self, environment: Environment<'static>) -> Result<u8, Problems> {
        let broken = |what: &str, error: std::io::Error| vec![not_given(what, &error)];
        self.adopt_orphans();
        if let Some(number) = self.follow_parent() {
            return Ok(ended_by(number));
        }
        let (listen, tell) =
            nix::unistd::pipe2(OFlag::O_CLOEXEC).map_err(|error| broken("make a pipe", error.into()))?;
        let names = Names::of(&self);
        let pid = nix::unistd::getpid();
        let ignores_children = handover::stop_ignoring_children();
        let supervision = self.supervision();
        let hard_stop = self.hard_stop();
        let (plan, options) = (Arc::clone(&self.plan), self.options.clone());
        #[cfg(feature = "twin-resolve-in-pid1")]
        let twin = resolver::resolve(&self, &environment);
        match process::fork().map_err(|error| broken("fork", error))? {
            Forked::Child => {
                drop(listen);
                let resolver = Resolver::new(self, environment, Some(Supervisor { pid, tell, ignores_children }));
                #[cfg(feature = "twin-resolve-in-pid1")]
                let resolver = resolver.with(twin);
                process::exit(resolver.run())
            }
            Forked::Parent(pid) => {
                #[cfg(feature = "twin-resolve-in-pid1")]
                std::mem::forget(twin);
                drop((tell, self));
                if cfg!(not(feature = "twin-unscrubbed")) {
                    sys::environment::overwrite(environment, |name| is_stripped(name, &plan.strip, &options.keep_env));
                }
                drop((plan, options));
                Ok(stay(pid, listen, hard_stop, &names, &supervision))
            }
        }
    }

    /// Orphans come to PID 1 by themselves; to any other process only if it asks.
    fn adopt_orphans(&self) {
        if nix::unistd::getpid().as_raw() != 1 && prctl::set_child_subreaper(true).is_err() && self.options.subreaper {
            self.log.warn("this kernel cannot make keyinit a subreaper: orphans will not come to it");
        }
    }

    /// `--parent-death-signal`: asks the kernel for it. The signal's number where the parent has died already: whoever dies
    /// before the call sends nothing any more (prctl(2)), and a start whose parent is gone ends as the signal would have
    /// ended it.
    fn follow_parent(&self) -> Option<i32> {
        let number = self.options.parent_death_signal?;
        let parent = nix::unistd::getppid();
        let _ = prctl::set_pdeathsig(nix::sys::signal::Signal::try_from(number).ok()?);
        (nix::unistd::getppid() != parent).then_some(number)
    }

    fn hard_stop(&self) -> Option<Instant> {
        let allowed = self.options.timeout.checked_add(self.options.revoke_timeout)?.checked_add(SLACK)?;
        Instant::now().checked_add(allowed)
    }

    fn supervision(&self) -> supervise::Settings {
        supervise::Settings {
            group: self.options.group,
            rewrite: self.options.rewrite_signal.clone(),
            remap: self.options.remap_exit.clone(),
            grace: self.options.grace,
            kill_after: self.options.kill_after,
            log: Log { never_block: true, ..self.log },
        }
    }
}

/// What is needed of the plan when it is gone.
struct Names {
    command: String,
    /// The providers of each login.
    stores: Vec<String>,
    /// Files that are removed when the command has ended, each with its owner.
    removed: Vec<(String, Option<Owner>)>,
}

impl Names {
    fn of(start: &Start) -> Names {
        let first = start.arguments.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        Names {
            command: first.rsplit('/').next().unwrap_or_default().to_owned(),
            stores: start.plan.logins.iter().map(|login| login.providers.join("+")).collect(),
            removed: removed(start),
        }
    }

    /// Which store gave how many secrets; those that gave none are left out.
    fn with_counts(&self, counts: &[u16]) -> Vec<(&str, usize)> {
        let counts = counts.iter().map(|count| usize::from(*count));
        self.stores.iter().map(String::as_str).zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}

/// The files that do not outlive the command: those on a disk, and those of variables.
fn removed(start: &Start) -> Vec<(String, Option<Owner>)> {
    let files = start.plan.files.iter().zip(&start.owners).filter(|(file, _)| file.on_disk);
    let of_plan = files.map(|(file, owner)| (file.content.name.clone(), *owner));
    let variables = start.plan.variables.iter().filter(|variable| variable.as_file);
    let paths = variables.filter_map(|variable| deliver::place::path(start.directory.as_deref()?, &variable.name));
    of_plan.chain(paths.map(|path| (path, start.owner()))).collect()
}

/// The process that stays: waits for the command to run, then supervises it. From here on there is no early return but an
/// exit code.
fn stay(pid: i32, listen: OwnedFd, hard_stop: Option<Instant>, names: &Names, settings: &supervise::Settings) -> u8 {
    let log = settings.log;
    let started = match await_command(pid, listen, hard_stop) {
        Ok(started) => started,
        Err(error) => {
            sys::signal::send(pid, libc::SIGKILL);
            return refused(log, &[not_given("wait for the start", &error)]);
        }
    };
    match started {
        Started::Running(said, ended) => {
            let ready = said.ready.unwrap_or_default();
            let stores = names.with_counts(&ready.secrets);
            let took = Duration::from_millis(ready.milliseconds.into());
            log.started(&StartedLine { stores: &stores, took, command: &names.command, pid: Some(pid) });
            let code = supervise::run(pid, ended, settings);
            deliver::remove(&names.removed);
            code
        }
        Started::Refused(code) => code,
        Started::Interrupted(number) => ended_by(number),
        Started::NotExecuted(errno) => refused(log, &[not_executed(&names.command, errno)]),
        Started::Killed(number) => {
            let what = format!("the resolver was killed by {} before the command ran", signals::name(number));
            refused(log, &[Problem::new(Kind::Internal, what).cure(killed_cure(number))])
        }
        Started::Stuck => {
            let what = "the start did not end at its deadline, and the resolver was killed";
            refused(log, &[Problem::new(Kind::Deadline, what).cure("raise --timeout, or see what holds the store up")])
        }
    }
}

/// What to do about a resolver that signal `number` killed. It blocks them all: what kills it all the same is KILL, or the
/// kernel's answer to what it did.
fn killed_cure(number: i32) -> &'static str {
    match number {
        libc::SIGKILL => "SIGKILL here is most often the kernel's: give the container more memory, or see who sent it",
        libc::SIGSYS => {
            "a seccomp profile forbids a system call that keyinit needs: see the container's security options"
        }
        _ => "this is a fault in keyinit: please report it, with what `-v` says",
    }
}

/// That the kernel refused us `what`, with a cure where it is for want of something that has a limit.
fn not_given(what: &str, error: &std::io::Error) -> Problem {
    let cure = match error.raw_os_error() {
        Some(libc::EMFILE) => OPEN_FILES,
        Some(libc::EAGAIN) => "raise the limit of processes: `ulimit -u`, or the pids limit of the container",
        Some(libc::ENOMEM) => "give the container more memory",
        _ => "see whether a seccomp profile or a limit forbids it",
    };
    Problem::new(Kind::Internal, format!("cannot {what}: {}", reason(error))).cure(cure)
}

/// The exit code of a start that signal `number` ended.
fn ended_by(number: i32) -> u8 {
    u8::try_from(128 + number).unwrap_or(Kind::Internal.code())
}

/// Why execve failed although [`handover::locate`] had found the program: 127 where the interpreter is missing, as in a
/// shell, else 126.
fn not_executed(command: &str, errno: i32) -> Problem {
    let error = std::io::Error::from_raw_os_error(errno);
    let kind = if errno == libc::ENOENT { Kind::NotFound } else { Kind::NotExecutable };
    let cure = match errno {
        libc::ENOENT => "its interpreter or dynamic loader is not in this image: see its first line, or `file` on it",
        libc::E2BIG => "arguments and environment are too large together: let the command read large values from files",
        libc::EACCES => "see the file's permissions, and whether it lies on a file system mounted noexec",
        // RLIMIT_NPROC: setresuid(2) lets it pass, and execve(2) enforces it.
        libc::EAGAIN => "the command's user has more processes than its limit allows: raise it (`ulimit -u`)",
        libc::EPERM => "keyinit may not change to --user here: it needs CAP_SETUID and CAP_SETGID",
        _ => "see whether the file is a program for this machine",
    };
    Problem::new(kind, format!("the command `{command}` cannot be executed: {}", reason(&error))).cure(cure)
}
