//! Which callback of its loop a thread runs, numbered as far as they can be told apart.
//!
//! An equal `context_ver` proves that it is the same. Otherwise, the same handle with the same task
//! and the same first frame in the same turn of the loop is likely the same: the program entered
//! contexts of its own. Handles are freed and made again at once, so their address alone says
//! little.

use std::num::NonZeroU32;

use rustc_hash::FxHashMap;

use crate::memory::{LiveMemory, PagedMemory, ReadMemory as _, RemoteAddr};
use crate::model::{Dictionary, LoopKind, TaskId};
use crate::python::code::Codes;
use crate::python::frames::{Look, RawFrame};
use crate::python::layout::Layout;
use crate::python::locals::{self, Variable};

/// What tells one callback from the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Key {
    handle: RemoteAddr,
    task: Option<TaskId>,
    frame: RemoteAddr,
}

/// The callbacks of one thread.
#[derive(Debug, Default)]
pub(super) struct Callbacks {
    count: u32,
    context_ver: u64,
    key: Option<Key>,
    current: Option<NonZeroU32>,
    /// When the loop's turn began in which the callback runs, by the loop's own clock; to be told.
    pub(super) turn: Option<u64>,
    /// The turn of the last callback.
    last_turn: Option<u64>,
    /// How many frames the thread has between callbacks, for loops that are not Python.
    outside: Option<usize>,
    /// The same without those that stand for no Python code.
    outside_shown: Option<u32>,
    /// Where the loop kept the time at which its last turn began.
    turn_at: RemoteAddr,
}

/// Which code objects are `Handle._run`; addresses are forgotten with each epoch.
#[derive(Debug, Default)]
pub(super) struct RunFrames {
    known: FxHashMap<RemoteAddr, bool>,
    /// Where `_run_once` keeps the time at which it came back from its poll call.
    end_time: FxHashMap<RemoteAddr, Option<Variable>>,
    epoch: u32,
}

impl RunFrames {
    fn runs_handles(
        &mut self,
        code: RemoteAddr,
        epoch: u32,
        codes: &Codes,
        names: &Dictionary,
    ) -> bool {
        if self.epoch != epoch {
            self.epoch = epoch;
            self.known.clear();
            self.end_time.clear();
        }
        *self.known.entry(code).or_insert_with(|| {
            codes.location(code).is_some_and(|code| {
                let name = names.text(code.function);
                (name == "_run" || name == "Handle._run")
                    && names.text(code.file).ends_with("asyncio/events.py")
            })
        })
    }
}

/// What numbering needs besides the look.
pub(super) struct Seeing<'a> {
    pub(super) live: &'a LiveMemory,
    pub(super) code_memory: &'a mut PagedMemory<LiveMemory>,
    pub(super) layout: &'a Layout,
    pub(super) codes: &'a Codes,
    pub(super) names: &'a Dictionary,
    pub(super) run_frames: &'a mut RunFrames,
    pub(super) epoch: u32,
}

impl Callbacks {
    /// The callback of a look at a thread whose loop is of this kind; `None` outside of any.
    pub(super) fn number(
        &mut self,
        look: &Look<'_>,
        task: Option<TaskId>,
        kind: LoopKind,
        with: &mut Seeing<'_>,
    ) -> Option<NonZeroU32> {
        let version = look.thread.context_ver;
        let same = self.context_ver == version;
        if same && self.current.is_some() {
            return self.current;
        }
        self.context_ver = version;
        self.turn = None;
        let Some(key) = self.key(look, task, kind, with) else {
            self.key = None;
            self.current = None;
            return None;
        };
        let same_turn = self.turn.is_some() && self.turn == self.last_turn;
        self.last_turn = self.turn;
        let likely = !key.handle.is_null() && self.key == Some(key) && self.current.is_some();
        let likely = likely && same_turn;
        if !likely {
            self.count = self.count.wrapping_add(1).max(1);
            self.current = NonZeroU32::new(self.count);
        }
        self.key = Some(key);
        self.current
    }

    /// The thread is in its poll call: with so many frames it is in no callback.
    pub(super) fn polls(&mut self, frames: &[RawFrame], layout: &Layout) {
        self.outside = Some(frames.len());
        let shown = frames.iter().filter(|frame| !frame.is_shim(layout)).count();
        self.outside_shown = u32::try_from(shown).ok();
        self.current = None;
        self.key = None;
    }

    /// How many frames of a stack are the loop's own, for loops that are not Python.
    pub(super) const fn loop_depth(&self, kind: LoopKind) -> Option<u32> {
        match kind {
            LoopKind::Selector => None,
            _ => self.outside_shown,
        }
    }

    /// Where the loop last kept when its turn began, for the next look to copy along; it may be
    /// null.
    pub(super) const fn turn_at(&self) -> RemoteAddr {
        self.turn_at
    }

    fn key(
        &mut self,
        look: &Look<'_>,
        task: Option<TaskId>,
        kind: LoopKind,
        with: &mut Seeing<'_>,
    ) -> Option<Key> {
        let frames = look.frames;
        if kind != LoopKind::Selector {
            // Its own frames are not Python's: what is above those it polls under is a callback.
            let above = self.outside.is_some_and(|outside| frames.len() > outside);
            let first = above.then(|| frames.len() - self.outside.unwrap_or(0) - 1);
            let frame = first.and_then(|at| frames.get(at)).map(|frame| frame.addr);
            let inside = task.is_some() || above;
            let frame = frame.unwrap_or(RemoteAddr::NULL);
            return inside.then_some(Key { handle: RemoteAddr::NULL, task, frame });
        }
        let Seeing { codes, names, epoch, .. } = *with;
        let run = frames
            .iter()
            .rposition(|frame| with.run_frames.runs_handles(frame.code, epoch, codes, names))?;
        let frame = frames.get(run.checked_sub(1)?)?.addr;
        self.turn = frames.get(run + 1).and_then(|frame| self.turn_of(look, frame, with));
        let run = frames.get(run)?;
        let handle = with.word(look, run.addr.offset(with.layout.frame.locals))?;
        let handle = RemoteAddr::new(handle & !with.layout.frame.tag_mask);
        Some(Key { handle, task, frame })
    }

    /// When the loop came back from its poll call, in nanoseconds of its own clock: `end_time` in
    /// `_run_once`, from which it takes what is due. Equal values are the same turn of the loop.
    fn turn_of(&mut self, look: &Look<'_>, frame: &RawFrame, with: &mut Seeing<'_>) -> Option<u64> {
        let layout = with.layout;
        let place = with.end_time(frame.code)?.place(frame.addr, layout);
        let value = with.word(look, place)?;
        let value = RemoteAddr::new(value & !layout.frame.tag_mask).plausible()?;
        self.turn_at = value.offset(layout.values.float_value);
        nanos(f64::from_bits(with.word(look, self.turn_at)?))
    }
}

impl Seeing<'_> {
    /// A word that the look copied along, or else one read now.
    fn word(&self, look: &Look<'_>, addr: RemoteAddr) -> Option<u64> {
        look.word(addr).or_else(|| {
            let mut word = [0; 8];
            self.live.read_into(addr, &mut word).ok()?;
            Some(u64::from_le_bytes(word))
        })
    }

    /// The variable `end_time`, if this is the code of `_run_once`.
    fn end_time(&mut self, code: RemoteAddr) -> Option<Variable> {
        if let Some(&known) = self.run_frames.end_time.get(&code) {
            return known;
        }
        let is_loop = self.codes.location(code).is_some_and(|code| {
            self.names.text(code.function).ends_with("_run_once")
                && self.names.text(code.file).ends_with("asyncio/base_events.py")
        });
        self.code_memory.begin();
        let found = is_loop.then(|| {
            locals::variable(self.code_memory, self.layout, code, "end_time").ok().flatten()
        });
        let found = found.flatten().filter(|variable| !variable.is_in_cell());
        self.run_frames.end_time.insert(code, found);
        found
    }
}

/// Seconds of a monotonic clock.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "positive and below 2⁶³, as checked"
)]
fn nanos(seconds: f64) -> Option<u64> {
    (seconds.is_finite() && seconds > 0.0 && seconds < 9e9).then_some((seconds * 1e9) as u64)
}
