//! From copies to frames.

use super::look::Refusal;
use super::proof::{Judged, Proof};
use super::raw::RawFrame;
use super::reader::FrameReader;
use crate::memory::{MemoryError, ReadMemory, RemoteAddr};
use crate::python::layout::Layout;

/// A deeper stack is refused as unreadable.
const MAX_FRAMES: usize = 8192;
/// Frames learnt one by one in one attempt; code that enters more new coroutines between two looks
/// takes further attempts.
const MAX_CHASES: u32 = 96;
/// So many of the innermost callers are asked what they call.
const FAST: usize = 8;
/// Remembered callers of frames outside the data stack; forgotten all at once beyond this.
const MAX_LINKS: usize = 1 << 16;

/// How far the copies could be followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Walk {
    /// Every frame belongs to the same instant.
    Whole,
    /// Those frames do that are left when so many of the innermost are dropped.
    Outer(usize),
    /// Some frames were not fetched; the plan has them now.
    Moved,
}

impl FrameReader {
    /// Follows the frames through the copies, from the innermost one at `top` outwards. When
    /// `impatient`, the frames that were planned count where they held still, even if the
    /// innermost one is another by now.
    pub(super) fn walk(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        top: RemoteAddr,
        impatient: bool,
    ) -> Result<Walk, Refusal> {
        self.frames.clear();
        self.used_extras.clear();
        let mut proof = Proof::new(layout, self.paused);
        let mut innermost_on_stack = None;
        let outer_only = impatient && proof.is_pairwise() && self.copies.frame(top).is_none();
        let planned = if outer_only { self.innermost_executing(layout) } else { None };
        let mut at = planned.unwrap_or(top);
        while !at.is_null() {
            if self.frames.len() >= MAX_FRAMES {
                return Err(Refusal::Unreadable);
            }
            let Some(copies) = self.copies.frame(at) else {
                self.expect_frames(memory, layout, at)?;
                return Ok(Walk::Moved);
            };
            let frame = match proof.judge(copies, at, self.frames.last())? {
                Judged::Frame(frame) => frame,
                Judged::NeedsTail => {
                    self.plan.innermost = at;
                    return Ok(Walk::Moved);
                }
            };
            match copies.chunk {
                None => self.used_extras.push(at),
                Some(0) => innermost_on_stack = innermost_on_stack.or(Some(at)),
                Some(_) => {}
            }
            self.frames.push(frame);
            at = frame.previous;
        }
        self.plan.innermost = innermost_on_stack.unwrap_or_default();
        if self.used_extras != self.plan.extras {
            let part = self.used_a_part_of_the_plan();
            self.remember();
            if proof.is_pairwise() && !part {
                return Ok(Walk::Moved);
            }
        }
        let cut = self.contradicted(memory, layout, proof.cut());
        if outer_only {
            self.used_extras.clear();
            self.expect_frames(memory, layout, top)?;
        }
        Ok(match cut {
            0 if !outer_only => Walk::Whole,
            // Where frames are objects of their own, the caller of what moved may have moved, too.
            cut if proof.is_pairwise() && cut > 0 => Walk::Outer(cut + 1),
            cut => Walk::Outer(cut),
        })
    }

    /// Up to 3.10: whether the frames that were used are the outer ones of those planned, in that order.
    /// The innermost of these were then copied right before `top`; what was called further inside was
    /// copied on both sides of it, too.
    fn used_a_part_of_the_plan(&self) -> bool {
        let planned = |at: &RemoteAddr| self.plan.extras.contains(at);
        let outer = self.used_extras.iter().position(planned);
        let outer = outer.and_then(|outer| self.used_extras.get(outer..));
        outer.is_some_and(|outer| self.plan.extras.ends_with(outer))
    }

    /// How many of the innermost frames are to be dropped when those are, too, that their callers
    /// cannot have called (≤ 3.10).
    fn contradicted(&mut self, memory: &impl ReadMemory, layout: &Layout, cut: usize) -> usize {
        let mut all = cut;
        if self.paused || layout.frame.value_stack.is_none() {
            return all;
        }
        let pairs = self.frames.iter().zip(self.frames.iter().skip(1)).enumerate();
        for (i, (callee, caller)) in pairs.skip(cut).take(FAST) {
            let Some(copies) = self.copies.frame(caller.addr) else { continue };
            if self.calls.contradict(memory, layout, caller, copies, callee) {
                all = i + 1;
            }
        }
        all
    }

    /// Up to 3.10: the innermost of the frames that executed right before and right after the thread
    /// state was read.
    fn innermost_executing(&self, layout: &Layout) -> Option<RemoteAddr> {
        let executing = || {
            let fetched = self.plan.coroutines.iter().chain(self.plan.extras.iter().copied());
            fetched.filter(|&at| self.every_copy(layout, at, RawFrame::is_executing))
        };
        let is_called_by = |callee: RemoteAddr, caller: RemoteAddr| {
            self.every_copy(layout, callee, |frame| frame.previous == caller)
        };
        executing().find(|&caller| !executing().any(|callee| is_called_by(callee, caller)))
    }

    /// Whether the frame at `at` was copied and every copy of it is such.
    pub(super) fn every_copy(
        &self,
        layout: &Layout,
        at: RemoteAddr,
        such: impl Fn(&RawFrame) -> bool,
    ) -> bool {
        let is_such = |bytes| RawFrame::parse(bytes, at, layout).is_some_and(|frame| such(&frame));
        self.copies.frame(at).is_some_and(|copies| {
            is_such(copies.first)
                && [copies.second, copies.third].into_iter().flatten().all(is_such)
        })
    }

    /// Plans for the frames outside the data stack that were just used, and remembers their
    /// callers.
    fn remember(&mut self) {
        std::mem::swap(&mut self.plan.extras, &mut self.used_extras);
        self.plan.apart = false;
        if self.links.len() > MAX_LINKS {
            self.links.clear();
        }
        let mut extras = self.plan.extras.iter().peekable();
        for frame in &self.frames {
            if extras.peek() == Some(&&frame.addr) {
                extras.next();
                self.links.insert(frame.addr, frame.previous);
            }
        }
    }

    /// Plans for the frames from `at` outwards, of which the first is not in the plan: where the
    /// caller of a frame outside the data stack is known from before it is taken for granted, else
    /// it is looked up. Frames on the data stack are followed in the copy at hand.
    pub(super) fn expect_frames(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        at: RemoteAddr,
    ) -> Result<(), Refusal> {
        let mut at = at;
        let mut chases = 0;
        // Whether a remembered caller led to `at`.
        let mut guessed = false;
        for _ in 0..MAX_FRAMES {
            if at.is_null() {
                break;
            }
            if self.plan.in_chunk(at) {
                let Some(previous) = self.previous_in_copy(layout, at) else { break };
                at = previous;
                continue;
            }
            if self.used_extras.contains(&at) {
                // A remembered caller is out of date and leads in a circle.
                self.links.clear();
                break;
            }
            let previous = match self.links.get(&at) {
                Some(&previous) => {
                    guessed = true;
                    previous
                }
                None if chases < MAX_CHASES => {
                    chases += 1;
                    match self.caller_of(memory, layout, at) {
                        Ok(previous) => previous,
                        Err(Refusal::Torn) if guessed => {
                            // A remembered caller has been given back since.
                            self.links.clear();
                            break;
                        }
                        Err(refusal) => return Err(refusal),
                    }
                }
                None => {
                    self.used_extras.push(at);
                    break;
                }
            };
            self.used_extras.push(at);
            at = previous;
        }
        std::mem::swap(&mut self.plan.extras, &mut self.used_extras);
        self.plan.apart = false;
        Ok(())
    }

    /// The caller of a frame outside the data stack, read now.
    fn caller_of(
        &mut self,
        memory: &impl ReadMemory,
        layout: &Layout,
        at: RemoteAddr,
    ) -> Result<RemoteAddr, Refusal> {
        let at = at.plausible().ok_or(Refusal::Torn)?;
        let previous = self.chase(memory, at.offset(layout.frame.previous))?;
        // None calls a coroutine that has been left since: that says nothing of the next time.
        if !previous.is_null() {
            self.links.insert(at, previous);
        }
        Ok(previous)
    }

    /// The caller of a frame on the data stack, as the first copy says; a guess like the rest.
    fn previous_in_copy(&self, layout: &Layout, at: RemoteAddr) -> Option<RemoteAddr> {
        let previous = RawFrame::parse(self.copies.frame(at)?.first, at, layout)?.previous;
        (previous != at).then_some(previous)
    }

    /// Reads one pointer outside any bracket, only to learn where to look.
    pub(super) fn chase(
        &mut self,
        memory: &impl ReadMemory,
        addr: RemoteAddr,
    ) -> Result<RemoteAddr, Refusal> {
        let mut word = [0; 8];
        self.stats.chases += 1;
        memory.read_into(addr, &mut word).map_err(|error| match error {
            MemoryError::Exited | MemoryError::Denied => Refusal::Exited,
            _ => Refusal::Torn,
        })?;
        Ok(RemoteAddr::new(u64::from_le_bytes(word)))
    }
}
