//! What a target brings along, up to attaching to it for real.

use std::error::Error as _;

use super::check::{Check, Verdict};
use crate::cli::message::CliError;
use crate::os::permissions::{self, Access};
use crate::os::process::{self, Namespace, Status};
use crate::report::clean;
use crate::sampler::{self, Probe};

/// What can be said about a target, up to and including reading its memory. Stops where the
/// next check has nothing to look at.
pub(super) fn checks(pid: u32) -> Vec<Check> {
    let Some(status) = Status::of(pid) else {
        return vec![
            Check::new("target", Verdict::Failed, format!("no process {pid}"), "a running process")
                .fix("find it: pgrep -af python"),
        ];
    };
    let mut checks = vec![target(pid, &status)];
    if status.is_dead() {
        return checks;
    }
    checks.push(user(&status));
    checks.push(namespaces(pid, &status));
    checks.push(memory(pid));
    if checks.iter().all(|check| check.verdict != Verdict::Failed) {
        checks.extend(interpreter(pid));
        checks.push(super::switches::target(pid));
    }
    checks
}

fn target(pid: u32, status: &Status) -> Check {
    let command = process::command_line(pid).join(" ");
    let command = if command.is_empty() { format!("[{}]", status.name) } else { command };
    let command = shortened(&clean(&command));
    let (verdict, what) = match status.state {
        'Z' | 'X' | 'x' => (Verdict::Failed, "has ended"),
        'T' => (Verdict::Warning, "is stopped"),
        't' => (Verdict::Warning, "is stopped by a debugger"),
        _ => (Verdict::Ok, "runs"),
    };
    let present = format!("{pid} {what}: {command}");
    let check = Check::new("target", verdict, present, "a running process");
    match status.state {
        'T' => check.fix(format!("let it run on: kill -CONT {pid}")),
        't' => check.fix(format!("leave the debugger (process {})", status.tracer)),
        _ => check.fix("start it again"),
    }
}

fn shortened(text: &str) -> String {
    const LONGEST: usize = 100;
    if text.chars().count() <= LONGEST {
        return text.to_owned();
    }
    text.chars().take(LONGEST - 1).chain(['…']).collect()
}

fn user(theirs: &Status) -> Check {
    let ours = Status::of_self().unwrap_or_default();
    let same = theirs.uids[..3].iter().all(|&user| user == ours.uids[0]);
    let verdict = if same || ours.can_ptrace() { Verdict::Ok } else { Verdict::Failed };
    let present = format!("{} (looptrace: {})", theirs.uids[1], ours.uids[1]);
    let denial = permissions::Denial::DifferentUser { ours: ours.uids[0], theirs: theirs.uids[1] };
    let check = Check::new("target's user", verdict, present, "the same, or CAP_SYS_PTRACE");
    denial.hints().into_iter().fold(check, Check::fix)
}

fn namespaces(pid: u32, status: &Status) -> Check {
    let name = "target's namespaces";
    let needed = "any; in a container, looptrace maps paths, pids and clocks";
    let differing: Option<Vec<&str>> = Namespace::ALL
        .into_iter()
        .filter_map(|kind| match process::differs(pid, kind) {
            Some(false) => None,
            other => Some(other.map(|_| kind.name())),
        })
        .collect();
    let present = match differing.as_deref() {
        None => return Check::new(name, Verdict::Unknown, "cannot be read", needed),
        Some([]) => "the same as looptrace's".to_owned(),
        Some(kinds) => {
            let inner = status.namespaced_pids.last().filter(|&&inner| inner != pid);
            let inner = inner.map_or(String::new(), |inner| format!("; pid {inner} inside"));
            format!("own {}{inner}", kinds.join(", "))
        }
    };
    Check::new(name, Verdict::Ok, present, needed)
}

fn memory(pid: u32) -> Check {
    let name = "target's memory";
    let needed = "readable";
    match permissions::probe(pid) {
        Access::Granted => Check::new(name, Verdict::Ok, "readable", needed),
        Access::Gone => {
            Check::new(name, Verdict::Failed, "the process ended", needed).fix("start it again")
        }
        Access::NoMemory => Check::new(name, Verdict::Failed, "it has none", needed)
            .fix("give the pid of a Python program"),
        Access::Denied(reasons) => {
            let words: Vec<String> = reasons.iter().map(ToString::to_string).collect();
            let check =
                Check::new(name, Verdict::Failed, format!("refused: {}", words.join("; ")), needed);
            let mut hints: Vec<String> = Vec::new();
            for hint in reasons.iter().flat_map(permissions::Denial::hints) {
                if !hints.contains(&hint) {
                    hints.push(hint);
                }
            }
            hints.into_iter().fold(check, Check::fix)
        }
    }
}

/// Everything that attaching does, for real.
fn interpreter(pid: u32) -> Vec<Check> {
    let needed = "CPython 3.8 to 3.15";
    let probe = match sampler::probe(pid) {
        Ok(probe) => probe,
        Err(error) => {
            let shown = CliError::new(error.to_string()).because(error.source());
            let present = std::iter::once(shown.message).chain(shown.causes).collect::<Vec<_>>();
            let present = present.join(": ");
            let check = Check::new("interpreter", Verdict::Failed, clean(&present), needed);
            return vec![error.hints().into_iter().fold(check, Check::fix)];
        }
    };
    let found = format!("CPython {} in {}", probe.python, probe.binary.display());
    vec![
        Check::new("interpreter", Verdict::Ok, clean(&found), needed),
        build(&probe),
        layout(&probe),
        asyncio(&probe),
    ]
}

fn build(probe: &Probe) -> Check {
    let (verdict, present) = if probe.unverified_build {
        (Verdict::Warning, "free-threaded, of a version never tried")
    } else {
        (Verdict::Ok, "one of those")
    };
    Check::new("interpreter's build", verdict, present, "one that was verified on running programs")
        .fix("read it all the same: --force-unverified")
}

fn layout(probe: &Probe) -> Check {
    let differences = match probe.differences {
        0 => String::new(),
        number => format!("; {number} offsets are the target's own"),
    };
    let present = format!("{} checks passed{differences}", probe.checks_passed);
    Check::new("memory layout", Verdict::Ok, present, "verified in the target")
}

fn asyncio(probe: &Probe) -> Check {
    let needed = "imported, else there are threads and their stacks only";
    match &probe.asyncio {
        Some(path) => {
            Check::new("asyncio", Verdict::Ok, format!("loaded from {}", path.display()), needed)
        }
        None => Check::new("asyncio", Verdict::Warning, "not imported (yet)", needed)
            .fix("start looptrace before or after: it notices the import"),
    }
}
