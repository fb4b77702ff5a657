//! `--user NAME|UID[:GROUP|GID]`: who the command runs as, read the way Docker's `--user` and gosu read it.

use crate::error::Problem;
use crate::exit::Kind;
use nix::unistd::{self, Gid, Uid};
use std::ffi::CString;

/// Ids that the command runs with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Real, effective and saved user id.
    pub uid: u32,
    /// Real, effective and saved group id.
    pub gid: u32,
    /// Supplementary groups.
    pub groups: Vec<u32>,
}

/// What names a user, for messages.
pub struct Asked {
    /// The option or key.
    pub name: &'static str,
    /// What a user that is not there is a fault of.
    pub kind: Kind,
}

impl Asked {
    /// `--user`.
    pub const OPTION: Asked = Asked { name: "--user", kind: Kind::Usage };
    /// `owner` of a file in the manifest.
    pub const OWNER: Asked = Asked { name: "`owner`", kind: Kind::Config };

    fn unknown(&self, what: &str, name: &str, file: &str) -> Problem {
        Problem::new(self.kind, format!("{}: there is no {what} `{name}` in {file}", self.name))
            .cure("name one that is there, or give its number")
    }
}

/// Looks `text` up in /etc/passwd and /etc/group. A number need not stand there; then the group is 0, as in Docker, unless
/// one is given. With a group given, it is the only one.
pub fn lookup(text: &str, asked: &Asked) -> Result<User, Problem> {
    let (user, group) = match text.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (text, None),
    };
    let entry = match user.parse::<u32>() {
        Ok(uid) => unistd::User::from_uid(Uid::from_raw(uid)).ok().flatten().ok_or(uid),
        Err(_) => match unistd::User::from_name(user).ok().flatten() {
            Some(entry) => Ok(entry),
            None => return Err(asked.unknown("user", user, "/etc/passwd")),
        },
    };
    let (uid, primary) = match &entry {
        Ok(entry) => (entry.uid.as_raw(), entry.gid.as_raw()),
        Err(uid) => (*uid, 0),
    };
    if let Some(group) = group {
        let gid = group_id(group, asked)?;
        return Ok(User { uid, gid, groups: vec![gid] });
    }
    let groups = entry
        .ok()
        .and_then(|entry| CString::new(entry.name).ok())
        .and_then(|name| unistd::getgrouplist(&name, Gid::from_raw(primary)).ok())
        .map(|groups| groups.into_iter().map(Gid::as_raw).collect());
    Ok(User { uid, gid: primary, groups: groups.unwrap_or_else(|| vec![primary]) })
}

fn group_id(group: &str, asked: &Asked) -> Result<u32, Problem> {
    if let Ok(gid) = group.parse::<u32>() {
        return Ok(gid);
    }
    match unistd::Group::from_name(group).ok().flatten() {
        Some(entry) => Ok(entry.gid.as_raw()),
        None => Err(asked.unknown("group", group, "/etc/group")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_numbers_and_groups() {
        assert_eq!(lookup("0:7", &Asked::OPTION).unwrap(), User { uid: 0, gid: 7, groups: vec![7] });
        assert_eq!(lookup("61234", &Asked::OPTION).unwrap(), User { uid: 61234, gid: 0, groups: vec![0] });
        let root = lookup("root", &Asked::OPTION).unwrap();
        assert_eq!((root.uid, root.gid), (0, 0));
        assert!(root.groups.contains(&0));
        assert_eq!(lookup("no-such-user", &Asked::OPTION).unwrap_err().kind.code(), 64);
        assert_eq!(lookup("root:no-such-group", &Asked::OPTION).unwrap_err().kind.code(), 64);
    }
}
