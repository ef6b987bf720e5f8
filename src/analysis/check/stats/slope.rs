//! Trends.

use statrs::distribution::{ContinuousCDF as _, Normal};

use super::quantile::median;

/// A trend with its confidence interval.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Slope {
    /// The Theil–Sen slope: the median of the slopes between all pairs of points.
    pub estimate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// The upper end.
    pub high: f64,
}

/// The Theil–Sen slope, hardly moved by bursts, and Sen's interval for it. `None` with fewer than two
/// different times.
#[must_use]
pub fn theil_sen(points: &[(f64, f64)], confidence: f64) -> Option<Slope> {
    let mut slopes = Vec::new();
    for (index, (x, y)) in points.iter().enumerate() {
        for (later, value) in &points[index + 1..] {
            let run = later - x;
            if run != 0.0 {
                slopes.push((value - y) / run);
            }
        }
    }
    slopes.sort_by(f64::total_cmp);
    let estimate = median(&slopes)?;
    let z = Normal::standard().inverse_cdf((1.0 - confidence).clamp(0.0, 1.0) / 2.0);
    let sigma = (scatter(points) / 18.0).max(0.0).sqrt();
    #[expect(clippy::cast_precision_loss, reason = "there are few points")]
    let at = |z: f64| ((slopes.len() as f64 - z * sigma) / 2.0).round_ties_even();
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it saturates")]
    let (below, above) = ((at(-z) - 1.0).max(0.0) as usize, at(z) as usize);
    let last = slopes.len() - 1;
    Some(Slope { estimate, low: slopes[below.min(last)], high: slopes[above.min(last)] })
}

/// Eighteen times the variance of Kendall's statistic, with ties among times and among values (Sen
/// 1968, formula 2.6).
fn scatter(points: &[(f64, f64)]) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "there are few points")]
    let term = |count: usize| {
        let n = count as f64;
        n * (n - 1.0) * (2.0 * n + 5.0)
    };
    let ties = |of: fn(&(f64, f64)) -> f64| -> f64 {
        let mut values: Vec<f64> = points.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        #[expect(clippy::float_cmp, reason = "a tie is exact equality")]
        let tied = values.chunk_by(|one, other| one == other);
        tied.map(|run| term(run.len())).sum()
    };
    term(points.len()) - ties(|point| point.0) - ties(|point| point.1)
}
