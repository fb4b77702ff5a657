//! Which lines may hold a credential, so that no excerpt shows them.

use super::keys::{self, find};
use super::node::{Content, Key, Node};
use super::sheet::Sheet;
use crate::stores::{self, Form, Spec};
use crate::suggest::nearest;

/// Keeps back the lines on which a credential might be written out, before any place is made of them: fields of `auth` and
/// settings that should hold `{ env: }` or `{ file: }` and hold something else, and keys that nobody knows.
pub fn hide_credentials(sheet: &mut Sheet<'_>, specs: &[&'static Spec], root: &Node) {
    let common = keys::all(keys::PROVIDER);
    for (key, provider) in pairs(root).filter(|(key, _)| key.text == "providers").flat_map(|(_, node)| pairs(node)) {
        let kind = pairs(provider).find(|(key, _)| key.text == "type").and_then(|(_, node)| match &node.content {
            Content::Text(text) => find(specs, text),
            _ => None,
        });
        let specs = kind.as_ref().map_or(specs, std::slice::from_ref);
        let settings: Vec<&stores::Key> = specs.iter().flat_map(|spec| spec.keys).collect();
        let fields: Vec<&stores::Key> =
            specs.iter().flat_map(|spec| spec.methods).flat_map(|method| method.fields).collect();
        if !matches!(provider.content, Content::Map(_)) {
            sheet.hide(key.mark.line, provider.last_line);
        }
        for (key, node) in pairs(provider) {
            if key.text != "auth" {
                hide_unless_open(sheet, key, node, &settings, &common);
            } else if matches!(node.content, Content::Map(_)) {
                for (key, node) in pairs(node) {
                    hide_unless_open(sheet, key, node, &fields, &["method", "mount", "path"]);
                }
            } else {
                sheet.hide(key.mark.line, node.last_line);
            }
        }
    }
}

fn hide_unless_open(sheet: &mut Sheet<'_>, key: &Key, node: &Node, known: &[&stores::Key], common: &[&str]) {
    let sourced = matches!(&node.content, Content::Map(pairs)
        if pairs.iter().all(|(key, _)| matches!(key.text.as_str(), "env" | "file" | "wrapped")));
    let names = known.iter().map(|key| key.name).chain(common.iter().copied());
    // A key that is nearly a known one is taken for it: `adress` is shown, `secretid` is not.
    let meant = nearest(&key.text, names);
    let open = meant.is_some_and(|meant| {
        common.contains(&meant) || known.iter().all(|key| key.name != meant || key.form != Form::Credential)
    });
    if !open && !sourced {
        sheet.hide(key.mark.line, node.last_line);
    }
}

fn pairs(node: &Node) -> impl Iterator<Item = (&Key, &Node)> {
    let pairs = match &node.content {
        Content::Map(pairs) => pairs.as_slice(),
        _ => &[],
    };
    pairs.iter().map(|(key, node)| (key, node))
}
