//! A number over time, in bounded memory.

use crate::model::{Duration, Timestamp};

/// Points that are kept at most; when there are more, every other one goes.
const MOST: usize = 512;

/// How a number changed, coarser the longer it goes on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Series {
    points: Vec<(Timestamp, u32)>,
    /// Points closer together than this are drawn together.
    gap: Duration,
}

impl Series {
    /// Notes the number from `time` on. Within one gap the largest is kept.
    pub(super) fn push(&mut self, time: Timestamp, value: u32) {
        if let Some((last, kept)) = self.points.last_mut()
            && time.since(*last) < self.gap
        {
            *kept = value.max(*kept);
            return;
        }
        self.points.push((time, value));
        if self.points.len() >= MOST {
            let first = self.points.first().map_or(Timestamp::ZERO, |point| point.0);
            let spans = (self.points.len() / 2) as u64;
            self.gap = Duration::from_nanos(time.since(first).as_nanos() / spans.max(1))
                .max(Duration::from_nanos(1));
            let mut kept: Vec<(Timestamp, u32)> = Vec::with_capacity(MOST);
            for &(time, value) in &self.points {
                match kept.last_mut() {
                    Some((last, most)) if time.since(*last) < self.gap => *most = value.max(*most),
                    _ => kept.push((time, value)),
                }
            }
            self.points = kept;
        }
    }

    /// Times and numbers, in order.
    #[must_use]
    pub fn points(&self) -> &[(Timestamp, u32)] {
        &self.points
    }

    /// By how much the number grows per second: the slope of the line that fits best. `None` for
    /// fewer than 8 points, or within less than a second.
    #[must_use]
    #[expect(clippy::cast_precision_loss, reason = "a slope is an estimate")]
    pub fn slope(&self) -> Option<f64> {
        let (first, last) = (self.points.first()?.0, self.points.last()?.0);
        if self.points.len() < 8 || last.since(first) < Duration::from_nanos(1_000_000_000) {
            return None;
        }
        let count = self.points.len() as f64;
        let x = |time: Timestamp| time.since(first).as_nanos() as f64 / 1e9;
        let mean_x = self.points.iter().map(|&(time, _)| x(time)).sum::<f64>() / count;
        let mean_y = self.points.iter().map(|&(_, y)| f64::from(y)).sum::<f64>() / count;
        let (mut up, mut down) = (0.0, 0.0);
        for &(time, y) in &self.points {
            up += (x(time) - mean_x) * (f64::from(y) - mean_y);
            down += (x(time) - mean_x).powi(2);
        }
        (down > 0.0).then_some(up / down)
    }

    /// Whether the lowest numbers rise: each quarter's smallest number is above the one before.
    #[must_use]
    pub fn floor_rises(&self) -> bool {
        let quarter = self.points.len() / 4;
        if quarter < 4 {
            return false;
        }
        let lows: Vec<u32> = self
            .points
            .chunks(quarter)
            .take(4)
            .filter_map(|chunk| chunk.iter().map(|&(_, value)| value).min())
            .collect();
        lows.windows(2).all(|pair| pair[0] < pair[1])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn series(values: impl IntoIterator<Item = u32>) -> Series {
        let mut series = Series::default();
        for (i, value) in (0..).zip(values) {
            series.push(Timestamp::from_nanos(i * 50_000_000), value);
        }
        series
    }

    #[test]
    fn a_line_has_its_slope_and_a_wave_has_none() {
        let slope = series(0..200).slope().unwrap();
        assert!((slope - 20.0).abs() < 0.1, "{slope}");
        assert!(series(0..200).floor_rises());
        let wave = series((0..200).map(|i| i % 10));
        assert!(wave.slope().unwrap().abs() < 0.1);
        assert!(!wave.floor_rises());
        assert_eq!(series(0..4).slope(), None);
    }

    #[test]
    fn memory_is_bounded_and_peaks_stay() {
        let long = series((0..100_000).map(|i| if i == 5000 { 9 } else { 1 }));
        assert!(long.points().len() < MOST);
        assert_eq!(long.points().iter().map(|point| point.1).max(), Some(9));
    }
}
