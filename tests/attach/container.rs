//! A container made by hand: its own mounts, pids and clocks, another root, and the program at a
//! path that exists only inside.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::{Command, Stdio};

use super::works;
use crate::support::interpreter::Interpreter;
use crate::support::{Target, samples};

/// The container's monotonic clock is ahead of ours by so many seconds.
const AHEAD: &str = "86400";

const UNSHARE: [&str; 10] = [
    "unshare",
    "--mount",
    "--pid",
    "--fork",
    "--kill-child",
    "--time",
    "--monotonic",
    AHEAD,
    "--boottime",
    AHEAD,
];

/// Root to be, a folder to mount it at, the samples; then the command to run inside.
const ENTER: &str = "
set -e
mount --rbind \"$1\" \"$2\"
cd \"$2\"
mount -t tmpfs tmpfs srv
cp \"$3\"/*.py srv/
shift 3
mount -t proc proc proc
pivot_root . .
umount -l .
exec chroot . \"$@\"
";

/// A running sample in a container.
pub(crate) struct Container {
    pub(crate) target: Target,
    /// The program's pid as the host sees it.
    pub(crate) pid: u32,
}

/// Whether containers can be made here; says so if not.
pub(crate) fn possible() -> bool {
    let mut words = UNSHARE.to_vec();
    words.push("true");
    let possible = works(&words);
    if !possible {
        println!("SKIPPED: containers: `{}` does not work here", words.join(" "));
    }
    possible
}

impl Container {
    /// Starts a sample and returns once it said READY.
    pub(crate) fn start(python: &Interpreter, sample: &str) -> Self {
        let known = samples().into_iter().find(|known| known.name == sample);
        let script = known.unwrap_or_else(|| panic!("no sample {sample}")).path;
        let folder = script.parent().expect("it lies in a folder");
        let mount_point = tempfile::tempdir().expect("a directory can be made");
        let mut command = Command::new(UNSHARE[0]);
        command
            .args(&UNSHARE[1..])
            .args(["sh", "-c", ENTER, "sh"])
            .arg(python.chroot.as_deref().unwrap_or(Path::new("/")))
            .args([mount_point.path(), folder])
            .arg(&python.path)
            .arg(format!("/srv/{sample}.py"))
            .env("PYTHONDONTWRITEBYTECODE", "1");
        let target = Target::spawn(command, python, format!("{sample} in a container on {python}"));
        let pid = target.pid();
        Self { target, pid }
    }

    /// Each thread: its id inside the container → as the host sees it.
    pub(crate) fn threads(&self) -> BTreeMap<u32, u32> {
        std::fs::read_dir(format!("/proc/{}/task", self.pid))
            .expect("the program runs")
            .map(|entry| {
                let path = entry.expect("threads can be listed").path();
                let host = path.file_name().and_then(|name| name.to_str()?.parse().ok());
                let status = std::fs::read_to_string(path.join("status")).expect("it has a status");
                let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:"));
                let inside = ids.and_then(|ids| ids.split_whitespace().last()?.parse().ok());
                (inside.expect("an id inside"), host.expect("an id outside"))
            })
            .collect()
    }

    /// A command that runs in some of the container's namespaces.
    pub(crate) fn enter(&self, namespaces: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command.args(["--target", &self.pid.to_string()]).args(namespaces).stdin(Stdio::null());
        command
    }
}
