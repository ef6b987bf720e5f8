//! The hottest stacks, under what awaits them.

use std::io::{self, Write};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::analysis::{Analysis, FrameNames, HotStack, StackTask, is_default_name, is_parked};
use crate::model::{Activity, CodeId, Duration, FrameKind, StackId, StringId, TaskId, ThreadId};

use super::super::bar::bar;
use super::super::style::{Paint, Style, clean, width};
use super::super::words::{self, percent, share};
use super::{TextOptions, title};

const BAR: usize = 10;

/// What stands for frames of the import system.
const IMPORT: &str = "import";

/// Stacks that are drawn as one: tasks that asyncio named differ in nothing that matters here,
/// and neither do the lines of the innermost function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Key {
    thread: ThreadId,
    name: Option<StringId>,
    coroutine: Option<StringId>,
    has_task: bool,
    caller: Option<StackId>,
    innermost: Option<CodeId>,
    task_depth: Option<u32>,
}

/// The heaviest of these stacks, with the sums of all.
#[derive(Debug)]
struct Group {
    hot: HotStack,
    tasks: FxHashSet<TaskId>,
    stacks: FxHashSet<Option<StackId>>,
}

pub(super) fn write(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let groups = groups(analysis);
    title("Hottest stacks", groups.len().min(options.limit), groups.len(), style, out)?;
    if groups.is_empty() {
        return writeln!(out, "  nothing ran while a sample was taken");
    }
    let total = groups.iter().fold(Duration::ZERO, |sum, group| sum + group.hot.weight);
    for group in groups.iter().take(options.limit) {
        let part = share(group.hot.weight.as_nanos(), total.as_nanos());
        let bar = format!("{:<BAR$}", bar(part, BAR));
        let head = format!(
            "{:>7}  {}  {:>8}",
            percent(part),
            style.paint(Paint::Running, &bar),
            group.hot.weight.to_string()
        );
        writeln!(out, "{head}  {}", whose(analysis, group, style))?;
        frames(analysis, group, style, out)?;
    }
    Ok(())
}

/// Stacks of threads that did something, drawn together, heaviest first.
fn groups(analysis: &Analysis) -> Vec<Group> {
    let dictionary = &analysis.dictionary;
    let mut positions: FxHashMap<Key, usize> = FxHashMap::default();
    let mut groups: Vec<Group> = Vec::new();
    for hot in &analysis.stacks {
        let waits = match hot.activity {
            Activity::Busy => false,
            Activity::Polling => true,
            Activity::NoLoop => hot.stack.is_none_or(|stack| is_parked(dictionary, stack)),
        };
        if waits {
            continue;
        }
        let name = hot.task.and_then(|task| task.name);
        let leaf = hot.stack.and_then(|stack| dictionary.get_stack(stack));
        let key = Key {
            thread: hot.thread,
            name: name.filter(|&name| !is_default_name(dictionary.text(name))),
            coroutine: hot.task.and_then(|task| task.coroutine),
            has_task: hot.task.is_some(),
            caller: leaf.and_then(|leaf| leaf.parent),
            innermost: leaf.and_then(|leaf| Some(dictionary.get_frame(leaf.frame)?.code)),
            task_depth: hot.task_depth,
        };
        let position = *positions.entry(key).or_insert(groups.len());
        if position == groups.len() {
            let nothing = HotStack { samples: 0, weight: Duration::ZERO, ..*hot };
            groups.push(Group {
                hot: nothing,
                tasks: FxHashSet::default(),
                stacks: FxHashSet::default(),
            });
        }
        let Some(group) = groups.get_mut(position) else { continue };
        group.hot.samples = group.hot.samples.saturating_add(hot.samples);
        group.hot.weight = group.hot.weight + hot.weight;
        group.tasks.extend(hot.task.and_then(|task| task.id));
        group.stacks.insert(hot.stack);
    }
    groups.sort_by_key(|group| std::cmp::Reverse(group.hot.weight));
    groups
}

/// `Task-2 fetch() ‹ Task-1 main()  on MainThread (4242)`.
fn whose(analysis: &Analysis, group: &Group, style: Style) -> String {
    let dictionary = &analysis.dictionary;
    let on = format!("on {}", words::thread_words(dictionary, group.hot.thread));
    let on = style.paint(Paint::Dim, &on).into_owned();
    let samples = words::counted(group.hot.samples, "sample", "samples");
    let samples = style.paint(Paint::Dim, &format!("({samples})")).into_owned();
    match group.hot.task {
        None if group.hot.activity == Activity::Busy
            && group.hot.stack.is_some_and(|stack| is_parked(dictionary, stack)) =>
        {
            // Not asleep there, the kernel said: on its way in or out, or waiting for the CPU.
            format!("awake in its poll call  {on}  {samples}")
        }
        None if group.hot.activity == Activity::NoLoop => {
            format!("no event loop  {on}  {samples}")
        }
        None => format!("no task  {on}  {samples}"),
        Some(task) => {
            let who = task_words(analysis, task, group.tasks.len(), style);
            format!("{who}  {on}  {samples}")
        }
    }
}

fn task_words(analysis: &Analysis, task: StackTask, tasks: usize, style: Style) -> String {
    let dictionary = &analysis.dictionary;
    let call = task
        .coroutine
        .map_or_else(String::new, |name| format!("{}()", clean(dictionary.text(name))));
    let one = task.id.filter(|_| tasks == 1);
    let name = match (one, task.name) {
        (Some(id), _) => words::name_of(dictionary, id).into_owned(),
        (None, Some(name)) if !is_default_name(dictionary.text(name)) => {
            clean(dictionary.text(name)).into_owned()
        }
        (None, _) if tasks > 1 => format!("{tasks} tasks"),
        (None, _) => "tasks".to_owned(),
    };
    let mut text = format!("{} {call}", style.paint(Paint::Task, &name));
    for awaiter in one.map(|id| analysis.awaiters(id)).unwrap_or_default().into_iter().take(4) {
        text.push_str(&format!(" ‹ {}", title_of(analysis, awaiter)));
    }
    text
}

fn title_of(analysis: &Analysis, task: TaskId) -> String {
    let dictionary = &analysis.dictionary;
    let name = words::name_of(dictionary, task);
    format!("{name} {}", words::call_of(dictionary, task)).trim_end().to_owned()
}

/// The frames of a stack; under a task, without the event loop's own.
fn frames(
    analysis: &Analysis,
    group: &Group,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let Group { hot, stacks, .. } = group;
    let dictionary = &analysis.dictionary;
    let indent = " ".repeat(11);
    let all = hot.stack.map_or_else(Vec::new, |stack| dictionary.stack_frames(stack));
    let skipped = hot.task_depth.map_or(0, |depth| depth as usize).min(all.len());
    if hot.task.is_some() && hot.task_depth.is_none() {
        let note = "between its coroutine and the loop:";
        writeln!(out, "{indent}{}", style.paint(Paint::Dim, note))?;
    }
    let frames: Vec<FrameNames<'_>> =
        all.iter().skip(skipped).map(|&id| FrameNames::of(dictionary, id)).collect();
    let lines = abridged(&frames);
    let column = lines.iter().map(|(name, ..)| width(name)).max().unwrap_or(0).min(40);
    for (index, (name, place, paint)) in lines.iter().enumerate() {
        let more = stacks.len() - 1;
        let others = if index + 1 == lines.len() && more > 0 {
            format!(" and {}", words::counted(more as u64, "other line", "other lines"))
        } else {
            String::new()
        };
        let place = format!("{place}{others}");
        let gap = " ".repeat(column.saturating_sub(width(name)));
        let place = style.paint(Paint::Dim, &clean(&place)).into_owned();
        writeln!(out, "{indent}{}{gap}  {place}", style.paint(*paint, name))?;
    }
    Ok(())
}

/// A frame's name and place, and how to paint its name.
pub(super) type FrameLine = (String, String, Paint);

/// Frames as lines: the import system's own as one, and long stacks without their middle.
pub(super) fn abridged(frames: &[FrameNames<'_>]) -> Vec<FrameLine> {
    const OUTERMOST: usize = 3;
    const INNERMOST: usize = 11;
    let mut lines: Vec<FrameLine> = Vec::new();
    for frame in frames {
        if frame.file.is_some_and(|file| file.starts_with("<frozen importlib")) {
            if lines.last().is_none_or(|(_, place, _)| place != IMPORT) {
                lines.push(("…".to_owned(), IMPORT.to_owned(), Paint::Dim));
            }
            continue;
        }
        let paint = match frame.kind {
            Some(FrameKind::Function) | None => Paint::Plain,
            Some(FrameKind::Native) => Paint::Dim,
            Some(_) => Paint::Task,
        };
        lines.push((clean(frame.function_or_unknown()).into_owned(), frame.place(), paint));
    }
    if lines.len() > OUTERMOST + INNERMOST + 1 {
        let middle = OUTERMOST..lines.len() - INNERMOST;
        let left_out = format!("{} more frames", middle.len());
        lines.splice(middle, [("…".to_owned(), left_out, Paint::Dim)]);
    }
    lines
}
