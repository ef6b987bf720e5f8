//! Where a stall is: the line told as it happens and the report say the same.

use looptrace::analysis::{Analysis, AnalysisOptions, FrameNames, analyze_file_with};
use looptrace::model::Duration;
use nix::sys::signal::Signal;

use crate::full_run;
use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

const THRESHOLD: Duration = Duration::from_nanos(50_000_000);

macro_rules! places {
    ($($name:ident = $minor:literal, $event_loop:literal, $options:expr, $always:literal;)+) => {$(
        #[test]
        fn $name() {
            let Some(python) = interpreter($minor) else { return };
            if ($always || full_run()) && ($event_loop != "uvloop" || python.uvloop) {
                told_as_reported(python, $event_loop, &$options);
            }
        }
    )+};
}

places! {
    on_3_08 = 8, "asyncio", [], true;
    on_3_11 = 11, "asyncio", [], false;
    on_3_12_uvloop = 12, "uvloop", [], true;
    on_3_13 = 13, "asyncio", [], false;
    on_3_14 = 14, "asyncio", ["--no-kernel-stream"], true;
    on_3_14_uvloop = 14, "uvloop", [], false;
    on_3_15 = 15, "asyncio", [], true;
}

#[test]
fn no_line_tells_of_a_stall_where_none_is_wanted() {
    let Some(python) = interpreter(12) else { return };
    let (words, facts) = planted(python, "asyncio", &["--no-stall-lines"]);
    assert!(!facts.stalls.is_empty(), "nothing to tell of:\n{words}");
    assert!(words.contains("wrote ") && !words.contains("stall at "), "{words}");
}

/// What the recorder said of a program with stalls, and what its recording tells.
fn planted(python: &Interpreter, event_loop: &str, options: &[&str]) -> (String, Analysis) {
    let arguments = ["2", event_loop];
    let sample = Sample::named("stall_places");
    let mut target = Target::start_with(python, &sample, &arguments);
    let mut recorder = Recorder::start(&target, options);
    target.send("go");
    target.expect_line("PLANTED");
    recorder.signal(Signal::SIGINT);
    assert_eq!(recorder.wait().code(), Some(0), "the recorder: {}", recorder.words());
    let facts = analyze_file_with(&recorder.file(), AnalysisOptions { stall_threshold: THRESHOLD })
        .expect("the recording can be read");
    (recorder.words(), facts)
}

fn told_as_reported(python: &Interpreter, event_loop: &str, options: &[&str]) {
    let (words, facts) = planted(python, event_loop, options);
    let (mut own, mut library) = (0, 0);
    for stall in &facts.stalls {
        let names = stall.location.map(|id| FrameNames::of(&facts.dictionary, id));
        let Some((function, file)) = names.and_then(|it| it.function.zip(it.file)) else {
            continue;
        };
        // The line may be another one of the same function.
        let told = words.lines().filter(|line| line.starts_with("stall at "));
        let told = told.filter(|line| line.contains(&format!("at {file}:")));
        let told = told.filter(|line| line.contains(&format!(" in {function}"))).count();
        println!("{python} {event_loop}: {function} in {file}, told {told} times");
        own += u32::from(function == "wait_here" && told > 0);
        let library_run = function == "run" && file.ends_with("/subprocess.py");
        library += u32::from(library_run && told > 0);
    }
    assert!(own > 0 && library > 0, "{python} {event_loop}: {own}, {library} of\n{words}");
}
