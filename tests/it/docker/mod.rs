//! The real thing: an image FROM scratch with the static binary and a tiny command, under Docker.
//!
//! The daemon is the one that `DOCKER_HOST` names; without that the tests are skipped, so that nobody's own daemon is
//! touched unasked. `.ci/dockerd start` prints what it is to be.

mod harness;
mod leaks;

use std::path::Path;

use serde_json::json;

use crate::support::server::{Kind, Role, Server};
use harness::{Docker, Image, Ran};

const VALUE: &str = "Hq7Zk2Vn9Xb4Lm6Tc1Rd8Wp3Sg5Jf0Ya";

/// An image, a server that its containers reach, and what they need.
struct Setting {
    image: Image,
    server: Server,
    path: String,
    role: Role,
    folder: tempfile::TempDir,
}

impl Setting {
    fn new(kind: Kind) -> Option<Self> {
        let docker = Docker::at_hand()?;
        let server = docker.server(kind)?;
        let image = docker.image();
        let path = server.secret("myapp", json!({ "db_password": VALUE }));
        let role = server.approle(&[&server.own_policy()]);
        let folder = tempfile::tempdir().unwrap();
        open(folder.path());
        let setting = Setting { image, server, path, role, folder };
        setting.file("ca.pem", &std::fs::read_to_string(setting.server.ca()).unwrap());
        setting.file("secret_id", &format!("{}\n", setting.role.secret_id));
        Some(setting)
    }

    /// A file that any container user may read.
    fn file(&self, name: &str, text: &str) {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        open(&file);
    }

    /// `docker run` with the server's address, its CA, and the given options; keyinit's command is the probe.
    fn run(&self, options: &[&str], command: &[&str]) -> Ran<'_> {
        let mount = |name: &str, target: &str| format!("{}:{target}:ro", self.folder.path().join(name).display());
        let mut words: Vec<String> = Vec::new();
        for (name, value) in [("VAULT_ADDR", self.server.address().as_str()), ("VAULT_CACERT", "/etc/ca.pem")] {
            words.extend(["-e".to_string(), format!("{name}={value}")]);
        }
        words.extend(["-v".to_string(), mount("ca.pem", "/etc/ca.pem")]);
        words.extend(["-v".to_string(), mount("secret_id", "/run/secrets/secret_id")]);
        if self.folder.path().join("keyinit.yaml").exists() {
            words.extend(["-v".to_string(), mount("keyinit.yaml", "/etc/keyinit.yaml")]);
        }
        words.extend(options.iter().map(|word| word.to_string()));
        self.image.run(&words, command)
    }

    /// Options for a login by AppRole: role_id in the environment, secret_id in a file.
    fn approle(&self) -> [String; 4] {
        let role = format!("VAULT_ROLE_ID={}", self.role.role_id);
        ["-e".into(), role, "-e".into(), "VAULT_SECRET_ID_FILE=/run/secrets/secret_id".into()]
    }

    fn reference(&self) -> String {
        format!("DB_PASSWORD=secret://vault/{}#db_password", self.path)
    }
}

fn open(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o755)).unwrap();
}

fn words<'a>(login: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
    login.iter().map(String::as_str).chain(more.iter().copied()).collect()
}

/// Without a manifest: a reference in the environment, by token and by AppRole.
fn a_reference(setting: &Setting) {
    let reference = setting.reference();
    let token = format!("VAULT_TOKEN={}", setting.server.token(&[&setting.server.own_policy()]).text);
    let ran = setting.run(&["-e", &token, "-e", &reference], &["/probe", "report"]);
    assert_eq!(ran.expect(0).report().variable("DB_PASSWORD").as_deref(), Some(VALUE));
    let report = setting.run(&words(&setting.approle(), &["-e", &reference]), &["/probe", "report"]).expect(0).report();
    assert_eq!(report.variable("DB_PASSWORD").as_deref(), Some(VALUE));
    assert_eq!(report.0["ppid"], 1);
    assert_eq!(setting.server.tokens_of(&setting.role), 0);
}

/// With a manifest at its usual place.
fn a_manifest(setting: &Setting) {
    setting.file(
        "keyinit.yaml",
        &format!(
            "providers:\n  vault-prod:\n    type: vault\n    auth:\n      method: approle\n      \
             role_id: {{ env: VAULT_ROLE_ID }}\n      secret_id: {{ file: /run/secrets/secret_id }}\n\
             env:\n  DB_PASSWORD:\n    from_secret: {{ provider: vault-prod, path: {}, key: db_password }}\n",
            setting.path
        ),
    );
    let report = setting.run(&words(&setting.approle(), &[]), &["/probe", "report"]).expect(0).report();
    assert_eq!(report.variable("DB_PASSWORD").as_deref(), Some(VALUE));
}

/// As a hardened container: another user, nothing writable, no capability.
fn hardened(setting: &Setting) {
    let reference = setting.reference();
    let more = [
        "-e",
        &reference,
        "--user",
        "65534:65534",
        "--read-only",
        "--cap-drop",
        "ALL",
        "--security-opt",
        "no-new-privileges",
    ];
    let report = setting.run(&words(&setting.approle(), &more), &["/probe", "report"]).expect(0).report();
    assert_eq!(report.variable("DB_PASSWORD").as_deref(), Some(VALUE));
    assert_eq!(report.0["status"]["CapEff"], "0000000000000000");
}

/// As a file, with nothing writable but what the case mounts: once in memory that only a descriptor reaches, once in a tmpfs.
fn as_a_file(setting: &Setting) {
    let secret = format!("from_secret: {{ provider: vault, path: {}, key: db_password }}", setting.path);
    setting.file("keyinit.yaml", &format!("env:\n  DB_PASSWORD:\n    {secret}\n    as: file\n"));
    let hardened = ["--user", "65534:65534", "--read-only", "--cap-drop", "ALL", "--security-opt", "no-new-privileges"];
    let read = |more: &[&str]| {
        let options = words(&setting.approle(), &[&hardened[..], more].concat()).join("\n");
        let options: Vec<&str> = options.split('\n').collect();
        setting.run(&options, &["/probe", "file", "DB_PASSWORD_FILE"]).expect(0).out.clone()
    };
    let out = read(&[]);
    assert!(out.starts_with("/proc/") && out.trim_end().ends_with(&format!(" {VALUE} {VALUE}")), "{out}");
    let out = read(&["--tmpfs", "/run:mode=1777"]);
    assert_eq!(out.trim_end(), format!("/run/DB_PASSWORD {VALUE} {VALUE}"));
    setting.file(
        "keyinit.yaml",
        &format!("files:\n  /run/app/a/db:\n    {secret}\n  /run/app/b:\n    template: \"p=${{secret://vault/{}#db_password}}\"\n", setting.path),
    );
    let options = words(&setting.approle(), &[&hardened[..], &["--tmpfs", "/run/app:mode=0777"]].concat()).join("\n");
    let options: Vec<&str> = options.split('\n').collect();
    let out = setting.run(&options, &["/probe", "file", "/run/app/b"]).expect(0).out.clone();
    assert_eq!(out.trim_end(), format!("/run/app/b p={VALUE} p={VALUE}"));
    setting.run(&words(&setting.approle(), &hardened), &["/probe", "report"]).expect(73);
}

/// `docker stop` is a TERM that the command gets at once, and its own code comes back.
fn stopped(setting: &Setting) {
    let reference = setting.reference();
    let started = setting.run(&words(&setting.approle(), &["-d", "-e", &reference]), &["/probe", "wait", "15", "7"]);
    let started = started.started("ready");
    assert_eq!(started.stop(), 7);
}

fn a_failure(setting: &Setting) {
    let reference = format!("DB_PASSWORD=secret://vault/{}/absent#k", setting.server.id);
    let ran = setting.run(&words(&setting.approle(), &["-e", &reference]), &["/probe", "report"]).expect(66);
    assert_eq!(ran.out, "");
    assert!(ran.err.contains("DB_PASSWORD"), "{}", ran.err);
}

macro_rules! on_both_kinds {
    ($($name:ident: $case:path;)*) => { $(
        mod $name {
            #[test]
            fn stand_in() {
                super::Setting::new(crate::support::server::Kind::StandIn).iter().for_each($case);
            }

            #[test]
            fn open_bao() {
                super::Setting::new(crate::support::server::Kind::OpenBao).iter().for_each($case);
            }
        }
    )* };
}

on_both_kinds! {
    by_reference: crate::docker::a_reference;
    by_manifest: crate::docker::a_manifest;
    as_a_file: crate::docker::as_a_file;
    in_a_hardened_container: crate::docker::hardened;
    by_docker_stop: crate::docker::stopped;
    that_fails: crate::docker::a_failure;
    without_leaks: crate::docker::leaks::none;
}
