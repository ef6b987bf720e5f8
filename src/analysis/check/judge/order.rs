//! Whether runs took turns.

use super::super::run::Run;

/// Whether the runs of both sides took turns in pairs: in the order in which they were recorded, every
/// two hold one of each side. Whatever drifts on a machine then hits both sides alike. Recordings
/// from before or after on the same machine, or from another machine, do not.
#[must_use]
pub fn interleaved(base: &[Run], head: &[Run]) -> bool {
    if base.len() != head.len() || base.len() < 2 {
        return false;
    }
    let starts = |runs: &[Run], is_head: bool| -> Vec<(u64, bool)> {
        runs.iter().map(|run| (run.started, is_head)).collect()
    };
    let mut order = starts(base, false);
    order.extend(starts(head, true));
    order.sort_unstable();
    let known = order.iter().all(|(start, _)| *start > 0);
    let distinct = order.windows(2).all(|pair| pair[0].0 != pair[1].0);
    known
        && distinct
        && order.chunks(2).all(|pair| matches!(pair, [one, other] if one.1 != other.1))
}
