//! The list of stalls.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};
use looptrace::model::Stall;

use super::{Show, nothing};
use crate::axis::Range;
use crate::command::{Action, Command};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{Selection, Sort, State, TableId};
use crate::table::{Cells, Column, Table, figures, words};
use crate::text;
use crate::theme::Theme;

/// What the order of the list depends on.
pub type Key = (u64, Sort, Option<Range>);

const COLUMNS: [Column; 8] = [
    figures("#", 34.0, "Its number, as in reports and `--stall`"),
    figures("Start", 72.0, "Since the start of the recording"),
    figures("Duration", 78.0, "How long the loop made no progress"),
    words("Cause", 104.0, "The largest cause"),
    words("Guilty line", 0.0, "The line of your own code to look at"),
    words("Function", 130.0, "The function of that line"),
    words("Task", 100.0, "The task whose step took longest in it"),
    figures("Victims", 66.0, "Tasks that it delayed"),
];

/// How it is sorted unless asked otherwise.
const STANDARD: Sort = Sort { column: 2, descending: true };

/// The list.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let snapshot = show.snapshot;
    let stalls = snapshot.stalls();
    let threshold = snapshot.analysis.stall_threshold;
    if stalls.is_empty() {
        let words = format!("No loop went without progress for longer than {threshold}.");
        nothing(ui, show.theme, "No stalls", &words);
        return;
    }
    let sort = show.sort(TableId::Stalls, STANDARD);
    let order = cached(show, sort);
    bar(ui, show, order.len());
    let selected = match show.state.selection {
        Selection::Stall(index) => Some(index),
        _ => None,
    };
    let scroll_to = selected
        .filter(|_| show.state.reveal)
        .and_then(|selected| order.iter().position(|&index| index == selected));
    let table = Table {
        id: TableId::Stalls,
        columns: &COLUMNS,
        rows: order.len(),
        sort,
        scroll_to,
        theme: show.theme,
    };
    let (theme, state) = (show.theme, show.state);
    let clicked = table.show(
        ui,
        show.out,
        |row| order.get(row).copied() == selected && selected.is_some(),
        |row, cells| {
            if let Some(stall) = order.get(row).and_then(|&index| stalls.get(index)) {
                one(cells, snapshot, state, theme, stall);
            }
        },
    );
    if let Some(&index) = clicked.and_then(|row| order.get(row)) {
        show.out.push(Command::JumpToStall(index));
    }
}

/// The order of the list, kept from frame to frame.
fn cached(show: &mut Show<'_>, sort: Sort) -> Arc<Vec<usize>> {
    let key = (show.snapshot.revision, sort, show.state.range);
    if let Some((known, order)) = &show.caches.stalls
        && *known == key
    {
        return Arc::clone(order);
    }
    let order = Arc::new(order(show.snapshot, show.state.range, sort));
    show.caches.stalls = Some((key, Arc::clone(&order)));
    order
}

fn one(
    cells: &mut Cells<'_, '_, '_>,
    snapshot: &Snapshot,
    state: &State,
    theme: &Theme,
    stall: &Stall,
) {
    cells.weak(stall.id.to_string());
    cells.text(text::instant(stall.start.as_nanos(), 1_000_000));
    cells.text(stall.duration.to_string());
    let cause = lookup::stall_cause(stall).replace('_', " ");
    let kind = lookup::stall_kind(stall);
    cells.marked(Theme::sign(kind), &cause, theme.cause(kind));
    let place = lookup::stall_place(snapshot, stall);
    let found = state.finds(&place);
    cells.name(text::brief(&place), found);
    cells.text(lookup::stall_function(snapshot, stall));
    match stall.task {
        Some(task) => cells.text(text::task(&snapshot.analysis.dictionary, task)),
        None => cells.weak("–"),
    }
    let more = if stall.victims_complete { "" } else { "+" };
    cells.text(format!("{}{more}", text::count(stall.victims.len() as u64)));
}

/// The positions of the stalls, in the order of the list.
#[must_use]
pub fn shown(snapshot: &Snapshot, state: &State) -> Vec<usize> {
    let sort = state.sorts.get(&TableId::Stalls).copied().unwrap_or(STANDARD);
    order(snapshot, state.range, sort)
}

/// The positions of the stalls in the range, sorted.
fn order(snapshot: &Snapshot, range: Option<Range>, sort: Sort) -> Vec<usize> {
    let stalls = snapshot.stalls();
    let mut order: Vec<usize> =
        (0..stalls.len()).filter(|&index| is_wanted(snapshot, range, index)).collect();
    match sort.column {
        0 | 1 => {}
        2 => order.sort_by_key(|&index| stalls[index].duration),
        3 => order.sort_by_key(|&index| lookup::stall_cause(&stalls[index])),
        4 => order.sort_by_cached_key(|&index| lookup::stall_place(snapshot, &stalls[index])),
        5 => order.sort_by_cached_key(|&index| lookup::stall_function(snapshot, &stalls[index])),
        6 => order.sort_by_key(|&index| stalls[index].task),
        _ => order.sort_by_key(|&index| stalls[index].victims.len()),
    }
    if sort.descending {
        order.reverse();
    }
    order
}

fn is_wanted(snapshot: &Snapshot, range: Option<Range>, index: usize) -> bool {
    let Some(range) = range else { return true };
    snapshot.stalls().get(index).is_some_and(|stall| {
        let stall = lookup::stall_range(stall);
        stall.end > range.start && stall.start < range.end
    })
}

fn bar(ui: &mut Ui, show: &mut Show<'_>, shown: usize) {
    ui.horizontal(|ui| {
        let all = show.snapshot.stalls().len();
        let lost: u64 = show.snapshot.stalls().iter().map(|stall| stall.duration.as_nanos()).sum();
        let words = if shown == all {
            format!("{}, {} in all", text::many(all as u64, "stall"), text::nanos(lost))
        } else {
            format!(
                "{} of {} stalls lie in the range",
                text::count(shown as u64),
                text::count(all as u64)
            )
        };
        ui.label(RichText::new(words).color(show.theme.weak));
        for (words, action) in [
            ("Worst", Action::WorstStall),
            ("Previous", Action::PreviousStall),
            ("Next", Action::NextStall),
        ] {
            if ui.small_button(words).on_hover_text(action.keys_text()).clicked() {
                show.out.push(Command::Act(action));
            }
        }
    });
}
