//! A value, in the manifest and in the environment. What has nothing special in it stays as it is; a value that was taken
//! apart can be put together again from its pieces, and is taken apart in the same way. So is the template of a file.
#![no_main]

use keyinit::manifest::Piece;
use keyinit::manifest::template::{self, Ground};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    of_file(bytes);
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

/// In a file only a reference is special: written out again, with the text that looks like one escaped, it is the same.
fn of_file(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let Ok(pieces) = template::of_file(text) else { return };
    if !text.contains("${secret://") {
        assert!(pieces == [Piece::Literal(text.to_owned())] || (text.is_empty() && pieces.is_empty()));
    }
    let mut written = String::new();
    for piece in &pieces {
        match piece {
            Piece::Literal(literal) => written.push_str(&literal.replace("${secret://", "$${secret://")),
            Piece::Secret(_) => written.push_str("${secret://p/x}"),
            Piece::Entry(name) => panic!("an entry {name} in a file"),
        }
    }
    let kept = |piece: Piece| if matches!(piece, Piece::Secret(_)) { None } else { Some(piece) };
    let found: Vec<Option<Piece>> = template::of_file(&written).unwrap().into_iter().map(kept).collect();
    assert_eq!(found, pieces.into_iter().map(kept).collect::<Vec<_>>(), "{written}");
}

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
