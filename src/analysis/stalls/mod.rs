//! Stalls: stretches in which a loop that has work due makes no progress.
//!
//! One pass over the events of a recording. Looks at a loop's thread that saw the same callback (or
//! the same stretch outside of any) make an episode; one that lasted as long as the threshold is a
//! stall. Where the kernel's switch records are at hand they narrow its edges and tell to the
//! nanosecond when it was off the CPU; everything works from looks alone, too.

mod clue;
mod edges;
mod episode;
mod evidence;
mod explain;
mod finder;
mod heartbeat;
mod inbox;
mod known;
mod offs;
mod place;
mod pulse;
mod scene;
mod track;
mod turn;
mod verdict;
mod victims;
mod words;

pub(super) use finder::{Found, LoopFacts, StallFinder};
