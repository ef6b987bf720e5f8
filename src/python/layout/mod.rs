//! Where the interpreter keeps what we read, as data.
//!
//! One [`Layout`] per (minor version, build). All offsets are in bytes from the start of the
//! structure named. A field that a version does not have is `None`; differences in behaviour are
//! small enums, each matched in one function. Adding a Python version is adding a row.

mod base;
mod free_threaded;
mod gil;
mod object_types;
pub mod published;
pub mod published_asyncio;
mod published_fields;
mod types;

pub use object_types::*;
pub use types::*;

/// The oldest and the newest 3.x that have a row.
pub const MINORS: std::ops::RangeInclusive<u8> = 8..=15;
/// The oldest and the newest 3.x that have a row for the free-threaded build.
pub const FREE_THREADED_MINORS: std::ops::RangeInclusive<u8> = 13..=15;

static ROWS: [Layout; 11] = [
    base::V3_8,
    gil::V3_9,
    gil::V3_10,
    gil::V3_11,
    gil::V3_12,
    gil::V3_13,
    gil::V3_14,
    gil::V3_15,
    free_threaded::V3_13,
    free_threaded::V3_14,
    free_threaded::V3_15,
];

impl Layout {
    /// The table's row for Python 3.`minor`, or `None` if that version or build is not known.
    #[must_use]
    pub fn for_version(minor: u8, build: Build) -> Option<&'static Self> {
        ROWS.iter().find(|row| row.minor == minor && row.build == build)
    }

    /// All rows.
    #[must_use]
    pub fn rows() -> &'static [Self] {
        &ROWS
    }
}

#[cfg(test)]
mod published_samples;
#[cfg(test)]
mod tests;
