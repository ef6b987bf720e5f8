//! Stalls wherever a loop runs code, each with its kind and its place.

use std::collections::BTreeMap;

use looptrace::analysis::FrameNames;
use looptrace::model::{Duration, Stall};

use super::matching::best_match;
use super::told::{self, Compared, ToldStall};
use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};

const THRESHOLD: Duration = Duration::from_nanos(30_000_000);
/// Each is planted 80 ms long.
const DISTURBED: Duration = Duration::from_nanos(160_000_000);

macro_rules! kinds {
    ($($name:ident = $minor:literal, $event_loop:literal, $options:expr, $always:literal;)+) => {$(
        #[test]
        fn $name() {
            let Some(python) = interpreter($minor) else { return };
            if ($always || full_run()) && ($event_loop != "uvloop" || python.uvloop) {
                check(python, $event_loop, &$options);
            }
        }
    )+};
}

kinds! {
    on_3_08 = 8, "asyncio", [], true;
    on_3_09 = 9, "asyncio", [], false;
    on_3_10 = 10, "asyncio", [], false;
    on_3_11 = 11, "asyncio", ["--no-kernel-stream"], true;
    on_3_12 = 12, "asyncio", [], false;
    on_3_13 = 13, "asyncio", [], false;
    on_3_14 = 14, "asyncio", [], true;
    on_3_14_uvloop = 14, "uvloop", [], true;
    on_3_15 = 15, "asyncio", ["--no-kernel-stream"], false;
}

fn check(python: &Interpreter, event_loop: &str, options: &[&str]) {
    let repeat = if full_run() { "3" } else { "2" };
    let compared = told::record(python, "stall_kinds", &[repeat, event_loop], options, THRESHOLD);
    let mut right: BTreeMap<String, (u32, u32)> = BTreeMap::new();
    // One that took far longer than it was meant to did not have the CPU: all sorts of stalls then.
    for planted in compared.told.stalls.iter().filter(|planted| planted.length() < DISTURBED) {
        if !full_run() && !compared.saw(planted, THRESHOLD) {
            continue;
        }
        let taken = vec![false; compared.facts.stalls.len()];
        let found = best_match(planted, &compared.facts.stalls, &taken).map(|(_, stall)| stall);
        let fits = found.is_some_and(|stall| as_planted(planted, stall, &compared));
        if !fits {
            println!("{planted:?} found as {:?}", found.map(|stall| shown(stall, &compared)));
        }
        let sums = right.entry(planted.function.clone()).or_default();
        *sums = (sums.0 + u32::from(fits), sums.1 + 1);
    }
    println!("{python} {event_loop}: {right:?}");
    if right.is_empty() {
        println!("SKIPPED: the recorder came too late for all of it");
    }
    for (function, (right, of)) in right {
        assert_eq!(right, of, "{python} {event_loop} {function}");
    }
}

fn as_planted(planted: &ToldStall, stall: &Stall, compared: &Compared) -> bool {
    let dictionary = &compared.facts.dictionary;
    let stacks = stall.stacks.iter().flat_map(|it| dictionary.stack_frames(it.stack));
    let mut functions = stacks.filter_map(|id| FrameNames::of(dictionary, id).function);
    Some(stall.kind.name()) == planted.kind.as_deref()
        && functions.any(|name| name.rsplit('.').next() == Some(planted.function.as_str()))
}

fn shown(stall: &Stall, compared: &Compared) -> String {
    let names = stall.location.map(|id| FrameNames::of(&compared.facts.dictionary, id));
    format!("{} {:?} {names:?}", stall.kind.name(), stall.duration)
}
