//! Carries commands out.

use eframe::egui::Context;
use looptrace::analysis::timeline::LaneKind;
use looptrace::model::{CodeId, TaskId, Timestamp};

use crate::axis::Range;
use crate::command::{Action, Command};
use crate::flame::{Layout, Transform, Weight};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{LaneOrder, Overlay, Pane, Selection, State};
use crate::theme::Preference;

/// A command that changes the state alone; what else there is to do is given back.
pub fn command(
    state: &mut State,
    snapshot: Option<&Snapshot>,
    command: Command,
) -> Option<Command> {
    match command {
        Command::Act(action) => return act(state, snapshot, action),
        Command::View(view) => state.go(view),
        Command::ViewNow(view) => {
            state.view = view;
            state.settle();
        }
        Command::SelectRange(range) => state.range = range,
        Command::Cursor(at) => state.cursor = Some(at),
        Command::Select(selection) => state.selection = selection,
        Command::JumpToTask(task) => {
            if let Some(snapshot) = snapshot {
                jump_to_task(state, snapshot, task);
            }
        }
        Command::JumpToStall(index) => {
            if let Some(snapshot) = snapshot {
                jump_to_stall(state, snapshot, index);
            }
        }
        Command::Search(text) => state.search = text,
        Command::FilterLanes(text) => state.lanes.filter = text,
        Command::ToggleGroup(group) => toggle(&mut state.lanes.toggled, group),
        Command::TogglePin(lane) => toggle(&mut state.lanes.pinned, lane),
        Command::ToggleHidden(lane) => toggle(&mut state.lanes.hidden, lane),
        Command::ShowAllLanes => {
            state.lanes.hidden.clear();
            state.lanes.filter.clear();
        }
        Command::OrderLanes(order) => state.lanes.order = order,
        Command::SortTable(table, sort) => {
            state.sorts.insert(table, sort);
        }
        Command::Theme(theme) => state.theme = theme,
        Command::FlameLayout(layout) => state.flame.layout = layout,
        Command::FlameWeight(weight) => state.flame.weight = weight,
        Command::FlameTransform(transform) => transform_flame(state, transform),
        Command::FlameUndo(index) => {
            if index < state.flame.transforms.len() {
                state.flame.transforms.remove(index);
            }
        }
        Command::FlameSelect(code) => state.flame.selected = code,
        Command::ComparisonWorseOnly(only) => state.worse_only = only,
        Command::LagBin(bin) => state.lag_bin = bin,
        Command::Notice(notice) => state.notice = Some(notice),
        other => return Some(other),
    }
    None
}

fn toggle(set: &mut std::collections::BTreeSet<usize>, member: usize) {
    if !set.remove(&member) {
        set.insert(member);
    }
}

fn transform_flame(state: &mut State, transform: Transform) {
    let transforms = &mut state.flame.transforms;
    match transforms.iter().position(|known| *known == transform) {
        Some(at) => {
            transforms.remove(at);
        }
        None => transforms.push(transform),
    }
}

fn act(state: &mut State, snapshot: Option<&Snapshot>, action: Action) -> Option<Command> {
    if let Some(pane) = pane(action) {
        return Some(Command::ShowPane(pane));
    }
    match action {
        Action::Help => switch(state, Overlay::Help),
        Action::Palette => switch(state, Overlay::Palette),
        Action::FindTask => switch(state, Overlay::TaskFinder),
        Action::Find => state.focus_search = true,
        Action::FilterLanes => {
            state.focus_filter = true;
            return Some(Command::ShowPane(Pane::Timeline));
        }
        Action::WorseOnly => {
            state.worse_only = !state.worse_only;
            return Some(Command::ShowPane(Pane::Compare));
        }
        Action::SelectShown => state.range = Some(state.view),
        Action::CloseComparison => return Some(Command::CloseComparison),
        Action::CancelLoading => return Some(Command::CancelLoading),
        Action::NextTheme => {
            state.theme = match state.theme {
                Preference::System => Preference::Dark,
                Preference::Dark => Preference::Light,
                Preference::Light => Preference::System,
            };
        }
        Action::ClearRange => clear(state),
        Action::ViewUndo => state.undo_view(),
        Action::ViewRedo => state.redo_view(),
        Action::Pause => state.paused = !state.paused,
        Action::Follow => state.follow = !state.follow,
        Action::UnhideAll => state.lanes.hidden.clear(),
        Action::FoldGroups => {
            state.lanes.fold_all = Some(!state.lanes.fold_all.unwrap_or(false));
            state.lanes.toggled.clear();
        }
        Action::NextOrder => {
            let at = LaneOrder::ALL.iter().position(|order| *order == state.lanes.order);
            state.lanes.order = LaneOrder::ALL[(at.unwrap_or(0) + 1) % LaneOrder::ALL.len()];
        }
        _ => {
            if flame(state, action) {
                return None;
            }
            return match snapshot {
                Some(snapshot) => act_on(state, snapshot, action),
                None => Some(Command::Act(action)),
            };
        }
    }
    None
}

/// The view that an action shows.
fn pane(action: Action) -> Option<Pane> {
    Some(match action {
        Action::PaneTimeline => Pane::Timeline,
        Action::PaneDetails => Pane::Details,
        Action::PaneStalls => Pane::Stalls,
        Action::PaneFlame => Pane::Flame,
        Action::PaneTasks => Pane::Tasks,
        Action::PaneCoroutines => Pane::Coroutines,
        Action::PaneAwaits => Pane::Awaits,
        Action::PaneFindings => Pane::Findings,
        Action::PaneStatistics => Pane::Statistics,
        Action::PaneLag => Pane::Lag,
        Action::PaneContention => Pane::Contention,
        Action::PaneCompare => Pane::Compare,
        _ => return None,
    })
}

fn switch(state: &mut State, overlay: Overlay) {
    state.overlay = if state.overlay == overlay { Overlay::None } else { overlay };
    state.overlay_text.clear();
}

fn clear(state: &mut State) {
    if state.overlay != Overlay::None {
        state.overlay = Overlay::None;
    } else if !state.search.is_empty() {
        state.search.clear();
    } else if state.range.is_some() {
        state.range = None;
    } else {
        state.selection = Selection::None;
        state.cursor = None;
    }
}

fn flame(state: &mut State, action: Action) -> bool {
    let of_selected = |make: fn(CodeId) -> Transform| state.flame.selected.map(make);
    let transform = match action {
        Action::FlameLeftHeavy => return layout(state, Layout::LeftHeavy),
        Action::FlameTimeOrder => return layout(state, Layout::TimeOrder),
        Action::FlameInverted => return layout(state, Layout::Inverted),
        Action::FlameSandwich => return layout(state, Layout::Sandwich),
        Action::FlameWaiting => {
            state.flame.weight = match state.flame.weight {
                Weight::Running => Weight::Waiting,
                Weight::Waiting => Weight::Running,
            };
            None
        }
        Action::FlameUndoLast => {
            state.flame.transforms.pop();
            None
        }
        Action::FlameInternals => Some(Transform::HideInternals),
        Action::FlameFocus => of_selected(Transform::Focus),
        Action::FlameCollapse => of_selected(Transform::Collapse),
        Action::FlameMerge => of_selected(Transform::Merge),
        _ => return false,
    };
    if let Some(transform) = transform {
        transform_flame(state, transform);
    }
    true
}

fn layout(state: &mut State, layout: Layout) -> bool {
    state.flame.layout = layout;
    true
}

fn act_on(state: &mut State, snapshot: &Snapshot, action: Action) -> Option<Command> {
    let whole = snapshot.whole();
    let middle = state.view.start + state.view.length() / 2;
    match action {
        Action::ZoomIn => state.go(state.view.zoomed(0.5, cursor_or(state, middle), whole)),
        Action::ZoomOut => state.go(state.view.zoomed(2.0, cursor_or(state, middle), whole)),
        Action::PanLeft => state.go(state.view.moved(-0.2, whole)),
        Action::PanRight => state.go(state.view.moved(0.2, whole)),
        Action::CursorEarlier => move_cursor(state, snapshot, -1),
        Action::CursorLater => move_cursor(state, snapshot, 1),
        Action::FoldGroup => {
            if let Some(group) = selected_group(state, snapshot) {
                toggle(&mut state.lanes.toggled, group);
            }
        }
        Action::ShowAll => state.go(whole),
        Action::Fit => {
            if let Some(range) = selected_range(state, snapshot) {
                state.go(range.padded(0.05, whole));
            }
        }
        Action::PinSelected => {
            if let Some(lane) = selected_lane(state, snapshot) {
                toggle(&mut state.lanes.pinned, lane);
            }
        }
        Action::HideSelected => hide(state, snapshot),
        Action::NextStall => step_stall(state, snapshot, true),
        Action::PreviousStall => step_stall(state, snapshot, false),
        Action::WorstStall => {
            let stalls = snapshot.stalls();
            if let Some(worst) = (0..stalls.len()).max_by_key(|&index| stalls[index].duration) {
                jump_to_stall(state, snapshot, worst);
            }
        }
        Action::NextSpan => step_span(state, snapshot, true),
        Action::PreviousSpan => step_span(state, snapshot, false),
        Action::NextMatch => step_match(state, snapshot, true),
        Action::PreviousMatch => step_match(state, snapshot, false),
        other => return Some(Command::Act(other)),
    }
    None
}

/// Hides the selected lane, or all those of the selected group.
fn hide(state: &mut State, snapshot: &Snapshot) {
    let group = match state.selection {
        Selection::Group(group) => snapshot.timeline.groups.get(group),
        _ => None,
    };
    match group {
        Some(group) => state.lanes.hidden.extend(group.lanes.clone()),
        None => {
            let lane = selected_lane(state, snapshot);
            lane.into_iter().for_each(|lane| toggle(&mut state.lanes.hidden, lane));
        }
    }
}

/// The cursor where it is in view, else `otherwise`.
fn cursor_or(state: &State, otherwise: u64) -> u64 {
    state.cursor.filter(|&at| state.view.contains(at)).unwrap_or(otherwise)
}

/// The stretch of time of what is selected.
#[must_use]
pub fn selected_range(state: &State, snapshot: &Snapshot) -> Option<Range> {
    if state.range.is_some() {
        return state.range;
    }
    match state.selection {
        Selection::None => None,
        Selection::Stall(index) => snapshot.stalls().get(index).map(lookup::stall_range),
        Selection::Task(task) => snapshot
            .task_time(task)
            .map(|time| Range::between(time.first_seen.as_nanos(), time.last_seen.as_nanos())),
        Selection::Span(lane, span) => {
            snapshot.timeline.lanes.get(lane)?.spans.get(span).map(|span| lookup::span_range(&span))
        }
        Selection::Group(group) => {
            let lanes = snapshot.timeline.groups.get(group)?.lanes.clone();
            let spans = lanes.filter_map(|lane| {
                let spans = &snapshot.timeline.lanes.get(lane)?.spans;
                Some((spans.get(0)?.start, spans.get(spans.len().checked_sub(1)?)?.end))
            });
            spans
                .reduce(|(start, end), (first, last)| (start.min(first), end.max(last)))
                .map(|(start, end)| Range::between(start.as_nanos(), end.as_nanos()))
        }
    }
}

/// The lane of what is selected.
#[must_use]
pub fn selected_lane(state: &State, snapshot: &Snapshot) -> Option<usize> {
    match state.selection {
        Selection::Span(lane, _) => Some(lane),
        Selection::Task(task) => snapshot.timeline.lane_of(task),
        Selection::Stall(index) => {
            let stall = snapshot.stalls().get(index)?;
            let kind = LaneKind::Loop(stall.event_loop);
            snapshot.timeline.lanes.iter().position(|lane| lane.kind == kind)
        }
        Selection::None | Selection::Group(_) => None,
    }
}

/// The group of what is selected.
fn selected_group(state: &State, snapshot: &Snapshot) -> Option<usize> {
    let lane = match state.selection {
        Selection::Group(group) => return Some(group),
        // The loop of a stall belongs to no group; its task does.
        Selection::Stall(_) => snapshot.timeline.lane_of(selected_task(state, snapshot)?)?,
        _ => selected_lane(state, snapshot)?,
    };
    snapshot.timeline.groups.iter().position(|group| group.lanes.contains(&lane))
}

/// Moves the cursor by a small part of what is shown, and what is shown with it.
fn move_cursor(state: &mut State, snapshot: &Snapshot, steps: i64) {
    let length = state.view.length();
    let by = i64::try_from(length / 100).unwrap_or(i64::MAX).max(1).saturating_mul(steps);
    let middle = state.view.start + length / 2;
    let at = cursor_or(state, middle).saturating_add_signed(by).min(snapshot.whole().end);
    state.cursor = Some(at);
    if !state.view.contains(at) {
        let half = length / 2;
        let start = at.saturating_sub(half);
        state.go(Range { start, end: start + length }.within(snapshot.whole()));
    }
}

/// The task of what is selected.
#[must_use]
pub fn selected_task(state: &State, snapshot: &Snapshot) -> Option<TaskId> {
    match state.selection {
        Selection::Task(task) => Some(task),
        Selection::Span(lane, span) => snapshot.timeline.lanes.get(lane)?.spans.get(span)?.task,
        Selection::Stall(index) => snapshot.stalls().get(index)?.task,
        Selection::None | Selection::Group(_) => None,
    }
}

/// Shows a stall with some time around it.
pub fn jump_to_stall(state: &mut State, snapshot: &Snapshot, index: usize) {
    let Some(stall) = snapshot.stalls().get(index) else { return };
    let range = lookup::stall_range(stall);
    state.selection = Selection::Stall(index);
    state.cursor = Some(range.start);
    state.reveal = true;
    state.go(range.padded(1.5, snapshot.whole()));
}

/// Shows a task from its start to its end.
pub fn jump_to_task(state: &mut State, snapshot: &Snapshot, task: TaskId) {
    state.selection = Selection::Task(task);
    state.reveal = true;
    if let Some(lane) = snapshot.timeline.lane_of(task) {
        state.lanes.hidden.remove(&lane);
    }
    if let Some(time) = snapshot.task_time(task) {
        let life = Range::between(time.first_seen.as_nanos(), time.last_seen.as_nanos());
        let in_view = life.start < state.view.end && life.end > state.view.start;
        if !in_view || life.length() < state.view.length() / 50 {
            state.go(life.padded(0.3, snapshot.whole()));
        }
    }
}

fn step_stall(state: &mut State, snapshot: &Snapshot, forward: bool) {
    let stalls = snapshot.stalls();
    let at = Timestamp::from_nanos(state.cursor.unwrap_or(state.view.start));
    let next = match (state.selection, forward) {
        (Selection::Stall(index), true) => index + 1,
        (Selection::Stall(index), false) => index.wrapping_sub(1),
        (_, true) => stalls.partition_point(|stall| stall.start < at),
        (_, false) => stalls.partition_point(|stall| stall.start < at).wrapping_sub(1),
    };
    if next < stalls.len() {
        jump_to_stall(state, snapshot, next);
    } else {
        let which = if forward { "after" } else { "before" };
        state.notice = Some(format!("no stall {which} this one"));
    }
}

fn step_span(state: &mut State, snapshot: &Snapshot, forward: bool) {
    let Some(lane) = selected_lane(state, snapshot) else { return };
    let Some(shown) = snapshot.timeline.lanes.get(lane) else { return };
    let next = match (state.selection, forward) {
        (Selection::Span(_, span), true) => span + 1,
        (Selection::Span(_, span), false) => span.wrapping_sub(1),
        _ => shown.spans.first_after(Timestamp::from_nanos(state.view.start)),
    };
    let Some(span) = shown.spans.get(next) else { return };
    let range = lookup::span_range(&span);
    state.selection = Selection::Span(lane, next);
    state.cursor = Some(range.start);
    if range.end > state.view.end || range.start < state.view.start {
        let half = state.view.length() / 2;
        let start = range.start.saturating_sub(half);
        state.go(Range { start, end: start + state.view.length() }.within(snapshot.whole()));
    }
}

fn step_match(state: &mut State, snapshot: &Snapshot, forward: bool) {
    const MOST: usize = 10_000;
    if state.search.is_empty() {
        state.focus_search = true;
        return;
    }
    let found = lookup::tasks_named(snapshot, &state.search, MOST);
    let at = selected_task(state, snapshot).map_or(0, |task| match found.binary_search(&task) {
        Ok(at) if forward => at + 1,
        Ok(at) => at + found.len() - 1,
        Err(at) => at,
    });
    match found.get(at % found.len().max(1)) {
        Some(&task) => jump_to_task(state, snapshot, task),
        None => state.notice = Some(format!("no task is called “{}”", state.search)),
    }
}

/// A recording that is followed from its start is shown as a whole until it is as long as this.
const FOLLOWED: u64 = 10_000_000_000;

/// Keeps what is shown where it was when a newer snapshot of the same recording takes the place
/// of another one: lanes are in other places then.
pub fn moved(state: &mut State, old: &Snapshot, new: &Snapshot) {
    let lane = |lane: usize| {
        let kind = old.timeline.lanes.get(lane)?.kind;
        let same = new.timeline.lanes.iter().position(|lane| lane.kind == kind);
        same.filter(|_| !matches!(kind, LaneKind::Packed(_)))
    };
    let group = |group: usize| {
        let old = old.timeline.groups.get(group)?;
        new.timeline.groups.iter().position(|new| (new.name, new.code) == (old.name, old.code))
    };
    state.lanes.pinned = state.lanes.pinned.iter().filter_map(|&at| lane(at)).collect();
    state.lanes.hidden = state.lanes.hidden.iter().filter_map(|&at| lane(at)).collect();
    state.lanes.toggled = state.lanes.toggled.iter().filter_map(|&at| group(at)).collect();
    state.selection = match state.selection {
        Selection::Span(at, span) => {
            lane(at).map_or(Selection::None, |at| Selection::Span(at, span))
        }
        Selection::Group(at) => group(at).map_or(Selection::None, Selection::Group),
        Selection::Stall(at) if at >= new.stalls().len() => Selection::None,
        same => same,
    };
    let showed_all = state.view.start == 0 && state.view.end >= old.whole().end;
    if state.follow || showed_all {
        let whole = new.whole();
        // Of a recording that was shown as a whole, all that is followed well; else as much as before.
        let length = match (showed_all, state.follow) {
            (true, true) => whole.length().min(FOLLOWED),
            (true, false) => whole.length(),
            (false, _) => state.view.length(),
        };
        state.view = Range { start: whole.end.saturating_sub(length), end: whole.end };
        state.settle();
    }
}

/// Looks at the theme the desktop has.
#[must_use]
pub fn system_is_dark(ctx: &Context) -> bool {
    ctx.system_theme().is_none_or(|theme| theme == eframe::egui::Theme::Dark)
}
