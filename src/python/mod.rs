//! The `CPython` interpreter inside a target: where it is, how it is laid out, and what its objects
//! say.

mod asyncio_library;
mod attach;
mod attach_error;
pub mod callee;
pub mod code;
mod discovery;
mod elf;
pub mod frames;
pub mod generator;
pub mod layout;
pub mod locals;
pub mod locks;
pub mod objects;
pub mod symbols;
pub mod threads;
pub mod verify;
mod version;

pub use asyncio_library::AsyncioLibrary;
pub use attach::{AttachOptions, Interpreter, Target, is_verified};
pub use attach_error::AttachError;
pub use version::Version;
