//! Runs made by hand.

use looptrace::analysis::check::{
    CheckReport, Config, CoroutineRun, Date, Environment, Inputs, LockRun, Place, Run, StallRun,
    judge,
};

/// A run of ten seconds with one loop, whose `number` says when it was made.
pub(crate) fn run(number: u64) -> Run {
    Run {
        file: format!("run-{number:02}.looptrace"),
        seconds: 10.0,
        started: 1_000 + number,
        environment: Environment {
            kernel: Some("Linux 6.1".to_owned()),
            cpu: Some("Some CPU".to_owned()),
            python: Some("3.14.2".to_owned()),
            ..Environment::default()
        },
        samples: 10_000,
        miss_ratio: Some(0.0),
        loops: 1,
        runq_wait: Some(0.01),
        busy_ratio: Some(0.4),
        lag: Some([0.001, 0.002, 0.004, 0.008, 0.02]),
        lag_corrected: Some([0.001, 0.002, 0.003, 0.004, 0.01]),
        loop_cpu: Some(4.0),
        callbacks: Some(20_000),
        locks: Some(vec![lock("save", 1.5, 3), lock("load", 0.5, 7)]),
        executors: Some((4, 0.5)),
        alive_max: Some(12.0),
        growth: Some(0.0),
        stall_threshold: 0.01,
        ready_ratio: Some(0.01),
        ..Run::default()
    }
}

pub(crate) fn place(function: &str, file: &str, line: u32) -> Place {
    Place { function: function.to_owned(), file: file.to_owned(), line, ..Place::default() }
}

/// A lock in whose line this much time was spent, a third of it by one task.
pub(crate) fn lock(function: &str, total: f64, most_waiters: u32) -> LockRun {
    LockRun {
        place: Some(place(function, "/srv/app/db.py", 7)),
        kind: "lock",
        waits: 30,
        total,
        longest: total / 3.0,
        most_waiters,
    }
}

/// A stall of `wall` seconds, all of it on a CPU.
pub(crate) fn stall(wall: f64, function: &str) -> StallRun {
    StallRun {
        wall,
        cpu: Some(wall * 0.98),
        blocked: Some(0.0),
        cause: "cpu_python",
        why: format!("{function}() computes"),
        place: Some(place(function, "/srv/app/views.py", 42)),
        stack: vec![
            place("main", "/srv/app/main.py", 7),
            place(function, "/srv/app/views.py", 42),
            place("dumps", "/usr/lib/python3.14/json/__init__.py", 231),
        ],
        test: None,
        start: 1.0,
        advice: Some("move it to a thread"),
    }
}

pub(crate) fn coroutine(function: &str, running: f64) -> CoroutineRun {
    CoroutineRun {
        place: place(function, "/srv/app/api.py", 10),
        tasks: 100,
        running,
        ready: 0.1,
        waiting: 5.0,
    }
}

/// Scatter that looks random and is the same every time: between −1 and 1.
pub(crate) fn scatter(number: u64) -> f64 {
    let hash = (number + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 33;
    hash as f64 / f64::from(1_u32 << 30) - 1.0
}

/// `pairs` runs of both sides in turns; each stalls ten times, for 20 ms times the factor of its side
/// with `noise` (0.1: ±10 %) on it.
pub(crate) fn sides(pairs: u64, factor: f64, noise: f64) -> (Vec<Run>, Vec<Run>) {
    let side = |first: u64, factor: f64| -> Vec<Run> {
        (0..pairs)
            .map(|pair| {
                let number = pair * 2 + first;
                let mut run = run(number);
                let wall = 0.020 * factor * (1.0 + noise * scatter(number));
                run.stalls = (0..10).map(|_| stall(wall, "render")).collect();
                run
            })
            .collect()
    };
    (side(0, 1.0), side(1, factor))
}

pub(crate) fn config(text: &str) -> Config {
    Config::parse(text, "looptrace.toml").expect("a configuration without mistakes")
}

/// 2026-11-21.
pub(crate) fn today() -> Date {
    Date::from_days(20_778)
}

pub(crate) fn check(budgets: &str, base: &[Run], head: &[Run]) -> CheckReport {
    judge(Inputs { config: &config(budgets), head, base, noise: None, today: today() })
}
