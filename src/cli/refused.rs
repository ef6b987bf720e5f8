//! That the kernel's stream of context switches was refused: why, and what grants it.

use super::message;
use crate::model::EdgeSource;
use crate::os::permissions;
use crate::os::process::Status;
use crate::report::why_not;

/// Says it, in one line.
pub(super) fn warn(source: EdgeSource) {
    message::warn(&format!(
        "the kernel's stream of context switches: {}{}; stalls are told from samples and /proc",
        why_not(source),
        remedy(source).map(|remedy| format!(" (to have it: {remedy})")).unwrap_or_default(),
    ));
}

/// What lifts a refusal.
fn remedy(source: EdgeSource) -> Option<&'static str> {
    match source {
        EdgeSource::NoMemory => Some(MORE_MEMORY),
        EdgeSource::Denied => Some(permission()),
        _ => None,
    }
}

/// What lifts the limit of memory that may be locked.
pub(super) const MORE_MEMORY: &str = "ulimit -l unlimited";

/// What lifts a refusal that is not about memory.
pub(super) fn permission() -> &'static str {
    let strict = permissions::perf_event_paranoid().is_none_or(|level| level > 2);
    let filtered = Status::of_self().is_some_and(|status| status.seccomp == Some(2));
    match (strict, filtered) {
        (true, _) => "sudo sysctl kernel.perf_event_paranoid=2",
        (false, true) => {
            "start the container with --cap-add=PERFMON, or with a seccomp profile that allows \
             perf_event_open"
        }
        (false, false) => "run looptrace as root: sudo looptrace …",
    }
}
