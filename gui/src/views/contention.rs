//! What tasks queued for.

use eframe::egui::Ui;

use super::tasks::count;
use super::{Show, nothing};
use crate::command::Command;
use crate::snapshot::Snapshot;
use crate::state::{Sort, TableId};
use crate::table::{Column, Table, figures, words};
use crate::text;

const COLUMNS: [Column; 8] = [
    words("What", 0.0, "The lock, queue, semaphore, … that tasks waited for"),
    figures("Waits", 64.0, "How often a wait for it was seen"),
    figures("Tasks", 64.0, "How many tasks waited for it"),
    figures("Sum", 90.0, "All waiting time together"),
    figures("p50", 80.0, "The median wait"),
    figures("p99", 80.0, "99 of 100 waits were no longer"),
    figures("Longest", 80.0, "The longest wait"),
    words("Longest by", 160.0, "The task that waited longest"),
];

/// The table.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let snapshot = show.snapshot;
    let rows = &snapshot.contended;
    if rows.is_empty() {
        let words = "No census found a task waiting for a lock, semaphore, condition, event, queue or executor.";
        nothing(ui, show.theme, "No contention", words);
        return;
    }
    let sort = show.sort(TableId::Contention, Sort { column: 3, descending: true });
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
            let name = text::wait(dictionary, Some(row.wait));
            let found = state.finds(&name);
            cells.name(name, found);
            cells.text(text::count(row.waits));
            cells.text(text::count(row.tasks));
            cells.bar(row.total, most, theme.waiting);
            for nanos in [row.p50, row.p99, row.longest] {
                cells.time(nanos);
            }
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

fn order(snapshot: &Snapshot, sort: Sort) -> Vec<usize> {
    let rows = &snapshot.contended;
    let mut order: Vec<usize> = (0..rows.len()).collect();
    match sort.column {
        0 => order.sort_by_cached_key(|&row| {
            text::wait(&snapshot.analysis.dictionary, Some(rows[row].wait))
        }),
        1 => order.sort_by_key(|&row| rows[row].waits),
        2 => order.sort_by_key(|&row| rows[row].tasks),
        3 => order.sort_by_key(|&row| rows[row].total),
        4 => order.sort_by_key(|&row| rows[row].p50),
        5 => order.sort_by_key(|&row| rows[row].p99),
        6 => order.sort_by_key(|&row| rows[row].longest),
        _ => order.sort_by_key(|&row| rows[row].longest_by),
    }
    if sort.descending {
        order.reverse();
    }
    order
}
