//! Docker's own client, a network namespace that servers and containers share, and an image FROM scratch.
#![allow(unsafe_code)]

use std::fs::File;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::support::binary;
use crate::support::run::Report;
use crate::support::server::{Kind, Server};
use crate::support::skip::skip;

/// A file of the image that holds this text; the search for leaks must find it.
pub const MARK: &str = "keyinit tests: this text is in the image";

/// A daemon that this test may use.
pub struct Docker {
    client: PathBuf,
}

impl Docker {
    /// The daemon of `DOCKER_HOST`. Where its pid file stands beside its socket, as `.ci/dockerd` makes it, this thread
    /// and all that it starts move to the daemon's network namespace.
    pub fn at_hand() -> Option<Self> {
        let Ok(host) = std::env::var("DOCKER_HOST") else {
            skip("docker", "DOCKER_HOST is not set (.ci/dockerd start prints it)");
            return None;
        };
        if dynamic(&binary::keyinit()) {
            skip("static", "KEYINIT_TEST_BINARY names no static build, and an image FROM scratch has no loader");
            return None;
        }
        // Debian's client before a newer one that may lack buildx.
        let debian = PathBuf::from("/usr/bin/docker");
        let client = if debian.exists() { debian } else { binary::on_path("docker")? };
        let pid_file = Path::new(host.strip_prefix("unix://").unwrap_or("")).with_extension("pid");
        if let Ok(pid) = std::fs::read_to_string(pid_file) {
            enter_network(pid.trim());
        }
        Some(Docker { client })
    }

    /// A server in the network that containers with `--network host` share. Each test has its own: the OpenBao that the
    /// other rooms share is in another network namespace.
    pub fn server(&self, kind: Kind) -> Option<Server> {
        Server::own(kind)
    }

    fn command(&self, words: &[&str]) -> Command {
        // Docker's client waits for ever for some containers: nothing runs without an end.
        let mut command = Command::new("timeout");
        command.arg("120").arg(&self.client).args(words).env("DOCKER_BUILDKIT", "1");
        command
    }

    #[track_caller]
    fn must(&self, words: &[&str]) -> Vec<u8> {
        let output = self.command(words).output().unwrap();
        assert!(output.status.success(), "docker {words:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The image, built once.
    pub fn image(self) -> Image {
        static BUILT: OnceLock<String> = OnceLock::new();
        let name = BUILT.get_or_init(|| {
            let name = format!("keyinit-test:{}", std::process::id());
            let context = tempfile::tempdir().unwrap();
            let put = |from: &Path, name: &str| std::fs::copy(from, context.path().join(name)).unwrap();
            put(&binary::keyinit(), "keyinit");
            put(binary::probe(), "probe");
            std::fs::write(context.path().join("mark"), MARK).unwrap();
            let file = "FROM scratch\nCOPY keyinit probe mark /\nENTRYPOINT [\"/keyinit\", \"--\"]\n\
                        CMD [\"/probe\", \"report\"]\n";
            std::fs::write(context.path().join("Dockerfile"), file).unwrap();
            self.must(&["build", "--quiet", "--tag", &name, &context.path().display().to_string()]);
            name
        });
        Image { docker: self, name: name.clone() }
    }
}

/// Moves this thread to the network namespace of process `pid`, unless it is there already.
fn enter_network(pid: &str) {
    let theirs = format!("/proc/{pid}/ns/net");
    match (std::fs::read_link(&theirs), std::fs::read_link("/proc/thread-self/ns/net")) {
        (Ok(theirs), Ok(ours)) if theirs != ours => {}
        _ => return,
    }
    let network = File::open(theirs).unwrap();
    // SAFETY: plain system call; it concerns this thread and the threads and processes that it starts.
    let result = unsafe { libc::setns(network.as_raw_fd(), libc::CLONE_NEWNET) };
    assert_eq!(result, 0, "setns: {}", std::io::Error::last_os_error());
}

/// Whether the program wants a loader: an ELF file with a PT_INTERP header.
fn dynamic(program: &Path) -> bool {
    let file = File::open(program).unwrap_or_else(|error| panic!("{}: {error}", program.display()));
    let mut header = [0u8; 64];
    file.read_exact_at(&mut header, 0).unwrap();
    let number =
        |at: usize, size: usize| header[at..at + size].iter().rev().fold(0u64, |sum, &byte| sum << 8 | u64::from(byte));
    let (offset, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    (0..count).any(|index| {
        let mut kind = [0u8; 4];
        file.read_exact_at(&mut kind, offset + index * size).unwrap();
        u32::from_le_bytes(kind) == 3
    })
}

/// The image under test.
pub struct Image {
    docker: Docker,
    name: String,
}

impl Image {
    /// Runs a container to its end, or starts it with `-d` among the options.
    #[track_caller]
    pub fn run(&self, options: &[String], command: &[&str]) -> Ran<'_> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("keyinit-test-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::SeqCst));
        let mut words = vec!["run", "--name", &name, "--network", "host"];
        words.extend(options.iter().map(String::as_str));
        words.push(&self.name);
        words.extend(command);
        let Output { status, stdout, stderr } = self.docker.command(&words).output().unwrap();
        let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).trim_end().to_string();
        Ran { docker: &self.docker, name, code: status.code().unwrap_or(-1), out: text(stdout), err: text(stderr) }
    }

    pub fn history(&self) -> Vec<u8> {
        self.docker.must(&["history", "--no-trunc", &self.name])
    }

    pub fn inspect(&self) -> Vec<u8> {
        self.docker.must(&["inspect", &self.name])
    }

    /// The image as `docker save` writes it: tar in tar, neither compressed by this daemon.
    pub fn saved(&self) -> Vec<u8> {
        self.docker.must(&["save", &self.name])
    }
}

/// A container that has ended, or was started; removed when dropped.
pub struct Ran<'a> {
    docker: &'a Docker,
    name: String,
    code: i32,
    pub out: String,
    pub err: String,
}

impl Ran<'_> {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, code, "\nstdout: {}\nstderr: {}", self.out, self.err);
        self
    }

    #[track_caller]
    pub fn report(&self) -> Report {
        Report(serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {:?}\n{}", self.out, self.err)))
    }

    /// Waits until a container that was started has said `line`.
    #[track_caller]
    pub fn started(self, line: &str) -> Self {
        let ran = self.expect(0);
        crate::support::handshake::until(&format!("{line:?} in the container's log"), || {
            let log = ran.docker.must(&["logs", &ran.name]);
            String::from_utf8_lossy(&log).lines().any(|found| found == line).then_some(())
        });
        ran
    }

    /// `docker stop`, with Docker's own ten seconds before KILL; tells the exit code.
    #[track_caller]
    pub fn stop(&self) -> i32 {
        self.docker.must(&["stop", "--time", "10", &self.name]);
        let code = self.docker.must(&["inspect", "--format", "{{.State.ExitCode}}", &self.name]);
        String::from_utf8_lossy(&code).trim().parse().unwrap()
    }

    pub fn inspect(&self) -> Vec<u8> {
        self.docker.must(&["inspect", &self.name])
    }

    /// The container's files.
    pub fn exported(&self) -> Vec<u8> {
        self.docker.must(&["export", &self.name])
    }
}

impl Drop for Ran<'_> {
    fn drop(&mut self) {
        let _ = self.docker.command(&["rm", "--force", &self.name]).output();
    }
}
