//! What one look will fetch, as the last look suggests, and in which order.
//!
//! The order is the proof that copies belong together. A frame that waits for its callee cannot
//! move before the callee returns, so one frame that is found unchanged at two instants proves all
//! the frames outside it for the time in between, and these need to be copied only once, in that
//! time.
//!
//! **From 3.11 on** most frames lie on the data stack, which is one range:
//!
//! ```text
//! words · older chunks · others · newest chunk · thread state · the chunk's end · others
//! ```
//!
//! The thread state says which frame is innermost; the end of the data stack, copied right before
//! and right after it, must hold the same frames. The others are the frames of coroutines and the
//! entry records on the C stack, those that were used lately and not only those of the last look:
//! of a coroutine one copy must say that it was on a stack, and where both do, they must agree.
//!
//! **Up to 3.10** every frame is an object of its own, and they are copied in pairs, from the
//! outermost one to the innermost one:
//!
//! ```text
//! f0 · f1 · f0 · f2 · f1 · f3 · f2 · … · words · fn-1 · fn · fn-1 · thread state · fn
//! ```
//!
//! Each caller is the same right before and right after its callee is found executing, so the
//! callee was called from there; and the callee was still executing while its own callee was read.
//! The innermost callers, which move fastest, are copied once more right before their callee.
//!
//! Where fn has returned and one of its callers is innermost, that one was copied right before; and
//! the root coroutine of the running task may stand last although it does not execute.
//!
//! Up to 3.13 the running task is not in the thread state: the dict that holds it is copied right
//! before and right after the thread state (`stepping.rs`).
//!
//! What remains is that the program comes round to the same frames within the two or three ranges
//! that lie between two copies, about a microsecond; `usual.rs` refuses calls that took longer.

use super::calls::FRAME_LEN;
use super::copies::Copies;
use super::current_task::{DICT_HEAD, MIN_KEYS, TaskSource};
use super::groups::Span;
use super::look::NAME_HEAD;
use crate::memory::RemoteAddr;
use crate::python::layout::{Layout, TopFrame};

/// Bytes of a task fetched from its coroutine pointer on: coroutine, name, context.
pub(super) const TASK_WORDS: usize = 24;
/// Up to 3.10: so many of the innermost callers are copied three times.
const CLOSE: usize = 3;
/// Bytes of the data stack's end, before the innermost frame, that are copied twice.
const TAIL: u64 = 1024;

/// Addresses that the next look will need, if nothing moves.
#[derive(Debug, Default)]
pub(super) struct Plan {
    /// 3.11–3.12: the records that may name the innermost frame.
    pub(super) cframes: Recent<4>,
    /// Up to 3.13: the keys of the dict of running tasks. A dict that holds one entry after the
    /// other moves to new keys at every sixth, as a rule to those before the last.
    pub(super) keys: Recent<3>,
    pub(super) keys_len: usize,
    /// The running task.
    pub(super) task: RemoteAddr,
    /// Its name object.
    pub(super) name: RemoteAddr,
    /// Tasks that may run by then, with their name objects.
    pub(super) likely: Vec<(RemoteAddr, RemoteAddr)>,
    /// Another word.
    pub(super) also: RemoteAddr,
    /// The data stack, newest chunk first.
    pub(super) chunks: Vec<Span>,
    /// The innermost frame on the newest chunk.
    pub(super) innermost: RemoteAddr,
    /// Frames outside the data stack, innermost first: in generators, on the C stack, or (up to
    /// 3.10) all of them.
    pub(super) extras: Vec<RemoteAddr>,
    /// From 3.11 on: such frames of looks before, but for those of tasks. Up to 3.10, where a few tasks
    /// take turns: the innermost frames of calls before; a function that runs once at a time has always the
    /// same.
    pub(super) recent: Recent<12>,
    /// Frames of coroutines and generators that tasks ran last; fetched where a few tasks take turns.
    pub(super) coroutines: Recent<20>,
    /// Whether a few tasks take turns.
    pub(super) few: bool,
    /// Frames of coroutines of the task that runs and of those likely to run next, where many tasks
    /// take turns (3.11 on).
    pub(super) ahead: Vec<RemoteAddr>,
    /// Whether neighbours are fetched one by one and no more than needed, since together they could
    /// not be read.
    pub(super) apart: bool,
    order: Vec<usize>,
}

impl Plan {
    /// Lays the plan out.
    pub(super) fn lay_out(
        &mut self,
        copies: &mut Copies,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) {
        copies.clear();
        let on_stack = layout.thread.datastack_chunk.is_some();
        let head = len(layout.frame.head_size);
        let frame = if on_stack || self.apart { head } else { FRAME_LEN };
        copies.need(head);
        for &extra in &self.extras {
            copies.ask_frame(extra, frame);
        }
        self.ask_dict(copies, source);
        if !self.task.is_null() {
            copies.ask_words(self.task.offset(layout.asyncio.coro), TASK_WORDS);
            // What it names may be gone; alone it must not spoil the look.
            if !self.name.is_null() && !self.apart {
                copies.ask_words(self.name, NAME_HEAD);
            }
        }
        for &(task, name) in self.likely.iter().filter(|_| !self.apart) {
            copies.ask_words(task.offset(layout.asyncio.coro), TASK_WORDS);
            if !name.is_null() {
                copies.ask_words(name, NAME_HEAD);
            }
        }
        if !self.also.is_null() && !self.apart {
            copies.ask_words(self.also, size_of::<u64>());
        }
        let recent = self.recent.iter().filter(|_| on_stack || (self.few && !self.apart));
        let coroutines = self.coroutines.iter().filter(|_| self.few && !self.apart);
        let ahead = self.ahead.iter().copied().filter(|_| !self.apart);
        let others = recent.chain(coroutines).chain(ahead);
        for frame in others.filter(|frame| !self.extras.contains(frame)) {
            copies.ask_frame(frame, head);
        }
        if let TopFrame::CFrame { current_frame, .. } = layout.thread.top_frame {
            for cframe in self.cframes.iter() {
                copies.ask_top(cframe.offset(current_frame));
            }
        }
        copies.arrange(self.apart);
        let thread = (thread_state, len(layout.thread.size));
        if on_stack {
            self.lay_out_stack(copies, thread);
        } else {
            self.lay_out_objects(copies, thread);
        }
    }

    /// Lays out a call that asks which task runs.
    pub(super) fn lay_out_peek(
        &self,
        copies: &mut Copies,
        layout: &Layout,
        thread_state: RemoteAddr,
        source: TaskSource,
    ) {
        copies.clear();
        self.ask_dict(copies, source);
        copies.arrange(self.apart);
        copies.copy_thread((thread_state, len(layout.thread.size)));
    }

    /// Asks for the dict of running tasks.
    fn ask_dict(&self, copies: &mut Copies, source: TaskSource) {
        let TaskSource::Dict { dict, .. } = source else { return };
        copies.ask_dict(dict, DICT_HEAD);
        for keys in self.keys.iter() {
            copies.ask_dict(keys, self.keys_len.max(MIN_KEYS));
        }
    }

    /// From 3.11 on.
    fn lay_out_stack(&self, copies: &mut Copies, thread: Span) {
        copies.copy_words();
        for &chunk in self.chunks.iter().skip(1) {
            copies.copy_chunk(chunk);
        }
        for group in 0..copies.groups() {
            copies.copy_group(group);
        }
        if let Some(&newest) = self.chunks.first() {
            copies.copy_chunk(newest);
            copies.last_chunk_is_newest();
        }
        copies.copy_thread(thread);
        if let Some(&(start, len)) = self.chunks.first() {
            let before = self.innermost.offset_from(start).unwrap_or(0).saturating_sub(TAIL);
            let skipped = usize::try_from(before).unwrap_or(0).min(len);
            copies.copy_tail((start.offset(before), len - skipped));
        }
        for group in (0..copies.groups()).rev() {
            copies.copy_group(group);
        }
    }

    /// Up to 3.10.
    fn lay_out_objects(&mut self, copies: &mut Copies, thread: Span) {
        self.order.clear();
        for group in self.extras.iter().rev().filter_map(|&extra| copies.group_of(extra)) {
            if !self.order.contains(&group) {
                self.order.push(group);
            }
        }
        let mut before = None;
        for (i, &group) in self.order.iter().enumerate() {
            if i + 1 == self.order.len() {
                copies.copy_words();
            }
            let close = i + CLOSE >= self.order.len();
            if let Some(before) = before.filter(|_| close) {
                copies.copy_group(before);
            }
            copies.copy_group(group);
            if let Some(before) = before.replace(group) {
                copies.copy_group(before);
            }
        }
        if before.is_none() {
            copies.copy_words();
        }
        let others = |copies: &mut Copies| {
            for group in (0..copies.groups()).filter(|group| !self.order.contains(group)) {
                copies.copy_group(group);
            }
        };
        others(copies);
        copies.copy_thread(thread);
        if let Some(innermost) = before {
            copies.copy_group(innermost);
        }
        others(copies);
    }

    /// Whether `addr` lies in the part of the data stack that is fetched.
    pub(super) fn in_chunk(&self, addr: RemoteAddr) -> bool {
        let holds = |&(start, len): &Span| {
            addr.offset_from(start).is_some_and(|offset| offset < len as u64)
        };
        self.chunks.iter().any(holds)
    }
}

/// The addresses used last, the latest first.
#[derive(Debug)]
pub(super) struct Recent<const N: usize> {
    addrs: [RemoteAddr; N],
}

impl<const N: usize> Default for Recent<N> {
    fn default() -> Self {
        Self { addrs: [RemoteAddr::NULL; N] }
    }
}

impl<const N: usize> Recent<N> {
    /// Puts an address first; the one not used for longest goes if there are too many.
    pub(super) fn touch(&mut self, addr: RemoteAddr) {
        let at = self.addrs.iter().position(|&known| known == addr);
        let Some(moved) = self.addrs.get_mut(..=at.unwrap_or(N.saturating_sub(1))) else { return };
        moved.rotate_right(1);
        if let Some(first) = moved.first_mut() {
            *first = addr;
        }
    }

    /// The addresses, the latest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = RemoteAddr> {
        self.addrs.iter().copied().filter(|addr| !addr.is_null())
    }
}

/// A structure's size as a length to fetch; layouts keep them far below 64 KiB.
pub(super) fn len(size: u64) -> usize {
    usize::try_from(size).unwrap_or(0)
}
