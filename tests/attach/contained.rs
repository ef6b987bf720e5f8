//! A program in a container is seen as it sees itself, but with the ids of whoever looks.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

use super::container::{self, Container};
use super::is_root;
use crate::support::interpreters;
use crate::support::look::{Look, looptrace};
use crate::support::truth::{Truth, TruthFrame};

const DUMP: [&str; 4] = ["dump", "--force-unverified", "--format", "json"];

fn look(mut command: Command, label: &str) -> Look {
    let output = command.output().unwrap_or_else(|error| panic!("{label}: {error}"));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{label}: {words}");
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{label}: {error}"))
}

/// Tasks with their chains, threads and loops are what the program says; `ids` gives a thread's id
/// as the looker sees it for the one that the program knows.
fn compare(look: &Look, truth: &Truth, ids: &BTreeMap<u32, u32>, label: &str) {
    assert_eq!(look.schema, "looptrace.dump/1");
    let ours: BTreeMap<String, Option<Vec<TruthFrame>>> = look
        .tasks
        .iter()
        .map(|task| {
            let chain = task.await_chain.as_ref();
            let chain = chain.map(|chain| chain.iter().filter_map(|f| f.told()).collect());
            (task.name.clone().unwrap_or_default(), chain)
        })
        .collect();
    let theirs: BTreeMap<String, Option<Vec<TruthFrame>>> =
        truth.tasks.iter().map(|task| (task.name.clone(), task.chain.clone())).collect();
    assert_eq!(ours, theirs, "{label}");
    let inside = |frame: &TruthFrame| frame.file.starts_with("/srv/");
    assert!(ours.values().flatten().flatten().any(inside), "{label}: paths as inside");

    let host = |id: u32| ids.get(&id).copied();
    let found: BTreeSet<_> = look.threads.iter().map(|thread| thread.native_id).collect();
    let known: BTreeSet<_> = truth.threads.iter().map(|thread| host(thread.native_id)).collect();
    assert!(!known.contains(&None), "{label}: {known:?}");
    assert_eq!(found, known, "{label}: threads");
    let found: BTreeSet<_> = look.loops.iter().map(|event_loop| event_loop.thread).collect();
    let known: BTreeSet<_> = truth.loops.iter().map(|known| host(known.thread)).collect();
    assert_eq!(found, known, "{label}: loops");
}

#[test]
fn from_the_host_it_has_the_hosts_ids_and_its_own_paths() {
    if !is_root("programs in containers") || !container::possible() {
        return;
    }
    for python in interpreters() {
        let mut container = Container::start(python, "several_loops");
        let truth = container.target.truth();
        let label = container.target.label.clone();
        assert_eq!(truth.pid, 1, "{label}: it is alone in there");
        let ids = container.threads();
        assert_eq!(ids.get(&1), Some(&container.pid), "{label}");
        let mut command = looptrace();
        command.args(DUMP).args(["--pid", &container.pid.to_string()]);
        compare(&look(command, &label), &truth, &ids, &label);
    }
}

#[test]
fn from_a_container_beside_it_ids_are_those_of_the_shared_namespace() {
    if !is_root("a sidecar") || !container::possible() {
        return;
    }
    for python in interpreters() {
        let mut container = Container::start(python, "several_loops");
        let truth = container.target.truth();
        let label = container.target.label.clone();
        let ids = truth.threads.iter().map(|thread| (thread.native_id, thread.native_id)).collect();
        // Its pids, mounts of one's own with a /proc that shows those pids.
        let mut beside = container.enter(&["--pid"]);
        beside.args(["unshare", "--mount", "--mount-proc", env!("CARGO_BIN_EXE_looptrace")]);
        beside.args(DUMP).args(["--pid", "1"]);
        compare(&look(beside, &label), &truth, &ids, &label);

        // All of its namespaces, as `docker exec` has them.
        let copy = format!("/proc/{}/root/srv/looptrace", container.pid);
        std::fs::copy(env!("CARGO_BIN_EXE_looptrace"), copy).expect("/srv can be written");
        let mut within = container.enter(&["--pid", "--mount", "--time"]);
        within.arg("/srv/looptrace").args(DUMP).args(["--pid", "1"]);
        compare(&look(within, &label), &truth, &ids, &label);
    }
}
