//! The command that cannot be started, what is said while it runs, and lines for machines.

use super::Said;
use crate::support::handshake::until;
use crate::support::run::keyinit;
use crate::support::server::Server;
use crate::support::skip::is_root;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn of_a_command_that_does_not_start() {
    if !is_root() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::new(folder.path());
    let program = |name: &str, text: &str| {
        let file = folder.path().join(name);
        fs::write(&file, text).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        file
    };
    let script = program("script", "#!/nowhere/interpreter\n");
    for exec in [false, true] {
        let option = if exec { "--exec " } else { "" };
        let init = || keyinit().args(exec.then_some("--exec")).arg("--");
        said.add(&format!("keyinit {option}-- /nowhere/command"), 127, init().arg("/nowhere/command"));
        said.add(&format!("keyinit {option}-- no-such-command"), 127, init().arg("no-such-command"));
        said.add(&format!("keyinit {option}chekc"), 127, keyinit().args(exec.then_some("--exec")).arg("chekc"));
        said.add(&format!("keyinit {option}-- /etc"), 126, init().arg("/etc"));
        said.add(&format!("keyinit {option}-- /etc/passwd"), 126, init().arg("/etc/passwd"));
        said.add(&format!("keyinit {option}-- script"), 127, init().arg(&script));
    }
    let init = keyinit().user(61234, 61234).args(["--user", "0", "--", "/bin/true"]);
    said.add("(as user 61234) keyinit --user 0 -- true", 126, init);
    // One process that the user has already is one too many.
    let mut other = keyinit().user(61235, 61235).probe(&["wait"]).spawn();
    other.out.expect("ready");
    let init = keyinit().limit(libc::RLIMIT_NPROC, 0, 0).args(["--user", "61235", "--", "/bin/true"]);
    said.add("(user 61235 may have no process more) keyinit --user 61235 -- true", 126, init);
    other.signal(libc::SIGTERM);
    other.finish().expect(0);
    said.is("texts-command");
}

#[test]
fn of_a_command_that_runs() {
    let mut said = Said::new(std::path::Path::new(""));
    let mut run = keyinit().arg("-v").probe(&["wait", "15", "0"]).spawn();
    run.out.expect("ready");
    run.signal(libc::SIGUSR1);
    run.out.find("USR1", |line| line.starts_with("signal 10 "));
    run.signal(libc::SIGTERM);
    said.add_finished("keyinit -v -- probe; then USR1 and TERM", run.finish().expect(0));

    let mut run = keyinit().args(["--kill-after", "1ms"]).probe(&["wait", "10", "0"]).spawn();
    run.out.expect("ready");
    run.signal(libc::SIGTERM);
    said.add_finished("keyinit --kill-after 1ms -- probe; then TERM, which it outlives", run.finish().expect(137));

    let init = keyinit().arg("-v").env("X", "secret://env/Y").env("Y", "y").env("KEYINIT_PORT", "x").arg("--exec");
    said.add("X=secret://env/Y Y=y KEYINIT_PORT=x keyinit -v --exec -- probe", 0, init.probe(&["exit", "0"]));
    said.is("texts-running");
}

/// One object a line, whatever is told.
#[test]
fn for_machines() {
    let folder = tempfile::tempdir().unwrap();
    let mut said = Said::new(folder.path());
    let json = || keyinit().args(["--log-format", "json"]);
    let manifest = "providers:\n  local: { type: file }\n  \"\\e[1m\": { type: fil }\nenv:\n  A: secret://locl/a?version=3#k\n  B: \"${A}${C}\"\n";
    let wanted = json().arg("-v").env("X", "secret://env/Y").env("Y", "y");
    for (asked, code, init) in [
        ("keyinit --log-format json --no-such-option", 64, json().arg("--no-such-option")),
        (
            "(a wrong manifest) keyinit --log-format json -- true",
            78,
            json().manifest(manifest).args(["--", "/bin/true"]),
        ),
        (
            "X=secret://env/Y keyinit --log-format json -- true",
            66,
            json().env("X", "secret://env/Y").args(["--", "/bin/true"]),
        ),
        ("X=secret://env/Y Y=y keyinit --log-format json -v -- probe", 0, wanted.probe(&["exit", "0"])),
        ("keyinit --log-format json -- /nowhere", 127, json().args(["--", "/nowhere"])),
    ] {
        let finished = init.run().expect(code);
        for line in finished.err.lines() {
            let object: serde_json::Value =
                serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"));
            assert!(object["level"].is_string() && object["message"].is_string(), "{line}");
        }
        said.add_finished(asked, finished);
    }
    said.is("texts-json");
}

/// No descriptor is left: for the pipe to the resolver, for what the resolver needs, and for the files.
#[test]
fn without_descriptors() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("a"), "s3cret").unwrap();
    let mut said = Said::new(folder.path());
    let with = |limit: u64| {
        let init = keyinit().env("KEYINIT_FILE_ROOT", folder.path()).env("A", "secret://file/a");
        init.limit(libc::RLIMIT_NOFILE, limit, limit).args(["--", "/bin/true"])
    };
    said.add("(RLIMIT_NOFILE is 4) A=secret://file/a keyinit -- true", 70, with(4));
    // Where exactly it runs out depends on what the workers have open at that moment; what it says does not.
    for limit in 5..8 {
        let finished = with(limit).run();
        assert!([69, 70].contains(&finished.code()), "{limit}: {}", finished.err);
        assert!(finished.err.contains("cure: raise the limit of open files"), "{limit}: {}", finished.err);
    }
    said.is("texts-descriptors");
}

/// The resolver is killed from outside, as the kernel does when memory is short.
#[test]
fn of_a_resolver_that_is_killed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let init = keyinit().plain().env("A", "secret://vault/a").env("VAULT_TOKEN", "t").env("VAULT_ADDR", &address);
    let mut run = init.args(["--", "/bin/true"]).spawn();
    // It has connected, and waits for an answer that never comes.
    let connection = listener.accept().unwrap();
    let pid = run.pid();
    let resolver = until("the resolver", || crate::support::handshake::children(pid).first().copied());
    crate::support::pidns::kill(resolver, libc::SIGKILL);
    let mut said = Said::new(std::path::Path::new(""));
    said.add_finished("A=secret://vault/a keyinit -- true; its resolver is killed", run.finish().expect(70));
    drop(connection);
    said.is("texts-killed");
}

/// Reads, warnings, and what `check` prints.
#[test]
fn of_a_store() {
    let server = Server::stand_in();
    let path = server.secret("app", serde_json::json!({ "k": "v" }));
    let token = server.token(&[&server.own_policy()]);
    let reference = format!("secret://vault/{path}#k");
    let init = || {
        let init = keyinit().env("VAULT_ADDR", server.address()).env("VAULT_SKIP_VERIFY", "1");
        init.env("VAULT_TOKEN", &token.text).env("KEYINIT_FILE_ROOT", "/nowhere").env("A", &reference)
    };
    let mut said = Said::new(std::path::Path::new(""));
    said.names.push((format!("{}/", server.id), ""));
    said.add(
        "VAULT_SKIP_VERIFY=1 A=secret://vault/app#k keyinit -v -- probe",
        0,
        init().arg("-v").probe(&["exit", "0"]),
    );
    for format in ["text", "json"] {
        let init = init().env("B", "secret://file/b").args(["check", "--format", format]);
        let run = init.run().expect(66);
        said.text.push_str(&format!(
            "$ A=secret://vault/app#k B=secret://file/b keyinit check --format {format}\n{}\n",
            run.out
        ));
        said.add_finished("(and on standard error)", run);
    }
    said.is("texts-store");
}
