//! From what the user wrote to what the command gets, over the stores `file` and `env`, which need no network.

mod any;
mod delivery;
mod files;
mod manifest;
mod plan;
mod verbs;

use tempfile::TempDir;

/// A folder with a file `password` that holds `s3cret`, and a manifest's head with a provider `f` over it.
fn secrets() -> (TempDir, String) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("password"), "s3cret").unwrap();
    let head = format!("providers:\n  f: {{ type: file, root: {} }}\n", folder.path().display());
    (folder, head)
}
