/// FNV-1a, 64 bits. Lets a test ask "is it this value?" without writing the value into an image, an argument or a log.
pub fn digest(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, &byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3))
}
