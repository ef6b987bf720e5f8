//! Whether the kernel tells of the context switches of threads.

use super::check::{Check, Verdict};
use crate::cli::refused;
use crate::os::ids;
use crate::os::switches::{self, Refusal, Size, Switches};

/// Rings that are tried, as many as a recording uses in one process.
const MOST: usize = 48;
/// Refused threads that are named.
const NAMED: usize = 3;

const NEEDED: &str = "granted; stalls are told from samples and /proc without";

/// What this machine grants this process.
pub(super) fn machine() -> Check {
    match switches::budget(MOST) {
        Ok(rings) => {
            let more = if rings == MOST { " or more" } else { "" };
            let present = format!("granted, for {rings}{more} loop threads at once");
            Check::new("switch stream", Verdict::Ok, present, NEEDED)
        }
        Err(refusal) => not_granted("switch stream", refusal, ""),
    }
}

/// Whether each thread of a process can be followed.
pub(super) fn target(pid: u32) -> Check {
    let name = "target's switch stream";
    let threads = ids::threads(pid).unwrap_or_default();
    let mut open = Vec::new();
    let mut refusals = Vec::new();
    for thread in threads.iter().take(MOST) {
        match Switches::open(thread.host, Size::Small, None) {
            Ok(stream) => open.push(stream),
            Err(refusal) => refusals.push((thread.host, refusal)),
        }
    }
    let tried = threads.len().min(MOST);
    let mut some = format!("{} of {tried} threads", open.len());
    if tried < threads.len() {
        some += &format!(" tried, {} in all", threads.len());
    }
    match refusals.first() {
        None if open.is_empty() => Check::new(name, Verdict::Unknown, "no threads", NEEDED),
        None => Check::new(name, Verdict::Ok, some, NEEDED),
        Some(&(_, refusal)) => {
            let named: Vec<String> = refusals
                .iter()
                .take(NAMED)
                .map(|(thread, refusal)| format!("{thread} {}", refusal.source().name()))
                .collect();
            not_granted(name, refusal, &format!("{some}; not {}", named.join(", ")))
        }
    }
}

fn not_granted(name: &'static str, refusal: Refusal, present: &str) -> Check {
    let Refusal { errno, memory } = refusal;
    let why = format!("refused: {}", errno.desc());
    let present = if present.is_empty() { why } else { format!("{present} ({why})") };
    let check = Check::new(name, Verdict::Warning, present, NEEDED);
    if memory {
        check.fix(refused::MORE_MEMORY).fix("sudo sysctl kernel.perf_event_mlock_kb=2048")
    } else {
        check.fix(refused::permission())
    }
}
