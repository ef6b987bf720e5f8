//! Whether this process may read another one's memory, and what stands in the way if not.
//!
//! The kernel answers every refusal with the same `EPERM`; the reasons are told apart here, so
//! that a message can name the one that applies and what lifts it.

use std::fmt;
use std::fs;
use std::io::{IoSliceMut, read_to_string};

use nix::errno::Errno;
use nix::sys::uio::{RemoteIoVec, process_vm_readv};
use nix::unistd::Pid;

use super::process::{self, Namespace, Status};

/// Yama's restriction on attaching (0 to 3); `None` where the kernel has no Yama, which allows
/// the same as 0.
#[must_use]
pub fn ptrace_scope() -> Option<u32> {
    read_number("/proc/sys/kernel/yama/ptrace_scope")
}

/// `kernel.perf_event_paranoid`; `None` where the kernel has no perf events.
#[must_use]
pub fn perf_event_paranoid() -> Option<i64> {
    fs::read_to_string("/proc/sys/kernel/perf_event_paranoid").ok()?.trim().parse().ok()
}

/// The soft limit on locked memory in bytes; `None` if there is none or it cannot be read.
#[must_use]
pub fn locked_memory_limit() -> Option<u64> {
    let limits = fs::read_to_string("/proc/self/limits").ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max locked memory"))?;
    line.split_whitespace().next()?.parse().ok()
}

fn read_number(path: &str) -> Option<u32> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

/// One reason why the kernel refuses to let us read a process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Denial {
    /// The system call itself is blocked in this process, whatever the target.
    SystemCallBlocked,
    /// The target runs as another user and we have no `CAP_SYS_PTRACE`.
    DifferentUser {
        /// Our effective user id.
        ours: u32,
        /// The target's effective user id.
        theirs: u32,
    },
    /// The target runs as the same user in another group, and we have no `CAP_SYS_PTRACE`.
    DifferentGroup {
        /// Our real group id.
        ours: u32,
        /// The target's effective group id.
        theirs: u32,
    },
    /// The target has other privileges than its user (set-uid, file capabilities) or has called
    /// `prctl(PR_SET_DUMPABLE, 0)`.
    NotDumpable,
    /// Yama allows attaching to descendants only (1), with `CAP_SYS_PTRACE` only (2), to
    /// nobody (3).
    PtraceScope(u32),
    /// The target lives in a user namespace in which we have no capabilities.
    UserNamespace,
    /// The target has capabilities that we lack.
    MoreCapabilities,
    /// None of the above: a security module, or a container's policy.
    Unknown,
}

impl fmt::Display for Denial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::SystemCallBlocked => {
                f.write_str("process_vm_readv is blocked in this process (a seccomp filter)")
            }
            Self::DifferentUser { ours, theirs } => {
                write!(f, "it runs as user {theirs}, looptrace as user {ours}")
            }
            Self::DifferentGroup { ours, theirs } => {
                write!(f, "it runs in group {theirs}, looptrace in group {ours}")
            }
            Self::NotDumpable => f.write_str("the process is marked as not dumpable"),
            Self::PtraceScope(scope) => write!(f, "kernel.yama.ptrace_scope is {scope}"),
            Self::UserNamespace => f.write_str("it lives in another user namespace"),
            Self::MoreCapabilities => f.write_str("it has capabilities that looptrace lacks"),
            Self::Unknown => f.write_str(
                "user, capabilities and ptrace_scope would allow it, so a security module or \
                 the container's policy does not",
            ),
        }
    }
}

impl Denial {
    /// What lifts it, as full sentences with commands.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let container = "in a container, start looptrace's with --cap-add=SYS_PTRACE";
        let hints: &[&str] = match self {
            Self::SystemCallBlocked => {
                &["start the container with --cap-add=SYS_PTRACE, or with a seccomp profile that \
                 allows process_vm_readv"]
            }
            Self::DifferentGroup { .. } => {
                &["run looptrace with the same user and group, or as root: sudo looptrace …"]
            }
            Self::DifferentUser { .. } => {
                &["run looptrace as the same user, or as root: sudo looptrace …", container]
            }
            Self::NotDumpable => &["run looptrace as root: sudo looptrace …"],
            Self::PtraceScope(1) => &[
                "let looptrace start the program: looptrace record -- python app.py",
                "run looptrace as root: sudo looptrace …",
                "allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0",
            ],
            Self::PtraceScope(2) => &[
                "run looptrace as root: sudo looptrace …",
                "allow it until the next boot: sudo sysctl kernel.yama.ptrace_scope=0",
            ],
            Self::PtraceScope(_) => &["this value cannot be lowered while the system runs: set \
                 kernel.yama.ptrace_scope=0 in /etc/sysctl.d/ and reboot"],
            Self::UserNamespace => &[
                "run looptrace as root on the host, or inside the same container",
                "rootless containers: nsenter --user --target PID looptrace …",
            ],
            Self::MoreCapabilities => {
                &["run looptrace as root with all capabilities: sudo looptrace …", container]
            }
            Self::Unknown => &[
                container,
                "look for a refusal of AppArmor or SELinux: sudo dmesg | grep -i denied",
            ],
        };
        hints.iter().map(|&hint| hint.to_owned()).collect()
    }
}

/// Every reason that stands against reading `pid`, the one to lift first in front. Call it after
/// a read was refused: it always finds at least one.
#[must_use]
pub fn diagnose(pid: u32) -> Vec<Denial> {
    let mut reasons = Vec::new();
    if !own_memory_is_readable() {
        reasons.push(Denial::SystemCallBlocked);
    }
    if let (Some(ours), Some(theirs)) = (Status::of_self(), Status::of(pid)) {
        if !ours.can_ptrace() {
            reasons.extend(without_capability(pid, &ours, &theirs));
        } else if in_another_user_namespace(pid) {
            reasons.push(Denial::UserNamespace);
        }
        if ptrace_scope() == Some(3) {
            reasons.push(Denial::PtraceScope(3));
        }
    }
    if reasons.is_empty() {
        reasons.push(Denial::Unknown);
    }
    reasons
}

/// Whether the target lives in another user namespace than we do: capabilities end at the border,
/// and without any the kernel lets nobody across.
fn in_another_user_namespace(pid: u32) -> bool {
    // What cannot be compared is outside if we are not in the machine's first one.
    process::differs(pid, Namespace::User).unwrap_or_else(in_user_namespace)
}

/// Whether we live in another user namespace than the machine's first.
fn in_user_namespace() -> bool {
    let map = fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    !map.split_whitespace().eq(["0", "0", "4294967295"])
}

/// The kernel's `ptrace_may_access` and Yama, as they treat a process without `CAP_SYS_PTRACE`.
fn without_capability(pid: u32, ours: &Status, theirs: &Status) -> Vec<Denial> {
    let mut reasons = Vec::new();
    let [real, effective, saved, _] = theirs.uids;
    let [our_real, ..] = ours.uids;
    if [real, effective, saved].iter().any(|&user| user != our_real) {
        reasons.push(Denial::DifferentUser { ours: our_real, theirs: effective });
    } else if let Some(theirs) = other_group(ours, theirs) {
        reasons.push(Denial::DifferentGroup { ours: ours.gids[0], theirs });
    } else if process::is_undumpable(pid) == Some(true) {
        reasons.push(Denial::NotDumpable);
    } else if theirs.permitted_capabilities & !ours.permitted_capabilities != 0 {
        reasons.push(Denial::MoreCapabilities);
    } else if in_another_user_namespace(pid) {
        reasons.push(Denial::UserNamespace);
    }
    match ptrace_scope() {
        Some(1) if !is_descendant(pid, std::process::id()) => reasons.push(Denial::PtraceScope(1)),
        Some(2) => reasons.push(Denial::PtraceScope(2)),
        _ => {}
    }
    reasons
}

/// A group of the target's that is not our real one: the kernel compares all three of them.
fn other_group(ours: &Status, theirs: &Status) -> Option<u32> {
    let [real, effective, saved, _] = theirs.gids;
    [effective, real, saved].into_iter().find(|&group| group != ours.gids[0])
}

/// Whether `pid` descends from `ancestor`.
fn is_descendant(pid: u32, ancestor: u32) -> bool {
    /// Deeper than process trees are; the tree may change while it is walked.
    const MAX_DEPTH: usize = 1000;
    let parents = std::iter::successors(Some(pid), |&pid| {
        Status::of(pid).map(|status| status.parent).filter(|&parent| parent != 0)
    });
    parents.take(MAX_DEPTH).skip(1).any(|parent| parent == ancestor)
}

/// Whether `process_vm_readv` works at all, tried on ourselves.
#[must_use]
pub fn own_memory_is_readable() -> bool {
    let word = 0x6c6f_6f70_7472_6163_u64;
    let mut copy = [0; 8];
    let base = std::ptr::from_ref(&word).addr();
    let read = process_vm_readv(
        Pid::this(),
        &mut [IoSliceMut::new(&mut copy)],
        &[RemoteIoVec { base, len: 8 }],
    );
    read == Ok(8) && u64::from_ne_bytes(copy) == word
}

/// What became of an attempt to read a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    /// A byte of its memory could be read.
    Granted,
    /// There is no such process.
    Gone,
    /// It has ended, or is a kernel thread: it has no memory.
    NoMemory,
    /// The kernel refuses, for these reasons.
    Denied(Vec<Denial>),
}

/// Tries to read one byte of the process's memory, without stopping or changing it.
#[must_use]
pub fn probe(pid: u32) -> Access {
    let Some(status) = Status::of(pid) else { return Access::Gone };
    if status.is_dead() {
        return Access::NoMemory;
    }
    let Ok(maps) = fs::File::open(format!("/proc/{pid}/maps")).and_then(read_to_string) else {
        return if Status::of(pid).is_none() {
            Access::Gone
        } else {
            Access::Denied(diagnose(pid))
        };
    };
    let Ok(raw) = i32::try_from(pid) else { return Access::Gone };
    let Some(base) = maps.lines().find_map(readable_start) else { return Access::NoMemory };
    let mut byte = [0];
    let read = process_vm_readv(
        Pid::from_raw(raw),
        &mut [IoSliceMut::new(&mut byte)],
        &[RemoteIoVec { base, len: 1 }],
    );
    match read {
        Err(Errno::ESRCH) => Access::Gone,
        Err(Errno::EPERM | Errno::EACCES | Errno::ENOSYS) => Access::Denied(diagnose(pid)),
        // Any other answer came after the permission check.
        _ => Access::Granted,
    }
}

fn readable_start(line: &str) -> Option<usize> {
    let (range, rest) = line.split_once(' ')?;
    if !rest.starts_with('r') || rest.contains("[v") {
        return None;
    }
    usize::from_str_radix(range.split_once('-')?.0, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn we_may_read_ourselves_and_not_the_absent() {
        assert!(own_memory_is_readable());
        assert_eq!(probe(std::process::id()), Access::Granted);
        assert_eq!(probe(u32::MAX), Access::Gone);
    }

    #[test]
    fn another_user_is_the_reason_when_it_is() {
        let ours = Status { uids: [1000; 4], ..Status::default() };
        let theirs = Status { uids: [33; 4], ..Status::default() };
        let reasons = without_capability(std::process::id(), &ours, &theirs);
        assert_eq!(reasons.first(), Some(&Denial::DifferentUser { ours: 1000, theirs: 33 }));
    }

    #[test]
    fn another_group_of_the_same_user_is_a_reason() {
        let ours = Status { uids: [33; 4], ..Status::default() };
        let theirs = Status { gids: [0, 0, 7, 0], ..ours.clone() };
        let reasons = without_capability(std::process::id(), &ours, &theirs);
        assert_eq!(reasons.first(), Some(&Denial::DifferentGroup { ours: 0, theirs: 7 }));
    }

    #[test]
    fn more_capabilities_than_ours_are_a_reason() {
        let ours = Status { uids: [1000; 4], ..Status::default() };
        let theirs = Status { permitted_capabilities: 1, ..ours.clone() };
        let reasons = without_capability(std::process::id(), &ours, &theirs);
        assert!(reasons.contains(&Denial::MoreCapabilities), "{reasons:?}");
    }

    #[test]
    fn every_reason_has_words_and_a_way_out() {
        let scopes = (1..=3).map(Denial::PtraceScope);
        let others = [
            Denial::SystemCallBlocked,
            Denial::DifferentUser { ours: 1, theirs: 2 },
            Denial::DifferentGroup { ours: 1, theirs: 2 },
            Denial::NotDumpable,
            Denial::UserNamespace,
            Denial::MoreCapabilities,
            Denial::Unknown,
        ];
        for reason in others.into_iter().chain(scopes) {
            assert!(!reason.to_string().is_empty());
            assert!(!reason.hints().is_empty(), "{reason:?}");
        }
    }

    #[test]
    fn we_descend_from_our_parent() {
        let us = std::process::id();
        assert!(is_descendant(us, std::os::unix::process::parent_id()));
        assert!(!is_descendant(us, us));
    }
}
