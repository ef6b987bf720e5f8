//! Facts as words: text for people, JSON for programs. Nothing here prints; everything goes to a
//! writer that the caller brings.

mod bar;
pub mod check;
mod columns;
pub mod diff;
pub mod dump;
mod findings;
mod frames;
mod json;
mod path;
mod style;
mod text;
mod words;

pub use json::json;
pub use path::{path_json, path_text};
pub use style::{Style, clean};
pub use text::{TextOptions, text};
pub use words::why_not;
