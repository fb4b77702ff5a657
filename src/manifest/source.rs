//! Finds the manifest and reads it. The only file of this room that does I/O.

use super::{FileContent, Manifest, reader, sheet, template};
use crate::attempt::reason;
use crate::environment::Environment;
use crate::error::{Place, Problem, Problems};
use crate::exit::Kind;
use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

/// Where a manifest is looked for when none is named: the first that exists.
const DEFAULTS: [&str; 3] = ["/etc/keyinit.yaml", "/etc/keyinit.yml", "/etc/keyinit.json"];

/// The variable that holds a manifest inline.
const INLINE: &str = "KEYINIT_MANIFEST_TEXT";

/// Finds, reads and parses the manifest: the file `named` (`--manifest` or its twin), else `KEYINIT_MANIFEST_TEXT`, else
/// the first default that exists, else an empty one.
///
/// # Errors
/// A file that was named is missing, or one that exists cannot be read: 78. What is wrong inside stands in
/// [`Manifest::problems`] and is for `plan::build` to report.
pub fn load(named: Option<&Path>, environment: &Environment<'_>) -> Result<Manifest, Problems> {
    let mut manifest = load_from(named, environment, &DEFAULTS.map(Path::new))?;
    read_templates(&mut manifest);
    Ok(manifest)
}

/// Puts the pieces of each template that stands in a file of its own in the place of its path.
fn read_templates(manifest: &mut Manifest) {
    for file in &mut manifest.files {
        let FileContent::Template(path) = &file.content else { continue };
        let shown = path.display().to_string();
        let mut refuse_at = |place: Place, what: String, cure: &str| {
            let mut problem = Problem::new(Kind::Config, what).cure(cure).at(place);
            problem.subject.targets = vec![file.path.clone()];
            manifest.problems.push(problem);
        };
        let mut refuse = |what: String, cure: &str| refuse_at(file.place.clone(), what, cure);
        let pieces = match read(path) {
            Ok(Some(bytes)) if bytes.len() > reader::LARGEST => {
                refuse(format!("the template `{shown}` is larger than 1 MiB"), "check that this is the template");
                None
            }
            Ok(Some(bytes)) => match std::str::from_utf8(&bytes) {
                Ok(text) => match template::of_file(text) {
                    Ok(pieces) => Some(pieces),
                    Err(faults) => {
                        for fault in faults {
                            refuse_at(place_in(&shown, text, fault.at), fault.what, &fault.cure);
                        }
                        None
                    }
                },
                Err(_) => {
                    refuse(format!("the template `{shown}` is not UTF-8 text"), "save it as UTF-8");
                    None
                }
            },
            Ok(None) => {
                refuse(
                    format!("the template `{shown}` does not exist"),
                    "check the path, as seen inside the container",
                );
                None
            }
            Err(error) => {
                let what = format!("the template `{shown}` cannot be read: {}", reason(&error));
                refuse(what, "make it a file that the user of keyinit may read");
                None
            }
        };
        file.content = FileContent::Pieces(pieces);
    }
}

/// The byte `at` of the template `text` as a place; a template is the user's own text and holds names.
fn place_in(template: &str, text: &str, at: usize) -> Place {
    let before = text.get(..at).unwrap_or(text);
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let begin = before.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(begin..).and_then(|rest| rest.lines().next()).unwrap_or_default();
    let shown = line.len() <= sheet::LONGEST_EXCERPT && !line.chars().any(|c| c.is_control() && c != '\t');
    Place {
        source: template.to_owned(),
        line: count(before.matches('\n').count() + 1),
        column: count(before.get(begin..).unwrap_or_default().chars().count() + 1),
        excerpt: shown.then(|| line.to_owned()),
    }
}

fn load_from(named: Option<&Path>, environment: &Environment<'_>, defaults: &[&Path]) -> Result<Manifest, Problems> {
    if let Some(path) = named {
        return match read(path) {
            Ok(Some(bytes)) => Ok(reader::parse(&path.to_string_lossy(), &bytes)),
            Ok(None) => Err(missing(path)),
            Err(error) => Err(unreadable(path, &error)),
        };
    }
    // Set but empty counts as not set: Compose writes `${X:-}` that way.
    if let Some(bytes) = environment.get(INLINE).filter(|bytes| !bytes.is_empty()) {
        return Ok(reader::parse(INLINE, bytes));
    }
    for path in defaults {
        match read(path) {
            Ok(Some(bytes)) => return Ok(reader::parse(&path.to_string_lossy(), &bytes)),
            Ok(None) => {}
            Err(error) => return Err(unreadable(path, &error)),
        }
    }
    Ok(Manifest::default())
}

/// None when there is no such file. Reads at most one byte more than a manifest may have, which is enough to refuse it.
fn read(path: &Path) -> std::io::Result<Option<Vec<u8>>> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
            return Ok(None);
        }
        Err(error) => return Err(error),
    };
    let mut bytes = Vec::new();
    file.take(reader::LARGEST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(Some(bytes))
}

fn missing(path: &Path) -> Problems {
    vec![
        Problem::new(Kind::Config, format!("the manifest `{}` does not exist", path.display()))
            .cure("check the path given by `--manifest` or KEYINIT_MANIFEST, as seen inside the container"),
    ]
}

fn unreadable(path: &Path, error: &std::io::Error) -> Problems {
    let what = format!("the manifest `{}` cannot be read: {}", path.display(), reason(error));
    vec![Problem::new(Kind::Config, what).cure("make it a file that the user of keyinit may read")]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::PathBuf;

    /// A directory of this test's own, removed at the end.
    struct Directory(PathBuf);

    impl Directory {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("keyinit-source-{name}-{}", std::process::id()));
            std::fs::create_dir_all(&path).unwrap();
            Directory(path)
        }

        fn write(&self, name: &str, text: &str) -> PathBuf {
            let path = self.0.join(name);
            std::fs::write(&path, text).unwrap();
            path
        }
    }

    impl Drop for Directory {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn names(manifest: &Manifest) -> Vec<&str> {
        manifest.entries.iter().map(|entry| entry.name.as_str()).collect()
    }

    #[test]
    fn the_order_of_sources() {
        let directory = Directory::new("order");
        let named = directory.write("named.yaml", "env: { NAMED: x }");
        let first = directory.0.join("absent.yaml");
        let second = directory.write("second.json", "{\"env\": {\"SECOND\": \"x\"}}");
        let third = directory.write("third.yaml", "env: { THIRD: x }");
        let defaults = [first.as_path(), second.as_path(), third.as_path()];
        let inline = || Environment::new(vec![c"KEYINIT_MANIFEST_TEXT=env: { INLINE: x }"]);
        let empty = || Environment::new(vec![c"KEYINIT_MANIFEST_TEXT="]);
        for (named, environment, expected) in [
            (Some(named.as_path()), inline(), vec!["NAMED"]),
            (None, inline(), vec!["INLINE"]),
            (None, empty(), vec!["SECOND"]),
        ] {
            let manifest = load_from(named, &environment, &defaults).unwrap();
            assert_eq!(names(&manifest), expected);
            assert!(manifest.problems.is_empty());
        }
        let none = load_from(None, &empty(), &[first.as_path()]).unwrap();
        assert!(none.entries.is_empty() && none.providers.is_empty() && none.problems.is_empty());
    }

    #[test]
    fn what_is_named_must_be_there() {
        let directory = Directory::new("named");
        let problem = |path: &Path| load_from(Some(path), &Environment::default(), &[]).err().unwrap().remove(0);
        let missing = directory.0.join("m.yaml");
        let found = problem(&missing);
        assert_eq!(found.kind, Kind::Config);
        assert_eq!(found.what, format!("the manifest `{}` does not exist", missing.display()));
        assert_eq!(
            problem(&directory.0).what,
            format!("the manifest `{}` cannot be read: Is a directory", directory.0.display())
        );
    }
}
