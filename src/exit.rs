//! The exit codes, and the one rule that chooses among several.
//!
//! The numbers follow `sysexits.h` where it has a fitting name, and the shell for 126, 127 and 128+N.

/// What kind of fault ended a start. Each kind has one exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The command line is wrong: 64.
    Usage,
    /// The manifest or a reference is wrong: 78.
    Config,
    /// A fault in keyinit itself, or its resolver was killed: 70.
    Internal,
    /// A login failed, a store denied a read, or an approval is pending: 77.
    Denied,
    /// A secret, path, key or version does not exist: 66.
    Missing,
    /// A value or a file cannot be delivered: 73.
    Undeliverable,
    /// A store cannot be reached, is sealed, or answers nonsense: 69.
    Unavailable,
    /// The deadline cut an attempt that still waited for an answer: 75.
    Deadline,
    /// The command exists but cannot be executed: 126.
    NotExecutable,
    /// The command was not found: 127.
    NotFound,
}

impl Kind {
    /// The process exit status of this kind.
    pub const fn code(self) -> u8 {
        match self {
            Kind::Usage => 64,
            Kind::Missing => 66,
            Kind::Unavailable => 69,
            Kind::Internal => 70,
            Kind::Undeliverable => 73,
            Kind::Deadline => 75,
            Kind::Denied => 77,
            Kind::Config => 78,
            Kind::NotExecutable => 126,
            Kind::NotFound => 127,
        }
    }

    /// The stable name that the JSON log uses.
    pub const fn name(self) -> &'static str {
        match self {
            Kind::Usage => "usage",
            Kind::Missing => "missing",
            Kind::Unavailable => "unavailable",
            Kind::Internal => "internal",
            Kind::Undeliverable => "undeliverable",
            Kind::Deadline => "deadline",
            Kind::Denied => "denied",
            Kind::Config => "config",
            Kind::NotExecutable => "not_executable",
            Kind::NotFound => "not_found",
        }
    }
}

/// The order in which several faults are reported by one exit code: what a restart cannot cure comes first.
/// 64 and 78 stand alone, before any network; 126 and 127 are found before any store is asked.
const PRECEDENCE: [Kind; 10] = [
    Kind::Usage,
    Kind::Config,
    Kind::NotFound,
    Kind::NotExecutable,
    Kind::Internal,
    Kind::Denied,
    Kind::Missing,
    Kind::Undeliverable,
    Kind::Unavailable,
    Kind::Deadline,
];

/// The exit code for a start that failed with all of `kinds`; 70 when there is none, which would be a fault of ours.
pub fn code_for(kinds: impl IntoIterator<Item = Kind>) -> u8 {
    let seen: Vec<Kind> = kinds.into_iter().collect();
    PRECEDENCE.iter().find(|kind| seen.contains(kind)).copied().unwrap_or(Kind::Internal).code()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_restart_cannot_cure_wins() {
        for (kinds, code) in [
            (&[Kind::Unavailable, Kind::Denied][..], 77),
            (&[Kind::Deadline, Kind::Unavailable], 69),
            (&[Kind::Missing, Kind::Undeliverable], 66),
            (&[Kind::Undeliverable, Kind::Unavailable], 73),
            (&[Kind::Internal, Kind::Denied], 70),
            (&[Kind::Deadline], 75),
            (&[], 70),
        ] {
            assert_eq!(code_for(kinds.iter().copied()), code, "{kinds:?}");
        }
    }
}
