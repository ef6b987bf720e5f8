//! The desktop viewer of looptrace recordings.
//!
//! The window reads an immutable [`snapshot::Snapshot`], which is made beside it, and a
//! [`state::State`]; what the user does becomes [`command::Command`]s, and only these change the
//! state.

pub mod app;
pub mod apply;
pub mod awaits;
pub mod axis;
pub mod command;
pub mod contention;
pub mod copy;
pub mod critical;
pub mod dock;
pub mod editor;
pub mod facts;
pub mod findings;
pub mod flame;
pub mod job;
pub mod keys;
pub mod launch;
pub mod live;
pub mod load;
pub mod lookup;
pub mod memory;
pub mod paint;
pub mod rows;
pub mod saved;
pub mod snapshot;
pub mod sources;
pub mod state;
pub mod table;
pub mod text;
pub mod theme;
pub mod views;
