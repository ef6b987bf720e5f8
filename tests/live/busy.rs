//! `dump` of a target that runs on: what it shows of threads and of tasks is one story.

use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::look::{Look, LookFrame, LookThread, look_at};
use crate::support::sample::Sample;
use crate::support::{Target, interpreters};

/// So many looks, most of which find a task running.
const LOOKS: u32 = 40;

on_every_version! { threads_and_tasks_agree:
    agree_on_3_08 = 8, agree_on_3_09 = 9, agree_on_3_10 = 10, agree_on_3_11 = 11,
    agree_on_3_12 = 12, agree_on_3_13 = 13, agree_on_3_14 = 14, agree_on_3_15 = 15,
}

#[test]
fn agree_on_free_threaded_builds() {
    for python in interpreters().iter().filter(|python| python.free_threaded) {
        threads_and_tasks_agree(python);
    }
}

fn threads_and_tasks_agree(python: &Interpreter) {
    let target = Target::start(python, &Sample::named("churn"));
    let label = &target.label;
    let (mut running, mut kept) = (0, 0);
    for _ in 0..LOOKS {
        let look = look_at(&target).unwrap_or_else(|error| panic!("{label}: {error}"));
        let Some(thread) =
            look.threads.iter().find(|thread| thread.native_id == Some(target.pid()))
        else {
            assert!(
                look.rejected.torn > 0,
                "{label}: the loop's thread is missing, and no word of it"
            );
            continue;
        };
        kept += 1;
        running += check(&look, thread).unwrap_or_else(|text| panic!("{label}: {text}\n{look:#?}"));
    }
    assert!(kept > LOOKS / 2, "{label}: {kept} of {LOOKS} looks show the loop's thread");
    assert!(running > 0, "{label}: no look found a task running");
}

/// How many running tasks the look shows; the error is what does not fit.
fn check(look: &Look, thread: &LookThread) -> Result<u32, String> {
    let event_loop = look
        .loops
        .iter()
        .find(|row| row.thread == thread.native_id)
        .ok_or("no loop in the main thread")?;
    let polls = thread.stack.last().is_some_and(|leaf| {
        leaf.file.as_deref().is_some_and(|file| file.ends_with("selectors.py"))
    });
    let running: Vec<_> = look
        .tasks
        .iter()
        .filter(|task| task.event_loop == Some(event_loop.id) && task.state == "running")
        .collect();
    for task in &running {
        let name = &task.name;
        if polls {
            return Err(format!("{name:?} runs while the loop polls"));
        }
        if event_loop.current_task != Some(task.id) {
            return Err(format!("{name:?} runs and is not the loop's task"));
        }
        if task.waiting_on.is_some() {
            return Err(format!("{name:?} runs and waits"));
        }
        let on_stack = |chain: &Vec<LookFrame>| {
            let places = |frames: &[LookFrame]| {
                frames.iter().map(|frame| (frame.file.clone(), frame.line)).collect::<Vec<_>>()
            };
            let (chain, stack) = (places(chain), places(&thread.stack));
            stack.windows(chain.len()).any(|part| part == chain)
                // Before and after its coroutine a step stands in the loop's own code.
                || stack.last().is_some_and(|(file, _)| {
                    file.as_deref().is_some_and(|file| file.contains("/asyncio/"))
                })
        };
        if !task.await_chain.as_ref().is_none_or(on_stack) {
            return Err(format!("{name:?} runs elsewhere than its thread"));
        }
    }
    if let Some(task) = event_loop.current_task
        && !running.iter().any(|row| row.id == task)
    {
        return Err(format!("task {task} is the loop's and does not run"));
    }
    Ok(u32::try_from(running.len()).unwrap_or(u32::MAX))
}

on_every_version! { constructors_stand_in_no_frame_of_the_interpreter:
    constructor_on_3_08 = 8, constructor_on_3_09 = 9, constructor_on_3_10 = 10,
    constructor_on_3_11 = 11, constructor_on_3_12 = 12, constructor_on_3_13 = 13,
    constructor_on_3_14 = 14, constructor_on_3_15 = 15,
}

fn constructors_stand_in_no_frame_of_the_interpreter(python: &Interpreter) {
    let target = Target::start(python, &Sample::named("constructor"));
    let look = look_at(&target).unwrap_or_else(|error| panic!("{}: {error}", target.label));
    let stack: Vec<_> = look
        .threads
        .iter()
        .flat_map(|thread| &thread.stack)
        .filter_map(|frame| frame.function.as_deref()?.rsplit('.').next())
        .collect();
    assert_eq!(stack, ["<module>", "main", "__init__", "hold"], "{}", target.label);
}
