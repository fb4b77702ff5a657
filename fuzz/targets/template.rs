//! A value, in the manifest and in the environment. What has nothing special in it stays as it is; a value that was taken
//! apart can be put together again from its pieces, and is taken apart in the same way.
#![no_main]

use keyinit::manifest::Piece;
use keyinit::manifest::template::{self, Ground};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    for ground in [Ground::Manifest, Ground::Environment] {
        match template::parse(bytes, ground) {
            Ok(None) => {
                assert!(!bytes.starts_with(b"secret://"));
                assert!(!bytes.windows(11).any(|window| window == b"${secret://"));
            }
            Ok(Some(pieces)) => {
                let other = |piece: &Piece| !matches!(piece, Piece::Literal(_));
                let two = |pair: &[Piece]| matches!(pair, [Piece::Literal(_), Piece::Literal(_)]);
                assert!(!pieces.windows(2).any(two), "two texts in a row: {pieces:?}");
                assert!(!pieces.contains(&Piece::Literal(String::new())));
                if ground == Ground::Environment {
                    assert!(!pieces.iter().any(|piece| matches!(piece, Piece::Entry(_))));
                }
                again(&pieces, ground, pieces.iter().any(other));
            }
            Err(faults) => assert!(!faults.is_empty()),
        }
    }
});

/// Texts and names written out again; references stand for themselves.
fn again(pieces: &[Piece], ground: Ground, special: bool) {
    let mut text = String::new();
    let mut wanted = Vec::new();
    for piece in pieces {
        match piece {
            Piece::Literal(literal) => text.push_str(&literal.replace('$', "$$")),
            Piece::Entry(name) => text.push_str(&format!("${{{name}}}")),
            Piece::Secret(_) => text.push_str("${secret://p/x}"),
        }
        wanted.push(match piece {
            Piece::Secret(_) => None,
            other => Some(other.clone()),
        });
    }
    // Alone, `$$` is no template.
    if !special {
        return;
    }
    let found = template::parse(text.as_bytes(), ground).unwrap().unwrap_or_default();
    let found: Vec<Option<Piece>> =
        found.into_iter().map(|piece| if matches!(piece, Piece::Secret(_)) { None } else { Some(piece) }).collect();
    assert_eq!(found, wanted, "{text}");
}
