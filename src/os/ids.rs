//! Process and thread ids: as the host sees them, as the target sees them, and whether an id still
//! means the same process.

use std::fs;

use super::process::Status;

/// More threads than this are not looked at.
const MAX_THREADS: usize = 1 << 16;

/// A kernel thread of a process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadIds {
    /// Its id as we see it.
    pub host: u32,
    /// Its id in its own, innermost pid namespace: what the target itself knows.
    pub namespaced: u32,
    /// The kernel's name of it, at most 15 bytes.
    pub name: String,
}

/// The threads of a process, by host id in ascending order; threads that end meanwhile are left
/// out.
///
/// # Errors
/// When the process does not exist.
pub fn threads(pid: u32) -> std::io::Result<Vec<ThreadIds>> {
    let mut threads = Vec::new();
    for entry in fs::read_dir(format!("/proc/{pid}/task"))?.take(MAX_THREADS) {
        let name = entry?.file_name();
        let Some(host) = name.to_str().and_then(|name| name.parse().ok()) else { continue };
        threads.extend(thread(pid, host));
    }
    threads.sort_unstable_by_key(|thread| thread.host);
    Ok(threads)
}

fn thread(pid: u32, host: u32) -> Option<ThreadIds> {
    let status = fs::read_to_string(format!("/proc/{pid}/task/{host}/status")).ok()?;
    let field = |key: &str| {
        status.lines().find_map(|line| Some(line.strip_prefix(key)?.strip_prefix(':')?.trim()))
    };
    let namespaced =
        field("NSpid").and_then(|ids| ids.split_whitespace().last()?.parse().ok()).unwrap_or(host);
    Some(ThreadIds { host, namespaced, name: field("Name").unwrap_or_default().to_owned() })
}

/// The process's own pid in its innermost pid namespace; `None` if it does not exist.
#[must_use]
pub fn namespaced_pid(pid: u32) -> Option<u32> {
    let status = Status::of(pid)?;
    Some(status.namespaced_pids.last().copied().unwrap_or(pid))
}

/// When a process began, in clock ticks since boot: with the pid, it names a process for good.
/// `None` if it does not exist.
#[must_use]
pub fn start_time(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_start_time(&String::from_utf8_lossy(&stat))
}

fn parse_start_time(stat: &str) -> Option<u64> {
    parse_field(stat, 22)
}

/// Where the stack of the program that a process runs begins. An `exec` keeps pid and start time
/// but gets a new stack, which the kernel places at random. `None` if the process does not exist;
/// 0 if we may not know.
#[must_use]
pub fn stack_start(pid: u32) -> Option<u64> {
    let stat = fs::read(format!("/proc/{pid}/stat")).ok()?;
    parse_field(&String::from_utf8_lossy(&stat), 28)
}

/// A field of `/proc/PID/stat`, counted from 1 as in its description; from the third one on.
fn parse_field(stat: &str, number: usize) -> Option<u64> {
    // The name stands in parentheses and may itself hold spaces and parentheses.
    let (_, rest) = stat.rsplit_once(')')?;
    rest.split_whitespace().nth(number.checked_sub(3)?)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_threads_are_listed_with_their_names() {
        let (ready, wait) = std::sync::mpsc::sync_channel(0);
        let (stop, stopped) = std::sync::mpsc::sync_channel::<()>(0);
        let helper = std::thread::Builder::new()
            .name("a helper".to_owned())
            .spawn(move || {
                ready.send(nix::unistd::gettid().as_raw()).unwrap();
                stopped.recv().unwrap_err();
            })
            .unwrap();
        let tid = u32::try_from(wait.recv().unwrap()).unwrap();
        let all = threads(std::process::id()).unwrap();
        let found = all.iter().find(|thread| thread.host == tid).unwrap();
        assert_eq!((found.namespaced, found.name.as_str()), (tid, "a helper"));
        drop(stop);
        helper.join().unwrap();
    }

    #[test]
    fn a_name_cannot_shift_the_fields_behind_it() {
        let fields: Vec<String> = (4..=52).map(|field| field.to_string()).collect();
        let stat = format!("7 (evil) S 1 (x)) S {}", fields.join(" "));
        assert_eq!(parse_start_time(&stat), Some(22));
        assert_eq!(parse_field(&stat, 28), Some(28));
        assert_eq!(parse_start_time("7 (cut) S 1"), None);
    }

    #[test]
    fn a_start_time_stays() {
        let own = start_time(std::process::id());
        assert!(own.is_some());
        assert_eq!(own, start_time(std::process::id()));
        assert_eq!(start_time(u32::MAX), None);
    }
}
