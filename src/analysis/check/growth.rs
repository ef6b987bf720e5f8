//! Whether tasks pile up.

use super::stats::theil_sen;
use crate::analysis::Analysis;
use crate::model::{TaskState, Timestamp};

/// Points that the trend is taken from.
const POINTS: u64 = 60;

/// The share of the recording at its start that says nothing about a trend: programs begin by
/// making their tasks.
const START: f64 = 0.1;

/// The trend of the number of tasks alive, per minute: Theil–Sen over points that lie evenly in the
/// recording, its first tenth left out. `None` without a census or with less than a second.
#[must_use]
pub(super) fn per_minute(analysis: &Analysis) -> Option<f64> {
    let overview = &analysis.overview;
    let seconds = overview.duration.as_secs_f64();
    if overview.censuses < 2 || seconds < 1.0 {
        return None;
    }
    let (mut births, mut deaths) = (Vec::new(), Vec::new());
    // A task's first census may come late in its life; both ends are known to one census only.
    for task in &analysis.tasks {
        births.push(task.first_seen);
        if task.state == TaskState::Done {
            deaths.push(task.last_seen);
        }
    }
    births.sort_unstable();
    deaths.sort_unstable();
    // Up to the last look at any task: what comes after is not known.
    let last = analysis.tasks.iter().map(|task| task.last_seen).max()?;
    let end = last.as_nanos();
    #[expect(clippy::cast_precision_loss, reason = "for a trend")]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let begin = (end as f64 * START) as u64;
    #[expect(clippy::cast_precision_loss, reason = "for a trend")]
    let points: Vec<(f64, f64)> = (0..POINTS)
        .map(|step| {
            let nanos = begin + (end - begin) / POINTS * step;
            let at = Timestamp::from_nanos(nanos);
            let alive = count_until(&births, at) as f64 - count_until(&deaths, at) as f64;
            (nanos as f64 / 60e9, alive)
        })
        .collect();
    theil_sen(&points)
}

fn count_until(sorted: &[Timestamp], at: Timestamp) -> usize {
    sorted.partition_point(|&time| time <= at)
}

/// Most tasks alive at once. `None` without a census.
#[must_use]
pub(super) fn alive_max(analysis: &Analysis) -> Option<f64> {
    if analysis.overview.censuses == 0 {
        return None;
    }
    let mut changes: Vec<(Timestamp, i64)> = Vec::with_capacity(analysis.tasks.len() * 2);
    for task in &analysis.tasks {
        changes.push((task.first_seen, 1));
        if task.state == TaskState::Done {
            changes.push((task.last_seen, -1));
        }
    }
    changes.sort_unstable();
    let mut alive = 0_i64;
    let mut most = 0_i64;
    for (_, change) in changes {
        alive += change;
        most = most.max(alive);
    }
    #[expect(clippy::cast_precision_loss, reason = "tasks are fewer than 2⁵³")]
    let most = most as f64;
    Some(most)
}
