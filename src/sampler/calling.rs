//! Which native function a loop's thread is in, asked once its innermost frame has stood at the same
//! instruction for a while.

use crate::model::{Callee, Duration, Event, StringId, Timestamp};
use crate::python::frames::RawFrame;

use super::sink::Sink;
use super::target::Shared;
use super::thread::{SampledThread, Seen};

/// At this many looks in a row with the same instruction it is asked; at the next one it is told.
const STEADY: u32 = 2;
/// Again after so many: the same instruction may call another function by then.
const AGAIN: u32 = 16;
/// Questions about one thread in a second, at most.
const PER_EPOCH: u32 = 100;
/// Looks beside the ticks that lie further apart do not belong together.
const APART: Duration = Duration::from_nanos(30_000_000);

/// The instruction that a thread was last seen at.
#[derive(Debug, Default)]
pub(super) struct Calling {
    at: Option<At>,
    looks: u32,
    /// What it calls, until that is told.
    found: Option<StringId>,
    /// In this epoch, so many questions are answered already.
    asked: (u32, u32),
    /// When it was last looked at beside the ticks.
    beside: Timestamp,
}

impl Calling {
    /// The thread is looked at for what it does to another one. What was seen of it a while ago says
    /// nothing: it may have made the same call again since then, which is to be told again.
    pub(super) fn beside(&mut self, now: Timestamp) {
        if now.since(std::mem::replace(&mut self.beside, now)) > APART {
            self.at = None;
        }
    }
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
        if calling.looks % AGAIN != STEADY {
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
