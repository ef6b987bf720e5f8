//! Samples and ticks without one.
//!
//! Most samples of a block repeat an earlier one in everything but time: each different *look* is
//! written once, where it is first seen, and is a number from then on.

use super::{Decoder, Encoder, choice, minus_one, number, optional, plus_one, required, small};
use crate::model::{
    Activity, Event, Miss, MissReason, Sample, StackId, TaskId, ThreadId, Timestamp,
};
use crate::recording::column::Column;
use crate::recording::varint::Malformed;

const ACTIVITIES: [Activity; 3] = [Activity::Busy, Activity::Polling, Activity::NoLoop];

/// A sample without its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Look {
    thread: ThreadId,
    stack: Option<StackId>,
    task: Option<TaskId>,
    task_depth: Option<u32>,
    activity: Activity,
}

impl Encoder {
    pub(super) fn sample(&mut self, sample: &Sample) {
        let Sample { time, thread, stack, task, task_depth, activity } = *sample;
        let next = self.looks.len() as u64;
        let look = Look { thread, stack, task, task_depth, activity };
        let index = *self.looks.entry(look).or_insert(next);
        self.columns.put(Column::SampleLook, index);
        if index == next {
            self.columns.put(Column::LookThread, u64::from(thread.get()));
            self.columns.put_delta(Column::LookStack, number(stack, StackId::get));
            self.columns.put_delta(Column::LookTask, number(task, TaskId::get));
            self.columns.put(Column::LookDepth, plus_one(task_depth));
            self.columns.put(
                Column::LookActivity,
                match activity {
                    Activity::Busy => 0,
                    Activity::Polling => 1,
                    Activity::NoLoop => 2,
                },
            );
        }
        self.columns.put(Column::SampleTime, self.clock.fold_beat(thread, time));
    }

    pub(super) fn idle(&mut self, thread: ThreadId, time: Timestamp, ticks: u32) {
        self.columns.put(Column::Idle, u64::from(thread.get()));
        self.columns.put(Column::Idle, self.clock.fold_beat(thread, time));
        self.columns.put(Column::Idle, u64::from(ticks));
    }

    pub(super) fn miss(&mut self, miss: &Miss) {
        let Miss { time, thread, reason, count } = *miss;
        self.columns.put(Column::Miss, u64::from(thread.get()));
        self.columns.put(Column::Miss, self.clock.fold_beat(thread, time));
        self.columns.put(
            Column::Miss,
            match reason {
                MissReason::Late => 0,
                MissReason::Torn => 1,
                MissReason::Unreadable => 2,
                MissReason::Exited => 3,
            },
        );
        self.columns.put(Column::Miss, u64::from(count));
    }
}

impl Decoder {
    pub(super) fn sample(&mut self) -> Result<Event, Malformed> {
        let index = self.columns.take(Column::SampleLook)?;
        if index == self.looks.len() as u64 {
            let look = self.look()?;
            self.looks.push(look);
        }
        let Look { thread, stack, task, task_depth, activity } = choice(&self.looks, index)?;
        let time = self.clock.unfold_beat(thread, self.columns.take(Column::SampleTime)?);
        Ok(Event::Sample(Sample { time, thread, stack, task, task_depth, activity }))
    }

    fn look(&mut self) -> Result<Look, Malformed> {
        Ok(Look {
            thread: required(self.columns.take(Column::LookThread)?, ThreadId::new)?,
            stack: optional(self.columns.take_delta(Column::LookStack)?, StackId::new)?,
            task: optional(self.columns.take_delta(Column::LookTask)?, TaskId::new)?,
            task_depth: minus_one(self.columns.take(Column::LookDepth)?)?,
            activity: choice(&ACTIVITIES, self.columns.take(Column::LookActivity)?)?,
        })
    }

    pub(super) fn idle(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Idle)?, ThreadId::new)?;
        let time = self.clock.unfold_beat(thread, self.columns.take(Column::Idle)?);
        let ticks = small(self.columns.take(Column::Idle)?)?;
        Ok(Event::Idle { thread, time, ticks })
    }

    pub(super) fn miss(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Miss)?, ThreadId::new)?;
        let time = self.clock.unfold_beat(thread, self.columns.take(Column::Miss)?);
        let reason = choice(&MissReason::ALL, self.columns.take(Column::Miss)?)?;
        let count = small(self.columns.take(Column::Miss)?)?;
        Ok(Event::Miss(Miss { time, thread, reason, count }))
    }
}
