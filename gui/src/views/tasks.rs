//! The table of tasks.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};

use super::{Show, nothing};
use crate::axis::Range;
use crate::command::Command;
use crate::state::{Selection, Sort, TableId, contains};
use crate::table::{Column, Table, figures, words};
use crate::{apply, text};

/// What a table's order depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The snapshot.
    pub revision: u64,
    /// Sorted how.
    pub sort: Sort,
    /// Only what contains this.
    pub search: String,
    /// Only what lived then.
    pub range: Option<Range>,
}

impl Key {
    /// The key of what is shown.
    #[must_use]
    pub fn of(show: &Show<'_>, sort: Sort) -> Self {
        Self {
            revision: show.snapshot.revision,
            sort,
            search: show.state.search.clone(),
            range: show.state.range,
        }
    }
}

const COLUMNS: [Column; 9] = [
    words("Task", 120.0, "Its name"),
    words("Coroutine", 0.0, "Its outermost coroutine"),
    words("State", 60.0, "When it was last looked at"),
    figures("Seen", 64.0, "From the first look at it to the last"),
    figures("Running", 84.0, "Time on the loop's thread"),
    figures("Ready", 76.0, "Time in which it could run and did not"),
    figures("Waiting", 84.0, "Time in which it waited"),
    figures("Longest step", 88.0, "The longest time it ran without a break, as sampled"),
    figures("Delayed", 66.0, "Share of its life in which it could run and did not"),
];

/// The table.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let snapshot = show.snapshot;
    if snapshot.analysis.tasks.is_empty() {
        nothing(ui, show.theme, "No tasks", "No census of this recording found one.");
        return;
    }
    let sort = show.sort(TableId::Tasks, Sort { column: 4, descending: true });
    let key = Key::of(show, sort);
    let for_work = (Arc::clone(snapshot), key.clone());
    let order = show.caches.tasks.get(ui.ctx(), &key, move |_| order(&for_work.0, &for_work.1));
    let Some(order) = order else {
        ui.spinner();
        return;
    };
    count(ui, show, order.len(), snapshot.analysis.tasks.len(), "tasks");
    let selected = apply::selected_task(show.state, snapshot);
    let scroll_to = selected.filter(|_| show.state.reveal).and_then(|selected| {
        order.iter().position(|&row| {
            snapshot.analysis.tasks.get(row as usize).is_some_and(|time| time.id == selected)
        })
    });
    let table = Table {
        id: TableId::Tasks,
        columns: &COLUMNS,
        rows: order.len(),
        sort,
        scroll_to,
        theme: show.theme,
    };
    let (theme, state) = (show.theme, show.state);
    let dictionary = &snapshot.analysis.dictionary;
    let at = |row: usize| {
        order.get(row).and_then(|&row| snapshot.analysis.tasks.get(row as usize)).copied()
    };
    let clicked = table.show(
        ui,
        show.out,
        |row| selected.is_some() && at(row).map(|time| time.id) == selected,
        |row, cells| {
            let Some(time) = at(row) else { return };
            let name = text::task(dictionary, time.id);
            let found = state.finds(&name);
            cells.name(name, found);
            cells.weak(text::coroutine(dictionary, time.id));
            cells.text(time.state.name());
            let life = time.last_seen.since(time.first_seen).as_nanos();
            cells.time(life);
            cells.bar(time.running.as_nanos(), life, theme.running);
            cells.bar(time.ready.as_nanos(), life, theme.ready);
            cells.bar(time.waiting.as_nanos(), life, theme.waiting);
            cells.time(snapshot.longest_step(time.id).as_nanos());
            cells.text(text::percent(time.ready.as_nanos() as f64, life as f64));
        },
    );
    if let Some(time) = clicked.and_then(at) {
        show.out.push(Command::JumpToTask(time.id));
        if state.selection == Selection::Task(time.id) {
            show.out.push(Command::Act(crate::command::Action::Fit));
        }
    }
}

/// How many rows there are, of how many.
pub fn count(ui: &mut Ui, show: &Show<'_>, shown: usize, all: usize, what: &str) {
    let (shown_text, all_text) = (text::count(shown as u64), text::count(all as u64));
    let words = if shown == all {
        format!("{all_text} {what}")
    } else {
        format!("{shown_text} of {all_text} {what}, as searched and ranged")
    };
    ui.label(RichText::new(words).color(show.theme.weak));
}

fn order(snapshot: &crate::snapshot::Snapshot, key: &Key) -> Vec<u32> {
    let tasks = &snapshot.analysis.tasks;
    let dictionary = &snapshot.analysis.dictionary;
    let mut order: Vec<u32> = (0..tasks.len() as u32)
        .filter(|&row| {
            let time = &tasks[row as usize];
            let lives = key.range.is_none_or(|range| {
                time.last_seen.as_nanos() > range.start && time.first_seen.as_nanos() < range.end
            });
            lives
                && (key.search.is_empty()
                    || contains(&text::task(dictionary, time.id), &key.search)
                    || contains(&text::coroutine(dictionary, time.id), &key.search))
        })
        .collect();
    let time = |row: &u32| &tasks[*row as usize];
    let life = |row: &u32| time(row).last_seen.since(time(row).first_seen).as_nanos();
    match key.sort.column {
        0 => order.sort_by_cached_key(|row| text::task(dictionary, time(row).id)),
        1 => order.sort_by_cached_key(|row| text::coroutine(dictionary, time(row).id)),
        2 => order.sort_by_key(|row| time(row).state),
        3 => order.sort_by_key(life),
        4 => order.sort_by_key(|row| time(row).running),
        5 => order.sort_by_key(|row| time(row).ready),
        6 => order.sort_by_key(|row| time(row).waiting),
        7 => order.sort_by_key(|row| snapshot.longest_step(time(row).id)),
        _ => order.sort_by_key(|row| {
            u128::from(time(row).ready.as_nanos()) * 1_000_000 / u128::from(life(row).max(1))
        }),
    }
    if key.sort.descending {
        order.reverse();
    }
    order
}
