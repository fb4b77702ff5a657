//! The filters of a reference, over bytes. Every result is in a buffer that wipes itself and is made at its final size.

use crate::plan::Filter;
use crate::secret::Buffer;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Applies one filter.
///
/// # Errors
/// The value is not what the filter takes; says what it takes.
pub fn apply(filter: Filter, input: &[u8]) -> Result<Buffer, &'static str> {
    match filter {
        Filter::Urlencode => Ok(urlencode(input)),
        Filter::Base64 => Ok(base64(input)),
        Filter::Base64decode => base64decode(input).ok_or("`base64decode` needs base64 text"),
        Filter::Json => json(input).ok_or("`json` needs UTF-8 text"),
        Filter::Trim => {
            let trimmed = input.trim_ascii();
            let mut out = Buffer::with_capacity(trimmed.len());
            out.push(trimmed);
            Ok(out)
        }
        Filter::Shellquote => Ok(shellquote(input)),
    }
}

fn digit(table: &[u8], at: u8) -> u8 {
    table.get(usize::from(at)).copied().unwrap_or(b'?')
}

fn urlencode(input: &[u8]) -> Buffer {
    let open = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._~".contains(byte);
    let mut out = Buffer::with_capacity(input.iter().map(|byte| if open(byte) { 1 } else { 3 }).sum());
    for byte in input {
        if open(byte) {
            out.push(&[*byte]);
        } else {
            out.push(&[b'%', digit(HEX, byte >> 4), digit(HEX, byte & 15)]);
        }
    }
    out
}

fn base64(input: &[u8]) -> Buffer {
    let mut out = Buffer::with_capacity(input.len().div_ceil(3) * 4);
    for chunk in input.chunks(3) {
        let at = |index: usize| chunk.get(index).copied().unwrap_or(0);
        let (a, b, c) = (at(0), at(1), at(2));
        let third = if chunk.len() > 1 { digit(ALPHABET, (b & 15) << 2 | c >> 6) } else { b'=' };
        let fourth = if chunk.len() > 2 { digit(ALPHABET, c & 63) } else { b'=' };
        out.push(&[digit(ALPHABET, a >> 2), digit(ALPHABET, (a & 3) << 4 | b >> 4), third, fourth]);
    }
    out
}

/// White space between the letters is passed over, and the padding may be left out: both are common in files.
fn base64decode(input: &[u8]) -> Option<Buffer> {
    let mut out = Buffer::with_capacity(input.len() / 4 * 3 + 3);
    let mut bits: u32 = 0;
    let (mut letters, mut padding) = (0_usize, 0_usize);
    for &byte in input.iter().filter(|byte| !byte.is_ascii_whitespace()) {
        if byte == b'=' {
            padding += 1;
            continue;
        }
        let value = ALPHABET.iter().position(|&letter| letter == byte).filter(|_| padding == 0)?;
        bits = bits << 6 | u32::try_from(value).ok()?;
        letters += 1;
        if letters % 4 == 0 {
            let [_, a, b, c] = bits.to_be_bytes();
            out.push(&[a, b, c]);
            bits = 0;
        }
    }
    let [_, a, b, _] = (bits << ((6 * (4 - letters % 4)) % 24)).to_be_bytes();
    match letters % 4 {
        0 => {}
        2 => out.push(&[a]),
        3 => out.push(&[a, b]),
        _ => return None,
    }
    let whole = (letters + padding) % 4 == 0 && padding < 3;
    (padding == 0 || whole).then_some(out)
}

fn json(input: &[u8]) -> Option<Buffer> {
    let text = std::str::from_utf8(input).ok()?;
    let escape = |byte: u8| match byte {
        b'"' => Some(b'"'),
        b'\\' => Some(b'\\'),
        b'\n' => Some(b'n'),
        b'\r' => Some(b'r'),
        b'\t' => Some(b't'),
        _ => None,
    };
    let size = text.bytes().map(|byte| match escape(byte) {
        Some(_) => 2,
        None if byte < 0x20 => 6,
        None => 1,
    });
    let mut out = Buffer::with_capacity(size.sum::<usize>() + 2);
    out.push(b"\"");
    for byte in text.bytes() {
        match escape(byte) {
            Some(letter) => out.push(&[b'\\', letter]),
            None if byte < 0x20 => out.push(&[b'\\', b'u', b'0', b'0', digit(HEX, byte >> 4), digit(HEX, byte & 15)]),
            None => out.push(&[byte]),
        }
    }
    out.push(b"\"");
    Some(out)
}

fn shellquote(input: &[u8]) -> Buffer {
    let quotes = input.iter().filter(|byte| **byte == b'\'').count();
    let mut out = Buffer::with_capacity(input.len() + quotes * 3 + 2);
    out.push(b"'");
    for byte in input {
        match byte {
            b'\'' => out.push(b"'\\''"),
            _ => out.push(&[*byte]),
        }
    }
    out.push(b"'");
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters() {
        use Filter::{Base64, Base64decode, Json, Shellquote, Trim, Urlencode};
        for (filter, input, expected) in [
            (Urlencode, &b"aZ0-._~ /:@%\xff"[..], Ok(&b"aZ0-._~%20%2F%3A%40%25%FF"[..])),
            (Urlencode, b"", Ok(b"")),
            (Base64, b"", Ok(b"")),
            (Base64, b"f", Ok(b"Zg==")),
            (Base64, b"fo", Ok(b"Zm8=")),
            (Base64, b"foo", Ok(b"Zm9v")),
            (Base64, b"\xff\xfe\xfd\xfc", Ok(b"//79/A==")),
            (Base64decode, b"", Ok(b"")),
            (Base64decode, b"Zg==", Ok(b"f")),
            (Base64decode, b"Zg", Ok(b"f")),
            (Base64decode, b"Zm8=", Ok(b"fo")),
            (Base64decode, b"Zm9v\nZm9v\n", Ok(b"foofoo")),
            (Base64decode, b"//79/A==", Ok(b"\xff\xfe\xfd\xfc")),
            (Base64decode, b"Z", Err("`base64decode` needs base64 text")),
            (Base64decode, b"Zg=", Err("`base64decode` needs base64 text")),
            (Base64decode, b"Z===", Err("`base64decode` needs base64 text")),
            (Base64decode, b"====", Err("`base64decode` needs base64 text")),
            (Base64decode, b"Zg==Zg==", Err("`base64decode` needs base64 text")),
            (Base64decode, b"Zm-_", Err("`base64decode` needs base64 text")),
            (Json, b"a\"b\\c\n\t\r\x01\xc3\xa9", Ok(b"\"a\\\"b\\\\c\\n\\t\\r\\u0001\xc3\xa9\"")),
            (Json, b"\xff", Err("`json` needs UTF-8 text")),
            (Trim, b" \t\r\nx y\n", Ok(b"x y")),
            (Trim, b" \n", Ok(b"")),
            (Shellquote, b"", Ok(b"''")),
            (Shellquote, b"a'b $c\n", Ok(b"'a'\\''b $c\n'")),
        ] {
            let found = apply(filter, input);
            let found = found.as_ref().map(Buffer::expose).map_err(|text| *text);
            assert_eq!(found, expected, "{filter:?} {}", input.escape_ascii());
        }
    }

    #[test]
    fn base64_there_and_back() {
        let all: Vec<u8> = (0..=255).collect();
        for length in 0..all.len() {
            let text = apply(Filter::Base64, &all[..length]).unwrap_or_else(|text| panic!("{text}"));
            let back = apply(Filter::Base64decode, text.expose()).unwrap_or_else(|text| panic!("{text}"));
            assert_eq!(back.expose(), &all[..length]);
        }
    }
}
