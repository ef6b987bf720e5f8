//! asyncio in the target: loops, tasks, await chains, and who awaits whom.

mod census;
mod chain;
mod cycles;
mod draft;
mod edge_ids;
mod edges;
mod env;
mod frames;
mod guard;
mod locate;
mod loops;
mod naming;
mod reader;
mod reading;
mod record;
mod registry;
mod running;
mod settle;
mod task;
mod wait;
mod wait_table;
mod watch;

pub use census::CensusSummary;
pub use locate::Asyncio;
pub use loops::KnownLoop;
pub use reader::{AsyncioReader, CensusTarget};

#[cfg(test)]
mod hostile;
