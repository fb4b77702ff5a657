use super::*;
use crate::environment::Environment;
use crate::exit::Kind;
use std::time::Duration;

/// Words for a test live as long as the process.
fn words(line: &[&[u8]]) -> Vec<&'static CStr> {
    let leak = |word: &&[u8]| -> &'static CStr { Box::leak(std::ffi::CString::new(*word).unwrap().into_boxed_c_str()) };
    std::iter::once(&&b"keyinit"[..]).chain(line).map(leak).collect()
}

fn with(variables: &[&'static CStr], line: &str) -> Result<Invocation, Vec<(String, Option<String>)>> {
    let line: Vec<&[u8]> = line.split(' ').filter(|word| !word.is_empty()).map(str::as_bytes).collect();
    parse(&words(&line), &Environment::new(variables.to_vec())).map_err(|problems| {
        assert!(problems.iter().all(|problem| problem.kind == Kind::Usage));
        problems.into_iter().map(|problem| (problem.what, problem.cure)).collect()
    })
}

fn good(line: &str) -> Invocation {
    with(&[], line).unwrap_or_else(|problems| panic!("{line}: {problems:?}"))
}

fn bad(line: &str) -> Vec<String> {
    with(&[], line).err().unwrap_or_default().into_iter().map(|(what, _)| what).collect()
}

fn cure(line: &str) -> Option<String> {
    with(&[], line).err().unwrap().remove(0).1
}

fn command(invocation: &Invocation) -> Vec<&str> {
    invocation.command.iter().map(|word| word.to_str().unwrap()).collect()
}

#[test]
fn where_options_end_and_what_a_verb_is() {
    for (line, verb, rest) in [
        ("node server.js", Verb::Run, &["node", "server.js"][..]),
        ("ls -l", Verb::Run, &["ls", "-l"]),
        ("ls --help", Verb::Run, &["ls", "--help"]),
        ("-g ls -v", Verb::Run, &["ls", "-v"]),
        ("run ls -l", Verb::Run, &["ls", "-l"]),
        ("run -- ls", Verb::Run, &["ls"]),
        ("run run", Verb::Run, &["run"]),
        ("-- run", Verb::Run, &["run"]),
        ("-- export", Verb::Run, &["export"]),
        ("run export", Verb::Run, &["export"]),
        ("-- -x", Verb::Run, &["-x"]),
        ("-- -- ls", Verb::Run, &["--", "ls"]),
        ("-g plan", Verb::Run, &["plan"]),
        ("Plan", Verb::Run, &["Plan"]),
        ("-", Verb::Run, &["-"]),
        ("check", Verb::Check, &[]),
        ("check -v", Verb::Check, &[]),
        ("plan --", Verb::Plan, &[]),
        ("schema", Verb::Schema, &[]),
        ("--help", Verb::Help, &[]),
        ("-h", Verb::Help, &[]),
        ("-gh", Verb::Help, &[]),
        ("check --help", Verb::Help, &[]),
        ("export --help", Verb::Help, &[]),
        ("--nonsense --help", Verb::Help, &[]),
        ("--version", Verb::Version, &[]),
        ("--version --help", Verb::Version, &[]),
    ] {
        let invocation = good(line);
        assert_eq!((&invocation.verb, command(&invocation)), (&verb, rest.to_vec()), "{line}");
    }
}

#[test]
fn a_verb_that_is_not_built_never_runs_as_a_command() {
    for verb in ["export", "install", "health", "doctor", "wait"] {
        assert_eq!(bad(&format!("{verb} --output x y")), [format!("`{verb}` is not built yet in keyinit 0.1.0")]);
        assert_eq!(cure(verb), Some(format!("to run a command of that name: `keyinit -- {verb}`")));
    }
}

#[test]
fn every_option() {
    let options = good(
        "-m /etc/a.yaml --timeout 1m30s --exec --user app:www -g -s -p TERM --rewrite-signal TERM:QUIT --rewrite-signal=HUP:0 \
         --remap-exit 143 --remap-exit=130,143 --grace 500ms --kill-after 10 --revoke-timeout 0 --keep-env A --keep-env B,C \
         --log-format json -v -- ls",
    )
    .options;
    assert_eq!(options.manifest, Some(PathBuf::from("/etc/a.yaml")));
    assert_eq!(options.timeout, Duration::from_secs(90));
    assert!(options.exec && options.group && options.subreaper && !options.json);
    assert_eq!(options.user.as_deref(), Some("app:www"));
    assert_eq!(options.parent_death_signal, Some(15));
    assert_eq!(options.rewrite_signal, [(15, 3), (1, 0)]);
    assert_eq!(options.remap_exit, [143, 130]);
    assert_eq!(options.grace, Duration::from_millis(500));
    assert_eq!(options.kill_after, Some(Duration::from_secs(10)));
    assert_eq!(options.revoke_timeout, Duration::ZERO);
    assert_eq!(options.keep_env, ["A", "B", "C"]);
    assert_eq!(options.log_format, LogFormat::Json);
    assert_eq!(options.verbosity, 1);
}

#[test]
fn the_ways_to_write_an_option() {
    for line in ["-m f x", "-mf x", "-m=f x", "--manifest f x", "--manifest=f x", "-gvm f x", "-gvmf x", "-m a -m f x"]
    {
        let invocation = good(line);
        assert_eq!(invocation.options.manifest, Some(PathBuf::from("f")), "{line}");
        assert_eq!(command(&invocation), ["x"], "{line}");
    }
    let clustered = good("-gsv x").options;
    assert!(clustered.group && clustered.subreaper && clustered.verbosity == 1);
    assert!(!good("--group=0 x").options.group);
    assert!(good("--group=true x").options.group);
    for (line, verbosity) in
        [("-v x", 1), ("-q x", -1), ("-q -v x", 1), ("-vq x", -1), ("-q --verbose=0 x", -1), ("-v --verbose=0 x", 0)]
    {
        assert_eq!(good(line).options.verbosity, verbosity, "{line}");
    }
    assert_eq!(good("--rewrite-signal TERM:QUIT --rewrite-signal 15:2 x").options.rewrite_signal, [(15, 2)]);
}

#[test]
fn defaults() {
    let options = good("x").options;
    assert_eq!((options.timeout, options.grace), (Duration::from_secs(60), Duration::from_secs(5)));
    assert_eq!((options.kill_after, options.revoke_timeout), (None, Duration::from_secs(2)));
    assert_eq!((options.verbosity, options.log_format), (0, LogFormat::Text));
}

#[test]
fn what_check_and_plan_print() {
    for (line, json) in [
        ("plan", false),
        ("plan --format json", true),
        ("plan --log-format json", true),
        ("plan --log-format json --format text", false),
        ("check --format json", true),
        ("check --log-format=json", true),
        ("--log-format json x", false),
    ] {
        assert_eq!(good(line).options.json, json, "{line}");
    }
    assert_eq!(bad("--format json x"), ["`--format` is not for this verb"]);
}

#[test]
fn twins_stand_for_options_and_options_win() {
    let variables = [
        c"KEYINIT_TIMEOUT=9s",
        c"KEYINIT_GROUP=1",
        c"KEYINIT_EXEC=false",
        c"KEYINIT_REMAP_EXIT=143,130",
        c"KEYINIT_REWRITE_SIGNAL=TERM:QUIT,HUP:0",
        c"KEYINIT_QUIET=1",
        c"KEYINIT_KILL_AFTER=",
        c"KEYINIT_MANIFEST=/m.yaml",
        c"KEYINIT_PORT=tcp://10.0.0.1:80",
        c"KEYINIT_VERSION=0.1.0",
        c"KEYINIT_HELP=1",
        c"KEYINIT_FORMAT=json",
    ];
    let options = with(&variables, "x").unwrap().options;
    assert_eq!(options.timeout, Duration::from_secs(9));
    assert!(options.group && !options.exec && !options.json);
    assert_eq!(options.remap_exit, [143, 130]);
    assert_eq!(options.rewrite_signal, [(15, 3), (1, 0)]);
    assert_eq!((options.verbosity, options.kill_after), (-1, None));
    assert_eq!(options.manifest, Some(PathBuf::from("/m.yaml")));

    let options = with(&variables, "--timeout 3 --group=false --remap-exit 7 -v -m /other x").unwrap().options;
    assert_eq!(options.timeout, Duration::from_secs(3));
    assert!(!options.group);
    assert_eq!((options.remap_exit, options.verbosity), (vec![7], 1));
    assert_eq!(options.manifest, Some(PathBuf::from("/other")));

    assert!(with(&variables, "plan").unwrap().options.json);
    let wrong = [c"KEYINIT_TIMEOUT=soon", c"KEYINIT_GROUP=yes", c"KEYINIT_KEEP_ENV=A,B=hunter2"];
    let problems: Vec<String> = with(&wrong, "x").err().unwrap().into_iter().map(|(what, _)| what).collect();
    assert_eq!(
        problems,
        [
            "`KEYINIT_TIMEOUT`: `soon` is no duration",
            "`KEYINIT_KEEP_ENV` is no name of a variable",
            "`KEYINIT_GROUP`: `yes` is neither true nor false",
        ]
    );
    assert!(with(&[c"KEYINIT_TIMEOUT=soon"], "--timeout 3s x").is_ok());
}

#[test]
fn all_problems_at_once() {
    assert_eq!(
        bad("--timout 3s --grace never --rewrite-signal KILL:TERM --remap-exit 300,x -p NOPE"),
        [
            "unknown option `--timout`",
            "`--grace`: `never` is no duration",
            "`--rewrite-signal`: SIGKILL cannot be rewritten",
            "`--remap-exit`: `300` is no exit code",
            "`--remap-exit`: `x` is no exit code",
            "`-p`: `NOPE` is no signal",
            "there is no command to run",
        ]
    );
}

#[test]
fn what_is_wrong_with_one_option() {
    for (line, what) in [
        ("", "there is no command to run"),
        ("run", "there is no command to run"),
        ("--", "there is no command to run"),
        ("--exec=maybe x", "`--exec`: `maybe` is neither true nor false"),
        ("--timeout 0 x", "`--timeout` must be longer than 0"),
        ("--kill-after 0s x", "`--kill-after` must be longer than 0"),
        ("--manifest= x", "`--manifest` is empty"),
        ("--log-format xml x", "`--log-format`: `xml` is unknown"),
        ("-x ls", "unknown option `-x`"),
        ("-gxhvs.AAAA ls", "unknown option `-x`"),
        ("check x", "`check` takes no command"),
        ("plan -- x", "`plan` takes no command"),
        ("schema x", "`schema` takes no command"),
    ] {
        assert_eq!(bad(line), [what], "{line}");
    }
    assert_eq!(bad("--user"), ["`--user` needs a value", "there is no command to run"]);
    assert_eq!(bad("-m"), ["`-m` needs a value", "there is no command to run"]);
    assert_eq!(cure("-m"), Some("write `--manifest FILE`".to_owned()));
}

#[test]
fn what_was_probably_meant() {
    for (line, text) in [
        ("--timout 3s x", "did you mean `--timeout`?"),
        ("--manifset=f x", "did you mean `--manifest`?"),
        ("--kill_after 3 x", "did you mean `--kill-after`?"),
        ("-e 143 x", "what is `-e` in tini is `--remap-exit` here"),
        ("-r 15:3 x", "what is `-r` in dumb-init is `--rewrite-signal` here"),
    ] {
        assert_eq!(cure(line).as_deref(), Some(text), "{line}");
    }
}

#[test]
fn the_value_of_an_unknown_option_is_never_shown() {
    for line in
        ["--token=hvs.AAAA x", "--token hvs.AAAA", "check --token hvs.AAAA", "-Thvs.AAAA x", "--timout=hvs.AAAA x"]
    {
        let problems = with(&[], line).err().unwrap();
        assert!(!format!("{problems:?}").contains("hvs"), "{line}");
    }
}

#[test]
fn bytes_that_are_no_text_are_no_fault() {
    let environment = Environment::new(vec![c"KEYINIT_USER=\xff"]);
    let invocation = parse(&words(&[b"-m", b"/\xff", b"--user=a", b"\xfe"]), &environment).ok().unwrap();
    assert_eq!(invocation.options.manifest.unwrap().as_os_str().as_encoded_bytes(), b"/\xff");
    assert_eq!(invocation.command, [c"\xfe"]);
    let count = |line: &[&[u8]], environment: &Environment<'_>| {
        parse(&words(line), environment).err().map(|problems| problems.len())
    };
    assert_eq!(count(&[b"x"], &environment), Some(1));
    for line in
        [&[&b"--\xff=1"[..], b"x"][..], &[b"-\xc3\xa4", b"x"], &[b"-\xff", b"x"], &[b"--timeout", b"\xff", b"x"]]
    {
        assert_eq!(count(line, &Environment::default()), Some(1), "{line:?}");
    }
    assert!(parse(&[], &Environment::default()).is_err());
}

#[test]
fn a_wrong_command_line_still_says_how_to_speak_of_it() {
    let environment = Environment::new(vec![c"KEYINIT_QUIET=1"]);
    let args = words(&[b"--log-format=json", b"--nonsense"]);
    assert_eq!(log_settings(&args, &environment), (LogFormat::Json, -1));
}

#[test]
fn no_line_of_words_makes_it_panic() {
    let alphabet: [&[u8]; 12] =
        [b"-", b"--", b"-m", b"-gm", b"--timeout", b"--timeout=", b"check", b"\xff", b"", b"--=x", b"-=", b"--format"];
    for first in alphabet {
        for second in alphabet {
            for third in alphabet {
                let _ = parse(&words(&[first, second, third]), &Environment::default());
            }
        }
    }
}
