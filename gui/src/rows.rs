//! Which rows the timeline has, from top to bottom.

use looptrace::analysis::timeline::{LaneKind, SpanState};
use looptrace::model::{LoopId, Timestamp};

use crate::apply::selected_lane;
use crate::lookup::{group_name, lane_name};
use crate::snapshot::Snapshot;
use crate::state::{LaneOrder, Lanes, Selection, State, contains};
use crate::theme::{LANE, LANE_GAP, QUEUE};

/// A row of the timeline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// A heading.
    Heading(&'static str),
    /// How many tasks there are, and how many are ready.
    Counts,
    /// How much a loop had queued.
    Queue(LoopId),
    /// A lane; `true` for one within a group.
    Lane(usize, bool),
    /// The heading of a group of tasks, with its first lanes where it is folded.
    Group {
        /// Which group.
        group: usize,
        /// Whether its lanes are not shown below it.
        folded: bool,
    },
}

/// All rows, with their positions.
#[derive(Debug, Clone, Default)]
pub struct Rows {
    /// From top to bottom.
    pub rows: Vec<Row>,
    /// Where each begins, and at the end where the last ends.
    pub tops: Vec<f32>,
}

/// A group with more lanes than this is folded unless asked for.
const MOST_UNFOLDED: usize = 12;
/// Rows; beyond, groups have to be folded or filtered.
const MOST_ROWS: usize = 200_000;

impl Rows {
    /// The rows of a snapshot.
    #[must_use]
    pub fn new(snapshot: &Snapshot, lanes: &Lanes) -> Self {
        let mut rows = Self::default();
        rows.loops(snapshot, lanes);
        rows.pinned(lanes);
        rows.groups(snapshot, lanes);
        rows.threads(snapshot, lanes);
        let mut top = 0.0;
        rows.tops = std::iter::once(0.0)
            .chain(rows.rows.iter().map(|row| {
                top += row.height();
                top
            }))
            .collect();
        rows
    }

    fn loops(&mut self, snapshot: &Snapshot, lanes: &Lanes) {
        self.rows.push(Row::Heading("Event loops"));
        for (index, lane) in snapshot.timeline.lanes.iter().enumerate() {
            let is_loop = matches!(lane.kind, LaneKind::Loop(_) | LaneKind::Gc(_));
            if !is_loop || lanes.hidden.contains(&index) {
                continue;
            }
            self.rows.push(Row::Lane(index, false));
            if let LaneKind::Loop(id) = lane.kind
                && snapshot.timeline.queues.contains_key(&id)
            {
                self.rows.push(Row::Queue(id));
            }
        }
        if !snapshot.timeline.counts.is_empty() {
            self.rows.push(Row::Counts);
        }
    }

    fn pinned(&mut self, lanes: &Lanes) {
        if !lanes.pinned.is_empty() {
            self.rows.push(Row::Heading("Pinned"));
            self.rows.extend(lanes.pinned.iter().map(|&lane| Row::Lane(lane, false)));
        }
    }

    fn groups(&mut self, snapshot: &Snapshot, lanes: &Lanes) {
        let timeline = &snapshot.timeline;
        if !timeline.groups.is_empty() {
            self.rows.push(Row::Heading("Tasks"));
        }
        let mut order: Vec<usize> = (0..timeline.groups.len()).collect();
        match lanes.order {
            LaneOrder::Start => {}
            LaneOrder::Name => order.sort_by_cached_key(|&group| group_name(snapshot, group)),
            LaneOrder::Running | LaneOrder::Delayed => order.sort_by_cached_key(|&group| {
                let lanes_of = timeline.groups[group].lanes.clone();
                let sum: u64 = lanes_of.map(|lane| amount(snapshot, lanes.order, lane)).sum();
                std::cmp::Reverse(sum)
            }),
        }
        for group in order {
            let named = contains(&group_name(snapshot, group), &lanes.filter);
            let mut members: Vec<usize> = timeline.groups[group]
                .lanes
                .clone()
                .filter(|lane| !lanes.hidden.contains(lane))
                .filter(|&lane| {
                    named || contains(&lane_name(snapshot, &timeline.lanes[lane]), &lanes.filter)
                })
                .collect();
            if members.is_empty() || self.rows.len() > MOST_ROWS {
                continue;
            }
            let by_default = lanes.fold_all.unwrap_or(members.len() > MOST_UNFOLDED);
            let folded = by_default != lanes.toggled.contains(&group);
            self.rows.push(Row::Group { group, folded });
            if !folded {
                sort_lanes(snapshot, &mut members, lanes.order);
                self.rows.extend(members.into_iter().map(|lane| Row::Lane(lane, true)));
            }
        }
    }

    fn threads(&mut self, snapshot: &Snapshot, lanes: &Lanes) {
        let shown: Vec<usize> = snapshot
            .timeline
            .lanes
            .iter()
            .enumerate()
            .filter(|(index, lane)| {
                matches!(lane.kind, LaneKind::Thread(_))
                    && !lanes.hidden.contains(index)
                    && contains(&lane_name(snapshot, lane), &lanes.filter)
            })
            .map(|(index, _)| index)
            .collect();
        if !shown.is_empty() {
            self.rows.push(Row::Heading("Threads"));
            self.rows.extend(shown.into_iter().map(|lane| Row::Lane(lane, false)));
        }
    }

    /// How high all rows are together.
    #[must_use]
    pub fn height(&self) -> f32 {
        self.tops.last().copied().unwrap_or(0.0)
    }

    /// The positions of the rows between two heights.
    #[must_use]
    pub fn between(&self, top: f32, bottom: f32) -> std::ops::Range<usize> {
        let first = self.tops.partition_point(|&at| at <= top).saturating_sub(1);
        let end = self.tops.partition_point(|&at| at < bottom).min(self.rows.len());
        first.min(end)..end
    }

    /// What the row below or above the selected one shows, and round to the other end; headings
    /// and counts are passed over.
    #[must_use]
    pub fn beside(&self, state: &State, snapshot: &Snapshot, down: bool) -> Option<Selection> {
        let at = match state.selection {
            Selection::Group(group) => self
                .rows
                .iter()
                .position(|row| matches!(row, Row::Group { group: at, .. } if *at == group)),
            _ => selected_lane(state, snapshot).and_then(|lane| self.position_of(snapshot, lane)),
        };
        let count = self.rows.len();
        let first = at.unwrap_or(if down { count.saturating_sub(1) } else { 0 });
        let step = if down { 1 } else { count.saturating_sub(1) };
        (1..=count).find_map(|steps| {
            let row = self.rows.get((first + steps * step) % count.max(1))?;
            selection_of(*row, state, snapshot)
        })
    }

    /// Where a lane is shown, or the folded group it belongs to.
    #[must_use]
    pub fn position_of(&self, snapshot: &Snapshot, lane: usize) -> Option<usize> {
        let exact = self.rows.iter().position(|row| matches!(row, Row::Lane(at, _) if *at == lane));
        exact.or_else(|| {
            self.rows.iter().position(|row| match row {
                Row::Group { group, .. } => snapshot
                    .timeline
                    .groups
                    .get(*group)
                    .is_some_and(|group| group.lanes.contains(&lane)),
                _ => false,
            })
        })
    }
}

impl Row {
    /// How high it is.
    #[must_use]
    pub fn height(self) -> f32 {
        match self {
            Self::Heading(_) => 22.0,
            Self::Counts => 34.0,
            Self::Queue(_) => QUEUE + LANE_GAP,
            Self::Lane(..) | Self::Group { .. } => LANE + LANE_GAP,
        }
    }
}

/// What a row stands for: a task, a group, or what a lane shows at the cursor.
fn selection_of(row: Row, state: &State, snapshot: &Snapshot) -> Option<Selection> {
    match row {
        Row::Group { group, .. } => Some(Selection::Group(group)),
        Row::Lane(index, _) => {
            let lane = snapshot.timeline.lanes.get(index)?;
            if let LaneKind::Task(task) = lane.kind {
                return Some(Selection::Task(task));
            }
            let at = state.cursor.unwrap_or(state.view.start);
            let span = lane.spans.first_after(Timestamp::from_nanos(at));
            Some(Selection::Span(index, span.min(lane.spans.len().checked_sub(1)?)))
        }
        Row::Heading(_) | Row::Counts | Row::Queue(_) => None,
    }
}

fn sort_lanes(snapshot: &Snapshot, lanes: &mut [usize], order: LaneOrder) {
    match order {
        LaneOrder::Start => lanes.sort_by_cached_key(|&lane| {
            let lane = &snapshot.timeline.lanes[lane];
            (lane.spans.get(0).map(|span| span.start), natural(&lane_name(snapshot, lane)))
        }),
        LaneOrder::Name => lanes.sort_by_cached_key(|&lane| {
            let lane = &snapshot.timeline.lanes[lane];
            natural(&lane_name(snapshot, lane))
        }),
        LaneOrder::Running | LaneOrder::Delayed => {
            lanes.sort_by_cached_key(|&lane| std::cmp::Reverse(amount(snapshot, order, lane)));
        }
    }
}

/// How much of what is sorted by a lane holds.
fn amount(snapshot: &Snapshot, order: LaneOrder, lane: usize) -> u64 {
    let state = match order {
        LaneOrder::Delayed => SpanState::Ready,
        LaneOrder::Running | LaneOrder::Start | LaneOrder::Name => SpanState::Running,
    };
    let spans = snapshot.timeline.lanes[lane].spans.iter().filter(|span| span.state == state);
    spans.map(|span| span.length().as_nanos()).sum()
}

/// A key that sorts `Task-9` before `Task-10`.
fn natural(name: &str) -> (String, u64) {
    let digits = name.chars().rev().take_while(char::is_ascii_digit).count();
    let (stem, number) = name.split_at(name.len() - digits);
    (stem.to_lowercase(), number.parse().unwrap_or(0))
}
