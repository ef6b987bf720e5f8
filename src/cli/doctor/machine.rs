//! What this machine and this process bring along.

use std::env::consts::{ARCH, OS};

use super::check::{Check, Verdict};
use crate::os::permissions;
use crate::os::process::Status;

/// What can be said without a target.
pub(super) fn checks() -> Vec<Check> {
    let mut checks = vec![platform(), system_call(), ptrace_scope()];
    if let Some(status) = Status::of_self() {
        checks.push(capability(&status));
        checks.push(seccomp(&status));
    }
    checks.push(perf_events());
    checks.push(locked_memory());
    checks.push(super::switches::machine());
    checks
}

fn platform() -> Check {
    let verdict = match (OS, ARCH) {
        ("linux", "x86_64") => Verdict::Ok,
        ("linux", "aarch64") => Verdict::Warning,
        _ => Verdict::Failed,
    };
    let needed = "linux x86_64 (linux aarch64 is unverified)";
    Check::new("platform", verdict, format!("{OS} {ARCH}"), needed)
        .fix("run looptrace on Linux x86-64, beside the program")
}

fn system_call() -> Check {
    let works = permissions::own_memory_is_readable();
    let (verdict, present) =
        if works { (Verdict::Ok, "works") } else { (Verdict::Failed, "blocked") };
    let check = Check::new("process_vm_readv", verdict, present, "works");
    permissions::Denial::SystemCallBlocked.hints().into_iter().fold(check, Check::fix)
}

fn ptrace_scope() -> Check {
    let needed = "0, or 1 for programs that looptrace starts; root may also with 2";
    let name = "kernel.yama.ptrace_scope";
    let Some(scope) = permissions::ptrace_scope() else {
        return Check::new(name, Verdict::Ok, "absent (no restriction)", needed);
    };
    let can_ptrace = Status::of_self().is_some_and(|status| status.can_ptrace());
    let verdict = match scope {
        0 => Verdict::Ok,
        1 | 2 if can_ptrace => Verdict::Ok,
        1 => Verdict::Warning,
        _ => Verdict::Failed,
    };
    let check = Check::new(name, verdict, scope.to_string(), needed);
    permissions::Denial::PtraceScope(scope).hints().into_iter().fold(check, Check::fix)
}

fn capability(status: &Status) -> Check {
    let (verdict, present) = if status.can_ptrace() {
        (Verdict::Ok, "yes".to_owned())
    } else {
        (Verdict::Warning, format!("no (running as user {})", status.uids[1]))
    };
    Check::new("CAP_SYS_PTRACE", verdict, present, "yes, to read programs of other users")
        .fix("run looptrace as root: sudo looptrace …")
        .fix("in a container: docker run --cap-add=SYS_PTRACE …")
}

fn seccomp(status: &Status) -> Check {
    let present = match status.seccomp {
        Some(0) => "off",
        Some(1) => "strict",
        Some(2) => "a filter is in force",
        _ => "not said by this kernel",
    };
    // A filter says nothing by itself: what it blocks shows in the tries above and below.
    Check::new("seccomp", Verdict::Ok, present, "a filter that lets process_vm_readv through")
}

fn perf_events() -> Check {
    let needed = "2 or less, or CAP_PERFMON; only a few facts become less exact without";
    let name = "kernel.perf_event_paranoid";
    match permissions::perf_event_paranoid() {
        None => Check::new(name, Verdict::Warning, "absent (no perf events)", needed),
        Some(level) => {
            let verdict = if level <= 2 { Verdict::Ok } else { Verdict::Warning };
            Check::new(name, verdict, level.to_string(), needed)
                .fix("sudo sysctl kernel.perf_event_paranoid=2")
        }
    }
}

fn locked_memory() -> Check {
    let needed = "64 KiB or more";
    match permissions::locked_memory_limit() {
        None => Check::new("locked memory", Verdict::Ok, "unlimited", needed),
        Some(bytes) => {
            let verdict = if bytes >= 64 << 10 { Verdict::Ok } else { Verdict::Warning };
            Check::new("locked memory", verdict, format!("{} KiB", bytes >> 10), needed)
                .fix("ulimit -l 64")
        }
    }
}
