//! What a thread that does not run waits for, as the kernel tells it.

use rustc_hash::FxHashMap;

use crate::memory::{LiveMemory, ReadMemory as _, RemoteAddr};
use crate::model::{BlockedLook, CallObject, Dictionary, KernelCall, KernelCallId, Timestamp};
use crate::os::call::{self, Call, ObjectAt};
use crate::os::objects::{self, Object};
use crate::os::sockets;

use super::sink::Sink;
use super::sockets::{Answer, Sockets};

/// More different calls than this are not told apart by their objects.
const MOST: usize = 4096;
/// The longest path that is read from a target.
const PATH_BYTES: usize = 512;
/// The interpreter's lock with its mutexes and condition variables, in bytes.
const GIL_BYTES: u64 = 256;
/// `struct pollfd`.
const POLLFD: usize = 8;
const P_PID: u64 = 1;
const P_PIDFD: u64 = 3;

/// Resolves the calls of one process.
#[derive(Debug, Default)]
pub(super) struct Calls {
    /// By number and the kernel's name for the descriptor; sockets and pipes have numbers there
    /// that are not soon used again.
    by_link: FxHashMap<(i64, String), Option<KernelCallId>>,
    sockets: Sockets,
    /// Calls on sockets that were asked about.
    asked: Vec<Asked>,
    /// Calls on sockets as they were first defined, and in full.
    in_full: FxHashMap<KernelCallId, KernelCallId>,
    pub(super) redact: bool,
}

/// A call on a socket, by what is known at once.
#[derive(Debug)]
struct Asked {
    inode: u64,
    call: KernelCallId,
    key: (i64, String),
    name: &'static str,
}

/// Where a call is resolved.
pub(super) struct In<'a> {
    pub(super) pid: u32,
    pub(super) memory: &'a LiveMemory,
    /// Where the interpreter's lock lies.
    pub(super) gil: Option<RemoteAddr>,
}

impl Calls {
    /// The definition of a call that a thread is blocked in.
    pub(super) fn resolve(
        &mut self,
        call: &Call,
        place: &In<'_>,
        dictionary: &mut Dictionary,
    ) -> Option<KernelCallId> {
        let Some((name, at)) = call::known(call.number) else {
            let name = format!("syscall_{}", call.number);
            return self.define(&name, Object::of(CallObject::Nothing), dictionary);
        };
        let [first, second, ..] = call.arguments;
        let object = match at {
            ObjectAt::Nowhere => Object::of(CallObject::Nothing),
            ObjectAt::Descriptor => return self.descriptor(call, name, first, place, dictionary),
            ObjectAt::Connect => connect(first, second, call.arguments[2], place),
            ObjectAt::Path(index) => path(call.arguments.get(index).copied(), place),
            ObjectAt::Futex => Object::of(futex(first, place)),
            ObjectAt::Poll => match polled(first, second, place) {
                Some(descriptor) => {
                    return self.descriptor(call, name, descriptor, place, dictionary);
                }
                None => Object::of(CallObject::Poll),
            },
            ObjectAt::Select if first == 0 => Object::of(CallObject::Nothing),
            ObjectAt::Select => Object::of(CallObject::Poll),
            ObjectAt::Child => child(place.pid, first),
            ObjectAt::ChildById if first == P_PID => child(place.pid, second),
            ObjectAt::ChildById if first == P_PIDFD => {
                return self.descriptor(call, name, second, place, dictionary);
            }
            ObjectAt::ChildById => Object::of(CallObject::Child),
        };
        self.define(name, object, dictionary)
    }

    /// Records a look at a thread in a call that was resolved here.
    pub(super) fn record(&mut self, look: BlockedLook, sink: &mut Sink) {
        self.sockets.record(look, sink);
    }

    /// Takes over what was found out about sockets since the last time.
    pub(super) fn settle(&mut self, dictionary: &mut Dictionary, now: Timestamp, sink: &mut Sink) {
        if self.asked.is_empty() {
            return;
        }
        while let Some(answer) = self.sockets.answer() {
            self.answered(answer, dictionary, sink);
        }
        self.sockets.give_up(now, false, sink);
    }

    /// The recording is over: waits for a moment for what was asked.
    pub(super) fn finish(&mut self, dictionary: &mut Dictionary, now: Timestamp, sink: &mut Sink) {
        let until = Sockets::deadline();
        while let Some(answer) = self.sockets.last_answer(until) {
            self.answered(answer, dictionary, sink);
        }
        self.give_up(now, sink);
    }

    /// Records all looks as far as they are known.
    pub(super) fn give_up(&mut self, now: Timestamp, sink: &mut Sink) {
        self.sockets.give_up(now, true, sink);
    }

    fn answered(&mut self, answer: Answer, dictionary: &mut Dictionary, sink: &mut Sink) {
        let Answer { inode, object } = answer;
        let (done, rest) = std::mem::take(&mut self.asked)
            .into_iter()
            .partition::<Vec<_>, _>(|asked| asked.inode == inode);
        self.asked = rest;
        for Asked { call, key, name, .. } in done {
            let full = object.clone().and_then(|object| self.define(name, object, dictionary));
            let full = full.unwrap_or(call);
            sink.define(dictionary);
            self.sockets.settle(call, full, sink);
            if self.by_link.contains_key(&key) {
                self.by_link.insert(key, Some(full));
            }
            if self.in_full.len() >= MOST {
                self.in_full.clear();
            }
            self.in_full.insert(call, full);
        }
    }

    /// A call with all that has been found out about it since.
    pub(super) fn in_full(&self, call: KernelCallId) -> KernelCallId {
        self.in_full.get(&call).copied().unwrap_or(call)
    }

    fn descriptor(
        &mut self,
        call: &Call,
        name: &'static str,
        descriptor: u64,
        place: &In<'_>,
        dictionary: &mut Dictionary,
    ) -> Option<KernelCallId> {
        let Some(link) = objects::link(place.pid, descriptor) else {
            return self.define(name, Object::of(CallObject::Nothing), dictionary);
        };
        let key = (call.number, link);
        if let Some(&known) = self.by_link.get(&key) {
            return known;
        }
        let object = objects::describe(place.pid, descriptor, &key.1);
        let id = self.define(name, object, dictionary);
        if let Some((id, inode)) = id.zip(sockets::inode(&key.1)).filter(|_| !self.redact) {
            let protocol = sockets::protocol(place.pid, descriptor);
            if self.sockets.ask(place.pid, inode, protocol, id) {
                self.asked.push(Asked { inode, call: id, key: key.clone(), name });
            }
        }
        if self.by_link.len() >= MOST {
            self.by_link.clear();
        }
        self.by_link.insert(key, id);
        id
    }

    fn define(
        &self,
        name: &str,
        object: Object,
        dictionary: &mut Dictionary,
    ) -> Option<KernelCallId> {
        let call = dictionary.string(name)?;
        let mut text = |text: Option<String>| {
            let text = text.filter(|_| !self.redact)?;
            dictionary.string(&text)
        };
        let Object { kind: object, name, local, peer } = object;
        let (name, local, peer) = (text(name), text(local), text(peer));
        dictionary.kernel_call(KernelCall { call, object, name, local, peer })
    }
}

fn futex(addr: u64, place: &In<'_>) -> CallObject {
    match place.gil {
        Some(gil) if addr >= gil.get() && addr - gil.get() < GIL_BYTES => CallObject::Gil,
        _ => CallObject::Futex,
    }
}

fn connect(descriptor: u64, addr: u64, length: u64, place: &In<'_>) -> Object {
    let link = objects::link(place.pid, descriptor);
    let socket = link.map(|link| objects::describe(place.pid, descriptor, &link));
    let mut object = socket.unwrap_or(Object::of(CallObject::Socket));
    let mut bytes = [0; 128];
    let length = usize::try_from(length).unwrap_or(0).min(bytes.len());
    let found = bytes.get_mut(..length).and_then(|bytes| {
        place.memory.read_into(RemoteAddr::new(addr), bytes).ok()?;
        objects::sockaddr(bytes)
    });
    if let Some((kind, peer)) = found {
        if object.kind == CallObject::Socket {
            object.kind = kind;
        }
        object.peer = Some(peer);
    }
    object
}

fn path(addr: Option<u64>, place: &In<'_>) -> Object {
    let name = addr.and_then(|addr| {
        let mut bytes = [0; PATH_BYTES];
        // A path may end where its page does.
        let page_left = usize::try_from(4096 - addr % 4096).unwrap_or(PATH_BYTES);
        let first = bytes.get_mut(..PATH_BYTES.min(page_left))?;
        place.memory.read_into(RemoteAddr::new(addr), first).ok()?;
        if let Some(rest) = bytes.get_mut(page_left..)
            && !rest.is_empty()
            && place.memory.read_into(RemoteAddr::new(addr + page_left as u64), rest).is_err()
        {
            rest.fill(0);
        }
        let end = bytes.iter().position(|&byte| byte == 0)?;
        Some(String::from_utf8_lossy(bytes.get(..end)?).into_owned())
    });
    Object { name, ..Object::of(CallObject::File) }
}

/// The descriptor that is polled for, if it is a single one.
fn polled(array: u64, count: u64, place: &In<'_>) -> Option<u64> {
    if count != 1 {
        return None;
    }
    let mut bytes = [0; POLLFD];
    place.memory.read_into(RemoteAddr::new(array), &mut bytes).ok()?;
    u64::try_from(i32::from_ne_bytes(*bytes.first_chunk()?)).ok()
}

fn child(parent: u32, pid: u64) -> Object {
    let low = u32::try_from(pid & u64::from(u32::MAX)).unwrap_or(0);
    let name = objects::child(parent, low.cast_signed());
    Object { name, ..Object::of(CallObject::Child) }
}
