//! Input that is hostile, or holds what must not be shown.

use super::*;

#[test]
fn a_credential_written_out_is_not_echoed() {
    for text in [
        "providers: { v: { type: vault, auth: { method: approle, secret_id: hunter2, x: y } } }",
        "providers: { v: { type: vault, auth: { method: token, token: { value: hunter2 } } } }",
        "providers: { v: { type: vault, auth: { secretid: hunter2 } } }",
        "providers: { v: { type: vault, auth: { whatever: hunter2 } } }",
        "providers: { v: { type: vault, auth: hunter2 } }",
        "providers: { v: { type: vault, auth: [hunter2] } }",
        "providers: { v: { type: vault, token: hunter2 } }",
        "providers: { v: { type: valt, auth: { secret_id: hunter2 } } }",
        "providers: { v: hunter2 }",
        "providers: { v: { type: vault, auth: { secret_id: [\n hunter2, &x ] } } }",
        "providers: { v: { type: vault, auth: { secret_id: \"hunter2 } } }",
        "providers:\n  v:\n    type: vault\n    auth:\n      secret_id: |\n        a\n        hunter2\n      x: y",
    ] {
        let problems = read(text).problems;
        assert!(!problems.is_empty(), "{text}");
        assert!(!format!("{problems:?}").contains("hunter2"), "{text}\n{problems:?}");
    }
    // What is a typing error elsewhere is shown.
    let shown = |text: &str| read(text).problems.remove(0).place.unwrap().excerpt;
    assert_eq!(shown("providers:\n  v:\n    type: vault\n    adress: x").as_deref(), Some("    adress: x"));
}

#[test]
fn bytes_that_are_no_manifest() {
    let large = vec![b' '; (1 << 20) + 1];
    for (bytes, what) in [
        (&b"\xff"[..], "the manifest is not UTF-8 text"),
        (b"\xff\xfee\0n\0v\0", "the manifest is not UTF-8 text"),
        (&large, "the manifest is larger than 1 MiB"),
        (b"just text", "the manifest is text, not a map"),
        (b"- a", "the manifest is a list, not a map"),
        (b"env: [", "not valid YAML: while parsing a node, did not find expected node content"),
    ] {
        let problems = parse_with(fake::SPECS, "m.yaml", bytes).problems;
        assert_eq!(problems.iter().map(|problem| problem.what.as_str()).collect::<Vec<_>>(), [what]);
    }
}

/// Deterministic noise: xorshift.
pub(super) struct Noise(pub(super) u64);

impl Noise {
    pub(super) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % limit.max(1) as u64).unwrap()
    }
}

#[test]
fn any_bytes_give_a_manifest_or_problems() {
    const BITS: &[&[u8]] = &[
        b"${secret://",
        b"${A}",
        b"$$",
        b"secret://",
        b"}",
        b"{",
        b"[",
        b"]",
        b"\n",
        b"\t",
        b"  ",
        b": ",
        b"- ",
        b"&a ",
        b"*a",
        b"!!x ",
        b"? ",
        b"|\n",
        b">-\n",
        b"\"",
        b"'",
        b"#",
        b"%",
        b"\\u",
        b"\\ud83d\\ude00",
        b"\r",
        b"---\n",
        b"...\n",
        b"\0",
        b"\xff",
        b"\xef\xbb\xbf",
        b"~",
        b",",
        b"<<: ",
        b"\xf0\x9f\x98\x80",
        b"%YAML 1.2\n",
        b"auth",
    ];
    let json = br#"{"providers": {"v": {"type": "vault", "auth": {"method": "approle", "role_id": {"env": "R"}}}},
	"env": {"A": "x\ud83d\ude00", "B": {"from_secret": {"provider": "v", "path": "p", "key": "k"}}}}"#;
    let seeds = [FULL.as_bytes(), &json[..]];
    let mut noise = Noise(0x9E37_79B9_7F4A_7C15);
    let (mut clean, mut broken) = (0, 0);
    for round in 0..20_000 {
        let mut bytes = seeds[round % seeds.len()].to_vec();
        if round % 5 == 0 {
            let from = noise.below(bytes.len());
            let to = from + noise.below(bytes.len() - from);
            bytes = bytes[from..to].to_vec();
        }
        if round % 7 == 0 {
            let soup = (0..noise.below(60)).flat_map(|_| BITS[noise.below(BITS.len())]);
            bytes = soup.copied().collect();
        }
        for _ in 0..=noise.below(4) {
            let at = noise.below(bytes.len() + 1);
            match noise.below(4) {
                0 => {
                    bytes.splice(at..at, BITS[noise.below(BITS.len())].iter().copied());
                }
                1 => bytes.truncate(at),
                2 => {
                    let to = at + noise.below((bytes.len() - at).min(40) + 1);
                    bytes.drain(at..to);
                }
                _ => {
                    if let Some(byte) = bytes.get_mut(at) {
                        *byte = u8::try_from(noise.below(256)).unwrap();
                    }
                }
            }
        }
        let manifest = parse_with(fake::SPECS, "m", &bytes);
        if manifest.problems.is_empty() {
            clean += 1
        } else {
            broken += 1
        }
        let _ = template::parse(&bytes, template::Ground::Manifest);
        let _ = reference::parse(&[b"secret://v/", bytes.get(..20).unwrap_or_default()].concat());
    }
    // Both ends were reached, so the mutations are neither too mild nor too wild.
    assert!(clean > 500 && broken > 500, "{clean} {broken}");
}
