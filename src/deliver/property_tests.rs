//! Any set of names and values arrives exactly, or is refused by name. Thousands of made-up cases against a model that is
//! written down a second time, in the simplest words.

#[path = "../../tests/it/support/chance.rs"]
mod chance;

use super::build;
use crate::environment::Environment;
use crate::plan::{Plan, Winner};
use crate::secret::Secret;
use chance::Chance;
use std::collections::BTreeMap;
use std::ffi::{CStr, CString};

/// The most that `NAME=value` may have.
const LONGEST: usize = 131_071;

/// One made-up start.
struct Case {
    inherited: Vec<(String, Vec<u8>)>,
    resolved: Vec<(String, Vec<u8>)>,
    strip: Vec<String>,
    keep: Vec<String>,
    winner: Option<Winner>,
}

impl Case {
    fn new(number: u64) -> Case {
        let mut chance = Chance::new(number);
        let count = chance.below(8);
        let inherited: BTreeMap<String, Vec<u8>> = (0..count)
            .map(|_| {
                let front = chance.of(&["", "", "", "KEYINIT_", "="]);
                (format!("{front}{}", chance.name()), chance.value())
            })
            .collect();
        let inherited: Vec<(String, Vec<u8>)> = inherited.into_iter().collect();
        let count = chance.below(8);
        let mut resolved = BTreeMap::new();
        for _ in 0..count {
            // Now and then what is there already, and now and then what no environment can hold.
            let name = match (chance.below(20), inherited.as_slice()) {
                (0, _) => chance.of(&["", "A\0B", "A=B", "A="]).to_owned(),
                (1..=5, [_, ..]) => inherited[chance.below(inherited.len())].0.clone(),
                _ => chance.name(),
            };
            let mut value = chance.value();
            match chance.below(40) {
                0 => value.insert(value.len() / 2, 0),
                1 => value.resize((LONGEST - 1).saturating_sub(name.len()), b'x'),
                2 => value.resize(LONGEST.saturating_sub(name.len()), b'x'),
                _ => {}
            }
            resolved.insert(name, value);
        }
        let mut some =
            |once_in| inherited.iter().filter(|_| chance.once_in(once_in)).map(|(name, _)| name.clone()).collect();
        let (strip, keep) = (some(4), some(8));
        let winner = [None, Some(Winner::Manifest), Some(Winner::Environment)][chance.below(3)];
        Case { inherited, resolved: resolved.into_iter().collect(), strip, keep, winner }
    }

    /// Whether the environment's own value stays, whatever was resolved.
    fn stays(&self, name: &str) -> bool {
        let by_hand = |value: &[u8]| {
            let text = String::from_utf8_lossy(value);
            !text.is_empty() && !text.starts_with("secret://") && !text.contains("${secret://")
        };
        self.winner == Some(Winner::Environment)
            && self.inherited.iter().any(|(known, value)| known == name && by_hand(value))
    }

    /// The names that must be refused.
    fn refused(&self) -> Vec<&str> {
        let unfit = |(name, value): &&(String, Vec<u8>)| {
            let bad_name = name.is_empty() || name.contains('\0') || name.chars().skip(1).any(|c| c == '=');
            bad_name || value.contains(&0) || name.len() + 1 + value.len() > LONGEST
        };
        let of_ours = self.resolved.iter().filter(|(name, _)| !self.stays(name));
        of_ours.filter(unfit).map(|(name, _)| name.as_str()).collect()
    }

    /// The entries that must arrive, in order.
    fn wanted(&self) -> Vec<Vec<u8>> {
        let entry = |(name, value): &(String, Vec<u8>)| [name.as_bytes(), b"=", value].concat();
        let ours = |name: &str| self.resolved.iter().any(|(known, _)| known == name);
        let inherited = self.inherited.iter().filter(|(name, _)| {
            let stripped = name.starts_with("KEYINIT_") || self.strip.contains(name);
            (!stripped || self.keep.contains(name)) && (self.stays(name) || !ours(name))
        });
        let resolved = self.resolved.iter().filter(|(name, _)| !self.stays(name));
        inherited.chain(resolved).map(entry).collect()
    }
}

#[test]
fn any_set_of_names_and_values_arrives_exactly_or_is_refused_by_name() {
    let (mut arrived, mut refused) = (0, 0);
    for number in 0..5_000 {
        let case = Case::new(number);
        let strings: Vec<CString> = case
            .inherited
            .iter()
            .map(|(name, value)| CString::new([name.as_bytes(), b"=", value].concat()).unwrap())
            .collect();
        let lasting: Vec<&'static CStr> =
            strings.into_iter().map(|text| -> &CStr { Box::leak(text.into_boxed_c_str()) }).collect();
        let resolved = case.resolved.iter().map(|(name, value)| (name.clone(), Secret::copy_of(value))).collect();
        let plan = Plan { strip: case.strip.clone(), on_conflict: case.winner, ..Plan::default() };
        match build(&Environment::new(lasting), resolved, &plan, &case.keep, &[c"command"], 64 << 20) {
            Ok(built) => {
                assert!(case.refused().is_empty(), "case {number}: {:?} were not refused", case.refused());
                let found: Vec<Vec<u8>> = built.entries().iter().map(|entry| entry.to_bytes().to_vec()).collect();
                assert!(found == case.wanted(), "case {number}: something else arrived");
                arrived += 1;
            }
            Err(problems) => {
                let named: Vec<&str> =
                    problems.iter().flat_map(|problem| &problem.subject.targets).map(String::as_str).collect();
                assert_eq!(named, case.refused(), "case {number}");
                assert!(problems.iter().all(|problem| problem.kind.code() == 73), "case {number}");
                refused += 1;
            }
        }
    }
    assert!(arrived > 1_000 && refused > 200, "{arrived} arrived and {refused} were refused: too few of a kind");
}
