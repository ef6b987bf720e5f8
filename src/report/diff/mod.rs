//! What differs between two recordings, as words and as JSON.

mod json;
mod text;

pub use json::json;
pub use text::text;
