//! One look at a program, for people (tree, table) and programs (JSON).

mod about;
mod forest;
mod json;
mod table;
mod tree;
mod waiting;

pub use json::json;
pub use table::table;
pub use tree::{TreeOptions, tree};
