//! keyinit as the tests start it, and the probe's report as they read it.

use std::path::Path;

use serde_json::Value;

use super::binary;
use super::pidns::{Finished, Init};
use super::server::Server;

/// keyinit as PID 1 with nothing in its environment.
pub fn keyinit() -> Init {
    Init::new(binary::keyinit())
}

impl Init {
    /// Where the server is and whom to trust, as Vault's own CLI wants it.
    pub fn vault(self, server: &Server) -> Self {
        self.env("VAULT_ADDR", server.address()).env("VAULT_CACERT", server.ca())
    }

    /// A manifest, written out.
    pub fn manifest(self, text: &str) -> Self {
        self.env("KEYINIT_MANIFEST_TEXT", text)
    }

    /// The probe as the command.
    pub fn probe(self, args: &[&str]) -> Self {
        self.arg("--").arg(binary::probe()).args(args)
    }

    /// Ends with the report of what the command was given.
    #[track_caller]
    pub fn report(self) -> Report {
        self.probe(&["report"]).run().expect(0).report()
    }
}

impl Finished {
    #[track_caller]
    pub fn report(&self) -> Report {
        Report(self.json())
    }
}

/// What the command was given.
pub struct Report(pub Value);

impl Report {
    /// The variable `name`, of which there must be one at most.
    #[track_caller]
    pub fn variable(&self, name: &str) -> Option<String> {
        let prefix = format!("{name}=");
        let found: Vec<String> =
            self.environment().iter().filter_map(|entry| Some(entry.strip_prefix(&prefix)?.to_string())).collect();
        assert!(found.len() < 2, "{name} is there {} times", found.len());
        found.into_iter().next()
    }

    /// All entries, in order, one character a byte.
    pub fn environment(&self) -> Vec<String> {
        let entries = self.0["env"].as_array().into_iter().flatten();
        entries.map(|entry| entry.as_str().unwrap().to_string()).collect()
    }

    /// The names of all variables, sorted.
    pub fn names(&self) -> Vec<String> {
        let first = |entry: &String| entry.split('=').next().unwrap().to_string();
        let mut names: Vec<String> = self.environment().iter().map(first).collect();
        names.sort();
        names
    }
}

/// Compares what keyinit said with a golden file, whatever this run's server and folder are called.
#[track_caller]
pub fn golden(name: &str, finished: &Finished, server: Option<&Server>, folder: Option<&Path>) {
    let folder = folder.map(|folder| folder.display().to_string()).unwrap_or_default();
    let probe = binary::probe().display().to_string();
    let (ca, id) = match server {
        Some(server) => (server.ca().display().to_string(), format!("{}/", server.id)),
        None => (String::new(), String::new()),
    };
    let names = [(ca.as_str(), "CA"), (folder.as_str(), "DIR"), (probe.as_str(), "PROBE"), (id.as_str(), "")];
    super::golden::golden(name, &finished.err, &names);
}
