//! What the live tests share: interpreters, targets, the truth that a target tells, and looptrace.

pub(crate) mod interpreter;
pub(crate) mod look;
pub(crate) mod oracle;
pub(crate) mod recorded;
pub(crate) mod recorder;
pub(crate) mod sample;
mod target;
pub(crate) mod truth;

pub(crate) use interpreter::interpreters;
pub(crate) use sample::samples;
pub(crate) use target::Target;
