//! Connection pools of well-known libraries show in the libraries' own frames.

use std::process::{Command, Stdio};

use looptrace::model::Event;
use serde_json::Value;

use crate::support::Target;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::look::{Look, look_at, looptrace};
use crate::support::recorder::Recorder;
use crate::support::sample::Sample;

#[test]
fn waits_for_a_connection_stand_in_the_code_of_the_pool() {
    let Some(python) = interpreter(12).filter(|python| has_clients(python)) else {
        println!("SKIPPED: no Python 3.12 with aiohttp and httpx; `tests/run` can provide it");
        return;
    };
    let target = Target::start(python, &Sample::named("pools"));
    let look = look_at(&target).unwrap_or_else(|error| panic!("{error}"));
    for (coroutine, file) in [
        ("with_aiohttp", "/aiohttp/connector.py"),
        ("with_httpx", "/httpcore/_async/connection_pool.py"),
    ] {
        // Two of six may have a connection, one more may be between two requests.
        let waiting = in_pool(&look, coroutine, file);
        assert!(waiting >= 3, "{waiting} tasks of {coroutine} wait in {file}: {look:#?}");
    }

    let mut recorder = Recorder::start(&target, &[]);
    recorder.wait_for_many("a census", 10, |event| matches!(event, Event::CensusEnd { .. }));
    let scratch = tempfile::tempdir().expect("a directory");
    let file = scratch.path().join("run.looptrace");
    recorder.stop_into(&file);
    let output = looptrace()
        .args(["report", "--format", "json"])
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("looptrace starts");
    let report: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let rows = report["contention"].as_array().expect("a list");
    for (pool, function, file) in [
        ("aiohttp connector", "_wait_for_available_connection", "/aiohttp/connector.py"),
        ("httpcore pool", "wait_for_connection", "/httpcore/_async/connection_pool.py"),
    ] {
        let of: Vec<&Value> = rows.iter().filter(|row| row["pool"] == pool).collect();
        let [row] = of.as_slice() else { panic!("not one row of {pool}: {rows:#?}") };
        let text = |key: &str| row["place"][key].as_str().unwrap_or_default();
        assert!(text("function").ends_with(function) && text("file").ends_with(file), "{row:#}");
        // Six clients and two connections.
        assert!(
            row["most_waiters"].as_u64().is_some_and(|most| (3..=6).contains(&most)),
            "{row:#}"
        );
        assert!(
            row["waits"].as_u64() >= row["tasks"].as_u64() && row["object"].is_null(),
            "{row:#}"
        );
    }
    let named_by_wrapper = |row: &&Value| {
        row["place"]["file"].as_str().is_some_and(|file| file.contains("/anyio/_backends/"))
    };
    assert_eq!(rows.iter().find(named_by_wrapper), None, "named by what wraps asyncio");
}

/// Tasks of `coroutine` that have `file` in their chain and no other library's code inside of it.
fn in_pool(look: &Look, coroutine: &str, file: &str) -> usize {
    let wrappers = ["/anyio/", "/httpcore/_synchronization.py"];
    let of = look.tasks.iter().filter(|task| task.coroutine.as_deref() == Some(coroutine));
    of.filter(|task| {
        let mut inwards =
            task.await_chain.iter().flatten().rev().filter_map(|frame| frame.file.as_deref());
        inwards
            .find(|path| {
                path.contains("/site-packages/")
                    && !wrappers.iter().any(|wrapper| path.contains(wrapper))
            })
            .is_some_and(|path| path.ends_with(file))
    })
    .count()
}

fn has_clients(python: &Interpreter) -> bool {
    let mut imports = Command::new(&python.path);
    imports.args(["-c", "import aiohttp, httpx"]).stderr(Stdio::null());
    python.chroot.is_none() && imports.status().is_ok_and(|status| status.success())
}
