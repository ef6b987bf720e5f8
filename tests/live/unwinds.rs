//! A deep stack that was unwound: what was remembered of it must not spoil later looks.

use looptrace::memory::LiveMemory;
use looptrace::python::frames::{FrameReader, TaskSource};
use looptrace::python::threads;
use looptrace::python::{AttachOptions, Target as Attached};

use crate::support::sample::Sample;
use crate::support::{Target, interpreters};

#[test]
fn a_short_stack_is_seen_where_a_deep_one_was() {
    let sample = Sample::named("unwinds");
    for python in interpreters() {
        let mut target = Target::start(python, &sample);
        let label = target.label.clone();
        let options = AttachOptions { force_unverified: true };
        let attached = Attached::attach(target.pid(), options).expect("it can be attached to");
        let layout = &attached.interpreter.layout;
        let live = LiveMemory::new(target.pid());
        let mut memory = looptrace::memory::PagedMemory::new(LiveMemory::new(target.pid()));
        let states = threads::states(&mut memory, &attached.interpreter).expect("it has threads");
        let (thread, _) = *states.first().expect("it has a thread");
        let mut reader = FrameReader::new();
        let mut depth = |what: &str| {
            let look = reader.look(&live, layout, thread, TaskSource::None);
            let look = look.unwrap_or_else(|refusal| panic!("{label}: {what}: {refusal:?}"));
            assert!(!look.partial, "{label}: {what}: only a part");
            look.frames.iter().filter(|frame| !frame.is_shim(layout)).count()
        };
        target.wait_until_idle();
        assert_eq!(depth("the deep stack"), 903, "{label}");
        target.send("go on");
        target.expect_line("UNWOUND");
        target.wait_until_idle();
        assert_eq!(depth("the short stack"), 3, "{label}");
    }
}
