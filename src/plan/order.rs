//! The order in which entries that are made of one another are put together. Pure; recurses on nothing.

/// Cycles beyond this many are not told: each may be as long as the manifest.
const MOST_CYCLES: usize = 20;

/// How entries depend on one another.
pub struct Order {
    /// Every index once, each after those it is made of, else as they were.
    pub order: Vec<usize>,
    /// Cycles: `[a, b, a]`.
    pub cycles: Vec<Vec<usize>>,
}

#[derive(Clone, Copy, PartialEq)]
enum Mark {
    New,
    Open,
    Done,
}

/// Orders `0..uses.len()`, where `uses[i]` are the indices that `i` is made of.
pub fn order(uses: &[Vec<usize>]) -> Order {
    let mut marks = vec![Mark::New; uses.len()];
    let mut result = Order { order: Vec::with_capacity(uses.len()), cycles: Vec::new() };
    for start in 0..uses.len() {
        if marks.get(start) != Some(&Mark::New) {
            continue;
        }
        set(&mut marks, start, Mark::Open);
        // The path from `start`: an index, and how many of its uses have been followed.
        let mut path = vec![(start, 0)];
        while let Some((index, followed)) = path.last_mut() {
            let index = *index;
            let next = uses.get(index).and_then(|uses| uses.get(*followed)).copied();
            *followed += 1;
            match next.map(|next| (next, marks.get(next).copied())) {
                None => {
                    set(&mut marks, index, Mark::Done);
                    result.order.push(index);
                    path.pop();
                }
                Some((next, Some(Mark::New))) => {
                    set(&mut marks, next, Mark::Open);
                    path.push((next, 0));
                }
                Some((next, Some(Mark::Open))) if result.cycles.len() < MOST_CYCLES => {
                    let from = path.iter().position(|(index, _)| *index == next).unwrap_or_default();
                    let cycle = path.iter().skip(from).map(|(index, _)| *index);
                    result.cycles.push(cycle.chain([next]).collect());
                }
                Some(_) => {}
            }
        }
    }
    result
}

fn set(marks: &mut [Mark], index: usize, mark: Mark) {
    if let Some(slot) = marks.get_mut(index) {
        *slot = mark;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_and_cycles() {
        for (uses, expected, cycles) in [
            (vec![vec![], vec![], vec![]], vec![0, 1, 2], vec![]),
            (vec![vec![2, 1], vec![], vec![1]], vec![1, 2, 0], vec![]),
            (vec![vec![1], vec![0]], vec![1, 0], vec![vec![0, 1, 0]]),
            (
                vec![vec![0], vec![2], vec![3], vec![1, 2]],
                vec![0, 3, 2, 1],
                vec![vec![0, 0], vec![1, 2, 3, 1], vec![2, 3, 2]],
            ),
            (vec![vec![9]], vec![0], vec![]),
        ] {
            let found = order(&uses);
            assert_eq!((found.order, found.cycles), (expected, cycles), "{uses:?}");
        }
    }

    #[test]
    fn a_long_chain_does_not_recurse() {
        let uses: Vec<Vec<usize>> = (0..100_000).map(|index| vec![index + 1]).collect();
        assert_eq!(order(&uses).order.first(), Some(&99_999));
    }
}
