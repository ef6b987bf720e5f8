//! The recording file: what is written comes back; what is cut, damaged or hostile does no harm.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "recording/anything.rs"]
mod anything;
#[path = "recording/damage.rs"]
mod damage;
#[path = "recording/disk.rs"]
mod disk;
#[path = "recording/example.rs"]
mod example;
#[path = "recording/file.rs"]
mod file;
#[path = "recording/hostile.rs"]
mod hostile;
#[path = "recording/independent.rs"]
mod independent;
#[path = "recording/kernel.rs"]
mod kernel;
#[path = "recording/properties.rs"]
mod properties;
#[path = "recording/size.rs"]
mod size;
#[path = "recording/support.rs"]
mod support;
