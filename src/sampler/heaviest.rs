//! What weighed most of many things, in little room.

use crate::model::Duration;

/// The weights of up to `N` things. When there are more, the lightest makes room for the next,
/// which takes its weight over: what weighs more than one part in `N` of everything is never lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Heaviest<K, const N: usize> {
    weights: [Option<(K, Duration)>; N],
}

impl<K: Copy + PartialEq, const N: usize> Heaviest<K, N> {
    pub(super) const fn new() -> Self {
        Self { weights: [None; N] }
    }

    pub(super) fn add(&mut self, thing: K, weight: Duration) {
        let known = |slot: &&mut Option<(K, Duration)>| slot.is_some_and(|(it, _)| it == thing);
        if let Some(Some((_, sum))) = self.weights.iter_mut().find(known) {
            *sum = *sum + weight;
            return;
        }
        let lightest = |slot: &&mut Option<(K, Duration)>| slot.map(|(_, sum)| sum);
        if let Some(slot) = self.weights.iter_mut().min_by_key(lightest) {
            let taken = slot.map_or(Duration::ZERO, |(_, sum)| sum);
            *slot = Some((thing, taken + weight));
        }
    }

    /// Things and their weights.
    pub(super) fn iter(&self) -> impl Iterator<Item = (K, Duration)> {
        self.weights.iter().flatten().copied()
    }

    /// The heaviest; of several the first.
    pub(super) fn most(&self) -> Option<K> {
        let first = self.iter().next()?;
        let heavier = |most: (K, Duration), next: (K, Duration)| {
            if next.1 > most.1 { next } else { most }
        };
        Some(self.iter().fold(first, heavier).0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_weighs_much_is_kept_among_many_others() {
        let mut weights = Heaviest::<u32, 4>::new();
        assert_eq!(weights.most(), None);
        for other in 10..40 {
            weights.add(other, Duration::from_nanos(1));
            weights.add(7, Duration::from_nanos(1));
        }
        assert_eq!(weights.most(), Some(7));
        assert_eq!(weights.iter().count(), 4);
    }

    #[test]
    fn of_equals_the_first_is_told() {
        let mut weights = Heaviest::<u32, 4>::new();
        weights.add(3, Duration::from_nanos(5));
        weights.add(4, Duration::from_nanos(5));
        assert_eq!(weights.most(), Some(3));
        weights.add(4, Duration::from_nanos(1));
        assert_eq!(weights.most(), Some(4));
    }
}
