//! OpenBao in development mode, when it is at hand: on PATH or named by `KEYINIT_TEST_BAO`.

use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::channel;
use std::sync::{Arc, OnceLock};

use tempfile::TempDir;

use super::binary::on_path;
use super::client::{Client, ROOT};
use super::handshake::until;

/// The program, if there is one.
pub fn program() -> Option<PathBuf> {
    match std::env::var_os("KEYINIT_TEST_BAO") {
        Some(path) => Some(PathBuf::from(path)),
        None => on_path("bao"),
    }
}

/// A running server. It ends when dropped, and with the test process at the latest.
pub struct Bao {
    pub address: String,
    pub ca: PathBuf,
    _folder: TempDir,
    child: Child,
}

impl Drop for Bao {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The one server that all tests share: each makes mounts, roles and policies of its own. None without a `bao`.
pub fn shared() -> Option<&'static Arc<Bao>> {
    static SHARED: OnceLock<Option<Arc<Bao>>> = OnceLock::new();
    SHARED.get_or_init(|| start().map(Arc::new)).as_ref()
}

/// One more server, in the network namespace of this thread.
pub fn start() -> Option<Bao> {
    let program = program()?;
    let (sender, started) = channel();
    // A parent-death signal comes with the end of the thread that forked, and a test's thread ends with the test. So a
    // thread that never ends starts the server.
    std::thread::spawn(move || {
        let _ = sender.send(spawn(&program));
        loop {
            std::thread::park();
        }
    });
    let bao = started.recv().unwrap();
    until("the CA of bao", || {
        let text = std::fs::read_to_string(&bao.ca).unwrap_or_default();
        text.contains("-----END CERTIFICATE-----").then_some(())
    });
    let client = Client::new(&bao.address, &bao.ca);
    until("bao to be ready", || client.call(ROOT, "GET", "sys/health", None).ok().filter(|(status, _)| *status == 200));
    client.must(ROOT, "POST", "sys/auth/approle", Some(serde_json::json!({ "type": "approle" })));
    Some(bao)
}

#[allow(unsafe_code)]
fn spawn(program: &PathBuf) -> Bao {
    let folder = TempDir::new().unwrap();
    let address = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap()
    };
    let log = std::fs::File::create(folder.path().join("log")).unwrap();
    let mut command = Command::new(program);
    command
        .args(["server", "-dev", "-dev-tls", "-dev-root-token-id=root", "-dev-no-store-token"])
        .arg(format!("-dev-tls-cert-dir={}", folder.path().display()))
        .arg(format!("-dev-listen-address={address}"))
        .env_clear()
        .env("HOME", folder.path())
        .env("PATH", "/usr/bin:/bin")
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log);
    // SAFETY: one system call between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    let child = command.spawn().unwrap();
    let ca = folder.path().join("vault-ca.pem");
    Bao { address: format!("https://{address}"), ca, _folder: folder, child }
}
