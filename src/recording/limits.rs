//! What bounds the memory of a writer and of a reader, whatever they are given.

/// Stored or decompressed bytes of one block, at most; a reader refuses more before it allocates.
pub(crate) const BLOCK_BYTES: usize = 2 << 20;
/// Events of one block, at most. A reader's tables grow by at most one row per event.
pub(crate) const BLOCK_EVENTS: usize = 65_536;
/// A writer closes its block at this many events, …
pub(crate) const WRITER_EVENTS: usize = 8_192;
/// … or this many bytes before compression, …
pub(crate) const WRITER_BYTES: usize = 128 << 10;
/// … or when it spans this much recorded time (ns).
pub(crate) const WRITER_SPAN_NS: u64 = 1_000_000_000;
/// Bytes of one text; a longer one is cut.
pub const TEXT_BYTES: usize = 64 << 10;
/// Arguments of one command line; further ones are cut.
pub const COMMAND_ARGUMENTS: usize = 4_096;
/// Bytes of one command line; further arguments are cut.
pub const COMMAND_BYTES: usize = 256 << 10;
/// Tasks in one list of awaiters; further ones are cut.
pub const AWAITERS: usize = 262_144;
/// Entries of one loop's queues; further ones are cut.
pub const QUEUE_ENTRIES: usize = 16_384;
/// Lanes of the summary; the loop threads seen first have one.
pub(crate) const SUMMARY_LANES: usize = 16;
/// Buckets of a lane; their width doubles as the recording grows.
pub(crate) const SUMMARY_BUCKETS: usize = 2_048;
