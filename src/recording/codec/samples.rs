//! Samples and ticks without one.
//!
//! Most samples of a block repeat an earlier one in everything but time: each different *look* is
//! written once, where it is first seen, and is a number from then on.

use std::num::NonZeroU32;

use super::{Decoder, Encoder, choice, minus_one, number, optional, plus_one, required, small};
use crate::model::{
    Activity, Event, Miss, MissReason, Sample, StackId, TaskId, ThreadId, Timestamp,
};
use crate::recording::column::Column;
use crate::recording::varint::{Malformed, unzigzag, zigzag};

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

/// What a thread's sample said of its callback, as numbers.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Callback {
    context_ver: u64,
    number: u64,
}

/// A version of a context, shifted by one to make room for none. Counters start at 1, so that
/// nothing is lost but the two largest numbers, which no interpreter reaches.
fn version_number(version: Option<u64>) -> u64 {
    version.map_or(0, |version| version.saturating_add(1))
}

impl Encoder {
    fn callback(&mut self, sample: &Sample) {
        let last = self.callbacks.entry(sample.thread).or_default();
        let context_ver = version_number(sample.context_ver);
        let number = u64::from(sample.callback.map_or(0, NonZeroU32::get));
        let version = zigzag(context_ver.wrapping_sub(last.context_ver));
        let step = zigzag(number.wrapping_sub(last.number));
        *last = Callback { context_ver, number };
        self.columns.put(Column::SampleContext, version);
        self.columns.put(Column::SampleCallback, step);
    }

    pub(super) fn sample(&mut self, sample: &Sample) {
        let Sample { time, thread, stack, task, task_depth, activity, .. } = *sample;
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
        self.callback(sample);
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
        let (context_ver, callback) = self.callback(thread)?;
        Ok(Event::Sample(Sample {
            time,
            thread,
            stack,
            task,
            task_depth,
            activity,
            context_ver,
            callback,
        }))
    }

    fn callback(
        &mut self,
        thread: ThreadId,
    ) -> Result<(Option<u64>, Option<NonZeroU32>), Malformed> {
        if self.columns.left(Column::SampleContext) == 0 {
            return Ok((None, None));
        }
        let last = self.callbacks.entry(thread).or_default();
        let version = unzigzag(self.columns.take(Column::SampleContext)?);
        let step = unzigzag(self.columns.take(Column::SampleCallback)?);
        last.context_ver = last.context_ver.wrapping_add(version);
        last.number = last.number.wrapping_add(step);
        let number = small(last.number)?;
        Ok((last.context_ver.checked_sub(1), NonZeroU32::new(number)))
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
