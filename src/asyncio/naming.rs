//! Which task is at an address: the one known, renamed perhaps, or another one.

use super::census::{Census, Lasting};
use super::chain::Leaf;
use super::env::Env;
use super::guard::Guard;
use super::reading::Reading;
use super::record::{Identity, Record};
use super::task;
use super::watch::Watch;
use crate::memory::{MemoryError, ReadMemory, RemoteAddr};
use crate::model::{CodeId, Dictionary, LoopId, StringId, Task, TaskId, TaskState};
use crate::python::objects::types::Types;

/// Whether a task was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Known {
    /// It is the one known.
    Same(TaskId),
    /// It is new; without an id if it was done already.
    New(Option<TaskId>),
}

/// Finds or makes the record of the task at `addr`.
pub(super) fn define<M: ReadMemory>(
    census: &mut Census<'_, M>,
    types: &mut Types,
    addr: RemoteAddr,
    reading: &Reading,
    root: Option<CodeId>,
    event_loop: Option<LoopId>,
) -> Result<Known, MemoryError> {
    let fields = &reading.fields;
    let known = census.lasting.records.get(addr).map(|record| (record.id, record.identity));
    let same_mark = known.is_some_and(|(_, identity)| identity.name_mark == reading.name_mark);
    let name = match known {
        Some((_, identity)) if same_mark => identity.name,
        _ => name(census, types, fields.name)?,
    };
    let found = Found { reading, name, root, event_loop };
    Ok(record(census.lasting, census.dictionary, addr, found))
}

/// What there is to say of a task.
#[derive(Clone, Copy)]
pub(super) struct Found<'a> {
    pub(super) reading: &'a Reading,
    pub(super) name: Option<StringId>,
    /// The code of its root coroutine.
    pub(super) root: Option<CodeId>,
    pub(super) event_loop: Option<LoopId>,
}

/// Finds or makes the record of the task at `addr`, of which everything has been read.
pub(super) fn record(
    lasting: &mut Lasting,
    dictionary: &mut Dictionary,
    addr: RemoteAddr,
    Found { reading, name, root, event_loop }: Found<'_>,
) -> Known {
    let fields = &reading.fields;
    let identity =
        Identity { coro: fields.coro, context: fields.context, name_mark: reading.name_mark, name };
    let definition = Task {
        process: lasting.process,
        name: if lasting.redact_names { None } else { name },
        coroutine: root
            .and_then(|code| dictionary.get_code(code))
            .map(|location| location.function),
        code: root,
        event_loop,
    };
    if let Some(position) = lasting.records.position(addr)
        && let Some(record) = lasting.records.at_mut(position)
        && let Some(id) = record.id
        && is_same(record, reading, &identity, root, dictionary)
    {
        record.identity = identity;
        if let Some(&old) = dictionary.get_task(id) {
            let coroutine = definition.coroutine.or(old.coroutine);
            let code = definition.code.or(old.code);
            let event_loop = definition.event_loop.or(old.event_loop);
            let task = Task { coroutine, code, event_loop, ..definition };
            dictionary.update_task(id, task);
        }
        return Known::Same(id);
    }
    let done = reading.state == TaskState::Done;
    let id = if done { None } else { dictionary.add_task(definition) };
    let record = Record {
        addr,
        id,
        identity,
        row: None,
        note: None,
        turn: 0,
        guard: Guard::default(),
        wants: None,
        held: Vec::new(),
        detail: None,
        awaiters: Vec::new(),
        reported: Vec::new(),
        started: false,
        seen: lasting.epoch,
    };
    let (_, replaced) = lasting.records.insert(record);
    if let Some(mut replaced) = replaced {
        lasting.guards.drop(&mut replaced.guard);
        lasting.replaced.extend(replaced.id);
    }
    lasting.edges_changed = true;
    Known::New(id)
}

fn name<M: ReadMemory>(
    census: &mut Census<'_, M>,
    types: &mut Types,
    name: RemoteAddr,
) -> Result<Option<StringId>, MemoryError> {
    let mut spans = Vec::new();
    let mut watch = Watch::new(census.memory, &mut spans);
    let mut env = Env { layout: census.layout, types };
    match task::name(&mut watch, &mut env, name) {
        Ok(name) => Ok(name.and_then(|name| census.dictionary.string(&name))),
        Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Whether `record` is about the task just read.
fn is_same(
    record: &Record,
    reading: &Reading,
    identity: &Identity,
    root: Option<CodeId>,
    dictionary: &Dictionary,
) -> bool {
    let done = reading.state == TaskState::Done;
    let old = record.identity;
    // A task that is done gives up its coroutine.
    if (old.coro != identity.coro && !done) || old.context != identity.context {
        return false;
    }
    if record.row.is_some_and(|row| row.state == TaskState::Done) && !done {
        return false;
    }
    if record.started && reading.leaf == Leaf::NotStarted {
        return false;
    }
    let known = record.id.and_then(|id| dictionary.get_task(id)).and_then(|task| task.code);
    if known.is_some() && root.is_some() && known != root {
        return false;
    }
    if old.name_mark == identity.name_mark || old.name == identity.name {
        return true;
    }
    // Addresses are reused all at once by the next task of the same kind, so another name means
    // another task, unless a name took the place of a number.
    match (old.name, identity.name) {
        (Some(old), Some(new)) => {
            let (old, new) = (dictionary.text(old), dictionary.text(new));
            known == root && is_numbered(old) && !is_numbered(new)
        }
        _ => false,
    }
}

/// Whether this is a name that asyncio made up.
fn is_numbered(name: &str) -> bool {
    name.strip_prefix("Task-").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()))
}
