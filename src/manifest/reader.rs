//! The tree of nodes to a typed manifest: the top level, and what its sections share. Collects every problem.

use super::Winner;
use super::keys::Known;
use super::node::{self, Content, Key, Node};
use super::sheet::{Mark, Sheet};
use super::{Manifest, hide, keys};
use crate::stores::{self, Form, Spec};
use crate::suggest::nearest;
use std::collections::BTreeSet;

/// The size in bytes that a manifest may have: a ConfigMap cannot be larger.
pub const LARGEST: usize = 1 << 20;

/// Reads a manifest. `source` is its name as shown.
pub fn parse(source: &str, bytes: &[u8]) -> Manifest {
    parse_with(stores::SPECS, source, bytes)
}

/// [`parse`] for the given stores.
pub fn parse_with(specs: &[&'static Spec], source: &str, bytes: &[u8]) -> Manifest {
    // What stands there cannot be shown.
    let refuse = |line: usize, what: &str, cure: &str| {
        let mut sheet = Sheet::new(source, "");
        sheet.hide(1, 1);
        sheet.problem(Mark { line: u32::try_from(line).unwrap_or(u32::MAX), column: 0 }, what, cure);
        Manifest { problems: sheet.into_problems(), ..Manifest::default() }
    };
    if bytes.len() > LARGEST {
        return refuse(0, "the manifest is larger than 1 MiB", "check that this is the manifest");
    }
    let text = match std::str::from_utf8(bytes) {
        Ok(text) => text,
        Err(error) => {
            let before = bytes.get(..error.valid_up_to()).unwrap_or_default();
            let line = 1 + before.iter().filter(|byte| **byte == b'\n').count();
            return refuse(line, "the manifest is not UTF-8 text", "save it as UTF-8");
        }
    };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut sheet = Sheet::new(source, text);
    match node::parse(text) {
        Ok(None) => Manifest::default(),
        Ok(Some(root)) => Reader { sheet, specs }.manifest(&root),
        Err(broken) => {
            // Without a tree nobody knows what is a credential; what follows a word that speaks of one is not shown.
            sheet.hide_from_words(&credential_words(specs), &keys::all(keys::TOP));
            sheet.problem(broken.mark, broken.what, broken.cure);
            Manifest { problems: sheet.into_problems(), ..Manifest::default() }
        }
    }
}

/// Names under which a credential might be written out.
fn credential_words(specs: &[&'static Spec]) -> Vec<&'static str> {
    let fields = specs.iter().flat_map(|spec| spec.methods).flat_map(|method| method.fields);
    let keys = specs.iter().flat_map(|spec| spec.keys).chain(fields);
    let mut words: Vec<&str> = keys.filter(|key| key.form == Form::Credential).map(|key| key.name).collect();
    words.extend(["auth", "secret_id", "token", "password", "client_secret"]);
    words
}

/// The walk over the tree.
pub struct Reader<'a> {
    /// The text, and the problems so far.
    pub sheet: Sheet<'a>,
    /// The stores there are.
    pub specs: &'a [&'static Spec],
}

impl Reader<'_> {
    fn manifest(mut self, root: &Node) -> Manifest {
        hide::hide_credentials(&mut self.sheet, self.specs, root);
        let mut manifest = Manifest::default();
        let mut seen_env = false;
        for (key, node) in self.fields("the manifest", root).unwrap_or_default() {
            match key.text.as_str() {
                "providers" => manifest.providers = self.providers(node),
                "env" | "environment" if seen_env => {
                    self.sheet.problem(
                        key.mark,
                        "`env` and `environment` are one key, given twice",
                        "put them together",
                    );
                }
                "env" | "environment" => {
                    seen_env = true;
                    manifest.entries = self.entries(&key.text, node);
                }
                "files" => manifest.files = self.files(node),
                "files_dir" => manifest.files_dir = self.filled("files_dir", node).map(str::to_owned),
                "on_conflict" => manifest.on_conflict = self.winner(node),
                name if keys::is_later(keys::TOP, name) => self.not_built(key.mark, name),
                _ => self.unknown_key(key, "", keys::TOP),
            }
        }
        manifest.problems = self.sheet.into_problems();
        manifest
    }

    fn winner(&mut self, node: &Node) -> Option<Winner> {
        let winner = match self.text("on_conflict", node)? {
            "manifest" => Winner::Manifest,
            "environment" => Winner::Environment,
            _ => {
                self.sheet.problem(
                    node.mark,
                    "`on_conflict` is neither `manifest` nor `environment`",
                    "name who wins when a variable is set in both",
                );
                return None;
            }
        };
        Some(winner)
    }

    /// The pairs of a map, each key once.
    pub fn fields<'n>(&mut self, name: &str, node: &'n Node) -> Option<Vec<(&'n Key, &'n Node)>> {
        let Content::Map(pairs) = &node.content else {
            self.wrong_form(name, node, "a map");
            return None;
        };
        let mut seen = BTreeSet::new();
        let mut fields = Vec::with_capacity(pairs.len());
        for (key, node) in pairs {
            if seen.insert(&key.text) {
                fields.push((key, node));
            } else {
                self.sheet.problem(key.mark, format!("`{}` is given twice", key.text), "keep one of them");
            }
        }
        Some(fields)
    }

    /// A scalar's text.
    pub fn text<'n>(&mut self, name: &str, node: &'n Node) -> Option<&'n str> {
        match &node.content {
            Content::Text(text) => Some(text),
            _ => {
                self.wrong_form(name, node, "text");
                None
            }
        }
    }

    /// A scalar's text that is not empty.
    pub fn filled<'n>(&mut self, name: &str, node: &'n Node) -> Option<&'n str> {
        let text = self.text(name, node)?;
        if text.is_empty() {
            self.sheet.problem(node.mark, format!("`{name}` is empty"), "write a value, or take the line away");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub fn flag(&mut self, name: &str, node: &Node) -> Option<bool> {
        match self.text(name, node)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => {
                self.sheet.problem(
                    node.mark,
                    format!("`{name}` is neither `true` nor `false`"),
                    "write one of the two",
                );
                None
            }
        }
    }

    /// Notes that something else stands where `wanted` should.
    pub fn wrong_form(&mut self, name: &str, node: &Node, wanted: &str) {
        let quoted = if name.contains(' ') { name.to_owned() } else { format!("`{name}`") };
        let cure = match (&node.content, wanted) {
            (Content::Null, "text") => "write a value; an empty text is \"\"".to_owned(),
            (Content::Null, _) => "write a value, or take the line away".to_owned(),
            (_, "text") => "write one plain value".to_owned(),
            (_, "a map") => "write it as `key: value`".to_owned(),
            _ => format!("write {wanted}"),
        };
        let what = match &node.content {
            Content::Null => format!("{quoted} has no value"),
            Content::Text(_) => format!("{quoted} is text, not {wanted}"),
            Content::List(_) => format!("{quoted} is a list, not {wanted}"),
            Content::Map(_) => format!("{quoted} is a map, not {wanted}"),
        };
        self.sheet.problem(node.mark, what, cure);
    }

    /// Notes a key that is not in `table`. `of` follows it in the text.
    pub fn unknown_key(&mut self, key: &Key, of: &str, table: &[Known]) {
        self.unknown(key, of, &keys::all(table), &keys::shown(table));
    }

    /// Notes a key that nobody knows. `of` follows it in the text; `known` are candidates for what was meant, `shown` the
    /// keys to name when there is none.
    pub fn unknown(&mut self, key: &Key, of: &str, known: &[&str], shown: &[&str]) {
        let cure = match nearest(&key.text, known.iter().copied()) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None if shown.is_empty() => "take it away".to_owned(),
            None => format!("the keys here are {}", shown.join(", ")),
        };
        self.sheet.problem(key.mark, format!("unknown key `{}`{of}", key.text), cure);
    }

    /// Notes something that is promised for later.
    pub fn not_built(&mut self, mark: Mark, name: &str) {
        self.sheet.problem(
            mark,
            format!("`{name}` is not supported by this version"),
            "take it away, or use a newer keyinit",
        );
    }
}
