//! What `/proc` says about a process. All of it may be gone, refused or rewritten at any moment.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;

/// More than any real `/proc/PID/status` or command line is long.
const MAX_TEXT: usize = 4 << 20;

/// Bit of `CAP_SYS_PTRACE` in the capability masks of `/proc/PID/status`.
pub const CAP_SYS_PTRACE: u64 = 1 << 19;

/// The fields of `/proc/PID/status` that decide about attaching.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Status {
    /// The thread name of the main thread (at most 15 bytes).
    pub name: String,
    /// One letter: `R`, `S`, `D`, `T` (stopped), `t` (traced), `Z` (zombie), …
    pub state: char,
    /// How many threads it has; one that is dead and not collected counts.
    pub threads: u32,
    /// Pid of the tracer; 0 if none.
    pub tracer: u32,
    /// Pid of the parent; 0 if it lives in another pid namespace.
    pub parent: u32,
    /// Real, effective, saved and file-system user ids.
    pub uids: [u32; 4],
    /// Real, effective, saved and file-system group ids.
    pub gids: [u32; 4],
    /// Its pid in every pid namespace from ours inwards.
    pub namespaced_pids: Vec<u32>,
    /// Effective capabilities.
    pub effective_capabilities: u64,
    /// Permitted capabilities.
    pub permitted_capabilities: u64,
    /// 0: no seccomp, 1: strict, 2: a filter is in force; `None` where the kernel does not say.
    pub seccomp: Option<u32>,
}

impl Status {
    /// Reads `/proc/PID/status`; `None` if there is no such process.
    #[must_use]
    pub fn of(pid: u32) -> Option<Self> {
        Self::parse(&read_text(&format!("/proc/{pid}/status"))?)
    }

    /// The status of this process.
    #[must_use]
    pub fn of_self() -> Option<Self> {
        Self::parse(&read_text("/proc/self/status")?)
    }

    fn parse(text: &str) -> Option<Self> {
        let mut status = Self::default();
        for line in text.lines() {
            let Some((key, value)) = line.split_once(':') else { continue };
            let value = value.trim();
            match key {
                "Name" => value.clone_into(&mut status.name),
                "State" => status.state = value.chars().next()?,
                "Threads" => status.threads = value.parse().ok()?,
                "TracerPid" => status.tracer = value.parse().ok()?,
                "PPid" => status.parent = value.parse().ok()?,
                "Uid" => status.uids = four(value)?,
                "Gid" => status.gids = four(value)?,
                "NSpid" => {
                    status.namespaced_pids =
                        value.split_whitespace().filter_map(|pid| pid.parse().ok()).collect();
                }
                "CapEff" => status.effective_capabilities = u64::from_str_radix(value, 16).ok()?,
                "CapPrm" => status.permitted_capabilities = u64::from_str_radix(value, 16).ok()?,
                "Seccomp" => status.seccomp = value.parse().ok(),
                _ => {}
            }
        }
        Some(status)
    }

    /// Whether it has ended and waits for its parent to collect it.
    #[must_use]
    pub fn is_dead(&self) -> bool {
        matches!(self.state, 'Z' | 'X' | 'x')
    }

    /// Whether none of its threads is left. The leader may end before the others: one of them that
    /// executes a program takes its place.
    #[must_use]
    pub fn is_over(&self) -> bool {
        self.is_dead() && self.threads <= 1
    }

    /// Whether `CAP_SYS_PTRACE` is in force (in its own user namespace).
    #[must_use]
    pub fn can_ptrace(&self) -> bool {
        self.effective_capabilities & CAP_SYS_PTRACE != 0
    }
}

fn four(value: &str) -> Option<[u32; 4]> {
    let mut numbers = value.split_whitespace().map(str::parse);
    let mut next = || numbers.next()?.ok();
    Some([next()?, next()?, next()?, next()?])
}

/// A kind of Linux namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Namespace {
    /// What files it sees.
    Mount,
    /// What pids it sees.
    Pid,
    /// What its user ids mean.
    User,
    /// What its clocks show.
    Time,
}

impl Namespace {
    /// Every kind that matters here.
    pub const ALL: [Self; 4] = [Self::Mount, Self::Pid, Self::User, Self::Time];

    /// The name under `/proc/PID/ns`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Mount => "mnt",
            Self::Pid => "pid",
            Self::User => "user",
            Self::Time => "time",
        }
    }
}

/// Whether `pid` lives in another namespace of this kind than we do. `None` if that cannot be
/// read, which needs the same permission as attaching.
#[must_use]
pub fn differs(pid: u32, namespace: Namespace) -> Option<bool> {
    let theirs = fs::read_link(format!("/proc/{pid}/ns/{}", namespace.name())).ok()?;
    let ours = fs::read_link(format!("/proc/self/ns/{}", namespace.name())).ok()?;
    Some(theirs != ours)
}

/// The command line; empty for kernel threads, zombies, and where it cannot be read.
#[must_use]
pub fn command_line(pid: u32) -> Vec<String> {
    let bytes = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    let bytes = bytes.get(..bytes.len().min(MAX_TEXT)).unwrap_or_default();
    let bytes = bytes.strip_suffix(b"\0").unwrap_or(bytes);
    if bytes.is_empty() {
        return Vec::new();
    }
    bytes.split(|&byte| byte == 0).map(|part| String::from_utf8_lossy(part).into_owned()).collect()
}

/// The executable as the target's own mount namespace names it.
#[must_use]
pub fn executable(pid: u32) -> Option<PathBuf> {
    fs::read_link(format!("/proc/{pid}/exe")).ok()
}

/// Whether the process holds a CPython interpreter, as far as its mapped files tell: an
/// executable or a library whose name says so. `None` if its maps cannot be read.
#[must_use]
pub fn maps_python(pid: u32) -> Option<bool> {
    let maps = read_text(&format!("/proc/{pid}/maps"))?;
    Some(maps.lines().filter_map(mapped_file).any(names_python))
}

fn mapped_file(line: &str) -> Option<&str> {
    let path = line.get(line.find('/')?..)?;
    Some(path.strip_suffix(" (deleted)").unwrap_or(path))
}

/// `python3.12`, `python`, `libpython3.12.so.1.0`, but not `python3.12/lib-dynload/_ssl.so`.
fn names_python(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let rest = name
        .strip_prefix("libpython")
        .filter(|rest| rest.contains(".so"))
        .or_else(|| name.strip_prefix("python"));
    rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Whether the kernel treats the target as not dumpable, which closes its memory to everybody
/// without `CAP_SYS_PTRACE`: its `/proc` entries then belong to root instead of its own user.
/// `None` for targets whose user is root, where both look alike.
#[must_use]
pub fn is_undumpable(pid: u32) -> Option<bool> {
    let status = Status::of(pid)?;
    let owner = fs::metadata(format!("/proc/{pid}/environ")).ok()?.uid();
    match status.uids[1] {
        0 => None,
        user => Some(owner != user),
    }
}

/// The children of a process, by pid, in ascending order.
#[must_use]
pub fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else { return Vec::new() };
    let mut children: Vec<u32> = threads
        .filter_map(Result::ok)
        .filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok())
        .flat_map(|text| text.split_whitespace().map(str::parse).collect::<Vec<_>>())
        .filter_map(Result::ok)
        .collect();
    children.sort_unstable();
    children.dedup();
    children
}

fn read_text(path: &str) -> Option<String> {
    let bytes = fs::read(path).ok()?;
    let bytes = bytes.get(..bytes.len().min(MAX_TEXT))?;
    Some(String::from_utf8_lossy(bytes).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_status_can_be_read() {
        let status = Status::of(std::process::id()).unwrap();
        assert!(!status.is_dead());
        assert_eq!(status.uids[1], nix::unistd::geteuid().as_raw());
        assert_eq!(status.parent, std::os::unix::process::parent_id());
        assert!(Status::of(u32::MAX).is_none());
    }

    #[test]
    fn a_dead_leader_is_not_the_end_of_its_threads() {
        let status = |state: char, threads: u32| {
            Status::parse(&format!("State:\t{state} (x)\nThreads:\t{threads}\n")).unwrap()
        };
        assert!(status('Z', 1).is_over() && status('Z', 2).is_dead());
        assert!(!status('Z', 2).is_over() && !status('S', 1).is_over());
    }

    #[test]
    fn a_status_is_decoded_field_by_field() {
        let text = "Name:\tpython\nState:\tT (stopped)\nPPid:\t7\nTracerPid:\t3\n\
                    Uid:\t1\t2\t3\t4\nGid:\t5\t6\t7\t8\nNSpid:\t9\t1\nCapEff:\t0000000000080000\n";
        let status = Status::parse(text).unwrap();
        assert_eq!((status.state, status.tracer, status.parent), ('T', 3, 7));
        assert_eq!((status.uids, status.gids), ([1, 2, 3, 4], [5, 6, 7, 8]));
        assert_eq!(status.namespaced_pids, [9, 1]);
        assert!(status.can_ptrace());
        assert_eq!(status.seccomp, None);
    }

    #[test]
    fn interpreters_are_told_from_their_extension_modules() {
        for path in ["/usr/bin/python3.12", "/opt/python", "/usr/lib/libpython3.8.so.1.0"] {
            assert!(names_python(path), "{path}");
        }
        for path in ["/usr/lib/python3.12/lib-dynload/_ssl.so", "/bin/bash", "/bin/pythonize"] {
            assert!(!names_python(path), "{path}");
        }
    }
}
