//! How far apart two halves of the same runs come to lie.

use super::quantile::quantile;
use super::shift::shift;

/// Splits to look at.
const SPLITS: usize = 1000;

/// Runs of the same program are split into halves at random, again and again; the size of the
/// difference (see [`shift`]) that only one split in a hundred exceeds. The splits are the same
/// ones every time. `None` with fewer than four values.
#[must_use]
pub fn split_noise(values: &[f64]) -> Option<f64> {
    if values.len() < 4 {
        return None;
    }
    let mut random = fastrand::Rng::with_seed(values.len() as u64);
    let mut shuffled = values.to_vec();
    let half = values.len() / 2;
    let sizes: Vec<f64> = (0..SPLITS)
        .filter_map(|_| {
            random.shuffle(&mut shuffled);
            let (one, other) = shuffled.split_at(half);
            shift(one, other, 0.0).map(|shift| shift.estimate.abs())
        })
        .collect();
    quantile(&sizes, 0.99)
}
