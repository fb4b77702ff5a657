//! The resolver's part: fetch, deliver, and become the command. It runs in the forked half, or with `--exec` in keyinit
//! itself; execve then destroys every copy of a secret that it made.

use super::{Names, Start, ended_by, refused};
use crate::cli::Options;
use crate::deliver::{self, Delivery, Resolved, Wanted};
use crate::environment::Environment;
use crate::error::Problems;
use crate::exit::Kind;
use crate::fetch::{self, Fetched, Outcome};
use crate::handover::{self, Command, Hardened};
use crate::plan::{Part, Plan, file_variable};
use crate::report::{Log, Started};
use crate::secret::Secret;
use crate::stores::{Context, Deadline};
use crate::supervise::forward::ends_a_start;
use crate::supervise::record::{self, Ready};
use crate::sys::signal;
use nix::sys::prctl;
use nix::sys::resource::{Resource, getrlimit};
use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::Pid;
use std::ffi::CStr;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::time::{Duration, Instant};

/// The process that will be the command.
pub struct Resolver {
    start: Start,
    environment: Environment<'static>,
    /// The process that stays; none with `--exec`.
    supervisor: Option<Supervisor>,
    began: Instant,
    #[cfg(feature = "twin-resolve-in-pid1")]
    twin: Option<Result<(Delivery, Vec<u16>), Stop>>,
}

/// What the resolver knows of the process that stays.
pub struct Supervisor {
    /// Its pid.
    pub pid: Pid,
    /// Where it listens.
    pub tell: OwnedFd,
    /// Whether it was started with SIGCHLD ignored.
    pub ignores_children: bool,
}

/// Why there are no values.
pub enum Stop {
    /// These are wrong.
    Problems(Problems),
    /// Signal N came first.
    Signal(i32),
}

impl From<Problems> for Stop {
    fn from(problems: Problems) -> Self {
        Stop::Problems(problems)
    }
}

impl Resolver {
    /// A resolver for `start`, with the process that stays unless it is to stay itself.
    pub fn new(start: Start, environment: Environment<'static>, supervisor: Option<Supervisor>) -> Self {
        Resolver {
            start,
            environment,
            supervisor,
            began: Instant::now(),
            #[cfg(feature = "twin-resolve-in-pid1")]
            twin: None,
        }
    }

    /// Does it all; returns only when the command did not start, with the exit code.
    pub fn run(mut self) -> u8 {
        if let Some(supervisor) = &self.supervisor {
            // Nobody is to be left with secrets in its memory when the supervisor is gone. One that went before the call
            // sends no signal any more (prctl(2)).
            let _ = prctl::set_pdeathsig(Signal::SIGKILL);
            if nix::unistd::getppid() != supervisor.pid {
                return Kind::Internal.code();
            }
        }
        let hardened = if self.start.plan.is_empty() { Hardened::default() } else { handover::harden() };
        let stop = match self.resolve() {
            Ok((delivery, counts)) => return self.hand_over(&delivery, hardened, counts),
            Err(stop) => stop,
        };
        match stop {
            Stop::Problems(problems) => refused(self.start.log, &problems),
            Stop::Signal(number) => ended_by(number),
        }
    }

    fn resolve(&mut self) -> Result<(Delivery, Vec<u16>), Stop> {
        #[cfg(feature = "twin-resolve-in-pid1")]
        if let Some(twin) = self.twin.take() {
            return twin;
        }
        resolve(&self.start, &self.environment)
    }

    /// The twin's way: what was resolved before the fork.
    #[cfg(feature = "twin-resolve-in-pid1")]
    pub fn with(mut self, twin: Result<(Delivery, Vec<u16>), Stop>) -> Self {
        self.twin = Some(twin);
        self
    }

    /// HAND OVER: becomes the command.
    fn hand_over(&self, delivery: &Delivery, hardened: Hardened, counts: Vec<u16>) -> u8 {
        let command = Command {
            program: &self.start.program,
            arguments: self.start.arguments.iter().map(|argument| -> &CStr { argument }).collect(),
            environment: delivery.environment.entries(),
            user: self.start.user.clone(),
            hardened,
            own_group: self.supervisor.is_some(),
            ignores_children: self.supervisor.as_ref().is_some_and(|supervisor| supervisor.ignores_children),
        };
        let milliseconds = u32::try_from(self.began.elapsed().as_millis()).unwrap_or(u32::MAX);
        if self.supervisor.is_none() {
            // No process stays that could say it afterwards.
            let (names, took) = (Names::of(&self.start), self.began.elapsed());
            let stores = names.with_counts(&counts);
            self.start.log.started(&Started { stores: &stores, took, command: &names.command, pid: None });
        }
        // With a process that stays, it is that process which heeds a signal from here on. Alone, PID 1 would lose it at execve:
        // there it takes no signal that the command does not handle yet (kill(2)).
        if self.supervisor.is_none()
            && let Some(taken) = signal::take(signal::mask_of(&ends_a_start()), Some(Duration::ZERO))
        {
            return u8::try_from(128 + taken.number()).unwrap_or(Kind::Internal.code());
        }
        let ready = record::ready(&Ready { milliseconds, secrets: counts });
        let error = handover::become_command(&command, || {
            if self.supervisor.is_some() {
                let _ = prctl::set_pdeathsig(None);
            }
            self.tell(&ready);
        });
        let errno = error.raw_os_error().unwrap_or(libc::EIO);
        if self.supervisor.is_some() {
            self.tell(&record::exec_failed(errno));
            return Kind::NotExecutable.code();
        }
        refused(self.start.log, &[super::not_executed(&Names::of(&self.start).command, errno)])
    }

    fn tell(&self, record: &[u8]) {
        if let Some(supervisor) = &self.supervisor {
            let _ = nix::unistd::write(&supervisor.tell, record);
        }
    }
}

/// FETCH and DELIVER: what the command gets, with the number of secrets that each login gave; or why there
/// is none.
pub fn resolve(start: &Start, environment: &Environment<'static>) -> Result<(Delivery, Vec<u16>), Stop> {
    let plan = &start.plan;
    let made = |fetched| deliver(start, environment, deliver::compose(plan, fetched)?);
    let delivered = if plan.reads.is_empty() {
        made(Fetched { answers: Vec::new(), logins: Vec::new() })
    } else {
        let signals = watch_signals()?;
        let context = context(&start.options, environment, start.log);
        // Delivered before the logins end: what was leased for a command that cannot be started ends with them.
        match fetch::run(plan, &context, Some(signals.as_fd()), made) {
            Outcome::Done(delivered) => delivered,
            Outcome::Interrupted => return Err(Stop::Signal(first_signal(&signals).unwrap_or(libc::SIGTERM))),
        }
    };
    Ok((delivered?, counts(plan)))
}

fn deliver(start: &Start, environment: &Environment<'static>, resolved: Resolved) -> Result<Delivery, Problems> {
    let stack = getrlimit(Resource::RLIMIT_STACK).map_or(0, |(soft, _)| soft);
    let keep = &start.options.keep_env;
    let Resolved { mut variables, as_files, files } = resolved;
    let mut wanted = Vec::with_capacity(files.len() + as_files.len());
    for (index, content) in files {
        let owner = start.owners.get(index).copied().flatten();
        wanted.extend(start.plan.files.get(index).map(|file| Wanted {
            path: file.content.name.clone(),
            mode: file.mode,
            on_disk: file.on_disk,
            owner,
            content,
        }));
    }
    let descriptors = place(start, as_files, &mut variables, &mut wanted)?;
    let environment = deliver::build(environment, variables, &start.plan, keep, &start.arguments, stack)?;
    for name in &environment.stripped {
        start.log.verbose(&format!("took {name} out of the command's environment"));
    }
    // Last: nothing but execve can fail after it.
    let files = deliver::write(&wanted, descriptors)?;
    for file in &wanted {
        start.log.verbose(&format!("wrote {}", file.path));
    }
    Ok(Delivery { environment, files })
}

/// Finds a place for each value with `as: file`: among the files to be written, or in a memory file, whose descriptor it
/// gives. Adds the variables that say where the values are.
fn place(
    start: &Start,
    values: Vec<(String, Secret)>,
    variables: &mut Vec<(String, Secret)>,
    wanted: &mut Vec<Wanted>,
) -> Result<Vec<OwnedFd>, Problems> {
    let owner = start.owner();
    let mut descriptors = Vec::new();
    let mut problems = Problems::new();
    for (name, content) in values {
        let path = start.directory.as_deref().and_then(|directory| deliver::place::path(directory, &name));
        if let Some(path) = path {
            variables.push((file_variable(&name), Secret::copy_of(path.as_bytes())));
            wanted.push(Wanted { path, mode: deliver::place::MODE, on_disk: false, owner, content });
            continue;
        }
        match deliver::place::descriptor(&content, owner) {
            Ok((descriptor, path)) => {
                variables.push((file_variable(&name), path));
                descriptors.push(descriptor);
            }
            Err(fault) => problems.push(deliver::problem(&name, fault)),
        }
    }
    if problems.is_empty() { Ok(descriptors) } else { Err(problems) }
}

/// What the stores are given.
pub fn context(options: &Options, environment: &Environment<'static>, log: Log) -> Context {
    Context {
        environment: Arc::new(environment.clone()),
        deadline: Deadline::after(options.timeout),
        revoke_timeout: options.revoke_timeout,
        log,
    }
}

/// A descriptor that tells of the signals that end a start. They stay pending until they are read from it.
pub fn watch_signals() -> Result<SignalFd, Problems> {
    let watched: SigSet = ends_a_start().into_iter().filter_map(|number| Signal::try_from(number).ok()).collect();
    SignalFd::with_flags(&watched, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
        .map_err(|error| vec![super::not_given("watch for signals", &error.into())])
}

/// The number of the signal that came, if one did.
pub fn first_signal(signals: &SignalFd) -> Option<i32> {
    let info = signals.read_signal().ok().flatten()?;
    i32::try_from(info.ssi_signo).ok()
}

/// How many secrets each login gives: one that several variables or files share counts once.
fn counts(plan: &Plan) -> Vec<u16> {
    let mut seen = Vec::new();
    for variable in plan.targets() {
        for part in &variable.parts {
            if let Part::Secret(pick) = part {
                seen.push((pick.read, pick.key.as_deref()));
            }
        }
    }
    seen.sort_unstable();
    seen.dedup();
    let login = |read: usize| plan.reads.get(read).map(|read| read.login);
    (0..plan.logins.len())
        .map(|at| seen.iter().filter(|(read, _)| login(*read) == Some(at)).count())
        .map(|count| u16::try_from(count).unwrap_or(u16::MAX))
        .collect()
}
