//! Which binaries are under test, and the probe that they start.

#[path = "../../probe/digest.rs"]
mod digest;

pub use digest::digest;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// keyinit: the file that `KEYINIT_TEST_BINARY` names (CI names the musl release build), else the one cargo just built.
pub fn keyinit() -> PathBuf {
    match std::env::var_os("KEYINIT_TEST_BINARY") {
        Some(path) => std::path::absolute(path).unwrap(),
        None => PathBuf::from(env!("CARGO_BIN_EXE_keyinit")),
    }
}

/// The probe (`tests/probe`), static, built once by one call of rustc and kept between runs.
pub fn probe() -> &'static Path {
    static PROBE: OnceLock<PathBuf> = OnceLock::new();
    PROBE.get_or_init(|| {
        let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/probe");
        let mut text = Vec::new();
        for name in ["main.rs", "report.rs", "digest.rs"] {
            text.extend(std::fs::read(sources.join(name)).unwrap());
        }
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR"));
        std::fs::create_dir_all(folder).unwrap();
        let built = folder.join(format!("probe-{:016x}", digest(&text)));
        if !built.exists() {
            let fresh = folder.join(format!("probe-{}.new", std::process::id()));
            let target = format!("{}-unknown-linux-musl", std::env::consts::ARCH);
            let status = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
                .args(["--edition", "2024", "-O", "-C", "panic=abort", "-C", "strip=symbols"])
                .args(["--target", &target])
                .arg(sources.join("main.rs"))
                .arg("-o")
                .arg(&fresh)
                .status()
                .expect("rustc, to build the probe");
            assert!(
                status.success(),
                "rustc could not build the probe, which the tests start as their command. It is a static program: if rustc \
                 can't find crate for `std`, install the target: rustup target add {target}"
            );
            // Whole or not at all: another test run may build the same file now.
            std::fs::rename(&fresh, &built).unwrap();
        }
        built
    })
}

/// The first file of that name on PATH.
pub fn on_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file())
}
