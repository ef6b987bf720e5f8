//! A batch of events as columns. Encoding and decoding of each event stand side by side, because
//! both must touch the same columns in the same order.

mod census;
mod clock;
mod decoder;
mod definitions;
mod encoder;
mod interpreter;
mod kernel;
mod kind;
mod notes;
mod objects;
mod recorder;
mod samples;

pub(crate) use decoder::{Decoder, Undecodable};
pub(crate) use encoder::Encoder;

use super::varint::Malformed;

/// The number a reference is written as; 0 stands for none.
fn number<Id>(id: Option<Id>, get: impl Fn(Id) -> u32) -> u64 {
    id.map_or(0, |id| u64::from(get(id)))
}

/// The reference written as `number`.
fn optional<Id>(number: u64, new: impl Fn(u32) -> Option<Id>) -> Result<Option<Id>, Malformed> {
    u32::try_from(number).map(new).or(Err(Malformed))
}

/// The id written as `number`, which must be one.
fn required<Id>(number: u64, new: impl Fn(u32) -> Option<Id>) -> Result<Id, Malformed> {
    optional(number, new)?.ok_or(Malformed)
}

/// A count or other number that has 32 bits in memory.
fn small(number: u64) -> Result<u32, Malformed> {
    u32::try_from(number).or(Err(Malformed))
}

/// A number that may be missing, written as one more than it is; 0 stands for missing.
fn plus_one(number: Option<u32>) -> u64 {
    number.map_or(0, |number| u64::from(number) + 1)
}

/// Undoes [`plus_one`].
fn minus_one(number: u64) -> Result<Option<u32>, Malformed> {
    number.checked_sub(1).map(small).transpose()
}

/// An entry of a table of codes.
fn choice<T: Copy>(table: &[T], code: u64) -> Result<T, Malformed> {
    usize::try_from(code).ok().and_then(|code| table.get(code).copied()).ok_or(Malformed)
}

/// Yes or no, written as 1 or 0.
fn flag(code: u64) -> Result<bool, Malformed> {
    choice(&[false, true], code)
}
