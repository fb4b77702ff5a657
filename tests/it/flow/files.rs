//! `files:`, from the manifest to what lies there while the command runs and after it.

use std::fs;
use std::os::unix::fs::{MetadataExt, symlink};

use super::secrets;
use crate::support::pidns::kill;
use crate::support::run::{golden, keyinit};
use crate::support::skip::is_root;
use tempfile::TempDir;

/// A directory in memory.
fn memory() -> TempDir {
    let folder = tempfile::tempdir_in("/dev/shm").unwrap();
    assert!(folder.path().starts_with("/dev/shm"));
    folder
}

/// A manifest with one file, `body` beneath its path.
fn one(head: &str, path: &str, body: &str) -> String {
    format!("{head}files:\n  {path}:\n    {body}\n")
}

fn path_in(folder: &TempDir, name: &str) -> String {
    folder.path().join(name).to_str().unwrap().to_owned()
}

#[test]
fn templates_of_every_kind_of_file() {
    let (folder, head) = secrets();
    let memory = memory();
    let template = folder.path().join("config.ini.tmpl");
    fs::write(&template, "[db]\npassword = ${secret://f/password}\nnote = $${secret://f/password} $$ ${HOME}\n")
        .unwrap();
    let text = format!(
        "{head}files:
  {0}/config.ini: {{ template: {1} }}
  {0}/config.json: {{ template: '{{\"password\": ${{secret://f/password|json}}}}' }}
  {0}/config.yaml: {{ template: \"password: ${{secret://f/password|json}}\\n\" }}
  {0}/app.properties: {{ template: \"db.password=${{secret://f/password}}\\n\" }}
  {0}/env.sh: {{ template: \"export PASSWORD=${{secret://f/password|shellquote}}\\n\" }}
  {0}/sub/raw: {{ from_secret: secret://f/password, mode: \"0440\" }}
",
        memory.path().display(),
        template.display(),
    );
    keyinit().manifest(&text).probe(&["exit", "0"]).run().expect(0);
    for (name, wanted) in [
        ("config.ini", "[db]\npassword = s3cret\nnote = ${secret://f/password} $$ ${HOME}\n"),
        ("config.json", "{\"password\": \"s3cret\"}"),
        ("config.yaml", "password: \"s3cret\"\n"),
        ("app.properties", "db.password=s3cret\n"),
        ("env.sh", "export PASSWORD='s3cret'\n"),
        ("sub/raw", "s3cret"),
    ] {
        let path = memory.path().join(name);
        assert_eq!(fs::read_to_string(&path).unwrap(), wanted, "{name}");
        let mode = if name == "sub/raw" { 0o440 } else { 0o400 };
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, mode, "{name}");
    }
    assert_eq!(fs::metadata(memory.path().join("sub")).unwrap().mode() & 0o7777, 0o755);
}

/// The place is the template's own line, and everything wrong in it is told at once.
#[test]
fn what_is_wrong_in_a_template() {
    let (folder, head) = secrets();
    let template = folder.path().join("t.tmpl");
    fs::write(&template, "[db]\np = ${secret://f/password|up}\nq = ${secret://f\n").unwrap();
    let text = one(&head, "/run/app/config", &format!("template: {}", template.display()));
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(78);
    golden("files-template", &run, None, Some(folder.path()));
    let text = one(&head, "/run/app/config", &format!("template: {}/missing", folder.path().display()));
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(78);
    golden("files-template-missing", &run, None, Some(folder.path()));
}

#[test]
fn a_restart_finds_its_own_files_and_a_killed_start_leaves_no_obstacle() {
    let (_folder, head) = secrets();
    let memory = memory();
    let text = one(&head, &path_in(&memory, "a"), "from_secret: secret://f/password");
    fs::write(memory.path().join(".a.keyinit"), "half").unwrap();
    for _ in 0..2 {
        keyinit().manifest(&text).probe(&["exit", "0"]).run().expect(0);
        assert_eq!(fs::read_to_string(memory.path().join("a")).unwrap(), "s3cret");
        assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_file_belongs_to_whom_the_command_runs_as_or_to_its_owner() {
    if !is_root() {
        return;
    }
    let (_folder, head) = secrets();
    for (user, owner, wanted) in [
        ("65534:65534", "", (65534, 65534)),
        ("65534:65534", ", owner: \"0:12\"", (0, 12)),
        ("0", ", owner: \"33\"", (33, 0)),
    ] {
        let memory = memory();
        let path = path_in(&memory, "a");
        let text = format!("{head}files:\n  {path}: {{ template: x{owner} }}\n");
        keyinit().args(["--user", user]).manifest(&text).probe(&["exit", "0"]).run().expect(0);
        let found = fs::metadata(&path).unwrap();
        let ids = (found.uid(), found.gid());
        // A user without an entry has group 0 unless the system has one for the number.
        assert_eq!(ids.0, wanted.0, "{user} {owner}");
        assert!(ids.1 == wanted.1 || owner.contains("33"), "{user} {owner}: {ids:?}");
    }
}

#[test]
fn what_stands_there_already() {
    let (_folder, head) = secrets();
    let memory = memory();
    let path = path_in(&memory, "a");
    symlink("/etc/passwd", &path).unwrap();
    let text = format!("{head}files:\n  {path}: {{ template: x }}\n  {path}b: {{ template: x }}\n");
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(73);
    golden("files-link", &run, None, Some(memory.path()));
    assert_eq!(run.out, "");
    assert!(!fs::exists(format!("{path}b")).unwrap(), "nothing is there after a failure");
}

#[test]
fn a_disk_is_refused_and_what_may_lie_there_is_removed_at_the_end() {
    let (folder, head) = secrets();
    let path = path_in(&folder, "config");
    let run = keyinit().manifest(&one(&head, &path, "template: x")).probe(&["report"]).run().expect(73);
    golden("files-disk", &run, None, Some(folder.path()));
    let text = one(&head, &path, "{ template: x, on_disk: true }");
    let mut run = keyinit().manifest(&text).probe(&["wait"]).spawn();
    run.out.expect("ready");
    assert_eq!(fs::read_to_string(&path).unwrap(), "x");
    let command = run.command();
    kill(command, libc::SIGKILL);
    run.finish().expect(137);
    assert!(!fs::exists(&path).unwrap());
}

#[test]
fn no_file_without_a_command() {
    let (folder, head) = secrets();
    let memory = memory();
    let text = |provider: &str| {
        let path = path_in(&memory, "a");
        format!("{head}env:\n  B: secret://{provider}\nfiles:\n  {path}: {{ from_secret: secret://f/password }}\n")
    };
    // Another secret is missing.
    keyinit().manifest(&text("f/missing")).probe(&["report"]).run().expect(66);
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0);
    // execve fails after everything was delivered.
    let script = folder.path().join("script");
    fs::write(&script, "#!/nowhere/interpreter\n").unwrap();
    fs::set_permissions(&script, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    for exec in [&[][..], &["--exec"]] {
        keyinit().args(exec).manifest(&text("f/password")).arg("--").arg(&script).run().expect(127);
        assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0, "{exec:?}");
    }
}

#[test]
fn an_optional_file_is_left_out() {
    let (_folder, head) = secrets();
    let memory = memory();
    let text = one(&head, &path_in(&memory, "a"), "{ from_secret: secret://f/missing, optional: true }");
    keyinit().manifest(&text).probe(&["exit", "0"]).run().expect(0);
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0);
}

#[test]
fn an_owner_that_is_not_there() {
    let (_folder, head) = secrets();
    let memory = memory();
    let text = one(&head, &path_in(&memory, "a"), "{ template: x, owner: no-such-user }");
    let run = keyinit().manifest(&text).probe(&["report"]).run().expect(78);
    golden("files-owner", &run, None, Some(memory.path()));
}

#[test]
fn the_plan_names_files() {
    let (folder, head) = secrets();
    let text = format!(
        "{head}files:\n  /run/a: {{ from_secret: secret://f/password, mode: \"0440\", owner: app }}\n  /run/b: {{ template: x, on_disk: true }}\n"
    );
    let run = keyinit().arg("plan").manifest(&text).run().expect(0);
    let shown = run.out.replace(folder.path().to_str().unwrap(), "DIR");
    assert_eq!(
        shown,
        "f (file) at DIR\n  read password\n    /run/a <- (the value, or the only field)\n\
         file: /run/a, mode 0440, owner app\nfile: /run/b, mode 0400, on disk, removed at the end"
    );
}

#[test]
fn a_variable_as_a_file() {
    let (folder, head) = secrets();
    let memory = memory();
    fs::write(folder.path().join("large"), vec![b'x'; 200_000]).unwrap();
    fs::write(folder.path().join("nul"), b"a\0b").unwrap();
    let text = format!(
        "{head}files_dir: {}\nenv:\n  A: {{ from_secret: secret://f/password, as: file }}\n  \
         NUL: {{ from_secret: secret://f/nul, as: file }}\n  LARGE: {{ from_secret: secret://f/large, as: file }}\n",
        memory.path().display()
    );
    let mut run = keyinit().manifest(&text).probe(&["wait"]).spawn();
    run.out.expect("ready");
    for (name, wanted) in [("A", &b"s3cret"[..]), ("NUL", b"a\0b"), ("LARGE", &[b'x'; 200_000])] {
        let path = memory.path().join(name);
        assert!(fs::read(&path).unwrap() == wanted, "{name}");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o400, "{name}");
    }
    let environ = fs::read(format!("/proc/{}/environ", run.command())).unwrap();
    let mut entries: Vec<&str> = std::str::from_utf8(&environ).unwrap().split_terminator('\0').collect();
    entries.sort_unstable();
    let path = |name: &str| format!("{name}_FILE={}/{name}", memory.path().display());
    assert_eq!(entries, [path("A"), path("LARGE"), path("NUL")]);
    run.signal(libc::SIGTERM);
    run.finish().expect(0);
    assert_eq!(fs::read_dir(memory.path()).unwrap().count(), 0, "they go with the command");
}

/// Nobody needs a directory: the command and its children read memory that only a descriptor reaches.
#[test]
fn without_a_tmpfs_a_descriptor() {
    let (_folder, head) = secrets();
    let empty = tempfile::tempdir().unwrap();
    let text = format!("{head}env:\n  A: {{ from_secret: secret://f/password, as: file }}\n");
    for user in [&[][..], &["--user", "65534:65534"]] {
        if !user.is_empty() && !is_root() {
            return;
        }
        // Whatever /run is on this machine, it is a directory of a disk here.
        let run =
            keyinit().over(empty.path(), "/run").args(user).manifest(&text).probe(&["file", "A_FILE"]).run().expect(0);
        assert!(run.out.starts_with("/proc/") && run.out.ends_with(" s3cret s3cret"), "{}", run.out);
        let report = keyinit().over(empty.path(), "/run").args(user).manifest(&text).report();
        assert_eq!(report.0["fds"].as_object().unwrap().len(), 4, "0 to 2 and the memory file");
    }
}

#[test]
fn the_path_is_refused_where_it_is_set_already() {
    let (_folder, head) = secrets();
    let text = format!("{head}env:\n  A: {{ from_secret: secret://f/password, as: file }}\n");
    let run = keyinit().env("A_FILE", "/etc/a").manifest(&text).probe(&["report"]).run().expect(78);
    golden("as-file-conflict", &run, None, None);
}
