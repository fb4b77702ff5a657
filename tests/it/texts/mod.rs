//! What the program says, all of it, in files that a person reads from top to bottom. Each group is one golden file: what was
//! asked for behind `$`, and what was said. Every problem comes with its cure.

mod command_line;
mod configuration;
mod delivery;
mod files;
mod start;
mod terminal;

use crate::support::golden::golden;
use crate::support::pidns::{Finished, Init};
use std::path::Path;

/// A golden file in the making.
struct Said {
    text: String,
    names: Vec<(String, &'static str)>,
}

impl Said {
    /// `folder` is called DIR in the file.
    fn new(folder: &Path) -> Said {
        let probe = crate::support::binary::probe().display().to_string();
        Said { text: String::new(), names: vec![(folder.display().to_string(), "DIR"), (probe, "PROBE")] }
    }

    /// Runs it, and adds what it said; `asked` tells the reader what that was.
    #[track_caller]
    fn add(&mut self, asked: &str, code: i32, init: Init) {
        self.add_finished(asked, init.run().expect(code));
    }

    #[track_caller]
    fn add_finished(&mut self, asked: &str, finished: Finished) {
        let said = finished.err.trim_end();
        assert!(said.chars().all(|c| !c.is_control() || c == '\n'), "{asked}: {said}");
        let count = |part: &str| said.lines().filter(|line| line.contains(part)).count();
        assert_eq!(count("keyinit: error: "), count(" = cure: "), "{asked}: a problem without its cure:\n{said}");
        self.text.push_str(&format!("$ {asked}\n{said}\n\n"));
    }

    #[track_caller]
    fn is(self, name: &str) {
        let names: Vec<(&str, &str)> = self.names.iter().map(|(found, name)| (found.as_str(), *name)).collect();
        golden(name, &self.text, &names);
    }
}
