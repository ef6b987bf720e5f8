//! Addresses in the target.

use std::fmt;

/// An address in the target process; a number here, never a pointer.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RemoteAddr(u64);

/// User addresses on x86-64 and aarch64 Linux lie below this one.
const USER_END: u64 = 1 << 48;
/// The first page is never mapped.
const USER_START: u64 = 1 << 12;

impl RemoteAddr {
    /// The null pointer.
    pub const NULL: Self = Self(0);

    /// The address with this number.
    #[must_use]
    pub const fn new(address: u64) -> Self {
        Self(address)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u64 {
        self.0
    }

    /// Whether this is the null pointer.
    #[must_use]
    pub const fn is_null(self) -> bool {
        self.0 == 0
    }

    /// `Some(self)` if this could be the address of an object: inside user space and 8-aligned.
    #[must_use]
    pub const fn plausible(self) -> Option<Self> {
        if self.0 >= USER_START && self.0 < USER_END && self.0.is_multiple_of(8) {
            Some(self)
        } else {
            None
        }
    }

    /// This address plus `offset`; wraps never, saturates at the end of the address space, where
    /// nothing is readable.
    #[must_use]
    pub const fn offset(self, offset: u64) -> Self {
        Self(self.0.saturating_add(offset))
    }

    /// This address minus `offset`; null on underflow.
    #[must_use]
    pub const fn before(self, offset: u64) -> Self {
        Self(self.0.saturating_sub(offset))
    }

    /// Bytes from `start` to here; `None` if `start` is above.
    #[must_use]
    pub const fn offset_from(self, start: Self) -> Option<u64> {
        self.0.checked_sub(start.0)
    }
}

impl fmt::Debug for RemoteAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}

impl fmt::Display for RemoteAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:#x}", self.0)
    }
}
