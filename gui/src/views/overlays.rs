//! What lies over the views: the keys, all commands, all tasks.

use std::sync::Arc;

use eframe::egui::{
    Align, Button, Context, Id, Key, Label, Layout, Modal, RichText, ScrollArea, Sense, TextEdit,
    Ui, vec2,
};
use looptrace::analysis::timeline::SpanState;
use looptrace::model::CauseKind;

use crate::command::{Action, Command};
use crate::lookup;
use crate::snapshot::Snapshot;
use crate::state::{Overlay, State, contains};
use crate::text;
use crate::theme::Theme;
use crate::views::Caches;

/// Tasks that are listed.
const MOST_TASKS: usize = 200;

/// Draws what lies over the views.
pub fn show(
    ctx: &Context,
    state: &mut State,
    snapshot: Option<&Arc<Snapshot>>,
    caches: &mut Caches,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    let overlay = state.overlay;
    if overlay == Overlay::None {
        return;
    }
    let modal = Modal::new(Id::unique("overlay")).show(ctx, |ui| match overlay {
        Overlay::None => {}
        Overlay::Help => help(ui, theme),
        Overlay::Palette => palette(ui, state, theme, out),
        Overlay::TaskFinder => tasks(ui, state, snapshot, caches, theme, out),
    });
    if modal.should_close() {
        state.overlay = Overlay::None;
    }
}

fn help(ui: &mut Ui, theme: &Theme) {
    let room = ui.ctx().content_rect();
    let width = (room.width() - 60.0).min(1000.0);
    ui.set_width(width);
    ui.heading("Keys");
    legend(ui, theme);
    ui.add_space(6.0);
    let height = room.height() - 150.0;
    ScrollArea::vertical().max_height(height).min_scrolled_height(height).auto_shrink([false, true]).show(ui, |ui| {
        let columns = if width < 720.0 { 1 } else { 2 };
        ui.columns(columns, |columns| help_columns(columns, theme));
        ui.add_space(6.0);
        let mouse = "Mouse: the wheel zooms at the pointer, with Shift it moves; drag selects a range, \
                     Shift-drag or the middle button moves; double-click fits; click selects.";
        ui.add(Label::new(RichText::new(mouse).color(theme.weak)).wrap());
    });
}

/// Groups of keys, from the first column to the last, about as many in each.
fn help_columns(columns: &mut [Ui], theme: &Theme) {
    let share = Action::ALL.len().div_ceil(columns.len());
    let mut groups: Vec<&str> = Action::ALL.iter().map(|action| action.group()).collect();
    groups.dedup();
    let mut placed = 0;
    for group in groups {
        let actions: Vec<&Action> =
            Action::ALL.iter().filter(|action| action.group() == group).collect();
        let column = ((placed + actions.len() / 2) / share).min(columns.len() - 1);
        placed += actions.len();
        help_group(&mut columns[column], theme, group, &actions);
    }
}

fn help_group(ui: &mut Ui, theme: &Theme, group: &str, actions: &[&Action]) {
    const KEYS: f32 = 150.0;
    ui.label(RichText::new(group).strong());
    for action in actions {
        let keys = action.keys_text();
        let keys = if keys.is_empty() { "by its name".to_owned() } else { keys };
        ui.horizontal_top(|ui| {
            let keys = RichText::new(keys).monospace().size(11.0).color(theme.accent);
            ui.allocate_ui_with_layout(vec2(KEYS, 15.0), Layout::left_to_right(Align::Min), |ui| {
                ui.set_min_width(KEYS);
                ui.label(keys);
            });
            ui.add(Label::new(RichText::new(action.help()).size(12.0)).wrap());
        });
    }
    ui.add_space(8.0);
}

fn legend(ui: &mut Ui, theme: &Theme) {
    ui.horizontal_wrapped(|ui| {
        for (state, words) in [
            (SpanState::Running, "runs"),
            (SpanState::Ready, "could run and does not"),
            (SpanState::Waiting, "waits"),
            (SpanState::Idle, "polls, or waits for work"),
            (SpanState::Unknown, "not known"),
        ] {
            let (rect, _) = ui.allocate_exact_size(vec2(22.0, 14.0), Sense::hover());
            crate::paint::swatch(ui.painter(), rect, state, theme);
            ui.label(words);
        }
        for (kind, words) in [
            (CauseKind::CpuPython, "stall: computing"),
            (CauseKind::BlockingCall, "blocked"),
            (CauseKind::GilWait, "waiting for the GIL"),
            (CauseKind::Gc, "collecting, importing"),
            (CauseKind::Starved, "no CPU"),
        ] {
            super::marked(ui, theme, Theme::sign(kind), theme.cause(kind), words);
        }
    });
}

/// A field to type into, and which of the lines below it is chosen.
fn field(ui: &mut Ui, state: &mut State, name: &str, count: usize) -> (usize, bool) {
    let id = Id::unique(name);
    let edit = TextEdit::singleline(&mut state.overlay_text)
        .id(id)
        .hint_text(name)
        .desired_width(f32::INFINITY);
    let response = ui.add(edit).accessible_name(name);
    response.request_focus();
    let at: usize = ui.data(|data| data.get_temp(id)).unwrap_or(0);
    let (down, up, enter) = ui.input(|input| {
        (
            input.key_pressed(Key::ArrowDown),
            input.key_pressed(Key::ArrowUp),
            input.key_pressed(Key::Enter),
        )
    });
    let at = if response.changed() { 0 } else { at };
    let at = (at + usize::from(down)).saturating_sub(usize::from(up)).min(count.saturating_sub(1));
    ui.data_mut(|data| data.insert_temp(id, at));
    (at, enter)
}

fn palette(ui: &mut Ui, state: &mut State, theme: &Theme, out: &mut Vec<Command>) {
    ui.set_width(460.0);
    ui.set_height(360.0);
    let text = state.overlay_text.clone();
    let mut found: Vec<Action> = Action::ALL
        .iter()
        .copied()
        .filter(|action| {
            text.split_whitespace().all(|word| {
                contains(action.name(), word)
                    || contains(action.group(), word)
                    || contains(action.help(), word)
            })
        })
        .collect();
    // What is called so comes before what only tells of it.
    found.sort_by_key(|action| {
        (!action.name().eq_ignore_ascii_case(&text), !contains(action.name(), &text))
    });
    let (at, enter) = field(ui, state, "Type the name of a command", found.len());
    let mut chosen = found.get(at).copied().filter(|_| enter);
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        for (index, action) in found.iter().enumerate() {
            let button = Button::selectable(index == at, action.name())
                .shortcut_text(RichText::new(action.keys_text()).color(theme.weak))
                .min_size(vec2(ui.available_width(), 20.0));
            let response = ui.add(button).on_hover_text(action.help());
            if index == at && state.overlay_text != text {
                response.scroll_to_me(None);
            }
            if response.clicked() {
                chosen = Some(*action);
            }
        }
    });
    if let Some(action) = chosen {
        state.overlay = Overlay::None;
        state.overlay_text.clear();
        out.push(Command::Act(action));
    }
}

fn tasks(
    ui: &mut Ui,
    state: &mut State,
    snapshot: Option<&Arc<Snapshot>>,
    caches: &mut Caches,
    theme: &Theme,
    out: &mut Vec<Command>,
) {
    ui.set_width(520.0);
    ui.set_height(360.0);
    let Some(snapshot) = snapshot else { return };
    let key = (snapshot.revision, state.overlay_text.clone());
    let for_work = (Arc::clone(snapshot), state.overlay_text.clone());
    let answer = caches.finder.get(ui.ctx(), &key, move |_| {
        (lookup::tasks_named(&for_work.0, &for_work.1, MOST_TASKS), for_work.1)
    });
    let found = answer.as_ref().map_or(&[][..], |answer| answer.0.as_slice());
    // What was found for a text before is shown, and not chosen.
    let is_latest = answer.as_ref().is_some_and(|answer| answer.1 == state.overlay_text);
    let (at, enter) = field(ui, state, "Type the name of a task", found.len());
    let mut chosen = found.get(at).copied().filter(|_| enter && is_latest);
    let dictionary = &snapshot.analysis.dictionary;
    ScrollArea::vertical().auto_shrink([false, false]).show_rows(
        ui,
        20.0,
        found.len(),
        |ui, rows| {
            for index in rows {
                let Some(&task) = found.get(index) else { continue };
                let coroutine = RichText::new(text::coroutine(dictionary, task)).color(theme.weak);
                let button = Button::selectable(index == at, text::task(dictionary, task))
                    .shortcut_text(coroutine)
                    .min_size(vec2(ui.available_width(), 20.0));
                if ui.add(button).clicked() {
                    chosen = Some(task);
                }
            }
        },
    );
    if let Some(task) = chosen {
        state.overlay = Overlay::None;
        state.overlay_text.clear();
        out.push(Command::JumpToTask(task));
    }
}
