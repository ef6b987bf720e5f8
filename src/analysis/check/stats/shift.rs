//! How far two sides lie apart.

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::quantile::median;
use super::rank::null_counts;

/// A difference with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Shift {
    /// The Hodges–Lehmann estimate: the median of all differences between a value of one side and
    /// one of the other.
    pub estimate: f64,
    /// The lower end of the interval; −∞ where there are too few values for one.
    pub low: f64,
    /// The upper end; +∞ where there are too few values for one.
    pub high: f64,
}

/// How far `head` lies above `base`, with the interval that the rank test of level
/// 1 − `confidence` does not reject (Bauer's; at least that confident, whatever the distribution).
/// `None` if a side is empty.
#[must_use]
pub fn shift(head: &[f64], base: &[f64], confidence: f64) -> Option<Shift> {
    let mut differences: Vec<f64> =
        head.iter().flat_map(|h| base.iter().map(move |b| h - b)).collect();
    differences.sort_by(f64::total_cmp);
    let estimate = median(&differences)?;
    let alpha = (1.0 - confidence).clamp(0.0, 1.0);
    let cut = below(head.len(), base.len(), alpha / 2.0);
    let ends = cut.checked_sub(1).and_then(|first| {
        let last = differences.len().checked_sub(cut)?;
        Some((*differences.get(first)?, *differences.get(last)?))
    });
    let (low, high) = ends.unwrap_or((f64::NEG_INFINITY, f64::INFINITY));
    Some(Shift { estimate, low, high })
}

/// The number of differences to leave out at each end, plus one: the largest `k` such that U < k has
/// a probability of at most `tail`; 0 if there is none.
fn below(m: usize, n: usize, tail: f64) -> usize {
    const MOST_EXACT: usize = 50;
    if m > MOST_EXACT || n > MOST_EXACT {
        return below_approximately(m, n, tail);
    }
    let counts = null_counts(m, n);
    let total: f64 = counts.iter().sum();
    let mut sum = 0.0;
    counts
        .iter()
        .take_while(|&&count| {
            sum += count;
            sum / total <= tail
        })
        .count()
}

#[expect(clippy::cast_precision_loss, reason = "numbers of runs")]
fn below_approximately(m: usize, n: usize, tail: f64) -> usize {
    let (m, n) = (m as f64, n as f64);
    let sigma = (m * n * (m + n + 1.0) / 12.0).sqrt();
    let z = Normal::standard().inverse_cdf(tail);
    let at = (m * n / 2.0 + z * sigma - 0.5).floor().max(0.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let at = at as usize;
    at
}
