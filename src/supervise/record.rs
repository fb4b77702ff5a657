//! What the resolver tells the supervisor over the status pipe: that it is ready, and why execve failed. No secret fits in.

/// Longest record in bytes: well under PIPE_BUF, so that a record arrives whole or not at all (pipe(7)).
pub const LONGEST: usize = 512;

const READY: u8 = b'R';
const EXEC_FAILED: u8 = b'E';
const HEAD: usize = 6;

/// How many stores can be counted one by one.
pub const MOST_STORES: usize = (LONGEST - HEAD) / 2;

/// The last words of a resolver before it becomes the command.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ready {
    /// How long the resolving took, in milliseconds.
    pub milliseconds: u32,
    /// How many secrets came from each login of the plan, in its order.
    pub secrets: Vec<u16>,
}

/// All that has been said when the pipe has ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The ready record, if it came.
    pub ready: Option<Ready>,
    /// The errno of execve, if it failed.
    pub exec_errno: Option<i32>,
}

impl Said {
    /// With the pipe at its end: whether execve went well. The pipe closes on exec, so that its end after a ready record
    /// and without an errno means just that.
    pub fn became_command(&self) -> bool {
        self.ready.is_some() && self.exec_errno.is_none()
    }
}

/// The bytes of a ready record.
pub fn ready(ready: &Ready) -> Vec<u8> {
    let stores = ready.secrets.get(..MOST_STORES).unwrap_or(&ready.secrets);
    let mut bytes = vec![READY];
    bytes.extend(ready.milliseconds.to_le_bytes());
    bytes.push(u8::try_from(stores.len()).unwrap_or(u8::MAX));
    stores.iter().for_each(|count| bytes.extend(count.to_le_bytes()));
    bytes
}

/// The bytes of the record that says why execve failed.
pub fn exec_failed(errno: i32) -> Vec<u8> {
    let mut bytes = vec![EXEC_FAILED];
    bytes.extend(errno.to_le_bytes());
    bytes
}

/// Reads everything that came over the pipe. Total: what makes no sense ends the reading.
pub fn parse(mut bytes: &[u8]) -> Said {
    let mut said = Said::default();
    while let Some((&kind, rest)) = bytes.split_first() {
        let Some((number, rest)) = rest.split_first_chunk::<4>() else { break };
        match kind {
            READY => {
                let Some((&count, rest)) = rest.split_first() else { break };
                let (pairs, rest) = rest.split_at(rest.len().min(2 * usize::from(count)));
                let secrets = pairs.as_chunks::<2>().0.iter().map(|pair| u16::from_le_bytes(*pair)).collect();
                said.ready = Some(Ready { milliseconds: u32::from_le_bytes(*number), secrets });
                bytes = rest;
            }
            EXEC_FAILED => {
                said.exec_errno = Some(i32::from_le_bytes(*number));
                bytes = rest;
            }
            _ => break,
        }
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_heard() {
        let told = Ready { milliseconds: 84, secrets: vec![10, 2] };
        assert_eq!(parse(&ready(&told)), Said { ready: Some(told.clone()), exec_errno: None });
        let both = [ready(&told), exec_failed(libc::EACCES)].concat();
        assert_eq!(parse(&both), Said { ready: Some(told), exec_errno: Some(libc::EACCES) });
        assert_eq!(parse(b""), Said::default());
    }

    #[test]
    fn a_long_plan_still_fits() {
        let told = Ready { milliseconds: u32::MAX, secrets: vec![u16::MAX; 4000] };
        let bytes = ready(&told);
        assert!(bytes.len() <= LONGEST);
        assert_eq!(parse(&bytes).ready.unwrap().secrets.len(), MOST_STORES);
    }

    #[test]
    fn any_bytes_are_read_without_a_panic() {
        for first in 0..=255_u8 {
            for length in 0..12 {
                let bytes: Vec<u8> = (0..length).map(|at| first.wrapping_mul(31).wrapping_add(at)).collect();
                parse(&bytes);
                parse(&[&[READY, 1, 2, 3, 4, first][..], &bytes].concat());
            }
        }
    }
}
