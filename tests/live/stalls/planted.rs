//! Recall, lengths, causes and places of many planted stalls.
//!
//! A short run per version is part of every test run; `tests/bench/stalls.sh` plants 200 per
//! configuration and prints the figures that stand in `docs/causes.md`.

use looptrace::model::Duration;

use super::matching::Figures;
use super::told;
use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};

const THRESHOLD: Duration = Duration::from_nanos(10_000_000);

macro_rules! planted {
    ($($name:ident = $minor:literal, $event_loop:literal, $edges:literal, $always:literal;)+) => {$(
        #[test]
        fn $name() {
            let Some(python) = interpreter($minor) else { return };
            if ($always || full_run()) && ($event_loop != "uvloop" || python.uvloop) {
                plant(python, $event_loop, $edges);
            }
        }
    )+};
}

planted! {
    on_3_08 = 8, "asyncio", "kernel", true;
    on_3_08_sampled = 8, "asyncio", "sampled", false;
    on_3_08_uvloop = 8, "uvloop", "kernel", false;
    on_3_08_uvloop_sampled = 8, "uvloop", "sampled", false;
    on_3_09 = 9, "asyncio", "kernel", true;
    on_3_10 = 10, "asyncio", "kernel", true;
    on_3_11 = 11, "asyncio", "kernel", true;
    on_3_11_sampled = 11, "asyncio", "sampled", false;
    on_3_11_uvloop = 11, "uvloop", "kernel", false;
    on_3_11_uvloop_sampled = 11, "uvloop", "sampled", false;
    on_3_12 = 12, "asyncio", "kernel", true;
    on_3_13 = 13, "asyncio", "kernel", true;
    on_3_13_sampled = 13, "asyncio", "sampled", false;
    on_3_13_uvloop = 13, "uvloop", "kernel", false;
    on_3_13_uvloop_sampled = 13, "uvloop", "sampled", false;
    on_3_14 = 14, "asyncio", "kernel", true;
    on_3_14_sampled = 14, "asyncio", "sampled", true;
    on_3_14_uvloop = 14, "uvloop", "kernel", true;
    on_3_14_uvloop_sampled = 14, "uvloop", "sampled", false;
    on_3_15 = 15, "asyncio", "kernel", true;
    on_3_15_sampled = 15, "asyncio", "sampled", false;
    on_3_15_uvloop = 15, "uvloop", "kernel", false;
    on_3_15_uvloop_sampled = 15, "uvloop", "sampled", false;
}

fn plant(python: &Interpreter, event_loop: &str, edges: &str) {
    let (count, longest) = if full_run() { ("210", "500") } else { ("28", "60") };
    let options: &[&str] = if edges == "sampled" { &["--no-kernel-stream"] } else { &[] };
    let arguments = [count, "1", longest, event_loop];
    let compared = told::record(python, "planted", &arguments, options, THRESHOLD);
    let mut figures = Figures::default();
    figures.add(&compared, THRESHOLD);
    figures.print(&format!("{python} {event_loop} {edges}"));
    if figures.planted == 0 {
        println!("SKIPPED: the recorder came too late for all of it");
    }
    // What was seen is known, however rarely the recorder had the CPU.
    assert_eq!(figures.found, figures.planted, "stalls were missed");
    assert_eq!(figures.unconfirmed, 0, "stalls that were none");
    assert_eq!(figures.wrong_length, 0, "lengths");
    assert!(figures.right_cause * 100 >= figures.located * 95, "causes");
    assert!(figures.right_location * 100 >= figures.located * 99, "places");
}
