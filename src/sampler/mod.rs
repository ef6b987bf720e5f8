//! Looking at targets: one look for `dump`, many for `record`.

mod budget;
mod clock;
mod config;
mod error;
mod family;
mod pacer;
mod pause;
mod probe;
mod session;
mod sink;
mod snapshot;
mod stacks;
mod target;
mod thread;

pub use crate::python::AttachError;
pub use config::{Outcome, Progress, SessionConfig};
pub use error::SessionError;
pub use probe::{Probe, probe};
pub use session::Session;
pub use snapshot::{DumpConfig, snapshot};
