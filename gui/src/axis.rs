//! Between time and pixels.

use eframe::egui::Rangef;

/// A stretch of time in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize, serde::Deserialize)]
pub struct Range {
    /// Its start.
    pub start: u64,
    /// Its end; never before its start.
    pub end: u64,
}

/// No view is shorter than this many nanoseconds.
pub const SHORTEST: u64 = 1_000;

impl Range {
    /// The stretch between two points, whichever is first.
    #[must_use]
    pub fn between(a: u64, b: u64) -> Self {
        Self { start: a.min(b), end: a.max(b) }
    }

    /// Its length.
    #[must_use]
    pub fn length(self) -> u64 {
        self.end - self.start
    }

    /// Whether it contains a point.
    #[must_use]
    pub fn contains(self, at: u64) -> bool {
        (self.start..=self.end).contains(&at)
    }

    /// Wider (`factor` above 1) or narrower, `fixed` staying where it is, within `whole`.
    #[must_use]
    pub fn zoomed(self, factor: f64, fixed: u64, whole: Self) -> Self {
        let length = (self.length() as f64 * factor)
            .clamp(SHORTEST as f64, whole.length().max(SHORTEST) as f64);
        let share = if self.length() == 0 {
            0.5
        } else {
            (fixed.saturating_sub(self.start)) as f64 / self.length() as f64
        };
        let start = fixed as f64 - share * length;
        Self { start: start.max(0.0) as u64, end: (start.max(0.0) + length) as u64 }.within(whole)
    }

    /// Moved by a share of its length, within `whole`.
    #[must_use]
    pub fn moved(self, share: f64, whole: Self) -> Self {
        let by = (self.length() as f64 * share) as i64;
        let start = self.start.saturating_add_signed(by);
        Self { start, end: start.saturating_add(self.length()) }.within(whole)
    }

    /// Some room around it, within `whole`.
    #[must_use]
    pub fn padded(self, share: f64, whole: Self) -> Self {
        let room = ((self.length().max(SHORTEST) as f64) * share) as u64;
        Self { start: self.start.saturating_sub(room), end: self.end.saturating_add(room) }
            .within(whole)
    }

    /// Moved, and cut where it is too long, so that it lies within `whole`.
    #[must_use]
    pub fn within(self, whole: Self) -> Self {
        let length = self.length().max(SHORTEST).min(whole.length().max(SHORTEST));
        let last = whole.end.saturating_sub(length).max(whole.start);
        let start = self.start.clamp(whole.start, last);
        Self { start, end: start + length }
    }
}

/// Maps a view to a stretch of pixels.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Axis {
    start: f64,
    nanos_per_point: f64,
    points_per_nano: f64,
    left: f32,
    width: f32,
}

impl Axis {
    /// The view from `start` to `end` (nanoseconds), drawn over `x`.
    #[must_use]
    pub fn new((start, end): (f64, f64), x: Rangef) -> Self {
        let width = x.span().max(1.0);
        let nanos_per_point = ((end - start) / f64::from(width)).max(1e-3);
        let points_per_nano = nanos_per_point.recip();
        Self { start, nanos_per_point, points_per_nano, left: x.min, width }
    }

    /// Where a point in time lies.
    #[must_use]
    pub fn x(&self, at: u64) -> f32 {
        // Far outside, exact positions do not matter, but must not overflow what draws them.
        let x = (at as f64 - self.start) * self.points_per_nano;
        self.left + x.clamp(-10_000.0, 100_000.0) as f32
    }

    /// The point in time at a position.
    #[must_use]
    pub fn time(&self, x: f32) -> u64 {
        (self.start + f64::from(x - self.left) * self.nanos_per_point).max(0.0) as u64
    }

    /// How many nanoseconds this many points are.
    #[must_use]
    pub fn nanos(&self, points: f32) -> u64 {
        (f64::from(points) * self.nanos_per_point).max(1.0) as u64
    }

    /// What is shown.
    #[must_use]
    pub fn range(&self) -> Range {
        Range { start: self.time(self.left), end: self.time(self.left + self.width) }
    }

    /// Round points in time, about 100 points apart, and the step between them.
    #[must_use]
    pub fn ticks(&self) -> (u64, Vec<u64>) {
        let rough = self.nanos(110.0).max(1);
        let step = round_step(rough);
        let Range { start, end } = self.range();
        let first = start.div_ceil(step).saturating_mul(step);
        let mut ticks = Vec::new();
        let mut at = first;
        while at <= end && ticks.len() < 200 {
            ticks.push(at);
            let Some(next) = at.checked_add(step) else { break };
            at = next;
        }
        (step, ticks)
    }
}

/// The next of 1, 2, 5, 10, … that is no less; in minutes and hours beyond a minute.
fn round_step(rough: u64) -> u64 {
    const MINUTE: u64 = 60_000_000_000;
    let mut power = 1;
    while power <= rough {
        for factor in [1, 2, 5] {
            if power * factor >= rough && power * factor <= 30_000_000_000 {
                return power * factor;
            }
        }
        power = power.saturating_mul(10);
    }
    if rough <= 20_000_000_000 {
        return power;
    }
    [1, 2, 5, 10, 15, 30, 60, 120, 360, 720]
        .into_iter()
        .map(|minutes| minutes * MINUTE)
        .find(|step| *step >= rough)
        .unwrap_or_else(|| rough.div_ceil(MINUTE * 1440) * MINUTE * 1440)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: Range = Range { start: 0, end: 1_000_000 };

    #[test]
    fn zooming_keeps_the_point_under_the_cursor() {
        let range = Range { start: 200_000, end: 600_000 };
        let zoomed = range.zoomed(0.5, 300_000, WHOLE);
        assert_eq!(zoomed, Range { start: 250_000, end: 450_000 });
        assert_eq!(range.zoomed(100.0, 300_000, WHOLE), WHOLE);
        assert_eq!(range.zoomed(0.0, 300_000, WHOLE).length(), SHORTEST);
    }

    #[test]
    fn nothing_leaves_the_recording() {
        let range = Range { start: 200_000, end: 600_000 };
        assert_eq!(range.moved(-10.0, WHOLE), Range { start: 0, end: 400_000 });
        assert_eq!(range.moved(10.0, WHOLE), Range { start: 600_000, end: 1_000_000 });
        let empty = Range::default();
        assert_eq!(range.within(empty).length(), SHORTEST);
    }

    #[test]
    fn time_and_pixels_agree() {
        let axis = Axis::new((1e6, 3e6), Rangef::new(100.0, 300.0));
        assert_eq!(axis.x(2_000_000), 200.0);
        assert_eq!(axis.time(200.0), 2_000_000);
        assert_eq!(axis.range(), Range { start: 1_000_000, end: 3_000_000 });
    }

    #[test]
    fn ticks_are_round() {
        let ticks = |length: f64| {
            let (step, ticks) = Axis::new((0.0, length), Rangef::new(0.0, 1_000.0)).ticks();
            (step, ticks.len())
        };
        assert_eq!(ticks(1e9), (200_000_000, 6));
        assert_eq!(ticks(3.6e12), (600_000_000_000, 7));
        assert_eq!(ticks(1e12), (120_000_000_000, 9));
        assert_eq!(ticks(1e3).0, 200);
    }
}
