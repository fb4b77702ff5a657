//! Which file a command's name means, as execvp(3) finds it; before any store is asked.

use super::c_string;
use crate::error::Problem;
use crate::exit::Kind;
use nix::unistd::{AccessFlags, access};
use std::ffi::{CStr, CString, OsStr};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

/// Where a program is looked for when the environment has no PATH: what Docker gives an image that sets none.
const DEFAULT_PATH: &[u8] = b"/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Finds the program that `name` means in `path`, or says why there is none: 127 not found, 126 found but not executable.
pub fn locate(name: &CStr, path: Option<&[u8]>) -> Result<CString, Problem> {
    let bytes = name.to_bytes();
    if bytes.contains(&b'/') {
        return match fault(bytes) {
            None => Ok(name.to_owned()),
            Some(fault) => Err(fault.problem(name)),
        };
    }
    let mut worst = Fault::NotFound;
    if !bytes.is_empty() {
        for directory in path.unwrap_or(DEFAULT_PATH).split(|&byte| byte == b':') {
            // An empty entry means the working directory (environ(7)).
            let directory = if directory.is_empty() { b"." } else { directory };
            let candidate = [directory, b"/", bytes].concat();
            match fault(&candidate) {
                None => return c_string(&candidate).ok_or_else(|| Fault::NotFound.problem(name)),
                Some(Fault::NotFound) => {}
                Some(other) => worst = other,
            }
        }
    }
    Err(worst.problem(name))
}

/// What is wrong with a file as a program.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fault {
    NotFound,
    Directory,
    NotExecutable,
}

impl Fault {
    fn problem(self, name: &CStr) -> Problem {
        let name = name.to_string_lossy();
        match self {
            Fault::NotFound => Problem::new(Kind::NotFound, format!("the command `{name}` was not found"))
                .cure("give its full path, or a PATH that holds it"),
            Fault::Directory => {
                Problem::new(Kind::NotExecutable, format!("the command `{name}` is a directory")).cure("name a program")
            }
            Fault::NotExecutable => {
                Problem::new(Kind::NotExecutable, format!("the command `{name}` cannot be executed: permission denied"))
                    .cure("give the file the execute permission (chmod +x), for the user that keyinit runs as")
            }
        }
    }
}

/// Why the file at `path` cannot be executed; none when it can.
fn fault(path: &[u8]) -> Option<Fault> {
    let path = Path::new(OsStr::from_bytes(path));
    match std::fs::metadata(path) {
        Ok(metadata) if metadata.is_dir() => Some(Fault::Directory),
        Ok(_) if access(path, AccessFlags::X_OK).is_ok() => None,
        Ok(_) => Some(Fault::NotExecutable),
        Err(error) if error.kind() == std::io::ErrorKind::PermissionDenied => Some(Fault::NotExecutable),
        Err(_) => Some(Fault::NotFound),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn found_and_not_found_as_a_shell_tells_them_apart() {
        assert_eq!(locate(c"sh", Some(b"/nowhere:/bin")).unwrap().as_c_str(), c"/bin/sh");
        assert_eq!(locate(c"sh", None).unwrap().to_bytes().rsplit(|b| *b == b'/').next(), Some(&b"sh"[..]));
        for (name, path, code) in [
            (c"sh", &b"/nowhere"[..], 127),
            (c"", b"/bin", 127),
            (c"/nowhere/x", b"", 127),
            (c"/etc/passwd/x", b"", 127),
            (c"/etc", b"", 126),
            (c"/etc/passwd", b"", 126),
            (c"passwd", b"/etc", 126),
        ] {
            assert_eq!(locate(name, Some(path)).unwrap_err().kind.code(), code, "{name:?}");
        }
    }
}
