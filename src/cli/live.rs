//! How a recording goes, while it goes: one line on stderr that is redrawn, or a plain line now
//! and then where stderr is no terminal.

use std::env;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use super::message;
use super::refused;
use super::units;
use crate::model::{MissCounts, MissReason};
use crate::sampler::{LiveStall, Progress};

/// Between two plain lines.
const PLAIN_EVERY: Duration = Duration::from_secs(5);

/// The width taken where the terminal does not tell its own.
const COLUMNS: usize = 80;

/// The live line.
#[derive(Debug)]
pub struct Live {
    kind: Kind,
    drawn: bool,
    told_refusal: bool,
}

#[derive(Debug)]
enum Kind {
    Hidden,
    Redrawn,
    Plain { next: Duration },
}

impl Live {
    /// A line that suits stderr; none if it is not wanted.
    #[must_use]
    pub fn new(wanted: bool) -> Self {
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let kind = if !wanted {
            Kind::Hidden
        } else if io::stderr().is_terminal() && !dumb {
            Kind::Redrawn
        } else {
            Kind::Plain { next: PLAIN_EVERY }
        };
        Self { kind, drawn: false, told_refusal: false }
    }

    /// Shows the state of affairs.
    pub fn show(&mut self, progress: &Progress) {
        match &mut self.kind {
            Kind::Hidden => {}
            Kind::Redrawn => {
                // The last column stays free: some terminals wrap after it.
                let text = cut(&line(progress), columns().saturating_sub(1));
                message::print(&format!("\r\x1b[2K{text}"));
                self.drawn = true;
            }
            Kind::Plain { next } => {
                if progress.elapsed >= *next {
                    *next = progress.elapsed + PLAIN_EVERY;
                    message::note(&line(progress));
                }
            }
        }
    }

    /// Says once where the kernel's stream of switches is not to be had.
    pub fn say_refusal(&mut self, progress: &Progress) {
        if let Some(source) = progress.refused.filter(|_| !self.told_refusal) {
            self.told_refusal = true;
            self.clear();
            refused::warn(source);
        }
    }

    /// Tells of a stall, on a line of its own.
    pub fn tell(&mut self, stall: &LiveStall) {
        self.clear();
        message::note(&stall_line(stall));
    }

    /// Takes the line away, so that other words can follow.
    pub fn clear(&mut self) {
        if std::mem::take(&mut self.drawn) {
            message::print("\r\x1b[2K");
        }
    }
}

impl Drop for Live {
    fn drop(&mut self) {
        self.clear();
    }
}

fn columns() -> usize {
    let size = terminal_size::terminal_size_of(io::stderr());
    size.map_or(COLUMNS, |(width, _)| usize::from(width.0)).max(10)
}

/// All of it is ASCII, so that characters are columns.
fn cut(text: &str, columns: usize) -> String {
    text.chars().take(columns).collect()
}

/// `stall at 12.3 s: 250 ms blocked in recvfrom (10.0.0.1:80) in app.py:12 in main`.
fn stall_line(stall: &LiveStall) -> String {
    let start = units::elapsed(Duration::from_nanos(stall.start.as_nanos()));
    let so_far = if stall.ongoing { " so far (ongoing)" } else { "" };
    let mut line = format!("stall at {start}: {}{so_far} {}", stall.duration, stall.cause);
    if let Some(location) = &stall.location {
        line.push_str(&format!(", at {location}"));
    }
    if let Some(task) = &stall.task {
        line.push_str(&format!(", task {task}"));
    }
    line
}

/// The most important first: a narrow terminal cuts the end.
fn line(progress: &Progress) -> String {
    let mut parts = vec![
        units::elapsed(progress.elapsed),
        units::counted(progress.samples, "sample", "samples"),
        misses(&progress.misses),
    ];
    if progress.has_asyncio {
        parts.push(units::counted(progress.tasks, "task", "tasks"));
    }
    parts.push(units::bytes(progress.file_bytes));
    parts.push(format!("{} Hz", progress.rate_hz));
    parts.push(format!("recorder {:.1}% CPU", progress.recorder_cpu_percent));
    if progress.processes > 1 {
        parts.push(format!("{} processes", progress.processes));
    }
    if progress.dropped > 0 {
        parts.push(format!("{} dropped", units::count(progress.dropped)));
    }
    parts.join(" | ")
}

/// `no misses`, `12 misses (10 late, 2 torn)`.
#[must_use]
pub fn misses(misses: &MissCounts) -> String {
    let MissCounts { late, torn, unreadable, exited } = *misses;
    let total = misses.total();
    if total == 0 {
        return "no misses".to_owned();
    }
    let reasons: Vec<String> = MissReason::ALL
        .iter()
        .zip([late, torn, unreadable, exited])
        .filter(|&(_, number)| number > 0)
        .map(|(reason, number)| format!("{} {}", units::count(number), reason.name()))
        .collect();
    format!("{} ({})", units::counted(total, "miss", "misses"), reasons.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_matters_in_order() {
        let progress = Progress {
            elapsed: Duration::from_millis(12_300),
            samples: 12_034,
            misses: MissCounts { late: 2, torn: 1, unreadable: 0, exited: 0 },
            tasks: 1,
            file_bytes: 1536,
            rate_hz: 1000,
            recorder_cpu_percent: 2.26,
            has_asyncio: true,
            processes: 1,
            ..Progress::default()
        };
        assert_eq!(
            line(&progress),
            "12.3 s | 12,034 samples | 3 misses (2 late, 1 torn) | 1 task | 1.5 KiB | 1000 Hz \
             | recorder 2.3% CPU"
        );
        assert!(line(&progress).is_ascii());
        assert_eq!(cut(&line(&progress), 9), "12.3 s | ");
    }

    #[test]
    fn misses_are_told_apart() {
        assert_eq!(misses(&MissCounts::default()), "no misses");
        let one = MissCounts { exited: 1, ..MissCounts::default() };
        assert_eq!(misses(&one), "1 miss (1 exited)");
    }
}
