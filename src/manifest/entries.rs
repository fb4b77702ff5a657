//! The section `env`: one variable an entry.

use super::Absent;
use super::Entry;
use super::keys;
use super::node::{Content, Key, Node};
use super::reader::Reader;
use super::reference::{self, Reference};
use super::template::{self, Ground, Piece};

impl Reader<'_> {
    /// `env`, under the name that was used for it.
    pub fn entries(&mut self, name: &str, node: &Node) -> Vec<Entry> {
        let fields = self.fields(name, node).unwrap_or_default();
        fields.into_iter().map(|(key, node)| self.entry(key, node)).collect()
    }

    fn entry(&mut self, key: &Key, node: &Node) -> Entry {
        let mut entry = Entry {
            name: key.text.clone(),
            pieces: None,
            absent: Absent::Fail,
            as_file: false,
            place: self.sheet.place(key.mark),
        };
        let named = self.name(key);
        match &node.content {
            Content::Map(_) => self.secret_entry(key, node, &mut entry),
            _ => {
                let text = self.text(&key.text, node);
                entry.pieces = text.and_then(|text| self.value(&key.text, node, text));
            }
        }
        entry.pieces = entry.pieces.filter(|_| named);
        entry
    }

    /// Whether the key can be the name of a variable.
    fn name(&mut self, key: &Key) -> bool {
        let what = if key.text.is_empty() {
            "a variable without a name"
        } else if key.text.contains('=') {
            "a variable's name with `=` in it"
        } else if key.text.contains('\0') {
            "a variable's name with a NUL in it"
        } else {
            return true;
        };
        self.sheet.problem(key.mark, what, "no environment can hold it: give it another name");
        false
    }

    fn value(&mut self, name: &str, node: &Node, text: &str) -> Option<Vec<Piece>> {
        match template::parse(text.as_bytes(), Ground::Manifest) {
            Ok(Some(pieces)) => Some(pieces),
            Ok(None) => Some(vec![Piece::Literal(text.to_owned())]),
            Err(faults) => {
                for fault in faults {
                    self.sheet.fault(node.mark, name, text, fault);
                }
                None
            }
        }
    }

    fn secret_entry(&mut self, name: &Key, node: &Node, entry: &mut Entry) {
        let mut given = false;
        let mut unknown = false;
        let mut optional = false;
        let mut default = None;
        for (key, node) in self.fields(&name.text, node).unwrap_or_default() {
            match key.text.as_str() {
                "from_secret" => {
                    given = true;
                    entry.pieces = self.reference(&name.text, node).map(|reference| vec![Piece::Secret(reference)]);
                }
                "optional" => optional = self.flag("optional", node).unwrap_or_default(),
                "default" => default = self.default(node).map(|text| (key, text)),
                "as" => entry.as_file = self.as_file(node),
                _ => {
                    unknown = true;
                    self.unknown_key(key, &format!(" in `{}`", name.text), keys::ENTRY);
                }
            }
        }
        // A key that nobody knows may be the one that is missing.
        if !given && !unknown {
            let what = format!("`{}` has no `from_secret`", name.text);
            self.sheet.problem(
                name.mark,
                what,
                "write `from_secret: secret://<provider>/<path>#<key>`, or a plain value",
            );
        }
        entry.absent = match default {
            Some((key, _)) if optional => {
                self.sheet.problem(key.mark, "`default` and `optional: true` exclude each other", "keep one of them");
                Absent::Omit
            }
            Some((_, text)) => Absent::Default(text),
            None if optional => Absent::Omit,
            None => Absent::Fail,
        };
    }

    fn as_file(&mut self, node: &Node) -> bool {
        let file = self.text("as", node) == Some("file");
        if !file && matches!(node.content, Content::Text(_)) {
            self.sheet.problem(
                node.mark,
                "`as` is not `file`",
                "write `as: file`, or take the line away for a variable",
            );
        }
        file
    }

    fn default(&mut self, node: &Node) -> Option<String> {
        let text = self.text("default", node)?;
        if text.starts_with(reference::SCHEME) || text.contains("${secret://") {
            self.sheet.problem(node.mark, "`default` is a reference", "write plain text: a default is not resolved");
            return None;
        }
        Some(text.to_owned())
    }

    /// A reference, in either form.
    pub(super) fn reference(&mut self, name: &str, node: &Node) -> Option<Reference> {
        let Content::Text(text) = &node.content else {
            return self.secret_map(node);
        };
        if text.starts_with(reference::SCHEME) {
            return reference::parse(text.as_bytes())
                .map_err(|fault| self.sheet.fault(node.mark, name, text, fault))
                .ok();
        }
        let (what, cure) = if text.contains("${") {
            (
                "`from_secret` is a text with references in it".to_owned(),
                format!("write it as the value: `{name}: \"...${{secret://...}}...\"`"),
            )
        } else {
            (
                format!("`from_secret: {text}` names a secret of a CI server, which keyinit cannot ask"),
                format!("name a store: `from_secret: secret://<provider>/<path>#{text}`"),
            )
        };
        self.sheet.problem(node.mark, what, cure);
        None
    }

    fn secret_map(&mut self, node: &Node) -> Option<Reference> {
        let mut reference = Reference::default();
        let mut seen = Vec::new();
        let mut whole = true;
        let mut unknown = false;
        for (key, node) in self.fields("from_secret", node)? {
            let name = key.text.as_str();
            if !keys::SECRET.iter().any(|known| known.name == name) {
                unknown = true;
                self.unknown_key(key, " in `from_secret`", keys::SECRET);
                continue;
            }
            seen.push(name);
            let Some(text) = self.literal(name, node) else {
                whole = false;
                continue;
            };
            match name {
                "path" => reference.path = text,
                "key" => reference.key = Some(text),
                "version" => reference.version = reference::newest_is_none(&text),
                "mount" => reference.mount = Some(text),
                _ => reference.provider = text,
            }
        }
        if seen.contains(&"provider") && seen.contains(&"integration") {
            self.sheet.problem(node.mark, "`provider` and `integration` are one key, given twice", "keep one of them");
            whole = false;
        }
        for (names, wanted) in [(&["provider", "integration"][..], "provider"), (&["path"], "path")] {
            if !names.iter().any(|name| seen.contains(name)) {
                whole = false;
                if !unknown {
                    let what = format!("`from_secret` has no `{wanted}`");
                    self.sheet.problem(node.mark, what, format!("add `{wanted}:`"));
                }
            }
        }
        whole.then_some(reference)
    }

    /// Text that is taken as it stands.
    fn literal(&mut self, name: &str, node: &Node) -> Option<String> {
        let text = self.text(name, node)?;
        match reference::check_literal(&format!("{name} in `from_secret`"), text) {
            Ok(()) => Some(text.to_owned()),
            Err(fault) => {
                self.sheet.problem(node.mark, fault.what, fault.cure);
                None
            }
        }
    }
}
