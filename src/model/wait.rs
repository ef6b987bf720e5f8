//! What a waiting task waits for.

use super::id::{ObjectId, StringId, TaskId};

macro_rules! kinds {
    ($($(#[$doc:meta])+ $variant:ident = $name:literal),+ $(,)?) => {
        /// The kinds of things a task can wait for.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u8)]
        pub enum WaitKind {
            $($(#[$doc])+ $variant),+
        }

        impl WaitKind {
            /// Every kind, in the order of their codes in a recording.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word used in every output.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name),+
                }
            }
        }
    };
}

kinds! {
    /// `asyncio.sleep`.
    Sleep = "sleep",
    /// A timeout scope.
    Timeout = "timeout",
    /// `asyncio.Lock.acquire`.
    Lock = "lock",
    /// `asyncio.Semaphore.acquire`.
    Semaphore = "semaphore",
    /// `asyncio.Condition.wait`.
    Condition = "condition",
    /// `asyncio.Event.wait`.
    Event = "event",
    /// `asyncio.Barrier.wait`.
    Barrier = "barrier",
    /// `asyncio.Queue.get`.
    QueueGet = "queue_get",
    /// `asyncio.Queue.put`.
    QueuePut = "queue_put",
    /// `asyncio.Queue.join`.
    QueueJoin = "queue_join",
    /// `loop.sock_*`.
    Socket = "socket",
    /// A stream reader or writer.
    Stream = "stream",
    /// A job in an executor.
    Executor = "executor",
    /// A child process.
    Subprocess = "subprocess",
    /// Another task.
    Task = "task",
    /// `asyncio.gather`.
    Gather = "gather",
    /// `asyncio.TaskGroup`.
    TaskGroup = "task_group",
    /// `asyncio.wait`.
    Wait = "wait",
    /// `asyncio.wait_for`.
    WaitFor = "wait_for",
    /// `asyncio.as_completed`.
    AsCompleted = "as_completed",
    /// `asyncio.shield`.
    Shield = "shield",
    /// An async generator.
    AsyncGenerator = "async_generator",
    /// A bare future.
    Future = "future",
    /// Something looptrace does not know; its type's name says what.
    Unknown = "unknown",
}

/// What a task waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct WaitReason {
    /// Its kind.
    pub kind: WaitKind,
    /// The thing itself, where its identity means something (a lock, a queue).
    pub object: Option<ObjectId>,
    /// The awaited object's type name, where the kind alone does not say it.
    pub type_name: Option<StringId>,
    /// In words, what exactly: the function of an executor's job.
    pub detail: Option<StringId>,
}

impl WaitReason {
    /// A reason of which nothing but its kind is known.
    #[must_use]
    pub const fn plain(kind: WaitKind) -> Self {
        Self { kind, object: None, type_name: None, detail: None }
    }
}

/// How something that tasks wait for stands. What is unknown, or means nothing for this type of
/// object, is `None`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectState {
    /// Whether a lock is locked or an event set (0 or 1), a semaphore's free permits, a barrier's
    /// tasks that arrived, a queue's unfinished items, an executor's busy workers.
    pub value: Option<u32>,
    /// Items in a queue, jobs that wait for an executor's worker.
    pub size: Option<u32>,
    /// A queue's greatest size, a bounded semaphore's permits, a barrier's parties, an executor's
    /// greatest number of workers.
    pub capacity: Option<u32>,
    /// Tasks in its line, as the object itself counts them.
    pub waiters: Option<u32>,
    /// The tasks that hold it, as far as a suspended frame of theirs proves it.
    pub holders: Vec<TaskId>,
}
