//! Code, frames and stacks.

use super::id::{CodeId, FrameId, StackId, StringId};

/// What kind of function a frame runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FrameKind {
    /// A plain function, module or class body.
    Function,
    /// The body of an `async def` without `yield`.
    Coroutine,
    /// The body of an `async def` with `yield`.
    AsyncGenerator,
    /// The body of a `def` with `yield`, `types.coroutine` included.
    Generator,
    /// Something implemented in C or Cython, known by its type's name only.
    Native,
}

impl FrameKind {
    /// The word used in every output.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Function => "function",
            Self::Coroutine => "coroutine",
            Self::AsyncGenerator => "async_generator",
            Self::Generator => "generator",
            Self::Native => "native",
        }
    }
}

/// A code object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CodeLocation {
    /// `co_filename` as the interpreter holds it.
    pub file: StringId,
    /// The qualified name (`co_qualname`; the bare name on 3.8–3.10 where no owner tells more).
    pub function: StringId,
    /// `co_firstlineno`.
    pub first_line: u32,
    /// From `co_flags`.
    pub kind: FrameKind,
}

/// A line of a code object that was seen executing or suspended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Frame {
    /// The code object.
    pub code: CodeId,
    /// 1-based line; 0 where the line table names none (and for native frames).
    pub line: u32,
}

/// A node of the stack tree. Parents are always defined before their children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct StackNode {
    /// The caller's (or awaiting coroutine's) node; `None` at the outermost frame.
    pub parent: Option<StackId>,
    /// The innermost frame of this stack.
    pub frame: FrameId,
}
