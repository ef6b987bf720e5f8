//! Whether tasks pile up.

use super::stats::theil_sen;
use crate::analysis::Analysis;
use crate::model::{TaskState, Timestamp};

/// Stretches that the trend is taken from.
const STRETCHES: usize = 24;

/// The share of the recording at its start that says nothing about a trend: programs begin by
/// making their tasks.
const START: f64 = 0.1;

/// A trend less certain than this is none: the stretches of one recording depend on each other.
const CONFIDENCE: f64 = 0.99;

/// How fast tasks pile up, per minute: the trend of the fewest tasks alive in each stretch of the
/// recording, its first tenth left out. What comes and goes does not lift the fewest, what stays
/// does. 0 where the trend may be chance. `None` without a census or with less than a second.
#[must_use]
pub(super) fn per_minute(analysis: &Analysis) -> Option<f64> {
    let overview = &analysis.overview;
    if overview.censuses < 2 || overview.duration.as_secs_f64() < 1.0 {
        return None;
    }
    // Up to the last look at any task: what comes after is not known.
    let last = analysis.tasks.iter().map(|task| task.last_seen).max()?;
    let trend = theil_sen(&fewest(&changes(analysis), last), CONFIDENCE)?;
    Some(if trend.low > 0.0 || trend.high < 0.0 { trend.estimate } else { 0.0 })
}

/// Births and deaths, in order. A task's first census may come late in its life; both ends are known
/// to one census only.
fn changes(analysis: &Analysis) -> Vec<(Timestamp, i64)> {
    let mut changes: Vec<(Timestamp, i64)> = Vec::with_capacity(analysis.tasks.len() * 2);
    for task in &analysis.tasks {
        changes.push((task.first_seen, 1));
        if task.state == TaskState::Done {
            changes.push((task.last_seen, -1));
        }
    }
    changes.sort_unstable();
    changes
}

/// The fewest tasks alive in each stretch, at its middle in minutes.
#[expect(clippy::cast_precision_loss, reason = "for a trend")]
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
fn fewest(changes: &[(Timestamp, i64)], end: Timestamp) -> Vec<(f64, f64)> {
    let begin = end.as_nanos() as f64 * START;
    let length = (end.as_nanos() as f64 - begin) / STRETCHES as f64;
    let mut points = Vec::with_capacity(STRETCHES);
    let (mut alive, mut next) = (0_i64, 0);
    for stretch in 0..=STRETCHES {
        // Before the first stretch lies the start, which only says how many there are.
        let until = Timestamp::from_nanos((begin + length * stretch as f64) as u64);
        let mut least = alive;
        while let Some((_, change)) = changes.get(next).filter(|(time, _)| *time <= until) {
            alive += change;
            least = least.min(alive);
            next += 1;
        }
        if stretch > 0 {
            points.push(((begin + length * (stretch as f64 - 0.5)) / 60e9, least as f64));
        }
    }
    points
}

/// Most tasks alive at once. `None` without a census.
#[must_use]
pub(super) fn alive_max(analysis: &Analysis) -> Option<f64> {
    if analysis.overview.censuses == 0 {
        return None;
    }
    let mut alive = 0_i64;
    let mut most = 0_i64;
    for (_, change) in changes(analysis) {
        alive += change;
        most = most.max(alive);
    }
    #[expect(clippy::cast_precision_loss, reason = "tasks are fewer than 2⁵³")]
    let most = most as f64;
    Some(most)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000_000_000;

    /// The trend per minute of tasks that live from one time to another, over ten seconds.
    fn trend(lives: &[(u64, Option<u64>)]) -> (f64, f64) {
        let mut changes = Vec::new();
        for &(from, to) in lives {
            changes.push((Timestamp::from_nanos(from), 1));
            changes.extend(to.map(|to| (Timestamp::from_nanos(to), -1)));
        }
        changes.sort_unstable();
        let points = fewest(&changes, Timestamp::from_nanos(10 * SECOND));
        let slope = theil_sen(&points, CONFIDENCE).unwrap();
        (slope.estimate, slope.low)
    }

    #[test]
    fn tasks_that_stay_pile_up() {
        // Two a second stay, five a second live for a tenth of it.
        let mut lives: Vec<(u64, Option<u64>)> =
            (0..20).map(|number| (number * SECOND / 2, None)).collect();
        let short = (0..50).map(|number| number * SECOND / 5);
        lives.extend(short.map(|from| (from, Some(from + SECOND / 10))));
        let (growth, low) = trend(&lives);
        assert!((growth - 120.0).abs() < 12.0 && low > 0.0, "{growth} {low}");
    }

    #[test]
    fn tasks_that_come_and_go_do_not() {
        let mut random = fastrand::Rng::with_seed(7);
        let mut found = 0;
        for _ in 0..200 {
            let life = |random: &mut fastrand::Rng| {
                let from = random.u64(0..10 * SECOND);
                (from, Some(from + random.u64(SECOND / 20..SECOND / 2)))
            };
            let lives: Vec<_> = (0..400).map(|_| life(&mut random)).collect();
            found += usize::from(trend(&lives).1 > 0.0);
        }
        assert!(found <= 4, "{found} of 200");
        let steady: Vec<_> = (0..10).map(|number| (number, None)).collect();
        assert_eq!(trend(&steady), (0.0, 0.0));
    }
}
