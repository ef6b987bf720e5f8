//! asyncio in the target: loops, tasks, await chains, and who awaits whom.

mod census;
mod chain;
mod cycles;
mod detail;
mod draft;
mod edge_ids;
mod edges;
mod env;
mod frames;
mod groups;
mod guard;
mod held;
mod jobs;
mod lingering;
mod linked;
mod locate;
mod loops;
mod naming;
mod notes;
mod object_table;
mod queues;
mod reader;
mod reading;
mod record;
mod registry;
mod row;
mod running;
mod seen;
mod settle;
mod subject;
mod task;
mod things;
mod unawaited;
mod wait;
mod wait_table;
mod watch;

pub use census::CensusSummary;
pub use locate::Asyncio;
pub use loops::KnownLoop;
pub use queues::Queued;
pub use reader::{AsyncioReader, CensusTarget};

#[cfg(test)]
mod hostile;
