//! The section `providers`: settings and logins, checked against the stores' specs.

use super::Provider;
use super::keys::{self, find, kinds};
use super::node::{Content, Key, Node};
use super::reader::Reader;
use super::reference;
use super::sheet::Mark;
use crate::stores::{self, Form, Given, Method, Settings, Spec, Value};
use crate::suggest::nearest;
use std::collections::BTreeMap;

/// Kinds of store that are promised but not built.
pub const NOT_BUILT: [&str; 11] = [
    "azure",
    "azure_key_vault",
    "infisical",
    "agent",
    "agent_secret_store",
    "aws-sm",
    "aws-ssm",
    "gcp",
    "kubernetes",
    "doppler",
    "onepassword",
];

impl Reader<'_> {
    /// `providers`.
    pub fn providers(&mut self, node: &Node) -> Vec<Provider> {
        let fields = self.fields("providers", node).unwrap_or_default();
        fields.into_iter().map(|(key, node)| self.provider(key, node)).collect()
    }

    fn provider(&mut self, name: &Key, node: &Node) -> Provider {
        let place = self.sheet.place(name.mark);
        let mut provider = Provider { name: name.text.clone(), store: None, allow: None, place: place.clone() };
        if let Err(fault) = reference::check_literal("name of the provider", &name.text) {
            self.sheet.problem(name.mark, fault.what, fault.cure);
        }
        let Some(fields) = self.fields(&format!("provider `{}`", name.text), node) else {
            return provider;
        };
        let kind = fields.iter().find(|(key, _)| key.text == "type").map(|(_, node)| *node);
        let spec = self.kind(name, kind, &fields);
        let mut settings = Settings { place: Some(place), ..Settings::default() };
        for (key, node) in fields {
            match (key.text.as_str(), spec) {
                ("type", _) => {}
                // An `allow` that cannot be read allows nothing.
                ("allow", _) => provider.allow = Some(self.texts("allow", node).unwrap_or_default()),
                (_, None) => {}
                ("auth", Some(spec)) => self.auth(spec, node, &mut settings),
                (text, Some(spec)) => {
                    let known = spec.keys.iter().find(|known| known.name == text);
                    let given = match known {
                        Some(known) => self.setting(known, key, node, &mut settings.keys),
                        None => self.unknown_setting(spec, name, key),
                    };
                    settings.refused |= given.is_none();
                }
            }
        }
        provider.store = spec.map(|spec| (spec, settings));
        provider
    }

    fn kind(&mut self, name: &Key, node: Option<&Node>, fields: &[(&Key, &Node)]) -> Option<&'static Spec> {
        let known = kinds(self.specs);
        let Some(node) = node else {
            let settings = self.specs.iter().flat_map(|spec| spec.keys).map(|key| key.name);
            let names: Vec<&str> = settings.chain(keys::all(keys::PROVIDER)).collect();
            let meant = |key: &Key| nearest(&key.text, names.iter().copied()) == Some("type");
            let cure = match fields.iter().find(|(key, _)| meant(key)) {
                Some((key, _)) => format!("did you mean `type` where it says `{}`?", key.text),
                None => format!("add `type:`; the types are {}", known.join(", ")),
            };
            self.sheet.problem(name.mark, format!("provider `{}` has no `type`", name.text), cure);
            return None;
        };
        let kind = self.filled("type", node)?;
        let spec = find(self.specs, kind);
        if spec.is_none() {
            if NOT_BUILT.contains(&kind) {
                self.not_built(node.mark, &format!("type: {kind}"));
            } else {
                let cure = match nearest(kind, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("the types are {}", known.join(", ")),
                };
                self.sheet.problem(node.mark, format!("unknown provider type `{kind}`"), cure);
            }
        }
        spec
    }

    fn unknown_setting(&mut self, spec: &Spec, provider: &Key, key: &Key) -> Option<()> {
        let of = format!(" in provider `{}`", provider.text);
        if spec.methods.iter().flat_map(|method| method.fields).any(|field| field.name == key.text) {
            let what = format!("unknown key `{}`{of}", key.text);
            self.sheet.problem(key.mark, what, "it belongs under `auth`");
            return None;
        }
        let mut known = keys::all(keys::PROVIDER);
        known.extend(spec.keys.iter().map(|key| key.name));
        self.unknown(key, &of, &known, &known);
        None
    }

    fn auth(&mut self, spec: &Spec, node: &Node, settings: &mut Settings) {
        if spec.methods.is_empty() {
            let what = format!("a provider of type `{}` has no login", spec.kind);
            self.sheet.problem(node.mark, what, "take `auth` away");
            return;
        }
        let Some(fields) = self.fields("auth", node) else {
            settings.refused = true;
            return;
        };
        let chosen = fields.iter().find(|(key, _)| key.text == "method").map(|(_, node)| *node);
        let method = chosen.and_then(|node| self.method(spec, node));
        settings.refused |= chosen.is_some() && method.is_none();
        // With no method, or a wrong one, a field that any method has is right.
        let methods: Vec<&Method> = method.map_or_else(|| spec.methods.iter().collect(), |method| vec![method]);
        let field = |name: &str| methods.iter().flat_map(|method| method.fields).find(|field| field.name == name);
        let of = match method {
            Some(method) => format!(" of the login method `{}`", method.name),
            None => " under `auth`".to_owned(),
        };
        for (key, node) in fields {
            let name = match key.text.as_str() {
                "method" => continue,
                // What Vault's CLI calls `-path` at `auth enable`.
                "path" if field("path").is_none() => "mount",
                name => name,
            };
            match field(name) {
                Some(_) if settings.auth.contains_key(name) => {
                    let what = "`mount` and `path` under `auth` are one key, given twice";
                    self.sheet.problem(key.mark, what, "keep one of them");
                }
                Some(known) => settings.refused |= self.setting(known, key, node, &mut settings.auth).is_none(),
                None => {
                    settings.refused = true;
                    let known = methods.iter().flat_map(|method| method.fields).map(|field| field.name);
                    let known: Vec<&str> = std::iter::once("method").chain(known).collect();
                    self.unknown(key, &of, &known, if method.is_some() { &known } else { &[] });
                }
            }
        }
        settings.method = method.map(|method| method.name.to_owned());
    }

    fn method(&mut self, spec: &Spec, node: &Node) -> Option<&'static Method> {
        let name = self.filled("method", node)?;
        let found = spec.methods.iter().find(|method| method.name == name);
        if found.is_none() {
            let known: Vec<&str> = spec.methods.iter().map(|method| method.name).collect();
            let cure = match nearest(name, known.iter().copied()) {
                Some(meant) => format!("did you mean `{meant}`?"),
                None => format!("the methods are {}", known.join(", ")),
            };
            self.sheet.problem(node.mark, format!("unknown login method `{name}` of `{}`", spec.kind), cure);
        }
        found
    }

    /// One setting, stored under the spec's name for it; none when it is refused, which a problem tells.
    fn setting(
        &mut self,
        known: &stores::Key,
        key: &Key,
        node: &Node,
        into: &mut BTreeMap<String, Given>,
    ) -> Option<()> {
        let name = key.text.as_str();
        let value = match known.form {
            Form::Text => self.plain(name, node).map(Value::Text),
            Form::List => match &node.content {
                Content::List(_) => self.texts(name, node).map(Value::List),
                _ => self.plain(name, node).map(Value::Text),
            },
            Form::Boolean => self.flag(name, node).map(|flag| Value::Text(flag.to_string())),
            Form::OneOf(words) => self.one_of(name, words, node).map(Value::Text),
            Form::Name => match &node.content {
                Content::Map(_) => self.sourced(name, node),
                _ => self.plain(name, node).map(Value::Text),
            },
            Form::Credential => match &node.content {
                Content::Text(_) => {
                    let what = format!("`{name}` is a credential, and written out in the manifest");
                    let cure = "put it in a variable or a file, and write `{ env: NAME }` or `{ file: PATH }`";
                    self.sheet.problem(node.mark, what, cure);
                    None
                }
                _ => self.sourced(name, node),
            },
        }?;
        into.insert(known.name.to_owned(), Given { value, place: self.sheet.place(key.mark) });
        Some(())
    }

    fn plain(&mut self, name: &str, node: &Node) -> Option<String> {
        let text = self.filled(name, node)?;
        if text.starts_with(reference::SCHEME) || text.contains("${secret://") {
            let cure =
                "settings are not resolved: write the value, or `{ env: NAME }` where a name or credential stands";
            self.sheet.problem(node.mark, format!("`{name}` is a reference"), cure);
            return None;
        }
        Some(text.to_owned())
    }

    /// One text, or a list of them.
    fn texts(&mut self, name: &str, node: &Node) -> Option<Vec<String>> {
        let Content::List(nodes) = &node.content else {
            return self.plain(name, node).map(|text| vec![text]);
        };
        if nodes.is_empty() {
            self.sheet.problem(node.mark, format!("`{name}` is an empty list"), "write a value, or take the line away");
            return None;
        }
        let texts: Vec<Option<String>> = nodes.iter().map(|node| self.plain(name, node)).collect();
        texts.into_iter().collect()
    }

    fn one_of(&mut self, name: &str, words: &[&str], node: &Node) -> Option<String> {
        let text = self.text(name, node)?;
        if !words.contains(&text) {
            let what = format!("`{name}` is none of {}", words.join(", "));
            self.sheet.problem(node.mark, what, "write one of these");
            return None;
        }
        Some(text.to_owned())
    }

    /// `{ env: NAME }` or `{ file: PATH, wrapped: true }`.
    fn sourced(&mut self, name: &str, node: &Node) -> Option<Value> {
        const CURE: &str = "write `{ env: NAME }` or `{ file: PATH }`";
        let mut env: Option<(Mark, Option<String>)> = None;
        let mut file: Option<(Mark, Option<String>)> = None;
        let mut wrapped = None;
        let mut whole = true;
        let Content::Map(_) = node.content else {
            self.wrong_form(name, node, CURE.trim_start_matches("write "));
            return None;
        };
        for (key, node) in self.fields(name, node)? {
            match key.text.as_str() {
                "env" => env = Some((key.mark, self.variable_name(node))),
                "file" => file = Some((key.mark, self.filled("file", node).map(str::to_owned))),
                "wrapped" => {
                    let flag = self.flag("wrapped", node);
                    wrapped = Some((key.mark, flag));
                    if flag == Some(true) {
                        whole = false;
                        self.not_built(key.mark, "wrapped: true");
                    }
                }
                later if keys::is_later(keys::SOURCE, later) => {
                    whole = false;
                    self.not_built(key.mark, later);
                }
                _ => {
                    whole = false;
                    self.unknown_key(key, &format!(" in `{name}`"), keys::SOURCE);
                }
            }
        }
        match (env, file) {
            (Some(_), Some((mark, _))) => {
                self.sheet.problem(mark, format!("`{name}` has both `env` and `file`"), "keep one of them");
                None
            }
            (None, None) => {
                if whole {
                    self.sheet.problem(node.mark, format!("`{name}` has neither `env` nor `file`"), CURE);
                }
                None
            }
            (Some((_, text)), None) => {
                if let Some((mark, _)) = wrapped {
                    self.sheet.problem(mark, "`wrapped` without `file`", "only a file can hold a wrapping token");
                    return None;
                }
                text.map(Value::Env)
            }
            (None, Some((_, text))) => {
                let wrapped = wrapped.and_then(|(_, flag)| flag).unwrap_or_default();
                text.map(|path| Value::File { path: path.into(), wrapped })
            }
        }
        .filter(|_| whole)
    }

    fn variable_name(&mut self, node: &Node) -> Option<String> {
        let text = self.filled("env", node)?;
        if text.contains(['=', '\0', '$']) {
            self.sheet.problem(node.mark, "`env` is no name of a variable", "write the bare name, without `$`");
            return None;
        }
        Some(text.to_owned())
    }
}
