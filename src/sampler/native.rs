//! Which native functions threads were in, from the instructions that the kernel saw them at.
//!
//! A binary's symbols are read on a thread of their own, once: that may take a while.

use std::path::PathBuf;

use crossbeam_channel::{Receiver, TryRecvError, bounded};

use crate::model::{Dictionary, Event, NativeCode, NativeSample, ThreadId, Timestamp};
use crate::os::maps::{Mapping, mapped_files};
use crate::python::symbols::Symbols;

use super::sink::Sink;
use super::target::TargetProcess;

/// Instructions that wait for symbols; more are left out.
const MOST_WAITING: usize = 2048;
/// Binaries whose symbols are read.
const MOST_MODULES: usize = 128;
/// For so long no look at the mapped files is taken after one that found nothing new.
const MAPS_EVERY_NS: u64 = 1_000_000_000;

/// An instruction that a thread was at.
#[derive(Debug, Clone, Copy)]
struct Seen {
    thread: ThreadId,
    time: Timestamp,
    instruction: u64,
}

/// A binary's symbols.
#[derive(Debug)]
enum State {
    /// Not asked for yet.
    Unread,
    Coming(Receiver<Option<Symbols>>),
    There(Option<Symbols>),
}

#[derive(Debug)]
struct Module {
    inode: u64,
    path: PathBuf,
    state: State,
}

/// The native code of one process.
#[derive(Debug, Default)]
pub(super) struct Natives {
    waiting: Vec<Seen>,
    maps: Vec<Mapping>,
    mapped: Option<Timestamp>,
    modules: Vec<Module>,
    pub(super) redact: bool,
}

impl TargetProcess {
    /// Records the native code that threads were in since the last call. With `rest`, what still
    /// waits for symbols goes without.
    pub(super) fn record_native(
        &mut self,
        dictionary: &mut Dictionary,
        now: Timestamp,
        rest: bool,
        sink: &mut Sink,
    ) {
        let Self { threads, natives, pid, .. } = self;
        for thread in threads {
            let id = thread.id;
            for (time, instruction) in thread.edges.instructions() {
                natives.add(Seen { thread: id, time, instruction });
            }
        }
        natives.record(*pid, dictionary, now, rest, sink);
    }
}

impl Natives {
    fn add(&mut self, seen: Seen) {
        if self.waiting.len() < MOST_WAITING {
            self.waiting.push(seen);
        }
    }

    fn record(
        &mut self,
        pid: u32,
        dictionary: &mut Dictionary,
        now: Timestamp,
        rest: bool,
        sink: &mut Sink,
    ) {
        if self.waiting.is_empty() {
            return;
        }
        let mut waiting = std::mem::take(&mut self.waiting);
        waiting.retain(|seen| {
            let code = match self.place(pid, seen.instruction, now) {
                None => NativeCode { module: None, symbol: None },
                Some((index, offset)) => match self.code(index, offset, pid, dictionary, rest) {
                    Some(code) => code,
                    None => return true,
                },
            };
            if let Some(code) = dictionary.native_code(code) {
                sink.define(dictionary);
                let Seen { thread, time, .. } = *seen;
                sink.push(Event::NativeSample(NativeSample { thread, time, code }));
            }
            false
        });
        self.waiting = waiting;
    }

    /// The mapping that an instruction lies in, and where in the file.
    fn place(&mut self, pid: u32, instruction: u64, now: Timestamp) -> Option<(usize, u64)> {
        let find = |maps: &[Mapping]| {
            let index = maps.partition_point(|mapping| mapping.end <= instruction);
            let mapping = maps.get(index).filter(|mapping| mapping.start <= instruction)?;
            Some((index, (instruction - mapping.start).checked_add(mapping.offset)?))
        };
        if let Some(found) = find(&self.maps) {
            return Some(found);
        }
        let lately = |mapped: Timestamp| now.since(mapped).as_nanos() < MAPS_EVERY_NS;
        if self.mapped.is_some_and(lately) {
            return None;
        }
        self.mapped = Some(now);
        let mut maps = mapped_files(pid).unwrap_or_default();
        maps.retain(|mapping| mapping.executable);
        self.maps = maps;
        find(&self.maps)
    }

    /// The function at an offset of a mapped file; `None` while its symbols are being read.
    fn code(
        &mut self,
        mapping: usize,
        offset: u64,
        pid: u32,
        dictionary: &mut Dictionary,
        rest: bool,
    ) -> Option<NativeCode> {
        let mapping = self.maps.get(mapping)?.clone();
        let path = if self.redact { mapping.path.file_name()?.as_ref() } else { &*mapping.path };
        let module = dictionary.string(&path.to_string_lossy());
        let unnamed = NativeCode { module, symbol: None };
        let Some(known) = self.module(&mapping) else { return Some(unnamed) };
        if matches!(known.state, State::Unread) {
            known.state = read(mapping, pid);
        }
        if let State::Coming(coming) = &known.state {
            match coming.try_recv() {
                Ok(symbols) => known.state = State::There(symbols),
                Err(TryRecvError::Disconnected) => known.state = State::There(None),
                Err(TryRecvError::Empty) => return rest.then_some(unnamed),
            }
        }
        let State::There(symbols) = &known.state else { return Some(unnamed) };
        let symbol = symbols.as_ref().and_then(|symbols| symbols.at(offset));
        Some(NativeCode { module, symbol: symbol.and_then(|symbol| dictionary.string(&symbol)) })
    }

    fn module(&mut self, mapping: &Mapping) -> Option<&mut Module> {
        let same = |it: &Module| it.inode == mapping.inode && it.path == mapping.path;
        let index = match self.modules.iter().position(same) {
            Some(index) => index,
            None if self.modules.len() < MOST_MODULES => {
                let (inode, path) = (mapping.inode, mapping.path.clone());
                self.modules.push(Module { inode, path, state: State::Unread });
                self.modules.len() - 1
            }
            None => return None,
        };
        self.modules.get_mut(index)
    }
}

/// Begins to read a binary's symbols.
fn read(mapping: Mapping, pid: u32) -> State {
    let (give, take) = bounded(1);
    let thread =
        std::thread::Builder::new().name("looptrace-symbols".to_owned()).spawn(move || {
            let symbols = mapping.reachable(pid).and_then(|path| Symbols::of(&path));
            // Nobody waits for them once the recording is over.
            drop(give.send(symbols));
        });
    match thread {
        Ok(_runs_on) => State::Coming(take),
        Err(_) => State::There(None),
    }
}
