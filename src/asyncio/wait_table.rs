//! What asyncio's own coroutines wait for.

use crate::model::WaitKind;

/// One coroutine of the asyncio package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct WaitRow {
    /// The module's file within the package.
    pub(super) file: &'static str,
    /// Its qualified name; a trailing `*` stands for any ending.
    pub(super) function: &'static str,
    /// What a task inside it waits for.
    pub(super) kind: WaitKind,
    /// Whether it also says so when it waits inside another row's coroutine.
    pub(super) absorbs: bool,
}

impl WaitRow {
    fn fits(&self, function: &str) -> bool {
        match self.function.strip_suffix('*') {
            Some(start) => function.starts_with(start),
            None => self.function == function,
        }
    }
}

const fn row(file: &'static str, function: &'static str, kind: WaitKind) -> WaitRow {
    WaitRow { file, function, kind, absorbs: false }
}

const fn whole(file: &'static str, function: &'static str, kind: WaitKind) -> WaitRow {
    WaitRow { file, function, kind, absorbs: true }
}

/// The table, of all versions at once.
pub(super) const WAITS: &[WaitRow] = &[
    row("tasks.py", "sleep", WaitKind::Sleep),
    row("tasks.py", "wait", WaitKind::Wait),
    row("tasks.py", "_wait", WaitKind::Wait),
    row("tasks.py", "wait_for", WaitKind::WaitFor),
    row("tasks.py", "_cancel_and_wait", WaitKind::WaitFor),
    whole("tasks.py", "as_completed.<locals>._wait_for_one", WaitKind::AsCompleted),
    whole("tasks.py", "_AsCompletedIterator.*", WaitKind::AsCompleted),
    row("taskgroups.py", "TaskGroup.*", WaitKind::TaskGroup),
    row("locks.py", "Lock.acquire", WaitKind::Lock),
    row("locks.py", "Semaphore.acquire", WaitKind::Semaphore),
    row("locks.py", "BoundedSemaphore.acquire", WaitKind::Semaphore),
    row("locks.py", "Condition.wait", WaitKind::Condition),
    row("locks.py", "Event.wait", WaitKind::Event),
    whole("locks.py", "Barrier.*", WaitKind::Barrier),
    row("queues.py", "Queue.get", WaitKind::QueueGet),
    row("queues.py", "Queue.put", WaitKind::QueuePut),
    whole("queues.py", "Queue.join", WaitKind::QueueJoin),
    whole("streams.py", "StreamReader.*", WaitKind::Stream),
    whole("streams.py", "StreamWriter.*", WaitKind::Stream),
    whole("streams.py", "FlowControlMixin.*", WaitKind::Stream),
    whole("subprocess.py", "Process.wait", WaitKind::Subprocess),
    whole("subprocess.py", "Process.communicate", WaitKind::Subprocess),
    whole("base_subprocess.py", "BaseSubprocessTransport.*", WaitKind::Subprocess),
    whole("selector_events.py", "BaseSelectorEventLoop.sock_*", WaitKind::Socket),
    whole("selector_events.py", "BaseSelectorEventLoop._sock_*", WaitKind::Socket),
    whole("proactor_events.py", "BaseProactorEventLoop.sock_*", WaitKind::Socket),
    whole("threads.py", "to_thread", WaitKind::Executor),
    whole("base_events.py", "BaseEventLoop.getaddrinfo", WaitKind::Executor),
    whole("base_events.py", "BaseEventLoop.getnameinfo", WaitKind::Executor),
];

/// Callbacks of the awaited future by which something plain is recognised.
pub(super) const CALLBACKS: &[(&str, WaitKind)] = &[
    ("shield.<locals>._outer_done_callback", WaitKind::Shield),
    ("_chain_future.<locals>._call_check_cancel", WaitKind::Executor),
];

/// Coroutines of uvloop, which are compiled and have no file.
const NATIVE: &[WaitRow] = &[whole("", "Loop.sock_*", WaitKind::Socket)];

/// The row of a compiled coroutine.
pub(super) fn find_native(function: &str) -> Option<WaitRow> {
    NATIVE.iter().find(|row| row.fits(function)).copied()
}

/// The row of a coroutine of asyncio. `Err` when the file is none of asyncio's, `Ok(None)` when
/// it is but the function has no row.
pub(super) fn find(file: &str, function: &str) -> Result<Option<WaitRow>, ()> {
    let mut parts = file.rsplit('/');
    let name = parts.next().unwrap_or_default();
    if parts.next() != Some("asyncio") {
        return Err(());
    }
    Ok(WAITS.iter().find(|row| row.file == name && row.fits(function)).copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_file_and_name() {
        let kind = |file, function| find(file, function).map(|row| row.map(|row| row.kind));
        let lib = "/usr/lib/python3.11/asyncio/locks.py";
        assert_eq!(kind(lib, "Lock.acquire"), Ok(Some(WaitKind::Lock)));
        assert_eq!(kind(lib, "Barrier._wait"), Ok(Some(WaitKind::Barrier)));
        assert_eq!(kind(lib, "Lock.__aenter__"), Ok(None));
        assert_eq!(kind("/app/locks.py", "Lock.acquire"), Err(()));
        assert_eq!(kind("<frozen asyncio/locks.py>", "Lock.acquire"), Err(()));
    }
}
