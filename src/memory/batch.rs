//! Many ranges for one system call, in reusable buffers.

use super::RemoteAddr;

/// One range of a [`Batch`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RangeId(usize);

#[derive(Debug, Clone, Copy)]
pub(super) struct Range {
    pub(super) addr: RemoteAddr,
    pub(super) start: usize,
    pub(super) len: usize,
    pub(super) filled: bool,
}

/// Ranges to fetch and the bytes fetched. Clearing keeps the memory, so that the sampling path
/// allocates nothing after warm-up.
#[derive(Debug, Default)]
pub struct Batch {
    pub(super) ranges: Vec<Range>,
    pub(super) bytes: Vec<u8>,
    /// Used bytes; the buffer itself only grows, since zeroing it for each batch would cost more
    /// than the system call.
    pub(super) used: usize,
}

impl Batch {
    /// An empty batch.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets all ranges.
    pub fn clear(&mut self) {
        self.ranges.clear();
        self.used = 0;
    }

    /// Forgets what was fetched and keeps the ranges, to fetch them again.
    pub fn reset(&mut self) {
        for range in &mut self.ranges {
            range.filled = false;
        }
    }

    /// Whether every range was fetched.
    #[must_use]
    pub fn is_filled(&self) -> bool {
        self.ranges.iter().all(|range| range.filled)
    }

    /// Adds a range; it is fetched after those added before.
    pub fn push(&mut self, addr: RemoteAddr, len: usize) -> RangeId {
        let start = self.used;
        self.used = start + len;
        if self.bytes.len() < self.used {
            self.bytes.resize(self.used, 0);
        }
        self.ranges.push(Range { addr, start, len, filled: false });
        RangeId(self.ranges.len() - 1)
    }

    /// The bytes of a range; `None` if it was not readable (or not fetched yet).
    #[must_use]
    pub fn get(&self, range: RangeId) -> Option<&[u8]> {
        let range = self.ranges.get(range.0)?;
        if range.filled { self.bytes.get(range.start..range.start + range.len) } else { None }
    }

    /// The number of ranges.
    #[must_use]
    pub fn len(&self) -> usize {
        self.ranges.len()
    }

    /// Whether there are no ranges.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Fills every range from `source`, for implementations that have the bytes at hand.
    pub fn fill_with(&mut self, mut source: impl FnMut(RemoteAddr, &mut [u8]) -> bool) {
        let Self { ranges, bytes, used: _ } = self;
        for range in ranges {
            if let Some(into) = bytes.get_mut(range.start..range.start + range.len) {
                range.filled = source(range.addr, into);
            }
        }
    }
}
