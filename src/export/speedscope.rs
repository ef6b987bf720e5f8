//! A profile for speedscope: one per thread, one of what tasks ran, one of what they waited for.

use std::io::{self, Write};

use rustc_hash::FxHashMap;
use serde::ser::{Serialize, SerializeMap as _, Serializer};

use crate::analysis::flame::{Flame, Label, LabelId, LabelKind, PathId, Run, Tree};

const SCHEMA: &str = "https://www.speedscope.app/file-format-schema.json";

/// With more samples than this the order of time is given up and each stack written once:
/// speedscope does not open files of several hundred MiB.
const MOST_RUNS: usize = 400_000;

/// Writes a speedscope file. Build the flame graph with `in_order`, so that threads and tasks
/// have their samples.
///
/// # Errors
/// What the writer gives.
pub fn speedscope(flame: &Flame, out: &mut impl Write) -> io::Result<()> {
    serde_json::to_writer(&mut *out, &File { flame })?;
    writeln!(out)
}

struct File<'a> {
    flame: &'a Flame,
}

impl Serialize for File<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let flame = self.flame;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("$schema", SCHEMA)?;
        map.serialize_entry("exporter", concat!("looptrace ", env!("CARGO_PKG_VERSION")))?;
        map.serialize_entry("name", &flame.source.file)?;
        map.serialize_entry("activeProfileIndex", &0)?;
        map.serialize_entry("shared", &Shared { labels: flame.tree.labels() })?;
        map.serialize_entry("profiles", &profiles(flame))?;
        map.end()
    }
}

struct Shared<'a> {
    labels: &'a [Label],
}

impl Serialize for Shared<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(1))?;
        let frames: Vec<Frame<'_>> = self
            .labels
            .iter()
            .map(|label| Frame {
                name: if label.name.is_empty() { "?" } else { &label.name },
                file: label.file.as_deref(),
                line: label.line,
            })
            .collect();
        map.serialize_entry("frames", &frames)?;
        map.end()
    }
}

#[derive(serde::Serialize)]
struct Frame<'a> {
    name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    line: Option<u32>,
}

/// A profile of type `sampled`, written run by run: all its stacks at once could be gigabytes.
struct Profile<'a> {
    name: String,
    tree: &'a Tree,
    runs: Runs<'a>,
}

enum Runs<'a> {
    /// In the order of time.
    Ordered(&'a [Run]),
    /// Sums without an order.
    Sums(Vec<(Vec<LabelId>, u64)>),
}

fn profiles(flame: &Flame) -> Vec<Profile<'_>> {
    let tree = &flame.tree;
    let count = flame.threads.iter().map(|thread| thread.runs.len()).sum::<usize>();
    let profile = |name: String, runs| {
        if count + flame.running.len() <= MOST_RUNS {
            return Profile { name, tree, runs: Runs::Ordered(runs) };
        }
        Profile { name: format!("{name}, sums"), tree, runs: Runs::Sums(sums(tree, runs)) }
    };
    let mut profiles = Vec::new();
    if !flame.running.is_empty() {
        profiles.push(profile("Tasks running".to_owned(), &flame.running));
    }
    for thread in &flame.threads {
        profiles.push(profile(format!("Thread {}", thread.name), &thread.runs));
    }
    let suspended = suspended(tree);
    if !suspended.is_empty() {
        let name = "Tasks waiting and ready".to_owned();
        profiles.push(Profile { name, tree, runs: Runs::Sums(suspended) });
    }
    if profiles.is_empty() {
        let name = "Nothing recorded".to_owned();
        profiles.push(Profile { name, tree, runs: Runs::Ordered(&[]) });
    }
    profiles
}

/// The time of each path, heaviest first.
fn sums(tree: &Tree, runs: &[Run]) -> Vec<(Vec<LabelId>, u64)> {
    let mut sums: FxHashMap<PathId, u64> = FxHashMap::default();
    for run in runs {
        let sum = sums.entry(run.path).or_default();
        *sum = sum.saturating_add(run.nanos);
    }
    let mut sums: Vec<(PathId, u64)> = sums.into_iter().collect();
    sums.sort_unstable_by_key(|&(path, nanos)| (std::cmp::Reverse(nanos), path));
    sums.into_iter().map(|(path, nanos)| (tree.labels_of(path), nanos)).collect()
}

/// The paths that end in `[waiting…]` or `[ready]`.
fn suspended(tree: &Tree) -> Vec<(Vec<LabelId>, u64)> {
    let mut paths = Vec::new();
    let result: Result<(), std::convert::Infallible> = tree.walk(|path, nanos| {
        let leaf = path.last().and_then(|&label| tree.labels().get(label as usize));
        if leaf.is_some_and(|label| label.kind == LabelKind::Suspension) {
            paths.push((path.to_vec(), nanos));
        }
        Ok(())
    });
    match result {
        Ok(()) => paths,
        Err(never) => match never {},
    }
}

impl Serialize for Profile<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let weights: Vec<u64> = match &self.runs {
            Runs::Ordered(runs) => runs.iter().map(|run| run.nanos).collect(),
            Runs::Sums(sums) => sums.iter().map(|(_, nanos)| *nanos).collect(),
        };
        let total = weights.iter().fold(0_u64, |sum, weight| sum.saturating_add(*weight));
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", "sampled")?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("unit", "nanoseconds")?;
        map.serialize_entry("startValue", &0)?;
        map.serialize_entry("endValue", &total)?;
        map.serialize_entry("samples", &Stacks(self))?;
        map.serialize_entry("weights", &weights)?;
        map.end()
    }
}

struct Stacks<'a>(&'a Profile<'a>);

impl Serialize for Stacks<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.0.runs {
            Runs::Ordered(runs) => {
                serializer.collect_seq(runs.iter().map(|run| self.0.tree.labels_of(run.path)))
            }
            Runs::Sums(sums) => serializer.collect_seq(sums.iter().map(|(path, _)| path)),
        }
    }
}
