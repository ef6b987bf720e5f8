//! One sample per row of the table of causes.

use looptrace::analysis::FrameNames;
use looptrace::model::{Duration, EvidenceValue, Stall};

use super::matching::{in_place, main_cause};
use super::told::{self, Compared, ToldStall};
use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::sample::Sample;

const THRESHOLD: Duration = Duration::from_nanos(30_000_000);

/// Disks and page caches of test machines may be too fast for these to be stalls at all.
const MAY_BE_QUICK: [&str; 3] = ["cause_fsync", "cause_disk", "cause_page_fault"];

/// Version, and whether the kernel's stream is used: all where that is asked for; else an old one
/// with it and a new one without.
fn configurations() -> Vec<(u8, bool)> {
    if full_run() {
        (8..=15).flat_map(|minor| [(minor, true), (minor, false)]).collect()
    } else {
        vec![(9, true), (14, false)]
    }
}

macro_rules! rows {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            for (minor, stream) in configurations() {
                if let Some(python) = interpreter(minor) {
                    check(python, stringify!($name), stream);
                }
            }
        }
    )+};
}

rows! {
    cause_sleep, cause_socket, cause_http, cause_pipe, cause_subprocess, cause_sqlite, cause_fsync,
    cause_lock, cause_future, cause_queue, cause_cpu_python, cause_cpu_json, cause_cpu_native,
    cause_gil, cause_gc, cause_import, cause_starved, cause_stopped, cause_disk, cause_page_fault,
    cause_rlock, cause_join, cause_lookup, cause_input, cause_redis, cause_psycopg, cause_traced,
}

/// On a machine that has other things to do, the recorder may come too late for a stall or two, and
/// a part of any stall is a wait for the CPU: half of them must be found, each for its reason.
fn check(python: &Interpreter, sample: &str, stream: bool) {
    if let Some(module) = Sample::named(sample).lacks(python) {
        println!("SKIPPED: {sample} on {python}: no {module}; `tests/run` can provide it");
        return;
    }
    let options: &[&str] = if stream { &[] } else { &["--no-kernel-stream"] };
    let repeat = if full_run() { "3" } else { "2" };
    let compared = told::record(python, sample, &[repeat], options, THRESHOLD);
    let long =
        |planted: &&ToldStall| planted.length() >= THRESHOLD + Duration::from_nanos(5_000_000);
    let planted: Vec<&ToldStall> = compared.told.stalls.iter().filter(long).collect();
    let (mut right, mut seen) = (0, 0);
    for planted in &planted {
        if !full_run() && !compared.saw(planted, THRESHOLD) {
            continue;
        }
        seen += 1;
        let Some(stall) = overlapping(planted, &compared) else { continue };
        if is_guessed(stall) && main_cause(stall, &planted.cause) == "unknown" {
            println!("NOT KNOWN {}", told(planted, stall, &compared));
            seen -= 1;
            continue;
        }
        let as_planted = main_cause(stall, &planted.cause) == planted.cause
            && planted.names.iter().all(|name| names(stall, &planted.cause, name))
            && in_place(planted, stall, &compared.facts);
        right += u32::from(as_planted);
        let judged = if as_planted { "right" } else { "WRONG" };
        println!("{judged} {}", told(planted, stall, &compared));
    }
    if planted.is_empty() {
        assert!(MAY_BE_QUICK.contains(&sample), "{python} {sample}: nothing was planted");
        println!("SKIPPED: {sample} on {python}: this machine is too fast for it");
        return;
    }
    let overview = &compared.facts.overview;
    if seen == 0 {
        println!("SKIPPED: {sample} on {python}: the recorder came too late for all of it");
    }
    assert_eq!(
        right, seen,
        "{python} {sample} stream {stream}: {} samples, {:?}, {} vague \
         stalls, found {:?}",
        overview.samples, overview.misses, overview.vague_stalls, compared.facts.stalls
    );
}

/// Whether the recorder came so late for much of it that it may say that it does not know.
fn is_guessed(stall: &Stall) -> bool {
    (stall.start_error + stall.end_error).as_nanos() * 4 >= stall.duration.as_nanos()
}

fn told(planted: &ToldStall, stall: &Stall, compared: &Compared) -> String {
    let causes: Vec<String> = stall
        .causes
        .iter()
        .map(|cause| format!("{:.2} {}: {}", cause.share, cause.kind.name(), cause.text))
        .collect();
    let place = stall.location.map(|id| FrameNames::of(&compared.facts.dictionary, id));
    let place = place.map(|names| (names.function.unwrap_or("?"), names.line.unwrap_or(0)));
    let (cause, function, line) = (&planted.cause, &planted.function, planted.line);
    let length = stall.duration.as_nanos();
    format!("{cause} {length} ns in {function} ({line:?}): {causes:?} in {place:?}")
}

fn overlapping<'a>(planted: &ToldStall, compared: &'a Compared) -> Option<&'a Stall> {
    let shared = |stall: &Stall| {
        let start = stall.start.as_nanos().max(planted.start_ns);
        stall.end().as_nanos().min(planted.end_ns).saturating_sub(start)
    };
    let best = compared.facts.stalls.iter().max_by_key(|stall| shared(stall))?;
    (shared(best) > 0).then_some(best)
}

/// Whether a cause of this kind names something, in its text or in its evidence.
fn names(stall: &Stall, kind: &str, name: &str) -> bool {
    stall.causes.iter().filter(|cause| cause.kind.name() == kind).any(|cause| {
        let told = cause
            .evidence
            .iter()
            .any(|(_, value)| matches!(value, EvidenceValue::Text(text) if text.contains(name)));
        told || cause.text.contains(name)
    })
}
