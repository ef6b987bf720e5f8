//! One look as a tree: root tasks, their coroutine frames, the tasks they await.

use std::io::{self, Write};

use crate::analysis::FrameNames;
use crate::analysis::findings::find_in_look;
use crate::model::{LoopId, Snapshot, StackId, TaskId, TaskState};

use super::super::findings;
use super::super::style::{Paint, Style, clean, width};
use super::super::words;
use super::about;
use super::forest::{Child, Forest};
use super::waiting;

/// Deeper levels are shown at this one, with their depth: an indent is no use beyond it, and
/// a chain of 100,000 tasks must not print 100,000² spaces.
const DEEPEST_INDENT: usize = 40;

/// How many names a list of tasks on one line holds.
const LISTED: usize = 4;

/// What the tree shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TreeOptions {
    /// Show every task, even where many look the same.
    pub all: bool,
}

/// Writes a look as a tree.
///
/// # Errors
/// What the writer gives.
pub fn tree(
    snapshot: &Snapshot,
    options: TreeOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let forest = Forest::new(snapshot);
    for line in about::heading(snapshot, style) {
        writeln!(out, "{line}")?;
    }
    let mut page = Page { snapshot, forest: &forest, options, style, out };
    page.summary()?;
    page.cycles()?;
    page.findings()?;
    page.loops()?;
    page.threads()
}

struct Page<'a, W> {
    snapshot: &'a Snapshot,
    forest: &'a Forest,
    options: TreeOptions,
    style: Style,
    out: &'a mut W,
}

/// A line still to be written.
struct Pending {
    item: Item,
    /// What stands before the item's branch.
    prefix: String,
    depth: usize,
    last: bool,
}

enum Item {
    Child(Child),
    More { count: usize, first: usize, last: usize },
}

impl<W: Write> Page<'_, W> {
    fn summary(&mut self) -> io::Result<()> {
        let snapshot = self.snapshot;
        let count = |state| snapshot.tasks.iter().filter(|task| task.row.state == state).count();
        let states: Vec<String> =
            [TaskState::Running, TaskState::Ready, TaskState::Waiting, TaskState::Done]
                .into_iter()
                .map(|state| (count(state), state.name()))
                .filter(|&(count, _)| count > 0)
                .map(|(count, name)| format!("{count} {name}"))
                .collect();
        let tasks = words::counted(snapshot.tasks.len() as u64, "task", "tasks");
        let states =
            if states.is_empty() { String::new() } else { format!(" ({})", states.join(", ")) };
        let loops = words::counted(snapshot.loops.len() as u64, "event loop", "event loops");
        let threads = words::counted(snapshot.threads.len() as u64, "thread", "threads");
        writeln!(self.out, "{tasks}{states}, {loops}, {threads}")?;
        let rejected = snapshot.rejected;
        if rejected != crate::model::Rejected::default() {
            let text = [
                (rejected.torn, "not shown because they changed while being read"),
                (rejected.unreadable, "not shown because they could not be read"),
                (rejected.partial_census, "lists of tasks that may be incomplete"),
            ]
            .iter()
            .filter(|(count, _)| *count > 0)
            .map(|(count, what)| format!("{count} {what}"))
            .collect::<Vec<_>>()
            .join("; ");
            writeln!(self.out, "{}", self.style.paint(Paint::Ready, &text))?;
        }
        Ok(())
    }

    /// All but circles, which are shown in full above.
    fn findings(&mut self) -> io::Result<()> {
        let found = find_in_look(self.snapshot);
        let mut rest = found.iter().filter(|finding| finding.kind != "await_cycle").peekable();
        if rest.peek().is_some() {
            writeln!(self.out, "\n{}", self.style.paint(Paint::Title, "Findings"))?;
        }
        findings::write(rest, self.style, self.out)
    }

    fn cycles(&mut self) -> io::Result<()> {
        for cycle in &self.snapshot.cycles {
            writeln!(self.out)?;
            let title = "‼ await cycle: none of these tasks can ever go on by itself";
            writeln!(self.out, "{}", self.style.paint(Paint::Warning, title))?;
            for (index, &task) in cycle.iter().enumerate() {
                let next = cycle[(index + 1) % cycle.len()];
                let (task, next) = (self.title(task), self.title(next));
                writeln!(self.out, "    {task}  awaits  {next}")?;
            }
        }
        Ok(())
    }

    fn loops(&mut self) -> io::Result<()> {
        let snapshot = self.snapshot;
        let loop_of = |position: usize| {
            let task = snapshot.dictionary.get_task(snapshot.tasks[position].row.task);
            task.and_then(|task| task.event_loop)
        };
        let mut ids: Vec<Option<LoopId>> =
            snapshot.loops.iter().map(|view| Some(view.id)).collect();
        let roots: Vec<usize> =
            self.forest.roots.iter().chain(&self.forest.circle_roots).copied().collect();
        let mut others: Vec<Option<LoopId>> = roots.iter().map(|&root| loop_of(root)).collect();
        others.sort_unstable_by_key(|id| (id.is_none(), *id));
        others.dedup();
        others.retain(|id| !ids.contains(id));
        ids.extend(others);
        for id in ids {
            writeln!(self.out)?;
            self.loop_title(id)?;
            let here: Vec<Child> =
                roots.iter().filter(|&&root| loop_of(root) == id).map(|&r| Child::Own(r)).collect();
            if here.is_empty() {
                writeln!(self.out, "  no tasks")?;
            }
            self.subtree(&here)?;
        }
        Ok(())
    }

    fn loop_title(&mut self, id: Option<LoopId>) -> io::Result<()> {
        let dictionary = &self.snapshot.dictionary;
        let Some(id) = id else {
            let title = self.style.paint(Paint::Title, "Tasks whose loop is unknown");
            return writeln!(self.out, "{title}");
        };
        let title = format!("Event loop {id}");
        write!(self.out, "{}", self.style.paint(Paint::Title, &title))?;
        if let Some(event_loop) = dictionary.get_loop(id) {
            write!(self.out, "  {}", event_loop.kind.name())?;
            match event_loop.thread {
                Some(thread) => {
                    write!(self.out, " on {}", words::thread_words(dictionary, thread))?;
                }
                None => write!(self.out, ", not running")?,
            }
            write!(self.out, "{}", about::pid_words(self.snapshot, event_loop.process))?;
        }
        let view = self.snapshot.loops.iter().find(|view| view.id == id);
        if let Some(task) = view.and_then(|view| view.current_task) {
            write!(self.out, ", runs {}", words::name_of(dictionary, task))?;
        }
        writeln!(self.out)
    }

    /// Writes these and all below them, without recursion: chains may be very deep.
    fn subtree(&mut self, top: &[Child]) -> io::Result<()> {
        let mut pending = Vec::new();
        self.push_children(&mut pending, top, "", 0);
        while let Some(line) = pending.pop() {
            let (branch, stem) = match (line.depth, line.last) {
                (0, _) => ("", ""),
                (_, true) => ("└─ ", "   "),
                (_, false) => ("├─ ", "│  "),
            };
            let branch = format!("{}{branch}", line.prefix);
            let below = format!("{}{stem}", line.prefix);
            match line.item {
                Item::More { count, first, last } => self.more(&branch, count, first, last)?,
                Item::Child(Child::Reference(position)) => self.reference(&branch, position)?,
                Item::Child(Child::Own(position)) => {
                    let depth = if line.depth > DEEPEST_INDENT { Some(line.depth) } else { None };
                    self.task(&branch, &below, position, depth)?;
                    let children = &self.forest.children[position];
                    let next = if line.depth >= DEEPEST_INDENT { &line.prefix } else { &below };
                    self.push_children(&mut pending, children, next, line.depth + 1);
                }
            }
        }
        Ok(())
    }

    /// Queues children (the first on top), with those that look the same drawn together, right
    /// below the first of them.
    fn push_children(
        &self,
        pending: &mut Vec<Pending>,
        children: &[Child],
        prefix: &str,
        depth: usize,
    ) {
        let mut groups: rustc_hash::FxHashMap<u32, Vec<usize>> = rustc_hash::FxHashMap::default();
        for &child in children {
            if let Child::Own(position) = child {
                groups.entry(self.forest.shapes[position]).or_default().push(position);
            }
        }
        let mut kept: Vec<Item> = Vec::new();
        for &child in children {
            let group = match child {
                Child::Own(position) => groups.get(&self.forest.shapes[position]),
                Child::Reference(_) => None,
            };
            let alike = group.map_or(&[][..], Vec::as_slice);
            match *alike {
                [first, second, .., last] if !self.options.all => {
                    if child == Child::Own(first) {
                        kept.push(Item::Child(child));
                        kept.push(Item::More { count: alike.len() - 1, first: second, last });
                    }
                }
                _ => kept.push(Item::Child(child)),
            }
        }
        for (index, item) in kept.into_iter().rev().enumerate() {
            pending.push(Pending { item, prefix: prefix.to_owned(), depth, last: index == 0 });
        }
    }

    fn task(
        &mut self,
        branch: &str,
        below: &str,
        position: usize,
        depth: Option<usize>,
    ) -> io::Result<()> {
        let view = &self.snapshot.tasks[position];
        let row = view.row;
        let dictionary = &self.snapshot.dictionary;
        let mark = self.style.paint(words::paint(row.state), words::mark(row.state));
        let title = self.title(row.task);
        let more = waiting::more_words(self.snapshot, view);
        let state = format!("{}{more}", words::state_words(dictionary, &row));
        let state = self.style.paint(words::paint(row.state), &state);
        write!(self.out, "{branch}{mark} {title}  {state}")?;
        if let Some(cancel) = words::cancel_words(&row) {
            write!(self.out, "  {}", self.style.paint(Paint::Warning, &format!("({cancel})")))?;
        }
        let also = self.also_awaited_by(position);
        if !also.is_empty() {
            write!(self.out, "  {}", self.style.paint(Paint::Dim, &format!("({also})")))?;
        }
        if let Some(depth) = depth {
            write!(self.out, "  {}", self.style.paint(Paint::Dim, &format!("(level {depth})")))?;
        }
        writeln!(self.out)?;
        let has_children = !self.forest.children[position].is_empty();
        let indent = format!("{below}{}", if has_children { "│    " } else { "     " });
        match row.chain {
            Some(chain) => self.frames(&indent, chain),
            None if row.state == TaskState::Done => Ok(()),
            None => {
                let ran = row.state == TaskState::Running;
                let on_thread = self.snapshot.threads.iter().any(|v| v.task == Some(row.task));
                let text = match (ran, on_thread) {
                    (true, true) => "(its coroutines stand in its thread's stack, below)",
                    (true, false) => "(it ran on while it was being read)",
                    (false, _) => "(its coroutines could not be read)",
                };
                writeln!(self.out, "{indent}{}", self.style.paint(Paint::Dim, text))
            }
        }
    }

    /// `Task-12 fetch()`.
    fn title(&self, task: TaskId) -> String {
        let dictionary = &self.snapshot.dictionary;
        let name = words::name_of(dictionary, task);
        let call = words::call_of(dictionary, task);
        format!("{} {call}", self.style.paint(Paint::Task, &name)).trim_end().to_owned()
    }

    /// The awaiters that a task does not stand under.
    fn also_awaited_by(&self, position: usize) -> String {
        let view = &self.snapshot.tasks[position];
        let mut others: Vec<TaskId> = view.awaited_by.clone();
        let is_root = self.forest.parents[position].is_none();
        if !is_root && let Some(at) = others.iter().position(|&id| id != view.row.task) {
            others.remove(at);
        }
        if others.is_empty() {
            return String::new();
        }
        let names: Vec<_> = others
            .iter()
            .take(LISTED)
            .map(|&id| words::name_of(&self.snapshot.dictionary, id))
            .collect();
        let more = others.len().saturating_sub(LISTED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        let also = if is_root { "" } else { "also " };
        format!("{also}awaited by {}{more}", names.join(", "))
    }

    fn reference(&mut self, branch: &str, position: usize) -> io::Result<()> {
        let title = self.title(self.snapshot.tasks[position].row.task);
        let note = self.style.paint(Paint::Dim, "(shown elsewhere)");
        writeln!(self.out, "{branch}↗ {title}  {note}")
    }

    fn more(&mut self, branch: &str, count: usize, first: usize, last: usize) -> io::Result<()> {
        let name = |position: usize| {
            words::name_of(&self.snapshot.dictionary, self.snapshot.tasks[position].row.task)
        };
        let range = format!("({} … {})", name(first), name(last));
        let range = self.style.paint(Paint::Dim, &range);
        writeln!(self.out, "{branch}× {count} more like this  {range}")
    }

    fn frames(&mut self, indent: &str, stack: StackId) -> io::Result<()> {
        let dictionary = &self.snapshot.dictionary;
        let lines: Vec<(String, String)> = dictionary
            .stack_frames(stack)
            .into_iter()
            .map(|id| FrameNames::of(dictionary, id))
            .map(|frame| (clean(frame.function_or_unknown()).into_owned(), frame.place()))
            .collect();
        let column = lines.iter().map(|(name, _)| width(name)).max().unwrap_or(0).min(40);
        for (name, place) in &lines {
            let gap = " ".repeat(column.saturating_sub(width(name)));
            let place = self.style.paint(Paint::Dim, &clean(place)).into_owned();
            writeln!(self.out, "{indent}{name}{gap}  {place}")?;
        }
        Ok(())
    }

    fn threads(&mut self) -> io::Result<()> {
        for view in &self.snapshot.threads {
            writeln!(self.out)?;
            let dictionary = &self.snapshot.dictionary;
            let title = format!("Thread {}", words::thread_words(dictionary, view.thread));
            write!(self.out, "{}", self.style.paint(Paint::Title, &title))?;
            write!(self.out, "{}", about::pid_words(self.snapshot, view.process))?;
            match (view.task, view.activity) {
                (Some(task), _) => {
                    write!(self.out, "  runs {}", words::name_of(dictionary, task))?;
                }
                (None, crate::model::Activity::Polling) => write!(self.out, "  polls")?,
                (None, _) => {}
            }
            writeln!(self.out)?;
            match view.stack {
                Some(stack) => self.frames("    ", stack)?,
                None => writeln!(self.out, "    no Python frames")?,
            }
        }
        Ok(())
    }
}
