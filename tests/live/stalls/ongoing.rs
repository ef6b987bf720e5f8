//! A stall that is not over when the recording ends, or when its program does.

use looptrace::analysis::{AnalysisOptions, FrameNames, analyze_file_with};
use looptrace::model::{CauseKind, Duration};

use crate::support::Target;
use crate::support::interpreter::interpreter;
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

fn check(minor: u8, options: &[&str], killed: bool) {
    let Some(python) = interpreter(minor) else { return };
    let mut target = Target::start(python, &Sample::named("stall_forever"));
    let mut recorder = Recorder::start(&target, options);
    target.send("go");
    target.expect_line("PLANTED");
    let directory = tempfile::tempdir().expect("a temporary directory");
    let kept = directory.path().join("run.looptrace");
    if killed {
        target.kill();
        recorder.finish();
        std::fs::copy(recorder.file(), &kept).expect("the recording can be copied");
    } else {
        recorder.stop_into(&kept);
    }
    let options = AnalysisOptions { stall_threshold: Duration::from_nanos(50_000_000) };
    let facts = analyze_file_with(&kept, options).expect("the recording can be read");
    let last = facts.stalls.last().expect("a stall");
    assert!(last.ongoing, "{last:?}");
    let place = last.location.map(|id| FrameNames::of(&facts.dictionary, id));
    assert_eq!(place.and_then(|names| names.function), Some("forever"), "{last:?}");
    let cause = last.main_cause().expect("a cause");
    assert_eq!(cause.kind, CauseKind::BlockingCall, "{cause:?}");
}

#[test]
fn when_the_recording_ends() {
    check(14, &[], false);
    check(9, &["--no-kernel-stream"], false);
}

#[test]
fn when_the_program_dies() {
    check(12, &[], true);
    check(14, &["--no-kernel-stream"], true);
}
