//! Code objects at addresses that others had before.

use serde::Deserialize;

use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

#[derive(Deserialize)]
struct Told {
    /// Names, and from when to when each ran, on the program's monotonic clock.
    calls: Vec<(String, u64, u64)>,
    /// How many addresses their code had.
    places: usize,
}

/// A sample has the time of its tick; the look comes a little later.
const LATER_NS: u64 = 2_000_000;

on_every_version! { the_name_is_that_of_what_runs:
    reborn_on_3_08 = 8, reborn_on_3_09 = 9, reborn_on_3_10 = 10, reborn_on_3_11 = 11,
    reborn_on_3_12 = 12, reborn_on_3_13 = 13, reborn_on_3_14 = 14, reborn_on_3_15 = 15,
}

fn the_name_is_that_of_what_runs(python: &Interpreter) {
    let mut target = Target::start(python, &Sample::named("reborn"));
    let label = target.label.clone();
    let recorder = Recorder::start(&target, &[]);
    target.send("go");
    let told: Told = serde_json::from_value(target.expect_line("CALLS")).expect("it says what ran");
    let recorded = recorder.stop();
    assert!(told.places * 2 < told.calls.len(), "{label}: no place was used again");
    let begun = recorded.meta.anchor.monotonic_start_ns;
    let (mut right, mut wrong) = (0, Vec::new());
    for sample in &recorded.samples {
        let Some(stack) = sample.stack else { continue };
        let at = sample.time.as_nanos() + begun;
        let ran = told.calls.iter().find(|(_, start, end)| *start <= at && at + LATER_NS <= *end);
        let Some((name, ..)) = ran else { continue };
        let shown = recorded.stack(stack);
        let Some(seen) = shown.iter().find(|frame| frame.function.starts_with("made_")) else {
            continue;
        };
        if seen.function == *name {
            right += 1;
        } else {
            wrong.push((name.clone(), seen.function.clone()));
        }
    }
    println!("{label}: {right} right, {} places for {} calls", told.places, told.calls.len());
    let all = right + wrong.len();
    // A recorder that lost the CPU right before or within a look looks at what came next.
    let late = |(ran, seen): &(String, String)| number(seen) == number(ran) + 1;
    assert!(wrong.iter().all(late), "{label}: {} of {all} wrong: {wrong:?}", wrong.len());
    assert!(wrong.len() * 50 <= all, "{label}: {} of {all} wrong: {wrong:?}", wrong.len());
    assert!(right > told.calls.len(), "{label}: only {right} samples");
}

fn number(name: &str) -> u32 {
    name.rsplit('_').next().and_then(|digits| digits.parse().ok()).expect("a number at its end")
}
