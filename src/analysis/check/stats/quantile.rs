//! Quantiles.

/// The value below which a share `q` of the values lies, between neighbours in proportion (as
/// NumPy does by default). `None` of nothing. Values that are no numbers are left out.
#[must_use]
pub fn quantile(values: &[f64], q: f64) -> Option<f64> {
    let mut sorted: Vec<f64> = values.iter().copied().filter(|value| !value.is_nan()).collect();
    sorted.sort_by(f64::total_cmp);
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "lists are short")]
    let at = q.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within the list")]
    let below = (at.floor() as usize).min(last);
    let above = (below + 1).min(last);
    let part = at.fract();
    // Equal neighbours may be infinite, and their difference no number.
    if part == 0.0 || sorted[below].total_cmp(&sorted[above]).is_eq() {
        return Some(sorted[below]);
    }
    Some(sorted[below] + (sorted[above] - sorted[below]) * part)
}

/// The middle value.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The median distance from the median, scaled so that it estimates the standard deviation of
/// normally distributed values.
#[must_use]
pub fn mad(values: &[f64]) -> Option<f64> {
    const TO_SIGMA: f64 = 1.482_602_218_505_602;
    let middle = median(values)?;
    let distances: Vec<f64> = values.iter().map(|value| (value - middle).abs()).collect();
    median(&distances).map(|distance| distance * TO_SIGMA)
}
