//! How the things that tasks wait for stand.

use super::{Decoder, Encoder, minus_one, plus_one, required};
use crate::model::{Event, ObjectId, ObjectState, TaskId};
use crate::recording::column::Column;
use crate::recording::limits::AWAITERS;
use crate::recording::varint::Malformed;

impl Encoder {
    pub(super) fn object_state(&mut self, object: ObjectId, state: &ObjectState) {
        let ObjectState { value, size, capacity, waiters, holders } = state;
        self.columns.put_delta(Column::StateObject, u64::from(object.get()));
        for number in [value, size, capacity, waiters] {
            self.columns.put(Column::StateNumbers, plus_one(*number));
        }
        let kept = &holders[..holders.len().min(AWAITERS)];
        self.cut += u64::from(kept.len() < holders.len());
        self.columns.put(Column::StateNumbers, kept.len() as u64);
        for holder in kept {
            self.columns.put_delta(Column::StateHolders, u64::from(holder.get()));
        }
    }
}

impl Decoder {
    pub(super) fn object_state(&mut self) -> Result<Event, Malformed> {
        let object = required(self.columns.take_delta(Column::StateObject)?, ObjectId::new)?;
        let mut next = || self.columns.take(Column::StateNumbers);
        let [value, size, capacity, waiters] = [next()?, next()?, next()?, next()?];
        let count = usize::try_from(next()?)
            .ok()
            .filter(|&count| count <= AWAITERS.min(self.columns.left(Column::StateHolders)))
            .ok_or(Malformed)?;
        let mut holders = Vec::with_capacity(count);
        for _ in 0..count {
            holders.push(required(self.columns.take_delta(Column::StateHolders)?, TaskId::new)?);
        }
        let state = ObjectState {
            value: minus_one(value)?,
            size: minus_one(size)?,
            capacity: minus_one(capacity)?,
            waiters: minus_one(waiters)?,
            holders,
        };
        Ok(Event::ObjectState { object, state })
    }
}
