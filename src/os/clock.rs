//! `CLOCK_MONOTONIC`, ours and the target's, and CPU time.

use std::fs;

use nix::time::{ClockId, clock_gettime};

use super::process::{Namespace, differs};

const NANOS_PER_SEC: i64 = 1_000_000_000;

/// `CLOCK_MONOTONIC` as this process sees it, in nanoseconds.
#[must_use]
pub fn now() -> u64 {
    // This clock cannot fail to be read on Linux.
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(0, |time| {
        let nanos = time.tv_sec().saturating_mul(NANOS_PER_SEC).saturating_add(time.tv_nsec());
        u64::try_from(nanos).unwrap_or(0)
    })
}

/// CPU time that the calling thread has used so far.
#[must_use]
pub fn thread_cpu() -> std::time::Duration {
    clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map_or(std::time::Duration::ZERO, Into::into)
}

/// What to add to our `CLOCK_MONOTONIC` to have the target's, in nanoseconds. Zero unless the
/// target lives in another time namespace; `None` if it does and its offset cannot be read.
#[must_use]
pub fn offset_to(pid: u32) -> Option<i64> {
    if differs(pid, Namespace::Time) != Some(true) {
        return Some(0);
    }
    let read =
        |who: &str| monotonic(&fs::read_to_string(format!("/proc/{who}/timens_offsets")).ok()?);
    read(&pid.to_string())?.checked_sub(read("self")?)
}

fn monotonic(offsets: &str) -> Option<i64> {
    let line = offsets.lines().find_map(|line| line.strip_prefix("monotonic"))?;
    let mut fields = line.split_whitespace().map(str::parse::<i64>);
    let (seconds, nanos) = (fields.next()?.ok()?, fields.next()?.ok()?);
    seconds.checked_mul(NANOS_PER_SEC)?.checked_add(nanos)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_never_goes_back() {
        let first = now();
        assert!(first > 0 && now() >= first);
    }

    #[test]
    fn our_own_clock_needs_no_offset() {
        assert_eq!(offset_to(std::process::id()), Some(0));
    }

    #[test]
    fn offsets_are_read_in_seconds_and_nanoseconds() {
        let text = "monotonic       -86400         5\nboottime             7         0\n";
        assert_eq!(monotonic(text), Some(-86_400_000_000_000 + 5));
        assert_eq!(monotonic(""), None);
    }
}
