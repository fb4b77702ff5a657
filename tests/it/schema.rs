//! `keyinit schema`, held against an implementation of JSON Schema and a YAML parser that are not ours.

use crate::support::golden::golden;
use crate::support::run::keyinit;
use boon::{Compiler, Schemas};
use serde::Deserialize;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// What stands first in a wrong manifest that only keyinit can find wrong, with the reason.
const ALONE: &str = "# keyinit alone: ";

/// The schema that the binary prints, compiled.
struct Schema(Schemas, boon::SchemaIndex);

impl Schema {
    fn new() -> Schema {
        let schema = keyinit().plain().arg("schema").run().expect(0).json();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("schema.json", schema).unwrap();
        let index = compiler.compile("schema.json", &mut schemas).unwrap_or_else(|error| panic!("{error:#}"));
        Schema(schemas, index)
    }

    fn accepts(&self, manifest: &Value) -> Result<(), String> {
        self.0.validate(manifest, self.1).map_err(|error| format!("{error:#}"))
    }
}

/// YAML's own idea of a scalar: `1` is a number, `no` is text. None for what is no single document.
fn as_json(yaml: &str) -> Option<Value> {
    fn json(value: serde_norway::Value) -> Value {
        use serde_norway::Value as Yaml;
        match value {
            Yaml::Null => Value::Null,
            Yaml::Bool(flag) => flag.into(),
            Yaml::Number(number) => serde_json::to_value(number).unwrap(),
            Yaml::String(text) => text.into(),
            Yaml::Sequence(items) => items.into_iter().map(json).collect::<Vec<_>>().into(),
            Yaml::Mapping(pairs) => {
                let key = |key| match json(key) {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                Value::Object(pairs.into_iter().map(|(name, value)| (key(name), json(value))).collect())
            }
            Yaml::Tagged(_) => panic!("a tag"),
        }
    }
    serde_norway::from_str(yaml).ok().map(json)
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every manifest that the documentation shows, with where it stands.
fn examples() -> Vec<(String, String)> {
    let mut found = Vec::new();
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for block in readme.split("```yaml\n").skip(1).filter_map(|rest| rest.split("```").next()) {
        if block.starts_with("providers:") {
            found.push(("README.md".to_owned(), block.to_owned()));
        }
    }
    for file in files(&root().join("examples")) {
        let Ok(text) = fs::read_to_string(&file) else { continue };
        let name = file.strip_prefix(root()).unwrap().display().to_string();
        if file.file_name().is_some_and(|name| name == "keyinit.yaml") {
            found.push((name, text));
        } else if file.extension().is_some_and(|extension| extension == "yaml") {
            // A ConfigMap holds a manifest as text.
            for document in serde_norway::Deserializer::from_str(&text) {
                let document = serde_norway::Value::deserialize(document).unwrap();
                if let Some(text) = document.get("data").and_then(|data| data.get("keyinit.yaml")?.as_str()) {
                    found.push((name.clone(), text.to_owned()));
                }
            }
        }
    }
    found
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found.sort();
    found
}

#[test]
fn as_it_is_printed() {
    let run = keyinit().plain().arg("schema").run().expect(0);
    assert_eq!(run.err, "");
    golden("schema", &run.out, &[]);
}

#[test]
fn it_is_a_schema_by_its_own_draft() {
    let schema = keyinit().plain().arg("schema").run().expect(0).json();
    let draft = "https://json-schema.org/draft/2020-12/schema";
    assert_eq!(schema["$schema"], draft);
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    let index = compiler.compile(draft, &mut schemas).unwrap();
    schemas.validate(&schema, index).unwrap_or_else(|error| panic!("{error:#}"));
}

#[test]
fn every_example_is_accepted() {
    let schema = Schema::new();
    let examples = examples();
    let names: Vec<&str> = examples.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(
        names,
        [
            "README.md",
            "README.md",
            "examples/files/keyinit.yaml",
            "examples/kubernetes/pod.yaml",
            "examples/quickstart/keyinit.yaml"
        ]
    );
    // Where templates lie in the container, and where here.
    let templates = root().join("examples/files/templates").display().to_string();
    for (name, text) in examples {
        schema.accepts(&as_json(&text).unwrap()).unwrap_or_else(|error| panic!("{name}: {error}"));
        let text = text.replace("/etc/keyinit/templates", &templates);
        let text = text.replace("/etc/app/config.ini.tmpl", &format!("{templates}/config.ini"));
        let run =
            keyinit().plain().arg("plan").env("VAULT_ROLE_ID", "r").env("VAULT_SECRET_ID", "s").manifest(&text).run();
        assert_eq!(run.code(), 0, "{name}: {}", run.err);
    }
}

/// Every file of `wrong-manifests` is refused by keyinit, with a place and a cure, and by the schema, unless its first line
/// says why the schema cannot see it.
#[test]
fn every_wrong_manifest_is_refused() {
    let schema = Schema::new();
    let mut told = String::new();
    for file in files(&root().join("tests/it/wrong-manifests")) {
        let name = file.file_name().unwrap().to_str().unwrap();
        let text = fs::read_to_string(&file).unwrap();
        let init = keyinit().plain().args(["plan", "-m", name]).cwd(file.parent().unwrap());
        let run = init.env("VAULT_TOKEN", "hvs.BBBB").run().expect(78);
        assert_eq!(run.out, "", "{name}");
        assert!(run.err.contains(&format!("--> {name}:")) && run.err.contains(" = cure: "), "{name}: {}", run.err);
        assert!(!run.err.contains("hvs."), "{name}: {}", run.err);
        told.push_str(&format!("{}\n\n", run.err.trim_end()));
        let alone = text.starts_with(ALONE);
        assert_eq!(alone, name.starts_with("alone-"), "{name}");
        if let Some(manifest) = as_json(&text) {
            assert_eq!(schema.accepts(&manifest).is_ok(), alone, "{name}");
        } else {
            assert!(alone, "{name}");
        }
    }
    let controls = told.chars().filter(|c| c.is_control() && *c != '\n');
    assert_eq!(controls.count(), 0);
    golden("wrong-manifests", &told, &[]);
}
