//! Which tasks are likely to run by the time of the next call.
//!
//! Of tasks that take turns, each may run for less time than a call takes. So the call copies not
//! only the task that ran a moment ago but also those that are likely to run by then: of a few, all;
//! of many, those that were found after it before, since a loop runs its tasks in the order in which
//! they became ready, and that is often the same time and again.

use super::aim::{DEPTH, MAX_TASKS, Tasks};
use super::reader::FrameReader;
use crate::memory::RemoteAddr;

impl Tasks {
    /// A look begins: what ran when the last one ended says nothing about what follows what.
    pub(super) const fn begin(&mut self) {
        self.before = RemoteAddr::NULL;
    }

    /// Notes that a task was found running by one of the calls of a look.
    pub(super) fn follows(&mut self, task: RemoteAddr) {
        let before = std::mem::replace(&mut self.before, task);
        if before != task
            && let Some(known) = self.known.get_mut(&before)
            && !known.next.starts_with(&[task])
        {
            let [last, _] = known.next;
            known.next = [task, last];
        }
    }

    /// What was found after a task could not be read: it may be gone.
    pub(super) fn follows_nothing(&mut self, task: RemoteAddr) {
        if let Some(known) = self.known.get_mut(&task) {
            known.next = [RemoteAddr::NULL; 2];
        }
    }
}

impl FrameReader {
    /// Plans for the tasks that are likely to run by the next call; `on_stack` from 3.11 on.
    pub(super) fn plan_likely(&mut self, on_stack: bool) {
        let Self { plan, tasks, .. } = self;
        plan.likely.clear();
        plan.ahead.clear();
        plan.few = tasks.are_few();
        if plan.few {
            let name = |task| tasks.get(task).map_or(RemoteAddr::NULL, |known| known.name);
            plan.likely.extend(tasks.recent.iter().map(|task| (task, name(task))));
        } else if on_stack && tasks.are_changing() {
            let [next, other] =
                tasks.get(plan.task).map_or([RemoteAddr::NULL; 2], |known| known.next);
            for task in [plan.task, next, other] {
                let Some(known) = tasks.get(task) else { continue };
                if task != plan.task {
                    plan.likely.push((task, known.name));
                }
                plan.ahead.extend(known.frames.iter().filter(|frame| !frame.is_null()));
            }
        }
    }

    /// Remembers which frames the running task has, where the call just made had not planned for them.
    /// From 3.11 on.
    pub(super) fn expect_again(&mut self) {
        let Self { plan, tasks, .. } = self;
        let others = |at: &RemoteAddr| plan.recent.iter().any(|recent| recent == *at);
        let mut found = [RemoteAddr::NULL; DEPTH];
        let outwards = plan.extras.iter().rev().filter(|at| !others(at));
        for (slot, &at) in found.iter_mut().rev().zip(outwards) {
            *slot = at;
        }
        if found.iter().all(|at| at.is_null()) {
            return;
        }
        if tasks.known.len() >= MAX_TASKS {
            tasks.known.clear();
        }
        let known = tasks.known.entry(plan.task).or_default();
        if found.iter().any(|at| !known.frames.contains(at)) {
            known.frames = found;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn task(number: u64) -> RemoteAddr {
        RemoteAddr::new(0x5000_0000_0000 + number * 0x100)
    }

    /// A reader that has seen a hundred tasks take turns, of which each look saw some in a row.
    fn reader() -> FrameReader {
        let mut reader = FrameReader::new();
        for look in 0..1000_u64 {
            reader.tasks.begin();
            reader.plan.task = task(look * 37 % 100);
            for step in 0..3 {
                let running = task((look * 37 + step) % 100);
                reader.plan.task = running;
                reader.plan.extras = vec![running.offset(0x10), running.offset(0x20)];
                reader.expect_again();
                reader.tasks.ran(running);
            }
            reader.tasks.turned(true);
        }
        reader
    }

    #[test]
    fn of_many_tasks_those_are_planned_for_that_followed_before() {
        let mut reader = reader();
        assert!(reader.tasks.are_changing() && !reader.tasks.are_few());
        reader.plan.task = task(41);
        reader.plan_likely(true);
        let likely: Vec<_> = reader.plan.likely.iter().map(|&(task, _)| task).collect();
        assert_eq!(likely, [task(42)]);
        for planned in [41, 42] {
            let frames = [task(planned).offset(0x10), task(planned).offset(0x20)];
            assert!(frames.iter().all(|frame| reader.plan.ahead.contains(frame)), "{planned}");
        }
    }

    #[test]
    fn what_ran_in_the_look_before_is_followed_by_nothing() {
        let mut reader = reader();
        reader.tasks.ran(task(41));
        reader.tasks.begin();
        reader.tasks.ran(task(70));
        assert!(!reader.tasks.get(task(41)).unwrap().next.contains(&task(70)));
    }
}
