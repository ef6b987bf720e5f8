//! The tour: every program of `samples/` that states in its first lines what looptrace must show,
//! checked against `dump` and `report`. A mistake that is not stated must not be found.

mod expect;
mod lines;

use std::collections::BTreeSet;

use crate::full_run;
use crate::support::interpreter::{Interpreter, interpreter};
use crate::support::look::looptrace;
use crate::support::recorder::Recorder;
use crate::support::sample::{Sample, directory};
use crate::support::{Target, interpreters};
use lines::{Line, Subject, Tour};
use looptrace::model::Event;
use serde_json::Value;

/// The version that the default run takes.
const USUAL: u8 = 12;
/// Programs that run side by side.
const ABREAST: usize = 3;

/// Every program of the tour, by name.
fn programs() -> Vec<(Sample, Tour)> {
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .expect("samples/ is there")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".py").filter(|name| !name.starts_with('_')).map(str::to_owned)
        })
        .collect();
    names.sort();
    names
        .iter()
        .map(|name| Sample::named(name))
        .filter_map(|sample| {
            let source = std::fs::read_to_string(&sample.path).expect("a sample can be read");
            Some((sample, Tour::parse(&source)?))
        })
        .collect()
}

fn tour(chosen: impl Fn(&str) -> bool) {
    let all = programs();
    let usual = interpreter(USUAL).or_else(|| interpreters().last());
    let pythons: Vec<&Interpreter> = if full_run() {
        interpreters().iter().filter(|python| !python.free_threaded).collect()
    } else {
        usual.into_iter().collect()
    };
    let wanted: Vec<(&Interpreter, &(Sample, Tour))> = pythons
        .into_iter()
        .flat_map(|python| {
            let of = all
                .iter()
                .filter(|(sample, tour)| chosen(&sample.name) && (full_run() || !tour.costly));
            of.filter(|(sample, _)| sample.runs_on(python)).map(move |it| (python, it))
        })
        .collect();
    assert!(!wanted.is_empty(), "no program of the tour");
    let (sender, queue) = crossbeam_channel::unbounded();
    for job in wanted {
        sender.send(job).expect("the queue is open");
    }
    drop(sender);
    let complaints: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..ABREAST)
            .map(|_| {
                let queue = queue.clone();
                scope.spawn(move || {
                    let visits = queue.iter().flat_map(|(python, it)| visit(python, it));
                    visits.collect::<Vec<String>>()
                })
            })
            .collect();
        workers.into_iter().flat_map(|it| it.join().expect("a visit ends in order")).collect()
    });
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

/// Looks at one program; gives what is not as it says.
fn visit(python: &Interpreter, (sample, tour): &(Sample, Tour)) -> Vec<String> {
    let arguments: Vec<&str> = tour.arguments.iter().map(String::as_str).collect();
    let mut target = Target::start_with(python, sample, &arguments);
    let mut recorder = Recorder::start_unseen(&target, &["--rate", "250", "--quiet"]);
    if tour.crowd > 0 {
        recorder.wait_for("a census", |event| matches!(event, Event::CensusEnd { .. }));
        target.send("go");
    }
    let (until, crowd) = (tour.record, std::cell::Cell::new(tour.crowd == 0));
    // On a machine that others use a program may get little done in the time.
    let (ran, rows) = (std::cell::RefCell::new(BTreeSet::new()), std::cell::Cell::new(0));
    let alive = std::cell::RefCell::new(Vec::new());
    recorder.wait_for("a census late enough", |event| match event {
        Event::CensusEnd { end, .. } => {
            crowd.set(crowd.get() || end.tasks >= tour.crowd);
            alive.borrow_mut().push(end.tasks);
            let enough = ran.borrow().len() >= tour.ran
                && rows.get() >= tour.rows
                && (!tour.growth || grows(&alive.borrow()));
            end.time.as_nanos() >= until && crowd.get() && enough
        }
        Event::TaskRow(_) => {
            rows.set(rows.get() + 1);
            false
        }
        Event::Sample(sample) => {
            ran.borrow_mut().extend(sample.task);
            false
        }
        _ => false,
    });
    // The recorder's looks are those that are checked; the target must not change for the dump.
    let dump = json(&["dump", "--format", "json", "--pid", &target.pid().to_string()]);
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("run.looptrace");
    recorder.stop_into(&file);
    let file = file.display().to_string();
    let mut asked = vec!["report", "--format", "json", &file];
    asked.extend(tour.options.iter().map(String::as_str));
    let root = python.chroot.as_ref().map(|root| root.display().to_string());
    asked.extend(root.iter().flat_map(|root| ["--source-root", root.as_str()]));
    let report = json(&asked);
    let mut complaints = Vec::new();
    for line in tour.lines.iter().filter(|line| line.holds_on(python.version.1)) {
        let seen = if line.subject.of_dump() { &dump } else { &report };
        complaints.extend(expect::check(line, seen));
    }
    complaints.extend(unexpected(tour, python, &dump, &report));
    complaints.iter().map(|text| format!("{}: {text}", target.label)).collect()
}

/// Whether each quarter of these numbers, of at least six, begins clearly above the one before.
fn grows(alive: &[u32]) -> bool {
    let quarter = alive.len() / 4;
    let starts = [0, 1, 2, 3].map(|number| alive.get(number * quarter).copied().unwrap_or(0));
    quarter >= 6 && starts.windows(2).all(|pair| pair[0] + 10 < pair[1])
}

/// Findings that the program does not state.
fn unexpected(tour: &Tour, python: &Interpreter, dump: &Value, report: &Value) -> Vec<String> {
    let minor = python.version.1;
    let stated = |of_dump: bool| -> BTreeSet<&str> {
        let lines = tour.lines.iter().filter(|line| line.holds_on(minor));
        lines.filter_map(|line| line.finding(of_dump)).collect()
    };
    let mut complaints = Vec::new();
    for (seen, of_dump) in [(dump, true), (report, false)] {
        let known = stated(of_dump);
        for finding in seen["findings"].as_array().into_iter().flatten() {
            if !finding["kind"].as_str().is_some_and(|kind| known.contains(kind)) {
                let from = if of_dump { "dump" } else { "report" };
                complaints.push(format!("{from} finds {finding}"));
            }
        }
    }
    complaints
}

fn json(arguments: &[&str]) -> Value {
    let output = looptrace().args(arguments).output().expect("looptrace can be started");
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "looptrace {arguments:?}: {words}");
    serde_json::from_slice(&output.stdout).expect("it is JSON")
}

#[test]
fn patterns_are_shown_as_they_say() {
    tour(|name| !name.starts_with("mistake_") && !name.starts_with("near_"));
}

#[test]
fn mistakes_are_found() {
    tour(|name| name.starts_with("mistake_"));
}

#[test]
fn near_misses_are_not_found() {
    tour(|name| name.starts_with("near_"));
}

#[test]
fn every_kind_of_finding_has_a_mistake_and_a_section() {
    let page = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings.md"),
    )
    .expect("docs/findings.md is there");
    let programs = programs();
    for kind in looptrace::analysis::findings::kinds() {
        let heading = format!("\n## {kind}\n");
        let (_, section) = page.split_once(&heading).unwrap_or_else(|| panic!("no ## {kind}"));
        let section = section.split("\n## ").next().unwrap_or_default();
        let mistakes = programs.iter().filter(|(sample, tour)| {
            sample.name.starts_with("mistake_")
                && tour.lines.iter().any(|line| line.finding(false) == Some(kind))
        });
        let mistakes: Vec<&str> = mistakes.map(|(sample, _)| sample.name.as_str()).collect();
        assert!(!mistakes.is_empty(), "{kind}: no program makes this mistake");
        let told = |start: &str| {
            programs.iter().any(|(sample, _)| {
                sample.name.starts_with(start) && section.contains(&format!("{}.py", sample.name))
            })
        };
        assert!(told("mistake_") && told("near_"), "{kind}: docs/findings.md names no program");
    }
}

#[test]
fn the_walk_passes_every_program() {
    let page = std::fs::read_to_string(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/patterns.md"),
    )
    .expect("docs/patterns.md is there");
    for (Sample { name, .. }, tour) in programs() {
        assert!(page.contains(&format!("{name}.py")), "docs/patterns.md leaves out {name}.py");
        let checks = |line: &Line| !matches!(line.subject, Subject::Finding { maybe: true, .. });
        assert!(tour.lines.iter().any(checks), "{name}.py states nothing that could fail");
    }
}
