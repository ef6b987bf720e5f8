//! `perf_event_open`, for what the stream needs of it.
#![expect(unsafe_code, reason = "perf_event_open takes a raw structure and gives a raw descriptor")]

use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd as _, FromRawFd as _};

use nix::errno::Errno;
use nix::libc;
use perf_event_open_sys as sys;
use perf_event_open_sys::bindings;

use crate::model::EdgeSource;

/// Why there is no stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The kernel's error.
    pub errno: Errno,
    /// Whether the ring could not be mapped, rather than the event not be opened.
    pub memory: bool,
}

impl Refusal {
    pub(super) fn of_memory(error: &io::Error) -> Self {
        Self { errno: Errno::from_raw(error.raw_os_error().unwrap_or(0)), memory: true }
    }

    /// What to say of a thread without a stream.
    #[must_use]
    pub const fn source(self) -> EdgeSource {
        match self.errno {
            Errno::EPERM | Errno::ENOMEM if self.memory => EdgeSource::NoMemory,
            Errno::EPERM | Errno::EACCES => EdgeSource::Denied,
            Errno::ENOSYS | Errno::ENOENT | Errno::EOPNOTSUPP | Errno::EINVAL => {
                EdgeSource::Unsupported
            }
            Errno::ESRCH => EdgeSource::UnknownThread,
            _ => EdgeSource::Failed,
        }
    }
}

/// The event whose only purpose is its records of switches.
pub(super) fn switches(tid: u32) -> Result<File, Refusal> {
    let mut attributes = software(bindings::PERF_COUNT_SW_DUMMY.into());
    attributes.sample_type = u64::from(bindings::PERF_SAMPLE_TIME);
    attributes.set_context_switch(1);
    open(&mut attributes, tid)
}

/// An event that is off, and wakes whoever polls it with each record of a switch.
pub(super) fn bell(tid: u32) -> Result<File, Refusal> {
    let mut attributes = software(bindings::PERF_COUNT_SW_DUMMY.into());
    attributes.set_context_switch(1);
    attributes.set_disabled(1);
    attributes.__bindgen_anon_2.wakeup_watermark = 1;
    open(&mut attributes, tid)
}

/// Turns an event on.
pub(super) fn enable(event: &File) -> io::Result<()> {
    // SAFETY: the descriptor is open; the call takes no memory of ours.
    let result = unsafe { sys::ioctls::ENABLE(event.as_raw_fd(), 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Turns an event off. It stays on only if it is gone.
pub(super) fn disable(event: &File) {
    // SAFETY: as in `enable`.
    let _gone = unsafe { sys::ioctls::DISABLE(event.as_raw_fd(), 0) };
}

/// Instruction pointers after every `period` nanoseconds on the CPU, written into `ring`.
pub(super) fn instructions(tid: u32, period: u64, ring: &File) -> Result<File, Refusal> {
    let mut attributes = software(bindings::PERF_COUNT_SW_CPU_CLOCK.into());
    attributes.sample_type = u64::from(bindings::PERF_SAMPLE_IP | bindings::PERF_SAMPLE_TIME);
    attributes.__bindgen_anon_1.sample_period = period;
    let file = open(&mut attributes, tid)?;
    // SAFETY: both descriptors are open; the call only ties one event to the other's ring.
    let result = unsafe { sys::ioctls::SET_OUTPUT(file.as_raw_fd(), ring.as_raw_fd()) };
    if result < 0 {
        return Err(Refusal { errno: Errno::last(), memory: false });
    }
    Ok(file)
}

/// What all events have in common: no code of the kernel's, and nobody is woken up.
fn software(config: u64) -> bindings::perf_event_attr {
    let mut attributes = bindings::perf_event_attr {
        type_: bindings::PERF_TYPE_SOFTWARE,
        size: u32::try_from(size_of::<bindings::perf_event_attr>()).unwrap_or(0),
        config,
        clockid: libc::CLOCK_MONOTONIC,
        ..bindings::perf_event_attr::default()
    };
    attributes.set_use_clockid(1);
    attributes.set_sample_id_all(1);
    attributes.set_exclude_kernel(1);
    attributes.set_exclude_hv(1);
    attributes.set_watermark(1);
    attributes.__bindgen_anon_2.wakeup_watermark = u32::MAX;
    attributes
}

fn open(attributes: &mut bindings::perf_event_attr, tid: u32) -> Result<File, Refusal> {
    let tid = i32::try_from(tid).ok().filter(|&tid| tid > 0);
    let tid = tid.ok_or(Refusal { errno: Errno::ESRCH, memory: false })?;
    let flags = libc::c_ulong::from(bindings::PERF_FLAG_FD_CLOEXEC);
    // SAFETY: the attributes are a whole structure whose size field is right; the kernel writes at
    // most that size back. Only the thread named is observed, and nothing of it is changed.
    let descriptor = unsafe { sys::perf_event_open(attributes, tid, -1, -1, flags) };
    let descriptor = Errno::result(descriptor).map_err(|errno| Refusal { errno, memory: false })?;
    // SAFETY: the descriptor is new and nobody else has it.
    Ok(unsafe { File::from_raw_fd(descriptor) })
}
