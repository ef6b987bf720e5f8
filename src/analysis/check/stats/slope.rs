//! Trends.

use super::quantile::median;

/// The Theil–Sen slope: the median of the slopes between all pairs of points. Hardly moved by
/// bursts. `None` with fewer than two different times.
#[must_use]
pub fn theil_sen(points: &[(f64, f64)]) -> Option<f64> {
    let mut slopes = Vec::new();
    for (index, (x, y)) in points.iter().enumerate() {
        for (later, value) in &points[index + 1..] {
            let run = later - x;
            if run != 0.0 {
                slopes.push((value - y) / run);
            }
        }
    }
    median(&slopes)
}
