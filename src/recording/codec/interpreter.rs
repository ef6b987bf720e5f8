//! The interpreter's lock, its garbage collector, what it calls, and what its loops have queued.

use super::{Decoder, Encoder, choice, flag, number, optional, required};
use crate::model::{
    Callee, Duration, Event, GcLook, GcPause, GilLook, LockLook, LoopId, LoopQueues, ProcessId,
    QueueEntry, QueueReason, StringId, TaskId, ThreadId, Timestamp, Turn,
};
use crate::recording::column::Column;
use crate::recording::limits::QUEUE_ENTRIES;
use crate::recording::varint::Malformed;

impl Encoder {
    pub(super) fn gil(&mut self, look: &GilLook) {
        let GilLook { process, time, locked, holder, switches } = *look;
        self.columns.put(Column::Gil, u64::from(process.get()));
        self.columns.put(Column::Gil, self.clock.fold(time));
        self.columns.put(Column::Gil, u64::from(locked));
        self.columns.put(Column::Gil, number(holder, ThreadId::get));
        self.columns.put(Column::Gil, switches);
    }

    pub(super) fn lock(&mut self, look: &LockLook) {
        let LockLook { thread, time, holder } = *look;
        self.columns.put(Column::Lock, u64::from(thread.get()));
        self.columns.put(Column::Lock, self.clock.fold(time));
        self.columns.put(Column::Lock, u64::from(holder.get()));
    }

    pub(super) fn gc(&mut self, look: &GcLook) {
        let GcLook { process, time, collecting, collections } = *look;
        self.columns.put(Column::Gc, u64::from(process.get()));
        self.columns.put(Column::Gc, self.clock.fold(time));
        self.columns.put(Column::Gc, u64::from(collecting));
        self.columns.put(Column::Gc, u64::from(collections.is_some()));
        for count in collections.into_iter().flatten() {
            self.columns.put(Column::Gc, count);
        }
    }

    pub(super) fn gc_pause(&mut self, pause: &GcPause) {
        let GcPause { process, start, end, generation, collected } = *pause;
        self.columns.put(Column::GcPause, u64::from(process.get()));
        self.columns.put(Column::GcPause, self.clock.fold(start));
        self.columns.put(Column::GcPause, end.since(start).as_nanos());
        self.columns.put(Column::GcPause, u64::from(generation));
        self.columns.put(Column::GcPause, collected);
    }

    pub(super) fn callee(&mut self, callee: &Callee) {
        let Callee { thread, time, function } = *callee;
        self.columns.put(Column::Callee, u64::from(thread.get()));
        self.columns.put(Column::Callee, self.clock.fold(time));
        self.columns.put(Column::Callee, u64::from(function.get()));
    }

    pub(super) fn turn(&mut self, turn: &Turn) {
        let Turn { thread, time, began } = *turn;
        self.columns.put(Column::Turn, u64::from(thread.get()));
        self.columns.put(Column::Turn, self.clock.fold(time));
        self.columns.put(Column::Turn, time.since(began).as_nanos());
    }

    pub(super) fn queues(&mut self, queues: &LoopQueues) {
        let LoopQueues { event_loop, time, complete, entries } = queues;
        let kept = &entries[..entries.len().min(QUEUE_ENTRIES)];
        let is_cut = kept.len() < entries.len();
        self.cut += u64::from(is_cut);
        self.columns.put(Column::Queues, u64::from(event_loop.get()));
        self.columns.put(Column::Queues, self.clock.fold(*time));
        self.columns.put(Column::Queues, u64::from(*complete && !is_cut));
        self.columns.put(Column::Queues, kept.len() as u64);
        for QueueEntry { task, reason, due } in kept {
            self.columns.put_delta(Column::QueueTask, number(*task, TaskId::get));
            let code = u64::from(*reason as u8) * 2 + u64::from(due.is_some());
            self.columns.put(Column::QueueReason, code);
            if let Some(due) = due {
                self.columns.put_delta(Column::QueueDue, due.as_nanos());
            }
        }
    }
}

impl Decoder {
    pub(super) fn gil(&mut self) -> Result<Event, Malformed> {
        let process = required(self.columns.take(Column::Gil)?, ProcessId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Gil)?);
        let locked = flag(self.columns.take(Column::Gil)?)?;
        let holder = optional(self.columns.take(Column::Gil)?, ThreadId::new)?;
        let switches = self.columns.take(Column::Gil)?;
        Ok(Event::Gil(GilLook { process, time, locked, holder, switches }))
    }

    pub(super) fn lock(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Lock)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Lock)?);
        let holder = required(self.columns.take(Column::Lock)?, ThreadId::new)?;
        Ok(Event::Lock(LockLook { thread, time, holder }))
    }

    pub(super) fn gc(&mut self) -> Result<Event, Malformed> {
        let process = required(self.columns.take(Column::Gc)?, ProcessId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Gc)?);
        let collecting = flag(self.columns.take(Column::Gc)?)?;
        let mut next = || self.columns.take(Column::Gc);
        let counted = flag(next()?)?;
        let collections = if counted { Some([next()?, next()?, next()?]) } else { None };
        Ok(Event::Gc(GcLook { process, time, collecting, collections }))
    }

    pub(super) fn gc_pause(&mut self) -> Result<Event, Malformed> {
        let process = required(self.columns.take(Column::GcPause)?, ProcessId::new)?;
        let start = self.clock.unfold(self.columns.take(Column::GcPause)?);
        let end = start + Duration::from_nanos(self.columns.take(Column::GcPause)?);
        let generation = u8::try_from(self.columns.take(Column::GcPause)?).or(Err(Malformed))?;
        let collected = self.columns.take(Column::GcPause)?;
        Ok(Event::GcPause(GcPause { process, start, end, generation, collected }))
    }

    pub(super) fn callee(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Callee)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Callee)?);
        let function = required(self.columns.take(Column::Callee)?, StringId::new)?;
        Ok(Event::Callee(Callee { thread, time, function }))
    }

    pub(super) fn turn(&mut self) -> Result<Event, Malformed> {
        let thread = required(self.columns.take(Column::Turn)?, ThreadId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Turn)?);
        let ago = self.columns.take(Column::Turn)?;
        let began = time.as_nanos().checked_sub(ago).map(Timestamp::from_nanos).ok_or(Malformed)?;
        Ok(Event::Turn(Turn { thread, time, began }))
    }

    pub(super) fn queues(&mut self) -> Result<Event, Malformed> {
        let event_loop = required(self.columns.take(Column::Queues)?, LoopId::new)?;
        let time = self.clock.unfold(self.columns.take(Column::Queues)?);
        let complete = flag(self.columns.take(Column::Queues)?)?;
        let count = usize::try_from(self.columns.take(Column::Queues)?)
            .ok()
            .filter(|&count| count <= QUEUE_ENTRIES.min(self.columns.left(Column::QueueTask)))
            .ok_or(Malformed)?;
        let mut entries = Vec::with_capacity(count);
        for _ in 0..count {
            entries.push(self.queue_entry()?);
        }
        Ok(Event::Queues(LoopQueues { event_loop, time, complete, entries }))
    }

    fn queue_entry(&mut self) -> Result<QueueEntry, Malformed> {
        let task = optional(self.columns.take_delta(Column::QueueTask)?, TaskId::new)?;
        let code = self.columns.take(Column::QueueReason)?;
        let reason = choice(QueueReason::ALL, code / 2)?;
        let due = if flag(code % 2)? {
            Some(Timestamp::from_nanos(self.columns.take_delta(Column::QueueDue)?))
        } else {
            None
        };
        Ok(QueueEntry { task, reason, due })
    }
}
