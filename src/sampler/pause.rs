//! Pausing a target while it is looked at: only when asked, and never left behind.

/// A paused process; it goes on when this is dropped.
///
/// remoteprocess stops each thread with ptrace. The kernel lets a traced process go on by itself
/// when its tracer dies, so the target runs on even if this process is killed in between.
#[derive(Debug)]
pub(super) struct Pause {
    _lock: Option<Lock>,
}

struct Lock(#[expect(dead_code, reason = "held for its destructor")] remoteprocess::Lock);

impl std::fmt::Debug for Lock {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Lock")
    }
}

impl Pause {
    /// Pauses a process. If that is refused the look goes on without: it is verified anyway.
    pub(super) fn new(pid: u32) -> Self {
        let pid = remoteprocess::Pid::try_from(pid).ok();
        let process = pid.and_then(|pid| remoteprocess::Process::new(pid).ok());
        Self { _lock: process.and_then(|process| process.lock().ok()).map(Lock) }
    }
}
