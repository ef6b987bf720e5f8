//! The table of coroutines.

use std::sync::Arc;

use eframe::egui::Ui;
use looptrace::analysis::timeline::{SpanState, Timeline};
use looptrace::analysis::{code_place, short_path};

use super::tasks::{Key, count};
use super::{Show, nothing};
use crate::command::Command;
use crate::copy::{Copied, tsv};
use crate::facts::quantile;
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{Selection, Sort, TableId, contains};
use crate::table::{Column, Table, figures, words};

/// What the tasks of a coroutine did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    group: usize,
    name: String,
    place: String,
    tasks: u64,
    running: u64,
    ready: u64,
    waiting: u64,
    steps: u64,
    longest: u64,
    p99: u64,
    waits_for: String,
}

const COLUMNS: [Column; 10] = [
    words("Coroutine", 130.0, "The outermost coroutine of the tasks"),
    words("Where", 0.0, "Where it is defined"),
    figures("Tasks", 52.0, "How many were seen"),
    figures("Running", 72.0, "Time on the loop's thread, all tasks together"),
    figures("Ready", 72.0, "Time in which they could run and did not"),
    figures("Waiting", 72.0, "Time in which they waited"),
    figures("Steps seen", 74.0, "Stretches in which samples saw one run; short ones are missed"),
    figures("p99 step", 68.0, "99 of 100 of the steps seen were no longer"),
    figures("Longest", 68.0, "The longest of them"),
    words("Waits mostly for", 104.0, "What it waited for longest"),
];

/// The table.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let snapshot = show.snapshot;
    let all = snapshot.timeline.groups.len();
    if all == 0 {
        nothing(ui, show.theme, "No coroutines", "No task was seen in this recording.");
        return;
    }
    let sort = show.sort(TableId::Coroutines, Sort { column: 3, descending: true });
    let key = Key::of(show, sort);
    let for_work = (Arc::clone(snapshot), key.clone());
    let rows = show.caches.coroutines.get(ui.ctx(), &key, move |_| rows(&for_work.0, &for_work.1));
    let Some(rows) = rows else {
        ui.spinner();
        return;
    };
    count(ui, show, rows.len(), all, "coroutines");
    let most = |value: fn(&Row) -> u64| rows.iter().map(value).max().unwrap_or(0);
    let (running, ready, waiting) =
        (most(|row| row.running), most(|row| row.ready), most(|row| row.waiting));
    let table = Table {
        id: TableId::Coroutines,
        columns: &COLUMNS,
        rows: rows.len(),
        sort,
        scroll_to: None,
        theme: show.theme,
    };
    let (theme, state) = (show.theme, show.state);
    let clicked = table.show(
        ui,
        show.out,
        |row| rows.get(row).is_some_and(|row| state.selection == Selection::Group(row.group)),
        |row, cells| {
            let Some(row) = rows.get(row) else { return };
            cells.name(&row.name, state.finds(&row.name));
            cells.place(&row.place);
            cells.text(crate::text::count(row.tasks));
            cells.bar(row.running, running, theme.running);
            cells.bar(row.ready, ready, theme.ready);
            cells.bar(row.waiting, waiting, theme.waiting);
            cells.text(crate::text::count(row.steps));
            cells.time(row.p99);
            cells.time(row.longest);
            cells.text(&row.waits_for);
        },
    );
    if let Some(row) = clicked.and_then(|row| rows.get(row)) {
        show.out.push(Command::Select(Selection::Group(row.group)));
    }
}

/// Rows as tab-separated text.
#[must_use]
pub fn as_tsv(rows: &[Row]) -> Copied {
    let header = [
        "coroutine",
        "tasks",
        "running_ns",
        "ready_ns",
        "waiting_ns",
        "place",
        "steps_seen",
        "p99_step_ns",
        "longest_step_ns",
        "waits_mostly_for",
    ];
    let rows = rows.iter().map(|row| {
        let mut cells = vec![row.name.clone()];
        let sums = [row.tasks, row.running, row.ready, row.waiting];
        cells.extend(sums.map(|figure| figure.to_string()));
        cells.push(row.place.clone());
        cells.extend([row.steps, row.p99, row.longest].map(|figure| figure.to_string()));
        cells.push(row.waits_for.clone());
        cells
    });
    tsv(&header, rows)
}

fn rows(snapshot: &Snapshot, key: &Key) -> Vec<Row> {
    let timeline = &snapshot.timeline;
    let mut rows: Vec<Row> = (0..timeline.groups.len())
        .map(|group| row(snapshot, timeline, group, key))
        .filter(|row| {
            (key.range.is_none() || row.running + row.ready + row.waiting > 0)
                && (contains(&row.name, &key.search) || contains(&row.place, &key.search))
        })
        .collect();
    match key.sort.column {
        0 => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        1 => rows.sort_by(|a, b| a.place.cmp(&b.place)),
        2 => rows.sort_by_key(|row| row.tasks),
        3 => rows.sort_by_key(|row| row.running),
        4 => rows.sort_by_key(|row| row.ready),
        5 => rows.sort_by_key(|row| row.waiting),
        6 => rows.sort_by_key(|row| row.steps),
        7 => rows.sort_by_key(|row| row.p99),
        8 => rows.sort_by_key(|row| row.longest),
        _ => rows.sort_by(|a, b| a.waits_for.cmp(&b.waits_for)),
    }
    if key.sort.descending {
        rows.reverse();
    }
    rows
}

fn row(snapshot: &Snapshot, timeline: &Timeline, index: usize, key: &Key) -> Row {
    let dictionary = &snapshot.analysis.dictionary;
    let group = &timeline.groups[index];
    let range = key.range.unwrap_or_else(|| snapshot.whole());
    let mut steps = Vec::new();
    let mut sums = [0_u64; SpanState::ALL.len()];
    let mut waits: std::collections::BTreeMap<_, u64> = std::collections::BTreeMap::new();
    let bounds = (
        looptrace::model::Timestamp::from_nanos(range.start),
        looptrace::model::Timestamp::from_nanos(range.end),
    );
    for lane in group.lanes.clone() {
        for span in timeline.lanes[lane].spans.between(bounds.0, bounds.1) {
            let length = span.end.min(bounds.1).since(span.start.max(bounds.0)).as_nanos();
            sums[span.state as usize] += length;
            match span.state {
                SpanState::Running => steps.push(span.length().as_nanos()),
                SpanState::Waiting => {
                    let kind =
                        span.wait.and_then(|id| dictionary.get_wait(id)).map(|wait| wait.kind);
                    *waits.entry(kind).or_default() += length;
                }
                _ => {}
            }
        }
    }
    steps.sort_unstable();
    let waits_for = waits.into_iter().max_by_key(|(_, nanos)| *nanos).and_then(|(kind, _)| kind);
    let place = group.code.and_then(|code| dictionary.get_code(code)).map(|code| {
        let (file, line) = code_place(dictionary, code);
        match (file.map(short_path), line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.into_owned(),
            _ => String::new(),
        }
    });
    Row {
        group: index,
        name: lookup::group_name(snapshot, index),
        place: place.unwrap_or_default(),
        tasks: group.tasks as u64,
        running: sums[SpanState::Running as usize],
        ready: sums[SpanState::Ready as usize],
        waiting: sums[SpanState::Waiting as usize],
        steps: steps.len() as u64,
        longest: steps.last().copied().unwrap_or(0),
        p99: quantile(&steps, 0.99),
        waits_for: waits_for.map_or(String::new(), |kind| kind.name().replace('_', " ")),
    }
}
