//! The section `files`: one file an entry.

use super::keys;
use super::node::{Content, Key, Node};
use super::reader::Reader;
use super::template;
use super::{Absent, FileContent, FileEntry, Piece};
use std::path::PathBuf;

/// Owner may read: what a secret needs.
const DEFAULT_MODE: u32 = 0o400;

impl Reader<'_> {
    /// `files`.
    pub fn files(&mut self, node: &Node) -> Vec<FileEntry> {
        let fields = self.fields("files", node).unwrap_or_default();
        fields.into_iter().filter_map(|(key, node)| self.file(key, node)).collect()
    }

    fn file(&mut self, path: &Key, node: &Node) -> Option<FileEntry> {
        let sound = self.path(path);
        let mut file = FileEntry {
            path: path.text.clone(),
            content: FileContent::Pieces(None),
            mode: DEFAULT_MODE,
            owner: None,
            on_disk: false,
            absent: Absent::Fail,
            place: self.sheet.place(path.mark),
        };
        if !matches!(node.content, Content::Map(_)) {
            let what = format!("`{}` is no map", path.text);
            self.sheet.problem(node.mark, what, "write `template:` or `from_secret:` beneath the path");
            return None;
        }
        let mut contents = 0;
        let mut unknown = false;
        for (key, node) in self.fields(&path.text, node)? {
            match key.text.as_str() {
                "from_secret" => {
                    contents += 1;
                    let reference = self.reference(&path.text, node);
                    file.content = FileContent::Pieces(reference.map(|reference| vec![Piece::Secret(reference)]));
                }
                "template" => {
                    contents += 1;
                    file.content = self.template(&path.text, node);
                }
                "mode" => file.mode = self.mode(node).unwrap_or(DEFAULT_MODE),
                "owner" => file.owner = self.filled("owner", node).map(str::to_owned),
                "on_disk" => file.on_disk = self.flag("on_disk", node).unwrap_or_default(),
                "optional" if self.flag("optional", node) == Some(true) => file.absent = Absent::Omit,
                "optional" => {}
                _ => {
                    unknown = true;
                    self.unknown_key(key, &format!(" in `{}`", path.text), keys::FILE);
                }
            }
        }
        match contents {
            1 => {}
            0 if unknown => return None,
            0 => {
                let what = format!("`{}` has neither `template` nor `from_secret`", path.text);
                self.sheet.problem(path.mark, what, "write one of the two");
                return None;
            }
            _ => {
                let what = format!("`{}` has both `template` and `from_secret`", path.text);
                self.sheet.problem(path.mark, what, "keep one of them");
                return None;
            }
        }
        sound.then_some(file)
    }

    /// Whether the key names a file without doubt.
    fn path(&mut self, key: &Key) -> bool {
        let segments = || key.text.split('/').skip(1);
        let (what, cure) = if !key.text.starts_with('/') {
            ("is no absolute path", "begin it with a slash")
        } else if key.text.chars().any(char::is_control) {
            ("holds a control character", "write a plain path")
        } else if segments().any(|segment| matches!(segment, "" | "." | "..")) {
            (
                "has a segment that is empty, `.` or `..`",
                "write the path without such segments, and without a slash at its end",
            )
        } else {
            return true;
        };
        self.sheet.problem(key.mark, format!("the file `{}` {what}", key.text), cure);
        false
    }

    fn template(&mut self, path: &str, node: &Node) -> FileContent {
        let Some(text) = self.filled("template", node) else { return FileContent::Pieces(None) };
        let mut lines = text.lines();
        if text.starts_with('/') && lines.next().is_some() && lines.next().is_none() {
            return FileContent::Template(PathBuf::from(text.trim_end()));
        }
        match template::of_file(text) {
            Ok(pieces) => FileContent::Pieces(Some(pieces)),
            Err(faults) => {
                for fault in faults {
                    self.sheet.fault(node.mark, path, text, fault);
                }
                FileContent::Pieces(None)
            }
        }
    }

    /// Three octal digits, with or without a zero in front. Not more: no secret is a program that changes its user.
    fn mode(&mut self, node: &Node) -> Option<u32> {
        let text = self.text("mode", node)?;
        let digits = if text.len() == 4 { text.strip_prefix('0').unwrap_or("") } else { text };
        let octal = digits.len() == 3 && digits.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
        match u32::from_str_radix(digits, 8).ok().filter(|_| octal) {
            Some(mode) => Some(mode),
            None => {
                self.sheet.problem(node.mark, "`mode` is no permission in octal", "write it like \"0400\" or \"0440\"");
                None
            }
        }
    }
}
