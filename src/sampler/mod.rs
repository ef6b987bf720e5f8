//! Looking at targets: one look for `dump`, many for `record`.

mod agree;
mod blocked;
mod budget;
mod callback;
mod calling;
mod clock;
mod collector;
mod config;
mod edges;
mod episode;
mod error;
mod family;
mod interpreter;
mod kernel;
mod lock;
mod native;
mod pacer;
mod pause;
mod probe;
mod queues;
mod session;
mod sink;
mod snapshot;
mod stacks;
mod target;
mod thread;
mod told;
mod watch;

pub use crate::python::AttachError;
pub use config::{Outcome, Progress, SessionConfig};
pub use error::SessionError;
pub use probe::{Probe, probe};
pub use session::Session;
pub use snapshot::{DumpConfig, snapshot};
pub use told::LiveStall;
