//! The Mann–Whitney rank test.

use statrs::stats_tests::Alternative;
use statrs::stats_tests::mannwhitneyu::{MannWhitneyUMethod, mannwhitneyu};

/// Up to this many values per side the null distribution is counted out; above, the normal
/// approximation is good to more digits than anyone reads.
const MOST_EXACT: usize = 50;

/// The probability of `head` being as much above `base` as it is, or more, if both were drawn from
/// the same: one-sided Mann–Whitney U. Exact without ties on up to 50 values per side, else by the normal
/// approximation with corrections for ties and continuity. 1 if a side is empty or holds values
/// that are no numbers.
#[must_use]
pub fn greater(head: &[f64], base: &[f64]) -> f64 {
    if head.is_empty() || base.is_empty() || head.iter().chain(base).any(|value| value.is_nan()) {
        return 1.0;
    }
    if head.len() <= MOST_EXACT && base.len() <= MOST_EXACT && !has_ties(head, base) {
        let wins = head.iter().flat_map(|h| base.iter().map(move |b| h > b));
        let u = wins.filter(|&won| won).count();
        return upper_tail(&null_counts(head.len(), base.len()), u);
    }
    if head.iter().chain(base).all(|value| value.total_cmp(&head[0]).is_eq()) {
        return 1.0;
    }
    let method = MannWhitneyUMethod::AsymptoticInclContinuityCorrection;
    mannwhitneyu(head, base, method, Alternative::Greater).map_or(1.0, |(_, p)| p)
}

fn has_ties(head: &[f64], base: &[f64]) -> bool {
    let mut all: Vec<f64> = head.iter().chain(base).copied().collect();
    all.sort_by(f64::total_cmp);
    #[expect(clippy::float_cmp, reason = "a tie is exact equality; 0 and -0 are one")]
    let tied = all.windows(2).any(|pair| pair[0] == pair[1]);
    tied
}

/// In how many orders of `m` and `n` values each U comes up, as floating-point numbers: there are
/// more orders than integers hold. (The crate's own exact method walks through all of them.)
pub(super) fn null_counts(m: usize, n: usize) -> Vec<f64> {
    // The coefficients of the Gaussian binomial: multiply by (1 - x^(n+i)), divide by (1 - x^i).
    let most = m * n;
    let mut counts = vec![0.0; most + 1];
    counts[0] = 1.0;
    for i in 1..=m {
        for at in (n + i..=most).rev() {
            counts[at] -= counts[at - n - i];
        }
        for at in i..=most {
            counts[at] += counts[at - i];
        }
    }
    counts
}

/// The share of the orders whose U is `u` or more.
fn upper_tail(counts: &[f64], u: usize) -> f64 {
    let total: f64 = counts.iter().sum();
    // Symmetric: as many have at most `most - u`. Small numbers first loses least.
    let tail: f64 = counts[..counts.len().saturating_sub(u)].iter().sum();
    (tail / total).clamp(0.0, 1.0)
}
