//! Censuses of tasks.
//!
//! Many tasks do the same: each different *shape* of a row (all but the task) is written once per
//! block, where it is first seen, and is a number from then on.

use super::{
    Decoder, Encoder, choice, flag, minus_one, number, optional, plus_one, required, small,
};
use crate::model::{
    CensusEnd, Event, ProcessId, StackId, TaskId, TaskRow, TaskState, Timestamp, WaitId,
};
use crate::recording::column::Column;
use crate::recording::limits::AWAITERS;
use crate::recording::varint::Malformed;

const STATES: [TaskState; 4] =
    [TaskState::Running, TaskState::Ready, TaskState::Waiting, TaskState::Done];

/// A row without its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Shape {
    state: TaskState,
    chain: Option<StackId>,
    wait: Option<WaitId>,
    cancel_requests: Option<u32>,
}

impl Encoder {
    pub(super) fn census_begin(&mut self, process: ProcessId, time: Timestamp) {
        self.columns.put(Column::CensusBegin, u64::from(process.get()));
        self.columns.put(Column::CensusBegin, self.clock.fold(time));
    }

    pub(super) fn task_row(&mut self, row: &TaskRow) {
        let TaskRow { task, state, chain, wait, cancel_requests } = *row;
        let next = self.shapes.len() as u64;
        let shape = Shape { state, chain, wait, cancel_requests };
        let index = *self.shapes.entry(shape).or_insert(next);
        self.columns.put_delta(Column::RowTask, u64::from(task.get()));
        self.columns.put(Column::RowShape, index);
        if index == next {
            self.columns.put(
                Column::ShapeState,
                match state {
                    TaskState::Running => 0,
                    TaskState::Ready => 1,
                    TaskState::Waiting => 2,
                    TaskState::Done => 3,
                },
            );
            self.columns.put_delta(Column::ShapeChain, number(chain, StackId::get));
            self.columns.put_delta(Column::ShapeWait, number(wait, WaitId::get));
            self.columns.put(Column::ShapeCancel, plus_one(cancel_requests));
        }
    }

    pub(super) fn awaited_by(&mut self, task: TaskId, awaiters: &[TaskId]) {
        let kept = &awaiters[..awaiters.len().min(AWAITERS)];
        self.cut += u64::from(kept.len() < awaiters.len());
        self.columns.put_delta(Column::AwaitedTask, u64::from(task.get()));
        self.columns.put(Column::AwaitedCount, kept.len() as u64);
        for awaiter in kept {
            self.columns.put_delta(Column::AwaitedBy, u64::from(awaiter.get()));
        }
    }

    pub(super) fn task_gone(&mut self, task: TaskId) {
        self.columns.put_delta(Column::TaskGone, u64::from(task.get()));
    }

    pub(super) fn census_end(&mut self, process: ProcessId, end: &CensusEnd) {
        let CensusEnd { time, complete, tasks, torn, unreadable } = *end;
        self.columns.put(Column::CensusEnd, u64::from(process.get()));
        self.columns.put(Column::CensusEnd, self.clock.fold(time));
        self.columns.put(Column::CensusEnd, u64::from(complete));
        self.columns.put(Column::CensusEnd, u64::from(tasks));
        self.columns.put(Column::CensusEnd, u64::from(torn));
        self.columns.put(Column::CensusEnd, u64::from(unreadable));
    }
}

impl Decoder {
    pub(super) fn census_begin(&mut self) -> Result<Event, Malformed> {
        let process = required(self.columns.take(Column::CensusBegin)?, ProcessId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::CensusBegin)?);
        Ok(Event::CensusBegin { process, time })
    }

    pub(super) fn task_row(&mut self) -> Result<Event, Malformed> {
        let task = required(self.columns.take_delta(Column::RowTask)?, TaskId::new)?;
        let index = self.columns.take(Column::RowShape)?;
        if index == self.shapes.len() as u64 {
            let shape = self.shape()?;
            self.shapes.push(shape);
        }
        let Shape { state, chain, wait, cancel_requests } = choice(&self.shapes, index)?;
        Ok(Event::TaskRow(TaskRow { task, state, chain, wait, cancel_requests }))
    }

    fn shape(&mut self) -> Result<Shape, Malformed> {
        Ok(Shape {
            state: choice(&STATES, self.columns.take(Column::ShapeState)?)?,
            chain: optional(self.columns.take_delta(Column::ShapeChain)?, StackId::new)?,
            wait: optional(self.columns.take_delta(Column::ShapeWait)?, WaitId::new)?,
            cancel_requests: minus_one(self.columns.take(Column::ShapeCancel)?)?,
        })
    }

    pub(super) fn awaited_by(&mut self) -> Result<Event, Malformed> {
        let task = required(self.columns.take_delta(Column::AwaitedTask)?, TaskId::new)?;
        let count = usize::try_from(self.columns.take(Column::AwaitedCount)?)
            .ok()
            .filter(|&count| count <= AWAITERS.min(self.columns.left(Column::AwaitedBy)))
            .ok_or(Malformed)?;
        let mut awaiters = Vec::with_capacity(count);
        for _ in 0..count {
            awaiters.push(required(self.columns.take_delta(Column::AwaitedBy)?, TaskId::new)?);
        }
        Ok(Event::AwaitedBy { task, awaiters })
    }

    pub(super) fn task_gone(&mut self) -> Result<Event, Malformed> {
        let task = required(self.columns.take_delta(Column::TaskGone)?, TaskId::new)?;
        Ok(Event::TaskGone { task })
    }

    pub(super) fn census_end(&mut self) -> Result<Event, Malformed> {
        let process = required(self.columns.take(Column::CensusEnd)?, ProcessId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::CensusEnd)?);
        let mut next = || self.columns.take(Column::CensusEnd);
        let end = CensusEnd {
            time,
            complete: flag(next()?)?,
            tasks: small(next()?)?,
            torn: small(next()?)?,
            unreadable: small(next()?)?,
        };
        Ok(Event::CensusEnd { process, end })
    }
}
