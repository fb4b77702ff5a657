//! Finds the manifest and reads it. The only file of this room that does I/O.

use super::sheet::Sheet;
use super::{Fault, FileContent, Manifest, Piece, reader, template};
use crate::attempt::reason;
use crate::environment::Environment;
use crate::error::{Place, Problem, Problems, Subject};
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
        let pieces = read_template(path, &file.place).map_err(|problems| {
            let about = Subject { targets: vec![file.path.clone()], ..Subject::default() };
            manifest.problems.extend(problems.into_iter().map(|problem| problem.about(about.clone())));
        });
        file.content = FileContent::Pieces(pieces.ok());
    }
}

/// The pieces of the template at `path`, which `place` asks for.
fn read_template(path: &Path, place: &Place) -> Result<Vec<Piece>, Problems> {
    let shown = path.display().to_string();
    let refuse = |what: &str, cure: &str| {
        vec![Problem::new(Kind::Config, format!("the template `{shown}` {what}")).cure(cure).at(place.clone())]
    };
    let bytes = read(path).map_err(|error| {
        let what = format!("cannot be read: {}", reason(&error));
        refuse(&what, "make it a file that the user of keyinit may read")
    })?;
    let bytes = bytes.ok_or_else(|| refuse("does not exist", "check the path, as seen inside the container"))?;
    if bytes.len() > reader::LARGEST {
        return Err(refuse("is larger than 1 MiB", "check that this is the template"));
    }
    let text = std::str::from_utf8(&bytes).map_err(|_| refuse("is not UTF-8 text", "save it as UTF-8"))?;
    template::of_file(text).map_err(|faults| {
        let problem = |fault: Fault| {
            let place = Sheet::place_in(&shown, text, fault.at);
            Problem::new(Kind::Config, fault.what).cure(fault.cure).at(place)
        };
        faults.into_iter().map(problem).collect()
    })
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
