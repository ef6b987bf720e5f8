//! Whether the copies of a stack's frames belong to one instant.

use super::copies::FrameCopies;
use super::look::Refusal;
use super::raw::RawFrame;
use crate::memory::RemoteAddr;
use crate::python::layout::{Layout, StackTop};

/// Judges the frames of one stack, innermost first.
#[derive(Debug)]
pub(super) struct Proof<'a> {
    layout: &'a Layout,
    paused: bool,
    /// Whether frames lie on the data stack (3.11 on).
    on_stack: bool,
    /// So many of the innermost frames moved.
    cut: usize,
    seen: usize,
    /// No frame but those of the data stack's end was seen yet.
    in_run: bool,
    /// Whether all coroutines were on a stack before the thread state was read.
    before: bool,
    /// The same of the time after.
    after: bool,
}

/// What can be said of one frame.
pub(super) enum Judged {
    /// It is what the copies say, as long as [`Proof::cut`] does not reach it.
    Frame(RawFrame),
    /// It should have been copied twice, as part of the data stack's end.
    NeedsTail,
}

impl<'a> Proof<'a> {
    /// With the thread `paused`, nothing can move, and frames count as they are.
    pub(super) const fn new(layout: &'a Layout, paused: bool) -> Self {
        Self {
            layout,
            paused,
            on_stack: layout.thread.datastack_chunk.is_some(),
            cut: 0,
            seen: 0,
            in_run: true,
            before: true,
            after: true,
        }
    }

    /// How many of the innermost frames moved while they were copied.
    pub(super) const fn cut(&self) -> usize {
        self.cut
    }

    /// Whether the proof needs exactly the frames that were planned (≤ 3.10).
    pub(super) const fn is_pairwise(&self) -> bool {
        !self.on_stack
    }

    /// Judges the next frame, whose callee is `callee`.
    pub(super) fn judge(
        &mut self,
        copies: FrameCopies<'_>,
        at: RemoteAddr,
        callee: Option<&RawFrame>,
    ) -> Result<Judged, Refusal> {
        let parse = |bytes| RawFrame::parse(bytes, at, self.layout).ok_or(Refusal::Unreadable);
        let first = parse(copies.first)?;
        let second = match copies.second {
            Some(bytes) => Some(parse(bytes)?),
            None => None,
        };
        if second.unwrap_or(first).previous == at {
            return Err(Refusal::Torn);
        }
        let judged = if !self.on_stack {
            let third = match copies.third {
                Some(bytes) => Some(parse(bytes)?),
                None => None,
            };
            self.judge_object(first, second, third)?
        } else if copies.chunk.is_some() {
            self.judge_on_stack(first, second, callee)?
        } else {
            self.judge_outside(first, second)?
        };
        self.seen += 1;
        Ok(judged)
    }

    /// Whether the frame's callee moved, so that nothing is known about this frame but its copies.
    const fn callee_moved(&self) -> bool {
        self.seen > 0 && self.cut == self.seen
    }

    /// A frame whose two copies differ: it and those inside it are dropped, or only those inside
    /// it, if it is still the same call.
    const fn moved(&mut self, same_call: bool) {
        self.cut = if same_call { self.seen } else { self.seen + 1 };
    }

    /// Up to 3.10. A coroutine that was left or entered means another step of its task: the frames
    /// outside it say nothing about what it did.
    fn judge_object(
        &mut self,
        first: RawFrame,
        second: Option<RawFrame>,
        third: Option<RawFrame>,
    ) -> Result<Judged, Refusal> {
        let second = second.ok_or(Refusal::Unreadable)?;
        let third = third.unwrap_or(second);
        let executing = first.is_executing() && second.is_executing() && third.is_executing();
        let may_move = self.seen == 0 || self.callee_moved();
        if !(executing && first.agrees(&second, may_move) && first.agrees(&third, may_move)) {
            let same_call = executing && first.is_same_call(&second) && first.is_same_call(&third);
            if !self.in_run || (first.is_generators(self.layout) && !same_call) {
                return Err(Refusal::Torn);
            }
            self.moved(same_call);
        }
        if first.is_generators(self.layout) {
            self.in_run = false;
        }
        Ok(Judged::Frame(third))
    }

    fn judge_on_stack(
        &mut self,
        first: RawFrame,
        second: Option<RawFrame>,
        callee: Option<&RawFrame>,
    ) -> Result<Judged, Refusal> {
        let Some(second) = second else {
            if self.seen == 0 {
                return Ok(Judged::NeedsTail);
            }
            return if self.callee_moved() { Err(Refusal::Torn) } else { Ok(Judged::Frame(first)) };
        };
        let (gone, left) = self.is_remainder(&second, callee);
        if gone || left || !first.agrees(&second, self.seen == 0 || self.callee_moved()) {
            if !self.in_run {
                return Err(Refusal::Torn);
            }
            self.moved(!gone && first.is_same_call(&second));
        }
        Ok(Judged::Frame(second))
    }

    /// Whether a frame on the data stack is what remains of a call that has ended, and whether its
    /// callee is. A popped frame stays whole until the next call overwrites it, but from 3.14 on
    /// its code is cleared, and before, `stacktop` tells: the interpreter sets it to -1 in the
    /// frame that it is in (and puts it back when it calls another one, or leaves for good).
    fn is_remainder(&self, frame: &RawFrame, callee: Option<&RawFrame>) -> (bool, bool) {
        if frame.code.is_null() {
            return (true, false);
        }
        if self.layout.frame.stack_top_kind != StackTop::Index || self.paused {
            return (false, false);
        }
        match callee {
            None => (!frame.is_in_use(), false),
            // Called through C, the caller is in use, but for what a tracer does.
            Some(callee) if callee.is_entry(self.layout) => (false, false),
            Some(_) => (false, frame.is_in_use()),
        }
    }

    fn judge_outside(
        &mut self,
        first: RawFrame,
        second: Option<RawFrame>,
    ) -> Result<Judged, Refusal> {
        let second = second.ok_or(Refusal::Unreadable)?;
        if !first.is_generators(self.layout) {
            // An entry record says only who called; where its callee is dropped it goes, too.
            self.in_run &= self.seen == 0;
            if self.callee_moved() {
                self.cut = self.seen + 1;
            }
            // The C stack is used again at once: its copy counts from when the callee was there.
            return match (self.before, self.after) {
                (true, false) => Ok(Judged::Frame(first)),
                (false, true) => Ok(Judged::Frame(second)),
                _ if first.is_same_call(&second) => Ok(Judged::Frame(second)),
                _ => Err(Refusal::Torn),
            };
        }
        // A suspended coroutine has no caller.
        let (before, after) = (!first.previous.is_null(), !second.previous.is_null());
        self.before &= before;
        self.after &= after;
        let same_code = first.is_same_code(&second);
        if !same_code || !(self.before || self.after) {
            return Err(Refusal::Torn);
        }
        if before && after && !first.agrees(&second, self.seen == 0 || self.callee_moved()) {
            if !(self.in_run && first.is_same_call(&second)) {
                return Err(Refusal::Torn);
            }
            self.cut = self.seen;
        }
        self.in_run = false;
        Ok(Judged::Frame(if after { second } else { first }))
    }
}
