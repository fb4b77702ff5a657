//! The section `files` of a manifest to the files of a plan.

use super::providers::{Needed, Providers};
use super::{File, Part, Plan, Variable};
use crate::manifest::{FileContent, FileEntry, Piece};

/// Adds each file, with the reads that it needs.
pub fn add(entries: Vec<FileEntry>, providers: &mut Providers<'_>, plan: &mut Plan) {
    for entry in entries {
        let needed = Needed { name: &entry.path, place: Some(&entry.place) };
        let pieces = match entry.content {
            FileContent::Pieces(pieces) => pieces.unwrap_or_default(),
            // Read by whoever found the manifest.
            FileContent::Template(_) => Vec::new(),
        };
        let part = |piece| match piece {
            Piece::Literal(text) => Some(Part::Literal(text)),
            Piece::Secret(reference) => providers.part(&reference, &needed, plan),
            // A template knows no entries.
            Piece::Entry(_) => None,
        };
        let parts = pieces.into_iter().filter_map(part).collect();
        plan.files.push(File {
            content: Variable {
                name: entry.path,
                parts,
                absent: entry.absent,
                as_file: false,
                place: Some(entry.place),
            },
            mode: entry.mode,
            owner: entry.owner,
            on_disk: entry.on_disk,
        });
    }
}
