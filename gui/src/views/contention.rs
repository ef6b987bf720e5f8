//! What tasks queued for.

use eframe::egui::Ui;

use super::tasks::count;
use super::{Show, nothing};
use crate::command::Command;
use crate::contention::place;
use crate::snapshot::Snapshot;
use crate::state::{Sort, State, TableId};
use crate::table::{Column, Table, figures, words};
use crate::text;

const COLUMNS: [Column; 9] = [
    words("What", 0.0, "The lock, queue, pool of connections, executor, … that tasks waited for"),
    words("At", 150.0, "The line of code that was first seen waiting for it"),
    figures("Waits", 52.0, "How often a wait for it was seen"),
    figures("Tasks", 48.0, "How many tasks waited for it"),
    figures("Most", 44.0, "The most that were in line at once"),
    figures("Waited", 84.0, "All waiting time together"),
    figures("Longest", 72.0, "The longest wait"),
    words("Held by", 150.0, "Who held it while others waited; how many workers were busy"),
    words("Longest by", 104.0, "The task that waited longest; a click on the row goes there"),
];

/// How it is sorted unless asked otherwise.
const STANDARD: Sort = Sort { column: 5, descending: true };

/// The table.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let snapshot = show.snapshot;
    let rows = &snapshot.contended;
    if rows.is_empty() {
        let words = "No census found a task waiting for a lock, semaphore, condition, event, queue or executor.";
        nothing(ui, show.theme, "No contention", words);
        return;
    }
    let sort = show.sort(TableId::Contention, STANDARD);
    let dictionary = &snapshot.analysis.dictionary;
    let order = order(snapshot, sort);
    count(ui, show, rows.len(), rows.len(), "things tasks queued for, as censuses saw them");
    let most = rows.iter().map(|row| row.total).max().unwrap_or(0);
    let table = Table {
        id: TableId::Contention,
        columns: &COLUMNS,
        rows: rows.len(),
        sort,
        scroll_to: None,
        theme: show.theme,
    };
    let (theme, state) = (show.theme, show.state);
    let at = |row: usize| order.get(row).and_then(|&row| rows.get(row));
    let clicked = table.show(
        ui,
        show.out,
        |_| false,
        |row, cells| {
            let Some(row) = at(row) else { return };
            cells.name(&row.what, state.finds(&row.what));
            let place = place(dictionary, row);
            cells.place(&place);
            cells.text(text::count(row.waits));
            cells.count(row.tasks);
            cells.count(row.most.map(u64::from));
            cells.bar(row.total, most, theme.waiting);
            cells.time(row.longest.unwrap_or(0));
            cells.text(if row.held.is_empty() { "–" } else { &row.held });
            match row.longest_by {
                Some((task, _)) => cells.text(text::task(dictionary, task)),
                None => cells.weak("–"),
            }
        },
    );
    if let Some((task, since)) = clicked.and_then(at).and_then(|row| row.longest_by) {
        show.out.push(Command::JumpToTask(task));
        show.out.push(Command::Cursor(since));
    }
}

/// The positions of what tasks queued for, in the order of the table.
#[must_use]
pub fn shown(snapshot: &Snapshot, state: &State) -> Vec<usize> {
    order(snapshot, state.sorts.get(&TableId::Contention).copied().unwrap_or(STANDARD))
}

fn order(snapshot: &Snapshot, sort: Sort) -> Vec<usize> {
    let rows = &snapshot.contended;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    match sort.column {
        0 => order.sort_by_key(|&row| &rows[row].what),
        1 => order.sort_by_cached_key(|&row| place(&snapshot.analysis.dictionary, &rows[row])),
        2 => order.sort_by_key(|&row| rows[row].waits),
        3 => order.sort_by_key(|&row| rows[row].tasks),
        4 => order.sort_by_key(|&row| rows[row].most),
        5 => order.sort_by_key(|&row| rows[row].total),
        6 => order.sort_by_key(|&row| rows[row].longest),
        7 => order.sort_by_key(|&row| &rows[row].held),
        _ => order.sort_by_key(|&row| rows[row].longest_by),
    }
    if sort.descending {
        order.reverse();
    }
    order
}
