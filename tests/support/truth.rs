//! What a sample says about itself (`samples/_truth.py`).

use serde::Deserialize;

/// The whole picture.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Truth {
    /// As the process sees it.
    pub(crate) pid: u32,
    /// `time.monotonic_ns()` when it was told.
    pub(crate) monotonic_ns: u64,
    /// Its tasks, finished ones excluded, by name.
    pub(crate) tasks: Vec<TruthTask>,
    /// Its running loops.
    pub(crate) loops: Vec<TruthLoop>,
    /// Its Python threads.
    pub(crate) threads: Vec<TruthThread>,
    /// Names of tasks that await each other in a circle, each list sorted.
    pub(crate) cycles: Vec<Vec<String>>,
}

/// A task.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TruthTask {
    /// `Task.get_name()`.
    pub(crate) name: String,
    /// The coroutine's qualified name.
    pub(crate) coroutine: String,
    /// `running`, `ready` or `waiting`.
    pub(crate) state: String,
    /// Index into [`Truth::loops`].
    #[serde(rename = "loop")]
    pub(crate) event_loop: usize,
    /// From the coroutine to what it finally waits for; `None` where the program cannot know it.
    pub(crate) chain: Option<Vec<TruthFrame>>,
    /// The kind, where the sample states it.
    pub(crate) waiting_on: Option<String>,
    /// Names of the tasks that await it.
    pub(crate) awaited_by: Vec<String>,
    /// `Task.cancelling()`, 3.11 and newer.
    pub(crate) cancel_requests: Option<u32>,
}

/// A frame.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct TruthFrame {
    /// Its qualified name where the program can know it, else its bare name.
    pub(crate) function: String,
    /// `co_filename`.
    pub(crate) file: String,
    /// The current line.
    pub(crate) line: u32,
    /// `function`, `coroutine`, `async_generator` or `generator`.
    pub(crate) kind: String,
}

/// An event loop.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TruthLoop {
    /// `selector`, `uvloop` or `other`.
    pub(crate) kind: String,
    /// The native id of the thread that runs it.
    pub(crate) thread: u32,
}

/// A thread.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct TruthThread {
    /// As the process sees it.
    pub(crate) native_id: u32,
    /// `Thread.name`.
    pub(crate) name: String,
}
