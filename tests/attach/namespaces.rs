//! What the library finds across users and namespaces.

use std::collections::BTreeSet;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use looptrace::memory::{LiveMemory, PagedMemory};
use looptrace::os::{clock, ids, process};
use looptrace::python::{AttachOptions, Target, threads};

use super::is_root;
use crate::support::interpreter::{Interpreter, interpreters};

/// `nobody` and `nogroup`.
const NOBODY: &str = "65534";
const FORCED: AttachOptions = AttachOptions { force_unverified: true };
const SCRIPT: &str = "
import asyncio, sys, threading, time
ready, stop = threading.Event(), threading.Event()
def wait():
    ready.set()
    stop.wait()
threading.Thread(target=wait, daemon=True).start()
ready.wait()
async def main():
    task = asyncio.ensure_future(asyncio.sleep(3600))
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.sleep(0)
    print('READY', time.monotonic_ns(), flush=True)
    await reading
    task.cancel()
asyncio.run(main())
";

/// A running script, and whatever it was started through; ended when dropped.
struct Running {
    outer: Child,
    pid: u32,
    /// Its `CLOCK_MONOTONIC` when it got ready, in nanoseconds.
    clock: i64,
}

impl Drop for Running {
    fn drop(&mut self) {
        // The script ends with its input; the rest may have ended already.
        drop(self.outer.stdin.take());
        self.outer.wait().ok();
    }
}

/// Starts the script through `wrapper`; `None` if that cannot run this interpreter here.
fn start(wrapper: &[&str], python: &Interpreter) -> Option<Running> {
    let mut words: Vec<&str> = wrapper.to_vec();
    let path = python.path.to_str().expect("a path is text");
    if let Some(root) = &python.chroot {
        words.extend(["chroot", root.to_str().expect("a path is text")]);
    }
    words.extend([path, "-c", SCRIPT]);
    let (first, rest) = words.split_first().expect("there are words");
    let mut command = Command::new(first);
    command.args(rest).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut outer = command.spawn().ok()?;
    let stdout = outer.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("standard output can be read");
    let Some(clock) = line.strip_prefix("READY ") else {
        outer.wait().ok();
        return None;
    };
    let clock = clock.trim().parse().expect("the script prints its clock");
    // `unshare --fork` and its like stay as parents.
    let mut pid = outer.id();
    while let Some(&child) = process::children(pid).first() {
        pid = child;
    }
    Some(Running { outer, pid, clock })
}

fn threads_of(target: &Target) -> Vec<threads::PyThread> {
    let mut memory = PagedMemory::new(LiveMemory::new(target.pid));
    threads::list(&mut memory, &target.interpreter).expect("threads can be listed")
}

#[test]
fn threads_in_another_pid_namespace_have_the_hosts_ids() {
    if !is_root("attaching into namespaces") {
        return;
    }
    let wrapper = ["unshare", "--mount", "--pid", "--fork", "--mount-proc"];
    for python in interpreters() {
        let Some(running) = start(&wrapper, python) else {
            println!("SKIPPED: {python} does not run in namespaces of its own");
            continue;
        };
        let target =
            Target::attach(running.pid, FORCED).unwrap_or_else(|error| panic!("{python}: {error}"));
        let kernel = ids::threads(running.pid).expect("the process is there");
        assert!(kernel.iter().all(|thread| thread.host != thread.namespaced), "{python}");
        let hosts: BTreeSet<u32> = kernel.iter().map(|thread| thread.host).collect();
        let found: BTreeSet<Option<u32>> =
            threads_of(&target).iter().map(|thread| thread.native_id).collect();
        // The main thread, the helper, and the executor's: each has its own.
        assert_eq!(found.len(), 3, "{python}: {found:?}");
        assert!(found.iter().all(|id| id.is_some_and(|id| hosts.contains(&id))), "{python}");
        assert!(target.interpreter.asyncio_library.is_some(), "{python}");
    }
}

#[test]
fn root_attaches_to_another_users_process() {
    if !is_root("attaching to another user's process") {
        return;
    }
    for python in interpreters() {
        // The interpreter may lie where nobody else can go.
        let wrapper =
            ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups", "--inh-caps=-all"];
        let running = match &python.chroot {
            None => start(&wrapper, python),
            Some(root) => {
                let user = format!("--userspec={NOBODY}:{NOBODY}");
                let root = root.to_str().expect("a path is text");
                let inside = Interpreter { chroot: None, ..python.clone() };
                start(&["chroot", &user, root], &inside)
            }
        };
        let Some(running) = running else {
            println!("SKIPPED: {python} does not run as another user");
            continue;
        };
        assert_eq!(process::Status::of(running.pid).map(|status| status.uids[1]), Some(65534));
        let target =
            Target::attach(running.pid, FORCED).unwrap_or_else(|error| panic!("{python}: {error}"));
        assert_eq!(threads_of(&target).len(), 3, "{python}");
        as_nobody(&running);
    }
}

/// Without privileges: one's own process is read, root's is not, and the reason is named.
fn as_nobody(own: &Running) {
    let directory = tempfile::tempdir().expect("a directory can be made");
    let program = directory.path().join("looptrace");
    std::fs::copy(env!("CARGO_BIN_EXE_looptrace"), &program).expect("the program can be copied");
    for path in [directory.path(), program.as_path()] {
        let anyone = std::fs::Permissions::from_mode(0o755);
        std::fs::set_permissions(path, anyone).expect("permissions can be set");
    }
    let dump = |pid: u32| dump_as_nobody(&program, pid);
    let scope = std::fs::read_to_string("/proc/sys/kernel/yama/ptrace_scope");
    if scope.is_ok_and(|scope| scope.trim() != "0") {
        println!("SKIPPED: ptrace_scope forbids reading one's own processes");
    } else {
        let (code, message) = dump(own.pid);
        assert_eq!(code, Some(0), "{message}");
    }
    let (code, message) = dump(std::process::id());
    assert_eq!(code, Some(3), "{message}");
    assert!(message.contains("runs as user 0, looptrace as user 65534"), "{message}");
}

fn dump_as_nobody(program: &Path, pid: u32) -> (Option<i32>, String) {
    let output = Command::new("setpriv")
        .args(["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"])
        .arg(program)
        .args(["dump", "--force-unverified", "--pid", &pid.to_string()])
        .output()
        .expect("setpriv runs");
    (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_clock_of_another_time_namespace_is_known() {
    if !is_root("looking into time namespaces") {
        return;
    }
    let wrapper = ["unshare", "--time", "--fork", "--monotonic", "5000"];
    let Some(running) = interpreters().iter().find_map(|python| start(&wrapper, python)) else {
        println!("SKIPPED: no interpreter runs in a time namespace of its own");
        return;
    };
    assert_eq!(clock::offset_to(running.pid), Some(5_000_000_000_000));
    let ours = i64::try_from(clock::now()).expect("the clock is no large number");
    assert!(running.clock > ours, "its clock is ahead of ours, which has run on meanwhile");
}
