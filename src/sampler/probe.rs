//! What attaching to a process finds, for `doctor`.

use std::path::PathBuf;

use crate::python::layout::Build;
use crate::python::{AttachError, AttachOptions, Target, is_verified};

/// What attaching to a process finds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probe {
    /// The interpreter's version, with `t` appended for free-threaded builds.
    pub python: String,
    /// Whether it is a build that is read only when forced.
    pub unverified_build: bool,
    /// The file that holds the interpreter, as the target names it.
    pub binary: PathBuf,
    /// How many properties of the layout were checked in the target, all with success.
    pub checks_passed: usize,
    /// Where the target's own account of its layout differs from what is known of its version.
    pub differences: usize,
    /// The file of asyncio's C part, once it is loaded.
    pub asyncio: Option<PathBuf>,
}

/// Attaches to a process, proves that its layout fits, and lets go again. Nothing in it is
/// changed or stopped.
///
/// # Errors
///
/// Whatever stands against attaching.
pub fn probe(pid: u32) -> Result<Probe, AttachError> {
    let interpreter = Target::attach(pid, AttachOptions { force_unverified: true })?.interpreter;
    let free_threaded = interpreter.build == Build::FreeThreaded;
    let suffix = if free_threaded { "t" } else { "" };
    Ok(Probe {
        python: format!("{}{suffix}", interpreter.version),
        unverified_build: !is_verified(interpreter.version.minor, interpreter.build),
        binary: interpreter.binary,
        checks_passed: interpreter.verified.len(),
        differences: interpreter.differences.len(),
        asyncio: interpreter.asyncio_library.map(|library| library.path),
    })
}
