//! Layouts against living interpreters: what an interpreter finds by searching its own objects
//! must stand where the layout says, and attaching must see what the program sees.
#![cfg(test)]

#[path = "support/interpreter.rs"]
#[expect(dead_code, reason = "the live tests use the rest")]
mod interpreter;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use interpreter::{Interpreter, interpreters};
use looptrace::memory::{LiveMemory, PagedMemory, RemoteAddr};
use looptrace::python::layout::{AsyncioLayout, GeneratorFrame, Layout};
use looptrace::python::{AttachError, AttachOptions, Target, threads, verify};
use serde::Deserialize;

const FORCED: AttachOptions = AttachOptions { force_unverified: true };
const SCRIPT: &str = include_str!("support/layout_truth.py");

#[derive(Deserialize)]
struct Truth {
    /// Every offset at which the known value of a field was found.
    fields: BTreeMap<String, Vec<u64>>,
    /// The bits, by offset, in which objects with and without a flag differ.
    flags: BTreeMap<String, BTreeMap<String, u8>>,
    version: String,
    /// Kernel ids by `threading.get_ident`.
    threads: BTreeMap<String, u32>,
    /// `Thread.name` by the same.
    names: BTreeMap<String, String>,
    task_type: u64,
    future_type: u64,
}

/// A running script; ended when dropped.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Either may fail only because it has ended already.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

fn start(python: &Interpreter) -> (Running, Truth) {
    let mut command = match &python.chroot {
        Some(root) => {
            let mut command = Command::new("chroot");
            command.arg(root).arg(&python.path);
            command
        }
        None => Command::new(&python.path),
    };
    command.args(["-c", SCRIPT]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().expect("an interpreter starts");
    let stdout = child.stdout.take().expect("stdout is piped");
    let running = Running(child);
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("the script prints");
    let json = line.strip_prefix("TRUTH ").unwrap_or_else(|| panic!("{python}: {line}"));
    (running, serde_json::from_str(json).expect("the script prints JSON"))
}

/// What a layout says about a field of the script, by its name there.
fn field(layout: &Layout, name: &str) -> Option<u64> {
    let Layout { object, type_object, thread, code, generator, values, callables, .. } = layout;
    let (group, rest) = name.split_once('.')?;
    match (group, rest) {
        ("object", "size") => Some(object.size),
        ("object", "ob_type") => Some(object.ob_type),
        ("object", "ob_size") => Some(object.ob_size),
        ("type_object", "tp_basicsize") => Some(type_object.tp_basicsize),
        ("type_object", "tp_flags") => Some(type_object.tp_flags),
        ("type_object", "tp_base") => Some(type_object.tp_base),
        ("type_object", "tp_mro") => Some(type_object.tp_mro),
        ("type_object", "ht_qualname") => Some(type_object.ht_qualname),
        ("type_object", "tp_dictoffset") => Some(type_object.tp_dictoffset),
        ("type_object", "tp_weaklistoffset") => Some(type_object.tp_weaklistoffset),
        ("thread", "thread_id") => Some(thread.thread_id),
        ("thread", "dict") => Some(thread.dict),
        ("thread", "interp") => Some(thread.interp),
        ("thread", "id") => Some(thread.id),
        ("thread", "native_thread_id") => thread.native_thread_id,
        ("thread", "asyncio_running_loop") => thread.asyncio_running_loop,
        ("thread", "asyncio_running_task") => thread.asyncio_running_task,
        ("code", "filename") => Some(code.filename),
        ("code", "name") => Some(code.name),
        ("code", "qualname") => code.qualname,
        ("code", "line_table") => Some(code.line_table),
        ("code", "first_line") => Some(code.first_line),
        ("code", "flags") => Some(code.flags),
        ("generator", "name") => Some(generator.name),
        ("generator", "qualname") => Some(generator.qualname),
        ("generator", "wrapper_coroutine") => Some(generator.wrapper_coroutine),
        ("generator", "frame.frame") => match generator.frame {
            GeneratorFrame::ObjectRunning { frame, .. } | GeneratorFrame::Object { frame } => {
                Some(frame)
            }
            GeneratorFrame::Inline { .. } => None,
        },
        ("values", "tuple_items") => Some(values.tuple_items),
        ("values", "list_items") => Some(values.list_items),
        ("values", "set_used") => Some(values.set_used),
        ("values", "set_mask") => Some(values.set_mask),
        ("values", "deque_left") => Some(values.deque_left),
        ("values", "deque_left_index") => Some(values.deque_left_index),
        ("values", "dict_used") => Some(values.dict_used),
        ("values", "text.length") => Some(values.text.length),
        ("values", "text.ascii_data") => Some(values.text.ascii_data),
        ("values", "text.compact_data") => Some(values.text.compact_data),
        ("values", "float_value") => Some(values.float_value),
        ("values", "bytes_data") => Some(values.bytes_data),
        ("callables", "function_code") => Some(callables.function_code),
        ("callables", "function_closure") => Some(callables.function_closure),
        ("callables", "function_qualname") => Some(callables.function_qualname),
        ("callables", "cell_value") => Some(callables.cell_value),
        ("callables", "method_function") => Some(callables.method_function),
        ("callables", "method_self") => Some(callables.method_self),
        ("callables", "builtin_self") => Some(callables.builtin_self),
        ("callables", "partial_function") => Some(callables.partial_function),
        ("callables", "partial_args") => Some(callables.partial_args),
        ("callables", "module_dict") => Some(callables.module_dict),
        ("callables", "weakref_object") => Some(callables.weakref_object),
        ("asyncio", rest) => asyncio_field(&layout.asyncio, rest),
        _ => None,
    }
}

fn asyncio_field(asyncio: &AsyncioLayout, name: &str) -> Option<u64> {
    match name {
        "coro" => Some(asyncio.coro),
        "fut_waiter" => Some(asyncio.fut_waiter),
        "name" => Some(asyncio.name),
        "event_loop" => Some(asyncio.event_loop),
        "context" => Some(asyncio.context),
        "state" => Some(asyncio.state),
        "cancel_requests" => asyncio.cancel_requests,
        "awaited_by" => asyncio.awaited_by,
        "task_size" => Some(asyncio.task_size),
        "future_size" => Some(asyncio.future_size),
        "exception" => Some(asyncio.exception),
        "future_iter_future" => Some(asyncio.future_iter_future),
        _ => None,
    }
}

#[test]
fn every_interpreter_keeps_its_objects_as_the_layout_says() {
    for python in interpreters() {
        let (running, truth) = start(python);
        let target = Target::attach(running.0.id(), FORCED)
            .unwrap_or_else(|error| panic!("{python}: {error}"));
        let interpreter = &target.interpreter;
        assert_eq!(interpreter.version.to_string(), truth.version);
        for (name, offsets) in &truth.fields {
            let says = field(&interpreter.layout, name)
                .unwrap_or_else(|| panic!("{python}: {name} is not in the layout"));
            assert!(
                offsets.contains(&says),
                "{python}: {name} is at {offsets:?}, the layout says {says}"
            );
        }
        let asyncio = &interpreter.layout.asyncio;
        let flags =
            [("must_cancel", asyncio.must_cancel), ("log_traceback", asyncio.log_traceback)];
        for (name, flag) in flags {
            let bits = truth.flags[name].get(&flag.offset.to_string()).copied().unwrap_or(0);
            assert_eq!(bits & flag.mask, bits, "{python}: {name} in {:?}", truth.flags[name]);
            assert_ne!(bits, 0, "{python}: {name} in {:?}", truth.flags[name]);
        }
        assert!(target.still_same());
    }
}

#[test]
fn threads_have_the_kernel_ids_that_the_program_knows() {
    for python in interpreters() {
        let (running, truth) = start(python);
        let pid = running.0.id();
        let target =
            Target::attach(pid, FORCED).unwrap_or_else(|error| panic!("{python}: {error}"));
        let mut memory = PagedMemory::new(LiveMemory::new(pid));
        let found = threads::list(&mut memory, &target.interpreter).unwrap();
        let found: BTreeMap<String, u32> = found
            .iter()
            .filter_map(|thread| Some((thread.pthread.to_string(), thread.native_id?)))
            .collect();
        assert_eq!(found, truth.threads, "{python}");
        let names = threads::python_names(&mut memory, &target.interpreter).unwrap();
        let names: BTreeMap<String, String> =
            names.into_iter().map(|(ident, name)| (ident.to_string(), name)).collect();
        assert_eq!(names, truth.names, "{python}");
    }
}

#[test]
fn a_wrong_row_for_asyncio_is_noticed() {
    for python in interpreters() {
        let (running, truth) = start(python);
        let pid = running.0.id();
        let target =
            Target::attach(pid, FORCED).unwrap_or_else(|error| panic!("{python}: {error}"));
        let mut memory = PagedMemory::new(LiveMemory::new(pid));
        let types = [truth.task_type, truth.future_type].map(RemoteAddr::new);
        let mut passes = |layout: &Layout| {
            verify::verify_asyncio(&mut memory, layout, types[0], types[1])
                .unwrap()
                .iter()
                .all(|check| check.ok)
        };
        assert!(passes(&target.interpreter.layout), "{python}");
        let rows = Layout::rows().iter().filter(|row| row.build == target.interpreter.build);
        for row in rows {
            // 3.11 and 3.12 share what tasks look like.
            if row.asyncio.fut_waiter != target.interpreter.layout.asyncio.fut_waiter {
                assert!(!passes(row), "{python} with the row of 3.{}", row.minor);
            }
        }
    }
}

#[test]
fn asyncio_is_found_once_it_is_imported() {
    const LATE: &str = "import sys; print('READY', flush=True); sys.stdin.readline(); \
                        import asyncio; print('READY', flush=True); sys.stdin.readline()";
    for python in interpreters().iter().filter(|python| python.chroot.is_none()) {
        let mut child = Command::new(&python.path)
            .args(["-c", LATE])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("an interpreter starts");
        let mut stdin = child.stdin.take().expect("stdin is piped");
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let running = Running(child);
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let mut target = Target::attach(running.0.id(), FORCED)
            .unwrap_or_else(|error| panic!("{python}: {error}"));
        let early = target.interpreter.find_asyncio_late();
        assert_eq!(early, Ok(false), "{python}");
        std::io::Write::write_all(&mut stdin, b"\n").unwrap();
        stdout.read_line(&mut line).unwrap();
        assert_eq!(target.interpreter.find_asyncio_late(), Ok(true), "{python}");
        let checks = &target.interpreter.verified;
        assert!(checks.iter().any(|check| check.name.contains("_asyncio.Task")), "{python}");
    }
}

#[test]
fn what_is_no_python_is_told_from_what_is_gone() {
    let child = Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().unwrap();
    let mut running = Running(child);
    let pid = running.0.id();
    // Until its exec it is still this program, which is no Python either.
    assert!(matches!(
        Target::attach(pid, AttachOptions::default()),
        Err(AttachError::NotPython { .. })
    ));
    running.0.kill().unwrap();
    // Not waited for yet: a zombie, from the moment the kernel has taken it down.
    let mut outcome = Target::attach(pid, AttachOptions::default());
    while matches!(outcome, Err(AttachError::NotPython { .. })) {
        outcome = Target::attach(pid, AttachOptions::default());
    }
    assert!(matches!(outcome, Err(AttachError::Exited { .. })), "{outcome:?}");
    running.0.wait().unwrap();
    let outcome = Target::attach(pid, AttachOptions::default());
    assert!(matches!(outcome, Err(AttachError::NoSuchProcess { .. })), "{outcome:?}");
}

#[test]
fn an_unverified_build_is_refused_unless_forced() {
    for python in interpreters().iter().filter(|python| python.free_threaded) {
        let (running, _) = start(python);
        let outcome = Target::attach(running.0.id(), AttachOptions::default());
        let forced = Target::attach(running.0.id(), FORCED).expect("attached");
        if forced.interpreter.version.minor == 13 {
            assert!(outcome.is_ok(), "{outcome:?}");
        } else {
            assert!(matches!(outcome, Err(AttachError::UnverifiedBuild { .. })), "{outcome:?}");
        }
    }
}

/// Not a test but a measurement: `cargo test --release --test layouts -- --ignored --nocapture`.
#[test]
#[ignore = "prints figures for docs/python-layouts.md"]
fn how_long_attaching_takes() {
    for python in interpreters() {
        let (running, truth) = start(python);
        let mut millis: Vec<f64> = (0..51)
            .map(|_| {
                let begin = std::time::Instant::now();
                Target::attach(running.0.id(), FORCED).expect("it can be attached to");
                begin.elapsed().as_secs_f64() * 1e3
            })
            .collect();
        let first = millis[0];
        millis.sort_unstable_by(f64::total_cmp);
        let (median, worst) = (millis[25], millis[50]);
        println!(
            "{python} ({}): first {first:.1} ms, median {median:.1} ms, worst {worst:.1} ms",
            truth.version
        );
    }
}
