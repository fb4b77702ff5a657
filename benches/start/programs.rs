//! What is measured: keyinit as it is shipped, and whatever peers are on PATH.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::binary::{digest, on_path};
use crate::support::pidns::Init;

/// One program that starts the command.
pub struct Program {
    pub name: String,
    /// None is the command itself.
    pub path: Option<PathBuf>,
    pub arguments: Vec<OsString>,
}

impl Program {
    fn new(name: &str, path: PathBuf, arguments: &[&str]) -> Program {
        Program { name: name.to_owned(), path: Some(path), arguments: arguments.iter().map(OsString::from).collect() }
    }

    /// The program with the command behind it.
    pub fn init(&self) -> Init {
        match &self.path {
            None => Init::new(command()),
            Some(path) => Init::new(path).args(&self.arguments).arg("--").arg(command()),
        }
    }
}

/// keyinit first; then a build to compare with, if `KEYINIT_BENCH_AGAINST` names one.
pub fn ours() -> Vec<Program> {
    let mut programs = vec![Program::new("keyinit", release(), &["-q"])];
    if let Some(path) = std::env::var_os("KEYINIT_BENCH_AGAINST") {
        programs.push(Program::new("keyinit (other)", path.into(), &["-q"]));
    }
    programs
}

/// The bare command, us, and the inits that are on PATH.
pub fn inits() -> Vec<Program> {
    let mut programs = vec![Program { name: "bare".to_owned(), path: None, arguments: Vec::new() }];
    programs.extend(ours());
    let ours = release();
    programs.push(Program::new("keyinit --exec", ours, &["-q", "--exec"]));
    for name in ["tini", "tini-static", "dumb-init", "catatonit"] {
        match on_path(name) {
            Some(path) => programs.push(Program::new(name, path, &[])),
            None => println!("{name}: not on PATH"),
        }
    }
    programs
}

/// keyinit as it is shipped: what `KEYINIT_TEST_BINARY` names, else the static release build, made now.
pub fn release() -> PathBuf {
    if let Some(path) = std::env::var_os("KEYINIT_TEST_BINARY") {
        return std::path::absolute(path).unwrap();
    }
    let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()))
        .args(["build", "--release", "--quiet", "--target", &target])
        .current_dir(root)
        .status()
        .expect("cargo, to build the release binary");
    assert!(status.success(), "cargo could not build the release binary");
    let folder = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
    let built = folder.join(target).join("release/keyinit");
    // Pages of a file that is not on the disk yet would count as private memory of whoever maps them.
    std::fs::File::open(&built).unwrap().sync_all().unwrap();
    built
}

/// `stamp.rs`, static, built once and kept between runs.
pub fn command() -> PathBuf {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/start/stamp.rs");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
    let built = folder.join(format!("stamp-{:016x}", digest(&std::fs::read(&source).unwrap())));
    if !built.exists() {
        std::fs::create_dir_all(folder).unwrap();
        let status = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", "2024", "-O", "-C", "panic=abort", "-C", "strip=symbols"])
            .args(["--target", &format!("{}-unknown-linux-musl", std::env::consts::ARCH)])
            .arg(&source)
            .arg("-o")
            .arg(&built)
            .status()
            .expect("rustc, to build the command");
        assert!(status.success(), "rustc could not build the command");
    }
    built
}
