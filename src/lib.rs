//! looptrace: an out-of-process tracer and profiler for Python's asyncio.

pub mod analysis;
pub mod asyncio;
pub mod cli;
pub mod export;
pub mod memory;
pub mod model;
pub mod os;
pub mod python;
pub mod recording;
pub mod report;
pub mod sampler;
