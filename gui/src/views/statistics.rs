//! Figures of the selected range.

use std::sync::Arc;

use eframe::egui::{RichText, Ui};
use looptrace::analysis::timeline::{LaneKind, SpanState};
use looptrace::model::Timestamp;

use super::{Show, nothing};
use crate::axis::Range;
use crate::command::Command;
use crate::copy::{Copied, tsv};
use crate::facts::quantile;
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{Selection, Sort, TableId};
use crate::table::{Column, Table, figures, words};
use crate::text;

/// What the figures depend on.
pub type Key = (u64, Range, Sort);

/// Figures of one coroutine in one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Row {
    group: usize,
    name: String,
    state: SpanState,
    count: u64,
    sum: u64,
    shortest: u64,
    p50: u64,
    p99: u64,
    longest: u64,
}

/// Figures of a range.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Statistics {
    rows: Vec<Row>,
    busy: u64,
    idle: u64,
    stalls: usize,
    lag: [u64; 3],
}

const COLUMNS: [Column; 8] = [
    words("Coroutine", 0.0, "The outermost coroutine of the tasks"),
    words("State", 80.0, "What the spans show"),
    figures("Count", 66.0, "Spans that lie in the range, in part or whole"),
    figures("Sum", 86.0, "Their time within the range"),
    figures("Shortest", 80.0, "The shortest of them"),
    figures("p50", 80.0, "The median"),
    figures("p99", 80.0, "99 of 100 are no longer"),
    figures("Longest", 80.0, "The longest of them"),
];

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let sort = show.sort(TableId::Statistics, Sort { column: 3, descending: true });
    let key = (show.snapshot.revision, show.state.extent(), sort);
    let for_work = Arc::clone(show.snapshot);
    let found =
        show.caches.statistics.get(ui.ctx(), &key, move |_| statistics(&for_work, key.1, key.2));
    let Some(found) = found else {
        ui.spinner();
        return;
    };
    let whole = found.busy + found.idle;
    let words = format!(
        "{} of {}   busy {}   {} stalls   between polls p50 {}, p99 {}, longest {}",
        if show.state.range.is_some() { "the selected range" } else { "what is shown" },
        text::nanos(key.1.length()),
        text::percent(found.busy as f64, whole as f64),
        text::count(found.stalls as u64),
        text::nanos(found.lag[0]),
        text::nanos(found.lag[1]),
        text::nanos(found.lag[2]),
    );
    ui.label(RichText::new(words).color(show.theme.weak));
    if found.rows.is_empty() {
        nothing(ui, show.theme, "No tasks here", "No task lived in this range.");
        return;
    }
    let table = Table {
        id: TableId::Statistics,
        columns: &COLUMNS,
        rows: found.rows.len(),
        sort,
        scroll_to: None,
        theme: show.theme,
    };
    let (theme, state) = (show.theme, show.state);
    let clicked = table.show(
        ui,
        show.out,
        |row| found.rows.get(row).is_some_and(|row| state.selection == Selection::Group(row.group)),
        |row, cells| {
            let Some(row) = found.rows.get(row) else { return };
            cells.name(&row.name, state.finds(&row.name));
            cells.marked("■", row.state.name(), theme.state(row.state));
            cells.text(text::count(row.count));
            for nanos in [row.sum, row.shortest, row.p50, row.p99, row.longest] {
                cells.time(nanos);
            }
        },
    );
    if let Some(row) = clicked.and_then(|row| found.rows.get(row)) {
        show.out.push(Command::Select(Selection::Group(row.group)));
    }
}

/// The figures of a range.
#[must_use]
pub fn statistics(snapshot: &Snapshot, range: Range, sort: Sort) -> Statistics {
    let (from, to) = (Timestamp::from_nanos(range.start), Timestamp::from_nanos(range.end));
    let timeline = &snapshot.timeline;
    let mut found = Statistics::default();
    for lane in timeline.lanes.iter().filter(|lane| matches!(lane.kind, LaneKind::Loop(_))) {
        for span in lane.spans.between(from, to) {
            let length = span.end.min(to).since(span.start.max(from)).as_nanos();
            match span.state {
                SpanState::Running => found.busy += length,
                SpanState::Idle => found.idle += length,
                _ => {}
            }
        }
    }
    let mut lags: Vec<u64> = timeline
        .busy
        .iter()
        .filter(|busy| busy.end > from && busy.start < to)
        .map(|busy| busy.end.since(busy.start).as_nanos())
        .collect();
    lags.sort_unstable();
    found.lag = [quantile(&lags, 0.5), quantile(&lags, 0.99), lags.last().copied().unwrap_or(0)];
    found.stalls = snapshot
        .stalls_near(range)
        .filter(|&at| snapshot.stalls().get(at).is_some_and(|stall| stall.end() > from))
        .count();
    for (group, members) in timeline.groups.iter().enumerate() {
        let mut lengths: [Vec<u64>; SpanState::ALL.len()] = Default::default();
        let mut sums = [0_u64; SpanState::ALL.len()];
        for span in
            members.lanes.clone().flat_map(|lane| timeline.lanes[lane].spans.between(from, to))
        {
            lengths[span.state as usize].push(span.length().as_nanos());
            sums[span.state as usize] += span.end.min(to).since(span.start.max(from)).as_nanos();
        }
        for state in [SpanState::Running, SpanState::Ready, SpanState::Waiting] {
            let lengths = &mut lengths[state as usize];
            lengths.sort_unstable();
            let (Some(&shortest), Some(&longest)) = (lengths.first(), lengths.last()) else {
                continue;
            };
            found.rows.push(Row {
                group,
                name: lookup::group_name(snapshot, group),
                state,
                count: lengths.len() as u64,
                sum: sums[state as usize],
                shortest,
                p50: quantile(lengths, 0.5),
                p99: quantile(lengths, 0.99),
                longest,
            });
        }
    }
    order(&mut found.rows, sort);
    found
}

fn order(rows: &mut [Row], sort: Sort) {
    match sort.column {
        0 => rows.sort_by(|a, b| a.name.cmp(&b.name)),
        1 => rows.sort_by_key(|row| row.state),
        2 => rows.sort_by_key(|row| row.count),
        3 => rows.sort_by_key(|row| row.sum),
        4 => rows.sort_by_key(|row| row.shortest),
        5 => rows.sort_by_key(|row| row.p50),
        6 => rows.sort_by_key(|row| row.p99),
        _ => rows.sort_by_key(|row| row.longest),
    }
    if sort.descending {
        rows.reverse();
    }
}

impl Statistics {
    /// As tab-separated text, in the order of the table.
    #[must_use]
    pub fn as_tsv(&self) -> Copied {
        let header =
            ["coroutine", "state", "count", "sum_ns", "min_ns", "p50_ns", "p99_ns", "max_ns"];
        let rows = self.rows.iter().map(|row| {
            let figures = [row.count, row.sum, row.shortest, row.p50, row.p99, row.longest];
            let mut cells = vec![row.name.clone(), row.state.name().to_owned()];
            cells.extend(figures.map(|figure| figure.to_string()));
            cells
        });
        tsv(&header, rows)
    }
}
