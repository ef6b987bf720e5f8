//! Programs without stalls: what is reported of them all the same must be confirmed by their own
//! heartbeats, which others that take the CPU delay as well.

use looptrace::model::Duration;

use super::matching::Figures;
use super::told;
use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};

const THRESHOLD: Duration = Duration::from_nanos(10_000_000);

/// How long a program is watched: a full run may be told otherwise.
fn seconds() -> String {
    let full = || std::env::var("LOOPTRACE_TEST_SECONDS").unwrap_or_else(|_unset| "600".to_owned());
    if full_run() { full() } else { "3".to_owned() }
}

macro_rules! healthy {
    ($($name:ident = $minor:literal, $what:literal, $options:expr, $always:literal;)+) => {$(
        #[test]
        fn $name() {
            if let Some(python) = interpreter($minor).filter(|_| $always || full_run()) {
                watch(python, $what, &$options);
            }
        }
    )+};
}

fn watch(python: &Interpreter, what: &str, options: &[&str]) {
    if what.contains("uvloop") && !python.uvloop {
        println!("SKIPPED: {python} has no uvloop; `tests/run` can provide it");
        return;
    }
    let seconds = seconds();
    let arguments: Vec<&str> = std::iter::once(&*seconds).chain(what.split(' ')).collect();
    let compared = told::record(python, "healthy", &arguments, options, THRESHOLD);
    let mut figures = Figures::default();
    figures.add(&compared, THRESHOLD);
    figures.print(&format!("{python} {what}"));
    assert_eq!(figures.unconfirmed, 0, "stalls that were none");
}

healthy! {
    idle_on_3_11 = 11, "idle", [], false;
    idle_on_3_13 = 13, "idle", [], true;
    idle_on_3_14 = 14, "idle", [], false;
    idle_on_3_14_sampled = 14, "idle", ["--no-kernel-stream"], true;
    idle_on_3_08 = 8, "idle", [], false;
    busy_on_3_08 = 8, "busy", [], false;
    busy_on_3_11 = 11, "busy", [], false;
    busy_on_3_12_sampled = 12, "busy", ["--no-kernel-stream"], true;
    busy_on_3_14 = 14, "busy", [], true;
    busy_on_3_14_sampled = 14, "busy", ["--no-kernel-stream"], false;
    busy_on_3_13 = 13, "busy", [], false;
    busy_on_3_15 = 15, "busy", [], false;
    idle_on_3_15 = 15, "idle", [], false;
    idle_on_3_13_uvloop = 13, "idle uvloop", [], false;
    busy_on_3_13_uvloop = 13, "busy uvloop", [], false;
}
