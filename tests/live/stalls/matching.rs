//! Holds planted stalls against those that were found, and draws up the figures.

use std::collections::BTreeMap;

use looptrace::analysis::{Analysis, FrameNames};
use looptrace::model::{CauseKind, Duration, EvidenceValue, Stall, StallKind};

use super::told::{Compared, ToldStall};

/// The figures of one configuration.
#[derive(Debug, Default)]
pub(crate) struct Figures {
    pub(crate) planted: u32,
    /// Planted, and not judged: the recorder came too late for too much of it, or it is too short; or
    /// the program had no CPU for most of it, and the recorder says so.
    pub(crate) unseen: u32,
    pub(crate) found: u32,
    /// Reported, and neither planted nor confirmed.
    pub(crate) unconfirmed: u32,
    /// Beyond the planted ones, confirmed by the program's heartbeat.
    pub(crate) confirmed: u32,
    /// Found, with a length outside of 1 ms, 1 % and both errors.
    pub(crate) wrong_length: u32,
    pub(crate) right_cause: u32,
    /// Found, with a cause and a place to be judged.
    pub(crate) located: u32,
    pub(crate) right_location: u32,
    /// Planted cause, found cause.
    pub(crate) confusion: BTreeMap<(String, &'static str), u32>,
    /// Differences of lengths beyond the stated errors, in nanoseconds.
    pub(crate) excess: Vec<u64>,
    pub(crate) complaints: Vec<String>,
}

const MS: u64 = 1_000_000;
/// Between two heartbeats of a program.
const BEAT: u64 = 5 * MS;

impl Figures {
    /// Adds what one recording shows.
    pub(crate) fn add(&mut self, compared: &Compared, threshold: Duration) {
        let Compared { told, facts, .. } = compared;
        let mut taken = vec![false; facts.stalls.len()];
        for planted in &told.stalls {
            let best = best_match(planted, &facts.stalls, &taken);
            if let Some(taken) = best.and_then(|(index, _)| taken.get_mut(index)) {
                *taken = true;
            }
            // The figures of `docs/causes.md` are of all.
            if !crate::full_run() && !compared.saw(planted, threshold) {
                self.unseen += 1;
                continue;
            }
            if let Some((_, stall)) = best {
                let due = planted.length() >= threshold + stall.start_error + stall.end_error;
                if due {
                    self.planted += 1;
                    self.found += 1;
                    self.judge(planted, stall, facts);
                }
            } else if planted.length() >= threshold + Duration::from_nanos(2 * MS) {
                self.planted += 1;
                self.complaints.push(format!("not found: {planted:?}"));
            }
        }
        for (stall, taken) in facts.stalls.iter().zip(taken) {
            let (from, to) = told.watched;
            if !taken && stall.start.as_nanos() >= from && stall.end().as_nanos() <= to {
                self.beyond(stall, compared);
            }
        }
    }

    fn judge(&mut self, planted: &ToldStall, stall: &Stall, facts: &Analysis) {
        let (is, was) = (stall.duration.as_nanos(), planted.length().as_nanos());
        let errors = (stall.start_error + stall.end_error).as_nanos();
        let bound = MS + was / 100 + errors + planted.starved_ns;
        self.excess.push(is.abs_diff(was).saturating_sub(errors));
        if is.abs_diff(was) > bound {
            self.wrong_length += 1;
            self.complaints.push(format!("{is} ns long, but {was} planted: {planted:?} {stall:?}"));
        }
        if had_no_cpu(planted, stall) {
            self.unseen += 1;
            return;
        }
        let cause = main_cause(stall, &planted.cause);
        *self.confusion.entry((planted.cause.clone(), cause)).or_default() += 1;
        if cause == planted.cause {
            self.right_cause += 1;
        } else {
            let texts: Vec<String> = stall
                .causes
                .iter()
                .map(|cause| format!("{:.2} {}: {}", cause.share, cause.kind.name(), cause.text))
                .collect();
            self.complaints.push(format!("{planted:?} taken for {texts:?}"));
        }
        self.located += 1;
        if in_place(planted, stall, facts) {
            self.right_location += 1;
        } else {
            let place = stall.location.map(|id| FrameNames::of(&facts.dictionary, id));
            self.complaints.push(format!("{planted:?} located in {place:?}"));
        }
    }

    /// A stall that was not planted: others may have taken the CPU, or the program did it.
    fn beyond(&mut self, stall: &Stall, compared: &Compared) {
        let overlaps = compared.told.stalls.iter().any(|planted| {
            overlap(planted.start_ns, planted.end_ns, stall) * 2 >= stall.duration.as_nanos()
        });
        // A stall claims no more than its length without what its edges may be off by.
        let error = (stall.start_error + stall.end_error).as_nanos();
        let sure = stall.duration.as_nanos().saturating_sub(error);
        let late = compared.told.beats.iter().any(|&(due, ran)| {
            let least = sure.saturating_sub(8 * MS) / 2;
            overlap(due, ran, stall) >= least.max(1)
        });
        // A recorder that others kept from the CPU says itself that its edges are doubtful.
        let doubtful = error * 2 > stall.duration.as_nanos() && !crate::full_run();
        if overlaps || late || doubtful {
            self.confirmed += 1;
        } else {
            self.unconfirmed += 1;
            let near = |&&(due, ran): &&(u64, u64)| {
                ran + 5 * BEAT > stall.start.as_nanos() && due < stall.end().as_nanos() + 5 * BEAT
            };
            let beats: Vec<_> = compared.told.beats.iter().filter(near).collect();
            let (start, end) = (stall.start.as_nanos(), stall.end().as_nanos());
            self.complaints.push(format!(
                "nobody planted {start} to {end}, beats nearby {beats:?}: {stall:?}"
            ));
        }
    }

    /// For `docs/causes.md`.
    pub(crate) fn print(&self, label: &str) {
        let percent = |part: u32, of: u32| 100.0 * f64::from(part) / f64::from(of.max(1));
        let mut excess = self.excess.clone();
        excess.sort_unstable();
        let at = |share: usize| excess.get(excess.len().saturating_sub(1) * share / 100).copied();
        println!(
            "{label}: found {}/{} ({:.1} %), unconfirmed {}, beyond {}, length wrong {}, beyond \
             errors p50 {} µs max {} µs, cause {:.1} %, location {:.1} %, not judged {}",
            self.found,
            self.planted,
            percent(self.found, self.planted),
            self.unconfirmed,
            self.confirmed,
            self.wrong_length,
            at(50).unwrap_or(0) / 1000,
            at(100).unwrap_or(0) / 1000,
            percent(self.right_cause, self.located),
            percent(self.right_location, self.located),
            self.unseen,
        );
        for ((planted, found), count) in &self.confusion {
            println!("    {planted:>14} -> {found:<14} {count}");
        }
        for complaint in &self.complaints {
            let end = complaint.char_indices().nth(1500).map_or(complaint.len(), |(at, _)| at);
            println!("  ! {}", &complaint[..end]);
        }
    }
}

/// The kind with the largest share. Others may have taken the CPU: that counts only if it was
/// planted.
pub(crate) fn main_cause(stall: &Stall, planted: &str) -> &'static str {
    let mut shares: BTreeMap<&'static str, f64> = BTreeMap::new();
    for cause in &stall.causes {
        *shares.entry(cause.kind.name()).or_default() += cause.share;
    }
    if planted != "starved" {
        shares.remove("starved");
    }
    shares.into_iter().max_by(|a, b| a.1.total_cmp(&b.1)).map_or("none", |(kind, _)| kind)
}

/// Whether it was taken for a wait for the CPU, and the program says that it waited for one for most
/// of it: a thread that holds the GIL may have the CPU that the loop's woke on.
fn had_no_cpu(planted: &ToldStall, stall: &Stall) -> bool {
    let starved = stall.causes.iter().filter(|cause| cause.kind == CauseKind::Starved);
    let share: f64 = starved.map(|cause| cause.share).sum();
    share > 0.5 && planted.starved_ns * 2 > planted.length().as_nanos()
}

fn overlap(from: u64, to: u64, stall: &Stall) -> u64 {
    let start = stall.start.as_nanos().max(from);
    stall.end().as_nanos().min(to).saturating_sub(start)
}

/// The found stall that shares most of its time with a planted one: at least half of it.
pub(crate) fn best_match<'a>(
    planted: &ToldStall,
    stalls: &'a [Stall],
    taken: &[bool],
) -> Option<(usize, &'a Stall)> {
    let shared = |stall: &Stall| overlap(planted.start_ns, planted.end_ns, stall);
    let best = stalls
        .iter()
        .enumerate()
        .filter(|(index, _)| !taken[*index])
        .max_by_key(|(_, stall)| shared(stall))?;
    (shared(best.1) * 2 >= planted.length().as_nanos()).then_some(best)
}

/// Whether the place that was found is the planted one. What another thread did to the loop has
/// its place there: its line must be among the evidence.
pub(crate) fn in_place(planted: &ToldStall, stall: &Stall, facts: &Analysis) -> bool {
    let fits = |names: FrameNames<'_>| {
        let function = names.function.and_then(|name| name.rsplit('.').next());
        let line = planted.line.is_none_or(|line| names.line == Some(line));
        function == Some(planted.function.as_str()) && line
    };
    let of = |id| FrameNames::of(&facts.dictionary, id);
    if planted.cause == "gil_wait" && stall.kind == StallKind::Outside {
        let evidence = stall.causes.iter().flat_map(|cause| &cause.evidence);
        return evidence.clone().any(|(key, value)| match value {
            EvidenceValue::Lines(lines) if *key == "holder_lines" => {
                lines.iter().any(|&(frame, _)| fits(of(frame)))
            }
            _ => false,
        });
    }
    if planted.cause == "import" {
        // In the statement, or in the module itself.
        let stacks = stall.stacks.iter().flat_map(|it| facts.dictionary.stack_frames(it.stack));
        return stacks.map(of).any(fits);
    }
    stall.location.is_some_and(|id| fits(of(id)))
}
