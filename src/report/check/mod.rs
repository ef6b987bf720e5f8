//! What a check found, for people and for the machines that gate merges.

mod github;
mod gitlab;
mod html;
mod json;
mod junit;
mod markdown;
mod plot;
mod sarif;
mod sources;
mod text;
mod words;

pub use github::github;
pub use gitlab::gitlab;
pub use html::html;
pub use json::json;
pub use junit::junit;
pub use markdown::markdown;
pub use sarif::sarif;
pub use sources::Sources;
pub use text::text;
