//! What somebody may have meant.

/// The nearest of `known` to `text`, if one is near.
#[must_use]
pub(super) fn suggestion<'a>(
    text: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    const NEAR: f64 = 0.75;
    // Longer texts than any name are no slips, and comparing takes the product of both lengths.
    if text.len() > 200 {
        return None;
    }
    let near = known.into_iter().map(|name| (strsim::jaro_winkler(text, name), name));
    let best = near.max_by(|one, other| one.0.total_cmp(&other.0))?;
    (best.0 >= NEAR).then_some(best.1)
}
