//! What keyinit's processes hold after the hand-over: nothing. And the twins, builds with one safeguard left out, in
//! which the same scan must find something, or it proves nothing.

mod scan;

use std::path::{Path, PathBuf};

use base64::Engine;
use serde_json::json;

use crate::support::binary;
use crate::support::handshake::{executable, family};
use crate::support::pidns::{Init, Running};
use crate::support::server::{Role, Server};
use crate::support::skip::skip;
use scan::{Found, Needle, scan};

/// Values that look different raw, in JSON and in base64, and that no program has in it by chance.
const VALUES: [(&str, &str); 3] = [
    ("plain", "qX7vLr2mTz9KpWd4HsNc8bYf3GjA6eRu"),
    ("quoted", "Zt\"9w\\Kd/4m\nPx\u{f6}Lq7\"Vb2sHy8nCf5"),
    ("long", "Mn4Bv8Cx2Zl6Kj1Hg9Fd3Sa7Po5Iu0Yt-Re2Wq8Mk4Nj6Bh1Vg9Cf3Xd7Zs5La0Qp-Tr8Ey2Uw6Io1Pk9Lj3Hn7Gm5Fb0"),
];

/// A start by AppRole whose command waits, with the secrets that it used.
struct Started {
    run: Running,
    server: Server,
    role: Role,
    program: PathBuf,
    _memory: tempfile::TempDir,
}

impl Started {
    fn new(program: &Path, secret_id_in_file: bool) -> Self {
        let server = Server::stand_in();
        let data: serde_json::Map<_, _> = VALUES.iter().map(|(key, value)| (key.to_string(), json!(value))).collect();
        let path = server.secret("app", data.into());
        let role = server.approle(&[&server.own_policy()]);
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("secret_id");
        std::fs::write(&file, &role.secret_id).unwrap();
        let mut init = Init::new(program).vault(&server).env("VAULT_ROLE_ID", &role.role_id);
        init = match secret_id_in_file {
            true => init.env("VAULT_SECRET_ID_FILE", &file),
            false => init.env("VAULT_SECRET_ID", &role.secret_id),
        };
        for (key, _) in VALUES {
            init = init.env(format!("V_{key}"), format!("secret://vault/{path}#{key}"));
        }
        init = init.env("URL", format!("x://${{secret://vault/{path}#plain|base64}}@h"));
        let memory = tempfile::tempdir_in("/dev/shm").unwrap();
        init = init.manifest(&format!(
            "files_dir: {0}\nenv:\n  AS_FILE: {{ from_secret: secret://vault/{path}#long, as: file }}\nfiles:\n  \
             {0}/template: {{ template: 'a=${{secret://vault/{path}#plain|base64}}' }}\n  {0}/raw: {{ from_secret: secret://vault/{path}#quoted }}\n",
            memory.path().display()
        ));
        let mut run = init.probe(&["wait"]).spawn();
        run.out.expect("ready");
        for (name, end) in [("raw", VALUES[1].1), ("AS_FILE", VALUES[2].1)] {
            assert_eq!(std::fs::read_to_string(memory.path().join(name)).unwrap(), end, "{name}");
        }
        assert!(std::fs::exists(memory.path().join("template")).unwrap());
        Started { run, server, role, program: program.to_path_buf(), _memory: memory }
    }

    /// Every form of every secret of this start.
    fn needles(&self) -> Vec<Needle> {
        let mut needles = Vec::new();
        for (key, value) in VALUES {
            needles.push(Needle::new(&format!("{key}, raw"), value.as_bytes()));
            let json = serde_json::to_string(value).unwrap();
            needles.push(Needle::new(&format!("{key}, JSON"), json.trim_matches('"').as_bytes()));
            let base64 = base64::engine::general_purpose::STANDARD.encode(value);
            needles.push(Needle::new(&format!("{key}, base64"), base64.trim_end_matches('=').as_bytes()));
        }
        needles.push(Needle::new("secret_id", self.role.secret_id.as_bytes()));
        let issued = self.server.issued();
        let token = issued.last().expect("a login");
        needles.push(Needle::new("token", token.as_bytes()));
        needles
    }

    /// All processes that run keyinit now.
    fn processes(&mut self) -> Vec<i32> {
        let first = self.run.pid();
        let own = std::fs::canonicalize(&self.program).unwrap();
        let processes: Vec<i32> =
            family(first).into_iter().filter(|&pid| executable(pid).is_some_and(|found| found == own)).collect();
        assert!(processes.contains(&first), "PID 1 does not run {}", own.display());
        processes
    }

    fn found(&mut self) -> Vec<Found> {
        let needles = self.needles();
        self.processes().into_iter().flat_map(|pid| scan(pid, &needles)).collect()
    }
}

/// The scan sees what is there: the command itself holds every value, raw.
#[test]
fn the_scan_finds_what_the_command_was_given() {
    let mut started = Started::new(&binary::keyinit(), false);
    let command = started.run.command();
    let found = scan(command, &started.needles());
    for (key, _) in VALUES {
        let name = format!("{key}, raw");
        assert!(found.iter().any(|found| found.name == name && found.place == "mem"), "{name}: {found:?}");
        assert!(found.iter().any(|found| found.name == name && found.place == "environ"), "{name}: {found:?}");
    }
    // And the command has nothing of the credentials.
    assert!(!found.iter().any(|found| found.name == "token" || found.name == "secret_id"), "{found:?}");
}

#[test]
fn nothing_is_left_with_the_secret_id_in_the_environment() {
    assert_eq!(Started::new(&binary::keyinit(), false).found(), []);
}

#[test]
fn nothing_is_left_with_the_secret_id_in_a_file() {
    assert_eq!(Started::new(&binary::keyinit(), true).found(), []);
}

/// Scrubbing takes the credentials and nothing else out of PID 1's own block.
#[test]
fn what_is_no_credential_stays_in_the_block_of_pid_1() {
    let mut started = Started::new(&binary::keyinit(), false);
    let environ = std::fs::read(format!("/proc/{}/environ", started.run.pid())).unwrap();
    let text = String::from_utf8_lossy(&environ);
    assert!(text.contains(&format!("VAULT_ADDR={}", started.server.address())), "{text}");
    assert!(text.contains(&format!("VAULT_ROLE_ID={}", started.role.role_id)), "{text}");
}

/// A token from outside too.
#[test]
fn a_given_token_is_scrubbed() {
    let server = Server::stand_in();
    let path = server.secret("app", json!({ "k": VALUES[0].1 }));
    let token = server.token(&[&server.own_policy()]);
    let mut run = Init::new(binary::keyinit())
        .vault(&server)
        .env("VAULT_TOKEN", &token.text)
        .env("X", format!("secret://vault/{path}#k"))
        .probe(&["wait"])
        .spawn();
    run.out.expect("ready");
    let needles = [Needle::new("token", token.text.as_bytes()), Needle::new("plain, raw", VALUES[0].1.as_bytes())];
    assert_eq!(scan(run.pid(), &needles), []);
}

fn twin(variable: &str) -> Option<PathBuf> {
    let path = std::env::var_os(variable).map(PathBuf::from);
    if path.is_none() {
        skip("twins", &format!("{variable} does not name the build with this safeguard left out"));
    }
    path.map(|path| std::path::absolute(path).unwrap())
}

#[test]
fn a_twin_that_does_not_scrub_is_seen() {
    let Some(program) = twin("KEYINIT_TEST_TWIN_UNSCRUBBED") else {
        return;
    };
    let found = Started::new(&program, false).found();
    assert!(found.iter().any(|found| found.name == "secret_id" && found.place == "environ"), "{found:?}");
    assert!(found.iter().any(|found| found.name == "secret_id" && found.place == "mem"), "{found:?}");
}

#[test]
fn a_twin_that_resolves_in_pid_1_is_seen() {
    let Some(program) = twin("KEYINIT_TEST_TWIN_PID1") else {
        return;
    };
    let found = Started::new(&program, true).found();
    assert!(found.iter().any(|found| found.name.ends_with(", raw")), "{found:?}");
}
