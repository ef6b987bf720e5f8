//! Attaching across the borders that users have: another user, and a container's namespaces.

use std::process::Command;

use crate::support::interpreter::Interpreter;
use crate::support::look::{Look, look_at};
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;
use crate::support::truth::Truth;
use crate::support::{Target, interpreters};

/// An unprivileged user: nobody.
const NOBODY: &str = "65534";

/// Whether a wrapper can be used on this machine. Says so if not.
fn can(wrapper: &[&str], purpose: &str) -> bool {
    let Some((program, arguments)) = wrapper.split_first() else { return true };
    let works = Command::new(program)
        .args(arguments)
        .arg("true")
        .output()
        .is_ok_and(|output| output.status.success());
    if !works {
        println!("SKIPPED: {purpose}: `{}` is not allowed here", wrapper.join(" "));
    }
    works
}

/// An interpreter that nobody may run as well: one that does not lie in somebody's home.
fn shared_interpreter() -> Option<&'static Interpreter> {
    let python = interpreters().iter().find(|python| {
        python.chroot.is_some()
            || python.path.starts_with("/usr")
            || python.path.starts_with("/opt")
    });
    if python.is_none() {
        println!("SKIPPED: another user's process: no interpreter that other users may run");
    }
    python
}

fn same_tasks(truth: &Truth, look: &Look, label: &str) {
    let told: Vec<&str> = truth.tasks.iter().map(|task| task.name.as_str()).collect();
    let mut seen: Vec<&str> = look.tasks.iter().filter_map(|task| task.name.as_deref()).collect();
    seen.sort_unstable();
    assert_eq!(told, seen, "{label}");
}

#[test]
fn root_attaches_to_another_users_process() {
    let wrapper = ["setpriv", "--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
    if !can(&wrapper, "another user's process") {
        return;
    }
    let Some(python) = shared_interpreter() else { return };
    let sample = Sample::named("edge_gather");
    let mut target = match &python.chroot {
        // Only root may enter a root directory; the user is changed inside.
        Some(_) => Target::start_as(NOBODY, python, &sample),
        None => Target::start_wrapped(&wrapper, python, &sample, &[]),
    };
    let truth = target.truth();
    let look = look_at(&target).unwrap_or_else(|error| panic!("{}: {error}", target.label));
    same_tasks(&truth, &look, &target.label);
}

#[test]
fn a_process_in_other_namespaces_is_read_by_the_hosts_ids_and_its_own_clock() {
    let wrapper = [
        "unshare",
        "--mount",
        "--pid",
        "--fork",
        "--kill-child",
        "--time",
        "--monotonic",
        "123456",
    ];
    if !can(&wrapper, "a process in other mount, pid and time namespaces") {
        return;
    }
    for python in interpreters().iter().filter(|python| !python.free_threaded) {
        let sample = Sample::named("edge_gather");
        let mut target = Target::start_wrapped(&wrapper, python, &sample, &[]);
        let inside = target.ready["pid"].as_u64();
        assert_ne!(inside, Some(u64::from(target.pid())), "{}: its own ids", target.label);
        let look = look_at(&target).unwrap_or_else(|error| panic!("{}: {error}", target.label));
        let before = target.truth();
        same_tasks(&before, &look, &target.label);
        let main = Some(target.pid());
        assert!(look.threads.iter().any(|row| row.native_id == main), "{}: ids", target.label);
        let recorded = Recorder::start(&target, &[]).stop();
        let after = target.truth();
        let start = recorded.meta.anchor.monotonic_start_ns;
        let clock = before.monotonic_ns..=after.monotonic_ns;
        assert!(clock.contains(&start), "{}: {start} is not in {clock:?}", target.label);
    }
}
