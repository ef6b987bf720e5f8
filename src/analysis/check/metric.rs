//! What can be budgeted.

/// In what a metric is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// Seconds.
    Seconds,
    /// Seconds in each minute recorded.
    SecondsPerMinute,
    /// A share, from 0 to 1.
    Ratio,
    /// A number of things.
    Count,
    /// A number of things in each minute recorded.
    PerMinute,
}

/// Which clock moves a metric: what else the machine does shows in wall-clock figures only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Clock {
    /// The time that the loop's thread spent on a CPU: other programs hardly move it.
    Cpu,
    /// The time that it waited for something other than a CPU: a sleep, a reply, the disk.
    Blocked,
    /// Time as it passes: other programs move it.
    Wall,
    /// No time at all.
    None,
}

/// Of what there is one value per run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// The whole run.
    Run,
    /// Each coroutine; `coroutine` selects.
    Coroutine,
    /// The stalls of a run; `cause`, `at` and `test` select.
    Stalls,
    /// The locks and semaphores of a run; `at` selects, by the line that waited first.
    Locks,
}

/// A figure that can have a budget.
#[derive(Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name in `looptrace.toml` and every output.
    pub id: &'static str,
    /// What it is counted in.
    pub unit: Unit,
    /// What moves it.
    pub clock: Clock,
    /// What there is one of.
    pub scope: Scope,
    /// What it says, in a few words.
    pub about: &'static str,
}

macro_rules! metrics {
    ($($id:literal $unit:ident $clock:ident $scope:ident $about:literal;)+) => {
        &[$(Metric {
            id: $id, unit: Unit::$unit, clock: Clock::$clock, scope: Scope::$scope, about: $about,
        }),+]
    };
}

/// Every metric, in the order in which they are listed. Less is better in all of them.
pub const METRICS: &[Metric] = metrics! {
    "stall.count" Count Wall Stalls "stalls of a loop";
    "stall.count_per_minute" PerMinute Wall Stalls "stalls of a loop in each minute";
    "stall.seconds_per_minute" SecondsPerMinute Wall Stalls "stalled time in each minute";
    "stall.max" Seconds Wall Stalls "the longest stall";
    "stall.p95" Seconds Wall Stalls "the stall that 95 % do not exceed";
    "stall.p50" Seconds Wall Stalls "the middle stall";
    "stall.cpu.seconds_per_minute" SecondsPerMinute Cpu Stalls "CPU time of stalls in each minute";
    "stall.cpu.per_task" Seconds Cpu Stalls "CPU time of stalls, for each task that was seen";
    "stall.cpu.max" Seconds Cpu Stalls "the most CPU time of one stall";
    "stall.cpu.p95" Seconds Cpu Stalls "the CPU time that 95 % of the stalls do not exceed";
    "stall.cpu.p50" Seconds Cpu Stalls "the CPU time of the middle stall";
    "stall.cpu.min" Seconds Cpu Stalls "the CPU time of the stall that took least";
    "stall.blocked.per_task" Seconds Blocked Stalls "stalled time off the CPU for each task that was seen, waits for a CPU left out";
    "stall.blocked.max" Seconds Blocked Stalls "the most time off the CPU of one stall, waits for a CPU left out";
    "stall.blocked.p50" Seconds Blocked Stalls "time off the CPU of the middle stall, waits for a CPU left out";
    "stall.blocked.seconds_per_minute" SecondsPerMinute Blocked Stalls "stalled time off the CPU in each minute, waits for a CPU left out";
    "lag.p50" Seconds Wall Run "middle delay of the loop";
    "lag.p90" Seconds Wall Run "delay of the loop that 90 % do not exceed";
    "lag.p99" Seconds Wall Run "delay of the loop that 99 % do not exceed";
    "lag.p999" Seconds Wall Run "delay of the loop that 99.9 % do not exceed";
    "lag.max" Seconds Wall Run "longest delay of the loop";
    "lag_corrected.p50" Seconds Blocked Run "lag.p50, waits for a CPU left out";
    "lag_corrected.p90" Seconds Blocked Run "lag.p90, waits for a CPU left out";
    "lag_corrected.p99" Seconds Blocked Run "lag.p99, waits for a CPU left out";
    "lag_corrected.p999" Seconds Blocked Run "lag.p999, waits for a CPU left out";
    "lag_corrected.max" Seconds Blocked Run "lag.max, waits for a CPU left out";
    "loop.cpu.per_callback" Seconds Cpu Run "CPU time of the loops' threads, for each callback that they ran";
    "loop.cpu.per_task" Seconds Cpu Run "CPU time of the loops' threads, for each task that was seen";
    "loop.busy_ratio" Ratio Wall Run "share of the busiest loop's time outside its poll call";
    "task.alive.max" Count None Run "most tasks alive at once";
    "task.growth_per_minute" PerMinute None Run "tasks that pile up; 0 where no trend can be told from chance";
    "task.ready.ratio" Ratio Wall Run "share of their life in which tasks could run and did not";
    "coroutine.running.ratio" Ratio Wall Coroutine "time on the loop, as a share of the recording";
    "coroutine.running.per_task" Seconds Wall Coroutine "time on the loop of one task";
    "coroutine.waiting.per_task" Seconds Wall Coroutine "waiting time of one task";
    "coroutine.ready.per_task" Seconds Wall Coroutine "time one task could run and did not";
    "coroutine.tasks_per_minute" PerMinute None Coroutine "tasks seen in each minute";
    "lock.wait.seconds_per_minute" SecondsPerMinute Wall Locks "time that tasks waited for locks and semaphores in each minute, all tasks together";
    "lock.wait.max" Seconds Wall Locks "the longest wait for a lock or semaphore";
    "lock.waiters.max" Count Wall Locks "the most tasks in line for one lock or semaphore";
    "executor.queued.max" Count Wall Run "the most jobs that waited for a worker of an executor";
    "executor.saturated_ratio" Ratio Wall Run "share of the recording in which jobs waited because all workers were busy";
    "runq.wait_ratio" Ratio Wall Run "share of the recording in which the loop's thread waited for a CPU";
    "recorder.dropped" Count None Run "events that the recorder lost";
    "recorder.miss_ratio" Ratio None Run "share of the ticks without a look";
};

impl Metric {
    /// The metric of this name.
    #[must_use]
    pub fn named(id: &str) -> Option<&'static Self> {
        METRICS.iter().find(|metric| metric.id == id)
    }

    /// `12.3 ms`, `4.5 %`, `17`, …: a value of it, for people.
    #[must_use]
    pub fn show(&self, value: f64) -> String {
        self.unit.show(value)
    }

    /// Whether it drifts with what the machine does, so that only runs in turns compare: wall-clock
    /// time, what the program gets through in a minute, and sums over what was seen of it.
    #[must_use]
    pub fn drifts(&self) -> bool {
        let (group, figure) = self.id.rsplit_once('.').unwrap_or(("", self.id));
        self.is_wall()
            || group == "lag_corrected"
            || ["seconds_per_minute", "tasks_per_minute", "per_task", "per_callback"]
                .contains(&figure)
    }

    /// Whether it rests on the recorder having seen the loop all the time.
    #[must_use]
    pub fn needs_looks(&self) -> bool {
        self.clock != Clock::None && self.id != "runq.wait_ratio"
    }

    /// Whether other programs on the machine move it.
    #[must_use]
    pub fn is_wall(&self) -> bool {
        self.clock == Clock::Wall
    }
}

impl Unit {
    /// The word for it in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::SecondsPerMinute => "seconds_per_minute",
            Self::Ratio => "ratio",
            Self::Count => "count",
            Self::PerMinute => "per_minute",
        }
    }

    /// A value for people.
    #[must_use]
    pub fn show(self, value: f64) -> String {
        match self {
            Self::Seconds => seconds(value),
            Self::SecondsPerMinute => format!("{}/min", seconds(value)),
            Self::Ratio => format!("{:.1} %", value * 100.0),
            Self::Count => plain(value),
            Self::PerMinute => format!("{}/min", plain(value)),
        }
    }
}

impl Clock {
    /// The word for it in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Blocked => "blocked",
            Self::Wall => "wall",
            Self::None => "none",
        }
    }
}

fn plain(value: f64) -> String {
    if value.fract().abs() < 1e-9 || value.abs() >= 100.0 {
        format!("{value:.0}")
    } else {
        format!("{value:.1}")
    }
}

fn seconds(value: f64) -> String {
    let (scaled, unit) = match value.abs() {
        0.0 => return "0 s".to_owned(),
        size if size < 1e-3 => (value * 1e6, "µs"),
        size if size < 1.0 => (value * 1e3, "ms"),
        _ => (value, "s"),
    };
    let digits = match scaled.abs() {
        size if size < 9.995 => 2,
        size if size < 99.95 => 1,
        _ => 0,
    };
    format!("{scaled:.digits$} {unit}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_read_well() {
        assert_eq!(Unit::Seconds.show(0.012_34), "12.3 ms");
        assert_eq!(Unit::Seconds.show(0.0), "0 s");
        assert_eq!(Unit::SecondsPerMinute.show(1.5), "1.50 s/min");
        assert_eq!(Unit::Ratio.show(0.705), "70.5 %");
        assert_eq!(Unit::Count.show(17.0), "17");
        assert_eq!(Unit::PerMinute.show(0.25), "0.2/min");
    }

    #[test]
    fn names_are_unique() {
        for metric in METRICS {
            assert_eq!(METRICS.iter().filter(|other| other.id == metric.id).count(), 1);
        }
    }
}
