//! A directory of secret files, the way Docker and Kubernetes mount them.
//!
//! # Where it is
//! `root`, else `KEYINIT_FILE_ROOT`, else `/run/secrets`.
//!
//! # Who logs in
//! Nobody. The root must be a directory.
//!
//! # What a path is
//! A file beneath the root, reached through no link that leads out of it. Kubernetes mounts a Secret as links through
//! `..data`: those work. The bytes are the value as they are, a final newline too.
//!
//! # What is left behind
//! Nothing.

mod open;

use super::{
    Answer, Complaint, Content, Context, Deadline, Ending, Failure, Form, Key, Locator, Retry, Session, Settings,
    Shape, Spec, Store, Wanted,
};
use crate::attempt::{OPEN_FILES, reason};
use crate::environment::Environment;
use crate::exit::Kind;
use crate::secret::Buffer;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Where Docker and most Kubernetes manifests put them.
const DEFAULT_ROOT: &str = "/run/secrets";
/// The most that a file may have: what a Kubernetes Secret may have.
const LIMIT: u64 = 1 << 20;

/// What the plan may know of it.
pub static SPEC: Spec = Spec {
    kind: "file",
    aliases: &[],
    title: "a directory of secret files",
    keys: &[Key {
        name: "root",
        form: Form::Text,
        meaning: "the directory, relative to the working directory unless it begins with a slash; default KEYINIT_FILE_ROOT, else /run/secrets",
    }],
    methods: &[],
    credentials: &[],
    shape: Shape::Value,
    configure,
};

fn configure(settings: &Settings, environment: &Environment<'_>) -> Result<Arc<dyn Store>, Vec<Complaint>> {
    let root = settings.text("root").or_else(|| environment.filled("KEYINIT_FILE_ROOT")).unwrap_or(DEFAULT_ROOT);
    Ok(Arc::new(Directory { root: PathBuf::from(root) }))
}

struct Directory {
    root: PathBuf,
}

impl Store for Directory {
    fn identity(&self) -> String {
        format!("file {}", self.root.display())
    }

    fn location(&self) -> String {
        self.root.display().to_string()
    }

    fn login_reason(&self) -> String {
        String::new()
    }

    fn credentials(&self) -> Vec<String> {
        Vec::new()
    }

    fn locate(&self, wanted: &Wanted<'_>) -> Result<Locator, Complaint> {
        let complain = |what: &str, cure: String| Err(Complaint { what: what.to_owned(), cure, place: None });
        if wanted.mount.is_some() {
            return complain("a directory has no mounts", "leave `mount` out".to_owned());
        }
        if wanted.version.is_some_and(|version| version != "0") {
            return complain("files have no versions", "leave the version out".to_owned());
        }
        if wanted.path.is_empty() {
            return complain("the path is empty", format!("write the name of a file in {}", self.root.display()));
        }
        if let Some(path) = wanted.path.strip_prefix('/') {
            let within = Path::new(wanted.path).strip_prefix(&self.root).ok().and_then(Path::to_str).unwrap_or(path);
            let cure = format!("paths are relative to {}: write `{within}`", self.root.display());
            return complain("the path begins with a slash", cure);
        }
        if wanted.path.contains('\0') || wanted.path.split('/').any(|segment| matches!(segment, "" | "." | "..")) {
            return complain(
                "the path has a segment that is empty, `.` or `..`",
                "write the path from the root, without such segments".to_owned(),
            );
        }
        Ok(Locator { path: wanted.path.to_owned(), mount: None, version: None })
    }

    fn login(&self, _: &Context) -> Result<Box<dyn Session>, Failure> {
        let root = open::root(&self.root).map_err(|error| match error.raw_os_error() {
            Some(libc::ENOTDIR) => {
                let cure = "name a directory in `root` or KEYINIT_FILE_ROOT".to_owned();
                failure(Kind::Unavailable, "it is no directory".to_owned(), Some(cure))
            }
            _ => {
                let cure = format!("mount the secrets at {}, or set `root` or KEYINIT_FILE_ROOT", self.root.display());
                fault(&error, &format!("the directory {}", self.root.display()), Some(cure))
            }
        })?;
        Ok(Box::new(Opened { root }))
    }
}

/// The root, held open: what is mounted over it later does not matter.
struct Opened {
    root: OwnedFd,
}

impl Session for Opened {
    fn read(&self, locator: &Locator, context: &Context) -> Result<Answer, Failure> {
        let content = read(&self.root, &locator.path, context.deadline)?;
        Ok(Answer { content, version: None, leased: false })
    }

    fn close(&self, _: Ending, _: &Context) -> Result<(), Failure> {
        Ok(())
    }
}

fn read(root: &OwnedFd, path: &str, deadline: Deadline) -> Result<Content, Failure> {
    let file = open::beneath(root, Path::new(path)).map_err(|error| match error.raw_os_error() {
        // What openat2 answers to a link that leads out, or is absolute, which might lead anywhere.
        Some(libc::EXDEV) => {
            let cure = "only relative links that stay beneath the root are followed".to_owned();
            failure(Kind::Denied, "a link on the way leads out of the root".to_owned(), Some(cure))
        }
        Some(libc::ELOOP) => {
            let cure = "name the file that the link is meant to lead to".to_owned();
            failure(Kind::Denied, "there are too many links on the way, or a magic one".to_owned(), Some(cure))
        }
        // A FIFO or socket without its other end; a device without a driver.
        Some(libc::ENXIO | libc::ENODEV) => irregular(),
        _ => fault(
            &error,
            "the file",
            Some("check its name and that it is mounted, as seen inside the container".to_owned()),
        ),
    })?;
    let about = file.metadata().map_err(|error| fault(&error, "the file", None))?;
    if about.is_dir() {
        let cure = "name a file in it".to_owned();
        return Err(failure(Kind::Missing, "it is a directory".to_owned(), Some(cure)));
    }
    if !about.is_file() {
        return Err(irregular());
    }
    let too_large = || {
        let cure = "see whether it is the right file: a secret has 1 MiB at most".to_owned();
        failure(Kind::Unavailable, "the file has more than 1 MiB".to_owned(), Some(cure))
    };
    if about.len() > LIMIT {
        return Err(too_large());
    }
    // One byte more than the file has shows its end without growth.
    let mut buffer = Buffer::with_capacity(usize::try_from(about.len()).unwrap_or_default() + 1);
    let mut chunk = zeroize::Zeroizing::new([0; 8 << 10]);
    loop {
        if deadline.remaining().is_zero() {
            return Err(crate::attempt::Failure::deadline());
        }
        match (&file).read(chunk.as_mut_slice()) {
            Ok(0) => return Ok(Content::Value(buffer.into_secret())),
            Ok(count) => buffer.push(chunk.get(..count).unwrap_or_default()),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(fault(&error, "the file", None)),
        }
        if buffer.len() as u64 > LIMIT {
            return Err(too_large());
        }
    }
}

fn irregular() -> Failure {
    failure(Kind::Unavailable, "the file is no regular file".to_owned(), Some("name a regular file".to_owned()))
}

fn fault(error: &io::Error, what: &str, cure: Option<String>) -> Failure {
    let kind = match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Kind::Missing,
        io::ErrorKind::PermissionDenied => Kind::Denied,
        _ => Kind::Unavailable,
    };
    let (text, cure) = match kind {
        Kind::Missing => (format!("{what} does not exist"), cure),
        Kind::Denied => {
            let cure = "make it readable for the user that keyinit runs as, or run keyinit as root and the command as `--user`"
                .to_owned();
            (format!("{what} may not be read by this user"), Some(cure))
        }
        _ => {
            // Neither the place nor the mount is at fault, which the caller's cure speaks of.
            let cure = if error.raw_os_error() == Some(libc::EMFILE) { Some(OPEN_FILES.to_owned()) } else { cure };
            (format!("{what} cannot be read: {}", reason(error)), cure)
        }
    };
    failure(kind, text, cure)
}

fn failure(kind: Kind, answered: String, cure: Option<String>) -> Failure {
    Failure { kind, answered, cure, retry: Retry::Never }
}

#[cfg(test)]
mod tests;
