//! The samples do what they say, on every interpreter there is: a live test that compares against
//! a sample is worth nothing if the sample is wrong.

use crate::support::oracle::py_spy_stacks;
use crate::support::{Target, interpreters, samples};

#[test]
fn every_sample_comes_to_rest_and_tells_its_truth_on_every_interpreter() {
    for python in interpreters() {
        for sample in samples().iter().filter(|sample| sample.runs_on(python)) {
            let mut target = Target::start(python, sample);
            let truth = target.truth();
            let label = target.label.clone();
            let names: Vec<&str> = truth.tasks.iter().map(|task| task.name.as_str()).collect();
            let mut unique = names.clone();
            unique.dedup();
            assert_eq!(names, unique, "{label}: task names are not unique");
            for task in &truth.tasks {
                let chain = task.chain.as_ref();
                assert!(
                    chain.is_some_and(|c| !c.is_empty()),
                    "{label}: {} has no chain",
                    task.name
                );
                for awaiter in &task.awaited_by {
                    assert!(names.contains(&awaiter.as_str()), "{label}: no task {awaiter}");
                }
            }
            let again = target.truth();
            assert_eq!(truth.tasks.len(), again.tasks.len(), "{label}: the picture moves");
            target.wait_until_idle();
            target.pause();
            assert!(target.is_stopped(), "{label}: paused");
            // py-spy does not know builds without the GIL.
            if !python.free_threaded {
                let stacks =
                    py_spy_stacks(&target).unwrap_or_else(|e| panic!("{label}: py-spy: {e}"));
                assert_eq!(stacks.len(), truth.threads.len(), "{label}: threads that py-spy sees");
            }
            target.resume();
            assert_eq!(target.truth().pid, truth.pid, "{label}: it goes on");
        }
    }
}
