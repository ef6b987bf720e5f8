//! One sample per row of the table of causes.

use looptrace::model::{Duration, EvidenceValue, Stall};

use super::told::{self, Compared, ToldStall};
use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};

const THRESHOLD: Duration = Duration::from_nanos(30_000_000);

/// Disks and page caches of test machines may be too fast for these.
const MAY_BE_QUICK: [&str; 3] = ["cause_fsync", "cause_disk", "cause_page_fault"];

macro_rules! rows {
    ($($name:ident),+ $(,)?) => {$(
        #[test]
        fn $name() {
            let versions: &[u8] = if full_run() { &[8, 9, 10, 11, 12, 13, 14, 15] } else { &[] };
            for python in versions.iter().filter_map(|&minor| interpreter(minor)) {
                check(python, stringify!($name));
            }
        }
    )+};
}

rows! {
    cause_sleep, cause_socket, cause_http, cause_pipe, cause_subprocess, cause_sqlite, cause_fsync,
    cause_lock, cause_future, cause_queue, cause_cpu_python, cause_cpu_json, cause_cpu_native,
    cause_gil, cause_gc, cause_import, cause_starved, cause_stopped, cause_disk, cause_page_fault,
}

fn check(python: &Interpreter, sample: &str) {
    let compared = told::record(python, sample, &["3"], &[], THRESHOLD);
    let mut judged = 0;
    for planted in &compared.told.stalls {
        if planted.length() < THRESHOLD + Duration::from_nanos(5_000_000) {
            continue;
        }
        let found = overlapping(planted, &compared);
        let Some(stall) = found else { panic!("{python} {sample}: not found: {planted:?}") };
        judged += 1;
        let cause = stall.main_cause().map_or("none", |cause| cause.kind.name());
        let causes: Vec<String> = stall
            .causes
            .iter()
            .map(|cause| format!("{:.2} {} {}", cause.share, cause.kind.name(), cause.text))
            .collect();
        println!("{python} {sample} {} ns: {causes:?}", stall.duration.as_nanos());
        assert_eq!(cause, planted.cause, "{python} {sample}: {causes:?}");
        if let Some(name) = &planted.names {
            assert!(names(stall, name), "{python} {sample}: {name} is not in {causes:?}");
        }
    }
    if judged == 0 {
        assert!(MAY_BE_QUICK.contains(&sample), "{python} {sample}: nothing was planted");
        println!("SKIPPED: {sample} on {python}: this machine is too fast for it");
    }
}

fn overlapping<'a>(planted: &ToldStall, compared: &'a Compared) -> Option<&'a Stall> {
    compared.facts.stalls.iter().max_by_key(|stall| {
        let start = stall.start.as_nanos().max(planted.start_ns);
        stall.end().as_nanos().min(planted.end_ns).saturating_sub(start)
    })
}

/// Whether the main cause names something, in its text or in its evidence.
fn names(stall: &Stall, name: &str) -> bool {
    stall.main_cause().is_some_and(|cause| {
        let told = cause
            .evidence
            .iter()
            .any(|(_, value)| matches!(value, EvidenceValue::Text(text) if text.contains(name)));
        told || cause.text.contains(name)
    })
}
