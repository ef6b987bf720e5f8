//! Objects that are waited for by one task each, drawn together by the line of code that waits.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::lines::{Length, Line};
use super::{Contention, Sum};

/// The facts of all objects; those of events and conditions of one place together, where none of
/// them was ever waited for by two tasks at once.
pub(super) fn by_line(
    objects: impl Iterator<Item = Sum>,
    lengths: &FxHashMap<Line, Length>,
) -> Vec<Contention> {
    let mut all = Vec::new();
    let mut places: BTreeMap<Line, Vec<Sum>> = BTreeMap::new();
    for sum in objects {
        match sum.line {
            Some(line) => places.entry(line).or_default().push(sum),
            None => all.push(sum.finish()),
        }
    }
    for (line, mut sums) in places {
        let own = sums.iter().all(|sum| sum.facts.most_waiters <= 1);
        if !own || sums.len() < 2 {
            all.extend(sums.into_iter().map(Sum::finish));
            continue;
        }
        // The first of them gives the type's name, whatever order the table had.
        sums.sort_unstable_by_key(|sum| sum.facts.object);
        if let Some(sum) = sums.into_iter().reduce(joined) {
            all.push(of_line(sum.finish(), lengths.get(&line)));
        }
    }
    all
}

/// The facts of a line, as long as it was.
pub(super) fn of_line(facts: Contention, length: Option<&Length>) -> Contention {
    let Some(length) = length else { return facts };
    Contention {
        object: None,
        most_waiters: length.most,
        waiters: length.over_time.clone(),
        ..facts
    }
}

#[expect(clippy::iter_over_hash_type, reason = "sums do not depend on the order")]
fn joined(mut one: Sum, other: Sum) -> Sum {
    let (facts, more) = (&mut one.facts, &other.facts);
    facts.object = None;
    facts.objects += more.objects;
    facts.pool = facts.pool.or(more.pool);
    facts.waits += more.waits;
    facts.total = facts.total + more.total;
    facts.longest = facts.longest.max(more.longest);
    facts.holder_unknown = facts.holder_unknown + more.holder_unknown;
    one.tasks.extend(other.tasks);
    for (holder, held) in other.held {
        let sum = one.held.entry(holder).or_default();
        *sum = *sum + held;
    }
    one
}
