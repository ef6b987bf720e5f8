//! From one clue to one cause.

use crate::analysis::FrameNames;
use crate::model::{
    CallObject, CauseKind, Dictionary, EvidenceValue, FrameId, KernelCall, KernelState, StackId,
    innermost_own,
};

use super::clue::{Clue, Doing};
use super::known::{self, Effect, Known};
use super::place;
use super::words::{self, Call};

pub(super) const FAULTS: &str = "waits for memory to be read from the disk";
/// Calls in which a thread cannot be interrupted, and that are a wait all the same.
const ASKED: [&str; 11] = [
    "fsync",
    "fdatasync",
    "sync",
    "syncfs",
    "msync",
    "vfork",
    "fork",
    "clone",
    "clone3",
    "wait4",
    "waitid",
];

/// A cause without its share.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Verdict {
    pub(super) kind: CauseKind,
    pub(super) text: String,
    /// By the keys of its kind; what a kind wants beside is added later.
    pub(super) evidence: Vec<(&'static str, EvidenceValue)>,
    pub(super) advice: Option<&'static str>,
}

/// What can be asked about native code that ran under a stack.
pub(super) trait NativeCode {
    /// The extension that ran under it, if it was not the interpreter's own loop.
    fn extension(&self, stack: Option<StackId>) -> Option<String>;
}

/// What decides.
pub(super) struct Judge<'a> {
    pub(super) dictionary: &'a Dictionary,
    /// The stack in which the loop last polled.
    pub(super) poll: Option<StackId>,
    /// Whether pages were read from the disk during the stall.
    pub(super) major_faults: bool,
    /// Whether that happened about as often as the thread waited.
    pub(super) mostly_faults: bool,
    /// Whether what could run may as well have had no CPU.
    pub(super) doubtful: bool,
}

/// The frames of a callback, and what is known of them.
struct Scene {
    frames: Vec<FrameId>,
    known: Option<(&'static Known, String)>,
    leaf: Option<&'static Known>,
}

impl Judge<'_> {
    pub(super) fn verdict(&self, clue: &Clue, native: &impl NativeCode) -> Verdict {
        let scene = self.scene(clue);
        match clue.doing {
            Doing::Preempted => Verdict::new(CauseKind::Starved, "no CPU: other work took it"),
            Doing::Collecting => Verdict::new(CauseKind::Gc, "garbage collection"),
            Doing::Blocked => self.blocked(clue, &scene),
            Doing::OnCpu => self.on_cpu(clue, &scene, native),
            Doing::Unclear => self.unclear(clue, &scene, native),
        }
    }

    fn scene(&self, clue: &Clue) -> Scene {
        let frames = clue.stack.map_or_else(Vec::new, |stack| {
            place::callback_frames(self.dictionary, stack, clue.task_depth, self.poll)
        });
        let begin = innermost_own(self.dictionary, &frames).map_or(0, |user| user + 1);
        let names = |id: &FrameId| FrameNames::of(self.dictionary, *id);
        let of = |names: &FrameNames<'_>| known::by_frame(names.file?, names.function?);
        let library = frames.get(begin..).unwrap_or_default();
        let known = library.iter().map(names).find_map(|names| {
            let known = of(&names)?;
            Some((known, words::qualified(known, names.function?)))
        });
        let leaf = library.last().map(names).and_then(|names| of(&names));
        Scene { frames, known, leaf }
    }

    fn blocked(&self, clue: &Clue, scene: &Scene) -> Verdict {
        let call = clue.call.and_then(|id| self.dictionary.get_kernel_call(id));
        match clue.state {
            Some(KernelState::Stopped) => return words::stopped(false),
            Some(KernelState::Traced) => return words::stopped(true),
            _ => {}
        }
        let object = call.map(|call| call.object);
        // Where the GIL was seen to be held, its own futex is known from others.
        if object == Some(CallObject::Gil) || (clue.gil && call.is_none()) {
            return Verdict::new(CauseKind::GilWait, "another thread held the GIL");
        }
        if let Some(module) = place::importing(self.dictionary, &scene.frames) {
            return words::import(module);
        }
        if clue.state == Some(KernelState::DiskSleep) {
            return self.disk(scene, call);
        }
        let callee = self.callee(clue, scene);
        let effect = scene.known.as_ref().map(|(known, _)| known.effect);
        let locks = effect == Some(Effect::Locks)
            || callee
                .as_ref()
                .is_some_and(|(_, known)| known.is_some_and(|(e, _)| e == Effect::Locks));
        if is_futex(self.dictionary, call) || (locks && call.is_none()) {
            let name = scene.known.as_ref().map(|(_, name)| name.clone());
            let advice = scene.known.as_ref().map(|(known, _)| known.advice);
            let name = name.filter(|_| locks).or_else(|| callee.map(|(name, _)| name));
            return words::lock(self.dictionary, name, call, advice.filter(|_| locks));
        }
        let known = scene.known.as_ref().filter(|(known, _)| known.effect != Effect::Computes);
        let (function, advice) = match (known, callee) {
            (Some((known, name)), _) => (Some(name.clone()), Some(known.advice)),
            (None, Some((name, known))) => (Some(name), known.map(|(_, advice)| advice)),
            (None, None) => (None, None),
        };
        if call.is_none() && self.mostly_faults && clue.state.is_none() {
            return Verdict::new(CauseKind::PageFault, FAULTS);
        }
        if call.is_none() && function.is_none() {
            return words::unknown(self.dictionary, &scene.frames, "off the CPU");
        }
        Call { dictionary: self.dictionary, function, call, advice }
            .verdict(CauseKind::BlockingCall)
    }

    /// Asleep without being interruptible. What the program asked to wait for is its own call.
    fn disk(&self, scene: &Scene, call: Option<&KernelCall>) -> Verdict {
        let name = call.map(|call| self.dictionary.text(call.call)).unwrap_or_default();
        let function = scene.known.as_ref().map(|(_, name)| name.clone());
        if call.is_none() && self.major_faults {
            return Verdict::new(CauseKind::PageFault, FAULTS);
        }
        let asked = ASKED.contains(&name);
        let kind = if asked { CauseKind::BlockingCall } else { CauseKind::Disk };
        Call { dictionary: self.dictionary, function, call, advice: None }.verdict(kind)
    }

    fn on_cpu(&self, clue: &Clue, scene: &Scene, native: &impl NativeCode) -> Verdict {
        if self.doubtful {
            let seen = "able to run, with a CPU or without";
            return words::unknown(self.dictionary, &scene.frames, seen);
        }
        if let Some(module) = place::importing(self.dictionary, &scene.frames) {
            return words::import(module);
        }
        if let Some((name, known)) = self.callee(clue, scene) {
            return match known {
                Some((Effect::Blocks, advice)) => {
                    let (function, advice) = (Some(name), Some(advice));
                    Call { dictionary: self.dictionary, function, call: None, advice }
                        .verdict(CauseKind::BlockingCall)
                }
                // Entering it or leaving it: no lock computes for long.
                Some((Effect::Locks, advice)) => {
                    words::lock(self.dictionary, Some(name), None, Some(advice))
                }
                Some((_, _)) if name.starts_with("gc.") => {
                    Verdict::new(CauseKind::Gc, "garbage collection")
                }
                known => words::native(Some(name), None, known.map(|(_, advice)| advice)),
            };
        }
        if let Some(known) = scene.leaf.filter(|known| known.effect == Effect::Computes) {
            let name = scene.known.as_ref().map(|(_, name)| name.clone());
            return words::native(name, native.extension(clue.stack), Some(known.advice));
        }
        if clue.steady
            && let Some(module) = native.extension(clue.stack)
        {
            return words::native(None, Some(module), None);
        }
        if scene.frames.is_empty() {
            return words::unknown(
                self.dictionary,
                &scene.frames,
                "on the CPU, in the loop itself",
            );
        }
        Verdict::new(CauseKind::CpuPython, "Python code computes")
    }

    /// From the stack alone.
    fn unclear(&self, clue: &Clue, scene: &Scene, native: &impl NativeCode) -> Verdict {
        if let Some(module) = place::importing(self.dictionary, &scene.frames) {
            return words::import(module);
        }
        let effect = scene.known.as_ref().map(|(known, _)| known.effect);
        let called =
            self.callee(clue, scene).and_then(|(_, known)| known).map(|(effect, _)| effect);
        match called.or(effect) {
            Some(Effect::Blocks | Effect::Locks) => self.blocked(clue, scene),
            Some(Effect::Computes) => self.on_cpu(clue, scene, native),
            // A stack that changes from look to look is that of running code.
            None if !clue.steady && !scene.frames.is_empty() => self.on_cpu(clue, scene, native),
            None => words::unknown(self.dictionary, &scene.frames, "on the CPU or not"),
        }
    }

    /// The native function that was called, and what is known of it. The loop's own poll is none.
    fn callee(
        &self,
        clue: &Clue,
        scene: &Scene,
    ) -> Option<(String, Option<(Effect, &'static str)>)> {
        let name =
            clue.callee.map(|id| self.dictionary.text(id)).filter(|name| !name.is_empty())?;
        if scene.frames.is_empty() && name.starts_with("select.") {
            return None;
        }
        Some((name.to_owned(), known::by_callee(name)))
    }
}

fn is_futex(dictionary: &Dictionary, call: Option<&KernelCall>) -> bool {
    call.is_some_and(|call| {
        call.object == CallObject::Futex || dictionary.text(call.call).starts_with("futex")
    })
}

impl Verdict {
    pub(super) fn new(kind: CauseKind, text: &str) -> Self {
        Self { kind, text: text.to_owned(), evidence: Vec::new(), advice: known::by_kind(kind) }
    }
}
