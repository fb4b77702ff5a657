//! A byte buffer that wipes on growth and on drop.

use super::Secret;
use std::io;
use zeroize::Zeroize;

/// Bytes that are being put together. Growth moves the bytes by hand and wipes the place they leave: `Vec`'s own growth
/// would leave a copy behind.
#[derive(Default)]
pub struct Buffer {
    bytes: Vec<u8>,
}

impl Buffer {
    /// An empty buffer for `capacity` bytes, which it takes without moving.
    pub fn with_capacity(capacity: usize) -> Self {
        Buffer { bytes: Vec::with_capacity(capacity) }
    }

    /// Appends `bytes`.
    pub fn push(&mut self, bytes: &[u8]) {
        let needed = self.bytes.len().saturating_add(bytes.len());
        if needed > self.bytes.capacity() {
            let mut larger = Vec::with_capacity(needed.max(self.bytes.capacity().saturating_mul(2)));
            larger.extend_from_slice(&self.bytes);
            std::mem::swap(&mut self.bytes, &mut larger);
            larger.zeroize();
        }
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes so far. Whoever calls this answers for where they go.
    pub fn expose(&self) -> &[u8] {
        &self.bytes
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The bytes as a [`Secret`] of exactly their size; the buffer is wiped.
    pub fn into_secret(self) -> Secret {
        Secret::copy_of(&self.bytes)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.bytes.zeroize();
    }
}

/// For `serde_json::to_writer` and the like.
impl io::Write for Buffer {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.push(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn growth_keeps_the_bytes() {
        let mut buffer = Buffer::with_capacity(2);
        for part in [&b"ab"[..], b"", b"cdefg", b"h"] {
            buffer.push(part);
        }
        assert_eq!(buffer.expose(), b"abcdefgh");
        assert_eq!(buffer.into_secret().expose(), b"abcdefgh");
    }
}
