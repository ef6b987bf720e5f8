//! What is noteworthy: about a task, and warnings that the program gave.

use super::{Decoder, Encoder, choice, required, small};
use crate::model::{Event, ProcessId, StringId, TaskId, TaskNote};
use crate::recording::column::Column;
use crate::recording::varint::Malformed;

const NOTES: [TaskNote; 3] = [TaskNote::Orphan, TaskNote::Unretrieved, TaskNote::Nothing];

impl Encoder {
    pub(super) fn task_note(&mut self, task: TaskId, note: TaskNote) {
        self.columns.put(Column::TaskNote, u64::from(task.get()));
        self.columns.put(
            Column::TaskNote,
            match note {
                TaskNote::Orphan => 0,
                TaskNote::Unretrieved => 1,
                TaskNote::Nothing => 2,
            },
        );
    }

    pub(super) fn warned(&mut self, process: ProcessId, text: StringId, file: StringId, line: u32) {
        for number in [process.get(), text.get(), file.get(), line] {
            self.columns.put(Column::Warned, u64::from(number));
        }
    }
}

impl Decoder {
    pub(super) fn task_note(&mut self) -> Result<Event, Malformed> {
        let task = required(self.columns.take(Column::TaskNote)?, TaskId::new)?;
        let note = choice(&NOTES, self.columns.take(Column::TaskNote)?)?;
        Ok(Event::TaskNote { task, note })
    }

    pub(super) fn warned(&mut self) -> Result<Event, Malformed> {
        let mut next = || self.columns.take(Column::Warned);
        let process = required(next()?, ProcessId::new)?;
        let text = required(next()?, StringId::new)?;
        let file = required(next()?, StringId::new)?;
        Ok(Event::Warned { process, text, file, line: small(next()?)? })
    }
}
