//! Options, verbs and their twins; where the manifest is.

use super::Said;
use crate::support::golden::golden;
use crate::support::run::keyinit;
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

#[test]
fn what_is_wrong_on_it() {
    let mut said = Said::new(Path::new(""));
    for line in [
        "",
        "--timout 3s -- node",
        "--no-such-option -- node",
        "-e 143 -- node",
        "-r 15:3 -- node",
        "-x -- node",
        "--timeout",
        "--timeout soon -- node",
        "--timeout 0 -- node",
        "--timeout 99999999999999999999s -- node",
        "--kill-after 0 -- node",
        "--manifest= -- node",
        "--keep-env VAULT_TOKEN=hvs.AAAA -- node",
        "--exec=maybe -- node",
        "--user a:b:c -- node",
        "--user no-such-user -- /bin/true",
        "--user root:no-such-group -- /bin/true",
        "--parent-death-signal NOPE -- node",
        "--rewrite-signal TERM -- node",
        "--rewrite-signal KILL:TERM -- node",
        "--remap-exit 300 -- node",
        "--log-format xml -- node",
        "--format json -- node",
        "check --format xml",
        "check node",
        "plan node",
        "schema node",
        "export --format dotenv",
        "health",
        "--grace never --remap-exit x,300",
    ] {
        said.add(&format!("keyinit {line}"), 64, keyinit().plain().args(line.split_whitespace()));
    }
    for (name, value) in [
        ("KEYINIT_TIMEOUT", "soon"),
        ("KEYINIT_GROUP", "yes"),
        ("KEYINIT_KEEP_ENV", "A,B=x"),
        ("KEYINIT_LOG_FORMAT", "xml"),
    ] {
        let init = keyinit().plain().env(name, value).args(["--", "node"]);
        said.add(&format!("{name}={value} keyinit -- node"), 64, init);
    }
    said.is("texts-command-line");
}

#[test]
fn the_help() {
    golden("help", &keyinit().plain().arg("--help").run().expect(0).out, &[]);
}

#[test]
fn where_the_manifest_is() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::new(folder.path());
    let put = |name: &str, bytes: &[u8]| std::fs::write(folder.path().join(name), bytes).unwrap();
    put("latin-1.yaml", b"env:\n  A: caf\xe9\n");
    put("large.yaml", &vec![b'#'; (1 << 20) + 1]);
    put("text.yaml", b"DB_PASSWORD\n");
    std::fs::create_dir(folder.path().join("folder")).unwrap();
    for name in ["absent.yaml", "folder", "latin-1.yaml", "large.yaml", "text.yaml"] {
        let init = keyinit().plain().arg("-m").arg(folder.path().join(name)).args(["--", "node"]);
        said.add(&format!("keyinit -m {name} -- node"), 78, init);
    }
    let init = keyinit().plain().env("KEYINIT_MANIFEST", folder.path().join("absent.yaml")).arg("plan");
    said.add("KEYINIT_MANIFEST=absent.yaml keyinit plan", 78, init);
    let init = keyinit().plain().env("KEYINIT_MANIFEST_TEXT", OsString::from_vec(b"env: \xff".to_vec())).arg("check");
    said.add("KEYINIT_MANIFEST_TEXT='env: \\xff' keyinit check", 78, init);
    said.is("texts-manifest-source");
}
