//! The interpreter's threads, and which kernel threads they are.

use super::attach::Interpreter;
use super::layout::Layout;
use super::objects::{DictCursor, attribute, int, lookup, module_dict, text};
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::os::ids::{self, ThreadIds};

/// More thread states than this are not walked.
const MAX_THREADS: usize = 4096;
/// No C library's `struct pthread` is larger.
const PTHREAD_SIZE: usize = 2304;

/// A thread that runs Python.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PyThread {
    /// Its thread state.
    pub state: RemoteAddr,
    /// The interpreter it belongs to.
    pub interp: RemoteAddr,
    /// The number of its thread state: unique, never reused.
    pub id: u64,
    /// What `threading.get_ident` gives: its `pthread_t`.
    pub pthread: u64,
    /// Its kernel thread as we see it; `None` if there is none (any more).
    pub native_id: Option<u32>,
    /// The kernel's name of that thread.
    pub name: Option<String>,
}

/// The threads of all interpreters, newest first within each.
///
/// # Errors
/// When the list cannot be read, or changed while it was walked: look again.
pub fn list(
    memory: &mut impl Memory,
    interpreter: &Interpreter,
) -> Result<Vec<PyThread>, MemoryError> {
    let layout = &interpreter.layout;
    let mut threads = Vec::new();
    for &interp in &interpreter.interpreters {
        threads.extend(of_interpreter(memory, layout, interp)?);
    }
    let kernel = ids::threads(interpreter.pid).map_err(|_gone| MemoryError::Exited)?;
    let known: Vec<Option<u32>> = match layout.thread.native_thread_id {
        Some(offset) => {
            threads.iter().map(|thread| memory.u32(thread.state.offset(offset)).ok()).collect()
        }
        None => by_pthread(memory, &threads, &kernel),
    };
    for (thread, namespaced) in threads.iter_mut().zip(known) {
        let Some(namespaced) = namespaced else { continue };
        if let Some(found) = kernel.iter().find(|kernel| kernel.namespaced == namespaced) {
            thread.native_id = Some(found.host);
            thread.name = Some(found.name.clone());
        }
    }
    Ok(threads)
}

/// The thread states of all interpreters and their numbers, in the order of [`list`]: enough to
/// tell whether the threads are still the same, without looking at the kernel's.
///
/// # Errors
/// When the list cannot be read.
pub fn states(
    memory: &mut impl Memory,
    interpreter: &Interpreter,
) -> Result<Vec<(RemoteAddr, u64)>, MemoryError> {
    let mut states = Vec::new();
    for &interp in &interpreter.interpreters {
        let found = of_interpreter(memory, &interpreter.layout, interp)?;
        states.extend(found.iter().map(|thread| (thread.state, thread.id)));
    }
    Ok(states)
}

/// The names that `threading` knows, by `threading.get_ident`, in ascending order; empty where the
/// program has not imported it.
///
/// # Errors
/// When they cannot be read.
pub fn python_names(
    memory: &mut impl Memory,
    interpreter: &Interpreter,
) -> Result<Vec<(u64, String)>, MemoryError> {
    let layout = &interpreter.layout;
    let mut names = Vec::new();
    let Some(&main) = interpreter.interpreters.last() else { return Ok(names) };
    let modules = memory.pointer(main.offset(layout.interpreter.modules))?;
    let Some(module) = lookup(memory, layout, modules, "threading")? else { return Ok(names) };
    let dict = module_dict(memory, layout, module)?;
    let Some(active) = lookup(memory, layout, dict, "_active")? else { return Ok(names) };
    let mut entries = DictCursor::new(memory, layout, active)?;
    while let Some((ident, thread)) = entries.next(memory)? {
        let Some(name) = attribute(memory, layout, thread, "_name")? else { continue };
        if let Ok(ident) = u64::try_from(int(memory, layout, ident)?) {
            names.push((ident, text(memory, layout, name)?));
        }
        if names.len() == MAX_THREADS {
            break;
        }
    }
    names.sort_unstable();
    Ok(names)
}

/// The thread states of one interpreter; their kernel threads are not known yet.
pub(super) fn of_interpreter(
    memory: &mut impl Memory,
    layout: &Layout,
    interp: RemoteAddr,
) -> Result<Vec<PyThread>, MemoryError> {
    let thread = &layout.thread;
    let mut threads: Vec<PyThread> = Vec::new();
    let mut at = memory.pointer(interp.offset(layout.interpreter.threads_head))?;
    while !at.is_null() {
        let nonsense = MemoryError::Nonsense { addr: at };
        let state = at.plausible().ok_or(nonsense)?;
        let seen = threads.iter().any(|thread| thread.state == state);
        if seen || threads.len() == MAX_THREADS {
            return Err(nonsense);
        }
        if memory.pointer(state.offset(thread.interp))? != interp {
            return Err(nonsense);
        }
        threads.push(PyThread {
            state,
            interp,
            id: memory.u64(state.offset(thread.id))?,
            pthread: memory.u64(state.offset(thread.thread_id))?,
            native_id: None,
            name: None,
        });
        at = memory.pointer(state.offset(thread.next))?;
    }
    Ok(threads)
}

/// Before 3.11 the interpreter does not know kernel ids, but the C library does: somewhere in
/// `struct pthread` stands the thread's own. The offset is the first at which all threads have
/// the id of a kernel thread of this process, each another one.
fn by_pthread(
    memory: &mut impl Memory,
    threads: &[PyThread],
    kernel: &[ThreadIds],
) -> Vec<Option<u32>> {
    let structs: Vec<Vec<u8>> =
        threads.iter().map(|thread| pthread(memory, RemoteAddr::new(thread.pthread))).collect();
    let mut known: Vec<u32> = kernel.iter().map(|thread| thread.namespaced).collect();
    known.sort_unstable();
    let at = |offset: usize| -> Vec<Option<u32>> {
        let found = structs.iter().map(|bytes| {
            let id = u32::from_le_bytes(*bytes.get(offset..)?.first_chunk()?);
            known.binary_search(&id).is_ok().then_some(id)
        });
        found.collect()
    };
    let mut best = Vec::new();
    let mut most = 0;
    for offset in (0..PTHREAD_SIZE).step_by(4) {
        let found = at(offset);
        let mut ids: Vec<u32> = found.iter().flatten().copied().collect();
        ids.sort_unstable();
        ids.dedup();
        if ids.len() > most {
            (best, most) = (found, ids.len());
        }
        if most == threads.len() {
            break;
        }
    }
    best
}

/// As much of a `struct pthread` as is mapped.
fn pthread(memory: &mut impl Memory, addr: RemoteAddr) -> Vec<u8> {
    const PAGE: u64 = 4096;
    let mut len = PTHREAD_SIZE;
    while len > 0 {
        if let Ok(bytes) = memory.bytes(addr, len) {
            return bytes.to_vec();
        }
        let end = addr.get().saturating_add(len as u64);
        let cut = usize::try_from((end - 1) % PAGE + 1).unwrap_or(len);
        len = len.saturating_sub(cut);
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::{ImageMemory, PagedMemory};
    use crate::python::layout::Build;

    const INTERP: u64 = 0x10000;

    /// An interpreter whose thread states are `states`: address, next, interpreter.
    fn walk(states: &[(u64, u64, u64)]) -> Result<Vec<PyThread>, MemoryError> {
        let layout = Layout::for_version(8, Build::Gil).unwrap();
        let mut bytes = vec![0; 0x10000];
        let mut put = |at: u64, value: u64| {
            let at = usize::try_from(at - INTERP).unwrap();
            bytes[at..at + 8].copy_from_slice(&value.to_le_bytes());
        };
        put(INTERP + layout.interpreter.threads_head, states[0].0);
        for (id, &(state, next, interp)) in (1..).zip(states) {
            put(state + layout.thread.next, next);
            put(state + layout.thread.interp, interp);
            put(state + layout.thread.id, id);
        }
        let mut image = ImageMemory::new();
        image.insert(RemoteAddr::new(INTERP), bytes);
        of_interpreter(&mut PagedMemory::new(image), layout, RemoteAddr::new(INTERP))
    }

    #[test]
    fn threads_come_in_the_order_of_the_list() {
        let threads = walk(&[(0x12000, 0x13000, INTERP), (0x13000, 0, INTERP)]).unwrap();
        let ids: Vec<u64> = threads.iter().map(|thread| thread.id).collect();
        assert_eq!(ids, [1, 2]);
    }

    #[test]
    fn a_cycle_ends_and_a_foreign_thread_is_noticed() {
        let nonsense = |addr| Err(MemoryError::Nonsense { addr: RemoteAddr::new(addr) });
        let cycle = walk(&[(0x12000, 0x13000, INTERP), (0x13000, 0x12000, INTERP)]);
        assert_eq!(cycle, nonsense(0x12000));
        let foreign = walk(&[(0x12000, 0x13000, INTERP), (0x13000, 0, 0x14000)]);
        assert_eq!(foreign, nonsense(0x13000));
        let crooked = walk(&[(0x12000, 0x13001, INTERP)]);
        assert_eq!(crooked, nonsense(0x13001));
    }

    #[test]
    fn kernel_ids_are_found_where_all_threads_have_one_of_their_own() {
        let pthreads = [0x20000_u64, 0x30000];
        let mut image = ImageMemory::new();
        for (index, pthread) in (0..).zip(pthreads) {
            let mut bytes = vec![0; 4096];
            // The process's id stands before the thread's, and is the same in all of them.
            bytes[100..104].copy_from_slice(&501_u32.to_le_bytes());
            bytes[720..724].copy_from_slice(&(501_u32 + index).to_le_bytes());
            image.insert(RemoteAddr::new(pthread), bytes);
        }
        let thread = |pthread| PyThread {
            state: RemoteAddr::NULL,
            interp: RemoteAddr::NULL,
            id: 1,
            pthread,
            native_id: None,
            name: None,
        };
        let kernel = |namespaced| ThreadIds { host: 9, namespaced, name: String::new() };
        let found = by_pthread(
            &mut PagedMemory::new(image),
            &pthreads.map(thread),
            &[kernel(501), kernel(502), kernel(503)],
        );
        assert_eq!(found, [Some(501), Some(502)]);
    }
}
