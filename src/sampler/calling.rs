//! Which native function a loop's thread is in, asked once its innermost frame has stood at the same
//! instruction for a while.

use crate::model::{Callee, Event, StringId, Timestamp};
use crate::python::frames::RawFrame;

use super::sink::Sink;
use super::target::Shared;
use super::thread::{SampledThread, Seen};

/// At this many looks in a row with the same instruction it is asked; at the next one it is told.
const STEADY: u32 = 2;
/// Questions about one thread in a second, at most.
const PER_EPOCH: u32 = 100;

/// The instruction that a thread was last seen at.
#[derive(Debug, Default)]
pub(super) struct Calling {
    at: Option<At>,
    looks: u32,
    /// What it calls, until that is told.
    found: Option<StringId>,
    /// In this epoch, so many questions are answered already.
    asked: (u32, u32),
}

/// One instruction of one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct At {
    frame: RawFrame,
    instruction: i32,
    context_ver: u64,
}

impl SampledThread {
    /// Follows which native function the thread is in. It is told only after another look has found
    /// the same instruction, so that what was read belongs to it.
    pub(super) fn follow_call(
        &mut self,
        seen: &Seen,
        now: Timestamp,
        shared: &mut Shared<'_>,
        sink: &mut Sink,
    ) {
        let at = seen.leaf.map(|frame| At {
            frame,
            instruction: frame.instruction_offset(shared.layout),
            context_ver: self.context_ver(),
        });
        let calling = &mut self.calling;
        if at.is_none() || calling.at != at {
            (calling.at, calling.looks, calling.found) = (at, 1, None);
            return;
        }
        calling.looks = calling.looks.saturating_add(1);
        if let Some(function) = calling.found.take() {
            sink.push(Event::Callee(Callee { thread: self.id, time: now, function }));
            return;
        }
        if calling.looks != STEADY {
            return;
        }
        if calling.asked.0 != shared.epoch {
            calling.asked = (shared.epoch, 0);
        }
        if calling.asked.1 >= PER_EPOCH {
            return;
        }
        calling.asked.1 += 1;
        calling.found = seen.leaf.and_then(|frame| shared.callee(&frame));
        sink.define(shared.dictionary);
    }
}

impl Shared<'_> {
    fn callee(&mut self, frame: &RawFrame) -> Option<StringId> {
        self.code_memory.begin();
        // Not to be read is the same as not to be told.
        let name = self.callees.find(self.code_memory, self.layout, frame).ok().flatten()?;
        self.dictionary.string(&name)
    }
}
