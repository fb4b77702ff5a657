//! Where a credential comes from, and how it is read: trimmed, and free of what cannot be printed.

use crate::attempt::{Failure, Retry, reason};
use crate::environment::Environment;
use crate::exit::Kind;
use crate::secret::Secret;
use std::io::Read;
use std::path::PathBuf;
use zeroize::Zeroize;

/// The most that a credential may have, in bytes. A JWT has some thousand.
const LIMIT: usize = 64 << 10;

/// Where a credential, or the name that goes with one, comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// It stands in the manifest as it is. Only for what is not secret.
    Literal(String),
    /// A variable of the environment.
    Variable(String),
    /// A file.
    File(PathBuf),
}

/// A source as messages and identities name it: never its value, save that of a literal.
pub struct Spoken<'a>(pub &'a Source);

impl std::fmt::Display for Spoken<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Source::Literal(text) => write!(f, "`{text}`"),
            Source::Variable(name) => f.write_str(name),
            Source::File(path) => write!(f, "{}", path.display()),
        }
    }
}

impl Source {
    /// Reads it, trims white space at both ends, and refuses what is empty or cannot be printed: a header could not hold
    /// it. `what` names it in messages: `the token`.
    ///
    /// # Errors
    ///
    /// It is not there, cannot be read, or is no such text: 77, because without it no login can succeed.
    pub fn read(&self, what: &str, environment: &Environment<'_>) -> Result<Secret, Failure> {
        match self {
            Source::Literal(text) => checked(what, self, text.as_bytes()),
            Source::Variable(name) => {
                let value = environment
                    .get(name)
                    .ok_or_else(|| refused(format!("{name}, which holds {what}, is not set"), Some("set it")))?;
                checked(what, self, value)
            }
            Source::File(path) => {
                let mut bytes = vec![0; LIMIT + 1];
                let outcome = std::fs::File::open(path).and_then(|file| fill(file, &mut bytes));
                let secret = match outcome {
                    Ok(count) if count > LIMIT => {
                        let cure = "see whether it is the right file: a credential has 64 KiB at most";
                        Err(refused(format!("{} is too large to hold {what}", path.display()), Some(cure)))
                    }
                    Ok(count) => checked(what, self, bytes.get(..count).unwrap_or_default()),
                    Err(error) => {
                        let cure = "the path is one inside the container, and must be readable for this user";
                        let text = format!("cannot read {what} from {}: {}", path.display(), reason(&error));
                        Err(refused(text, Some(cure)))
                    }
                };
                bytes.zeroize();
                secret
            }
        }
    }
}

fn fill(mut file: std::fs::File, bytes: &mut [u8]) -> std::io::Result<usize> {
    let mut count = 0;
    while let Some(rest) = bytes.get_mut(count..).filter(|rest| !rest.is_empty()) {
        match file.read(rest) {
            Ok(0) => break,
            Ok(more) => count += more,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(count)
}

fn checked(what: &str, source: &Source, bytes: &[u8]) -> Result<Secret, Failure> {
    let bytes = bytes.trim_ascii();
    if bytes.is_empty() {
        return Err(refused(format!("{what} in {} is empty", Spoken(source)), Some("write it there")));
    }
    if !bytes.iter().all(|byte| (0x20..0x7f).contains(byte)) {
        let cure = "it must be plain text: no line breaks inside, no byte order mark, not base64 of something else";
        return Err(refused(
            format!("{what} in {} holds characters that cannot be printed", Spoken(source)),
            Some(cure),
        ));
    }
    Ok(Secret::copy_of(bytes))
}

fn refused(answered: String, cure: Option<&str>) -> Failure {
    Failure { kind: Kind::Denied, answered, cure: cure.map(str::to_owned), retry: Retry::Never }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_trimmed_and_printable() {
        let environment = Environment::new(vec![c"A= hvs.x\n", c"B=", c"C=a\nb", c"D=\xff"]);
        let read = |name: &str| {
            Source::Variable(name.to_owned())
                .read("the token", &environment)
                .map(|secret| secret.expose().to_vec())
                .map_err(|failure| (failure.kind, failure.answered))
        };
        let denied = |text: &str| Err((Kind::Denied, text.to_owned()));
        assert_eq!(read("A"), Ok(b"hvs.x".to_vec()));
        assert_eq!(read("B"), denied("the token in B is empty"));
        assert_eq!(read("C"), denied("the token in C holds characters that cannot be printed"));
        assert_eq!(read("D"), denied("the token in D holds characters that cannot be printed"));
        assert_eq!(read("E"), denied("E, which holds the token, is not set"));
    }

    #[test]
    fn files_are_named_when_they_fail() {
        let source = Source::File(PathBuf::from("/nowhere/token"));
        let failure = source.read("the token", &Environment::default()).err().unwrap();
        assert_eq!(failure.answered, "cannot read the token from /nowhere/token: No such file or directory");
    }
}
