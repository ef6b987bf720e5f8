//! The target and this machine as Linux shows them: `/proc`, permissions, signals.

pub mod call;
pub mod clock;
pub mod host;
pub mod ids;
pub mod maps;
pub mod objects;
pub mod permissions;
pub mod poll;
pub mod process;
pub mod signals;
pub mod sockets;
pub mod switches;
pub mod thread;
