//! What commands do to the window, beyond what they change of its state.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use super::App;
use super::files::Purpose;
use crate::command::{Action, Command};
use crate::load::Loading;
use crate::snapshot::Snapshot;
use crate::state::Pane;
use crate::{apply, copy, dock, editor, text, views};

impl App {
    /// Carries a command out.
    pub fn apply(&mut self, ctx: &Context, command: Command) {
        let navigates = matches!(
            command,
            Command::Act(Action::ZoomIn | Action::ZoomOut | Action::PanLeft | Action::PanRight)
                | Command::ViewNow(_)
        );
        if navigates {
            self.remember_view(&command);
        }
        let snapshot = self.snapshot.clone();
        let history = self.state.history.len();
        let rest = apply::command(&mut self.state, snapshot.as_deref(), command);
        if navigates {
            self.state.history.truncate(history);
        }
        if let Some(rest) = rest {
            self.carry_out(ctx, rest);
        }
    }

    /// A run of small movements is undone as one.
    fn remember_view(&mut self, command: &Command) {
        let now = Instant::now();
        let recent = self
            .last_navigation
            .replace(now)
            .is_some_and(|last| now.duration_since(last) < Duration::from_millis(700));
        let same = matches!(command, Command::ViewNow(view) if *view == self.state.view);
        if !recent && !same && self.state.history.last() != Some(&self.state.view) {
            self.state.history.push(self.state.view);
            self.state.future.clear();
        }
    }

    pub(super) fn carry_out(&mut self, ctx: &Context, command: Command) {
        match command {
            Command::OpenFile(path) => self.open(ctx, &path),
            Command::CompareWith(path) => self.comparing = Some(Loading::begin(ctx, &path)),
            Command::CloseComparison => self.other = None,
            Command::CancelLoading => {
                self.loading.iter().chain(&self.comparing).for_each(Loading::cancel);
            }
            Command::ShowPane(pane) => dock::show(&mut self.dock, pane),
            Command::OpenInEditor { file, line } => {
                self.state.notice = Some(editor::open(&file, line));
            }
            Command::Copy(text) => {
                let bytes = text.len() as u64;
                self.state.notice = Some(format!("copied {}", crate::text::bytes(bytes)));
                ctx.copy_text(text);
            }
            Command::Act(action) => self.act(ctx, action),
            _ => {}
        }
    }

    fn act(&mut self, ctx: &Context, action: Action) {
        match action {
            Action::Open => self.choose(Purpose::Open),
            Action::Compare => self.choose(Purpose::Compare),
            Action::SavePicture => self.choose(Purpose::Picture),
            Action::Quit => ctx.send_viewport_cmd(ViewportCommand::Close),
            Action::ResetLayout => self.dock = dock::standard(),
            Action::NextLane | Action::PreviousLane => self.step_lane(action == Action::NextLane),
            Action::FlameNext | Action::FlamePrevious => {
                self.step_function(action == Action::FlameNext);
            }
            Action::NextLag | Action::PreviousLag => self.step_lag(action == Action::NextLag),
            Action::OpenLast => self.open_last(ctx),
            Action::Reload => {
                if let Some(path) = self.snapshot.as_ref().map(|snapshot| snapshot.path.clone()) {
                    self.open(ctx, &path);
                }
            }
            Action::CopyTable => {
                let Some(snapshot) = self.snapshot.clone() else { return };
                self.copy_table(ctx, &snapshot);
            }
            Action::CopySelection | Action::OpenSource | Action::FlameSource => {
                let Some(snapshot) = self.snapshot.clone() else { return };
                let text = match action {
                    Action::CopySelection => {
                        let text = views::details::as_text(&self.state, &snapshot);
                        if text.is_none() {
                            self.state.notice = Some("nothing is selected".to_owned());
                        }
                        text
                    }
                    _ => {
                        let command = if action == Action::FlameSource {
                            views::flamegraph::source(&self.state, &snapshot)
                        } else {
                            views::details::source(&self.state, &snapshot)
                        };
                        match command {
                            Some(command) => self.carry_out(ctx, command),
                            None => self.state.notice = Some("no line is selected".to_owned()),
                        }
                        None
                    }
                };
                if let Some(text) = text {
                    self.carry_out(ctx, Command::Copy(text));
                }
            }
            _ => self.state.notice = Some(format!("{}: no recording is open", action.name())),
        }
    }

    /// Selects the lane below or above the selected one.
    fn step_lane(&mut self, down: bool) {
        let Some(snapshot) = self.snapshot.clone() else { return };
        let rows = self.caches.rows(&snapshot, &self.state.lanes);
        if let Some(selection) = rows.beside(&self.state, &snapshot, down) {
            self.state.selection = selection;
            self.state.reveal = true;
        }
    }

    /// Selects the next function of the flamegraph, or the one before.
    fn step_function(&mut self, forward: bool) {
        let shown = dock::visible(&self.dock).contains(&Pane::Flame);
        let Some(flame) = self.caches.flame.last().filter(|_| shown) else {
            return dock::show(&mut self.dock, Pane::Flame);
        };
        let heaviest = flame.heaviest();
        let codes: Vec<_> = heaviest.iter().map(|(code, _)| *code).collect();
        self.state.flame.selected = beside(&codes, self.state.flame.selected, forward);
        self.state.notice = self.state.flame.selected.and_then(|code| flame.words(code));
    }

    /// Lists the lags of the next bar, or of the one before.
    fn step_lag(&mut self, forward: bool) {
        let shown = dock::visible(&self.dock).contains(&Pane::Lag);
        let Some(lags) = self.caches.lag.last().filter(|_| shown) else {
            return dock::show(&mut self.dock, Pane::Lag);
        };
        let bins: Vec<_> = lags.bars.iter().map(|bar| views::lag::bin_of(bar.0)).collect();
        self.state.lag_bin = beside(&bins, self.state.lag_bin, forward);
    }

    fn open_last(&mut self, ctx: &Context) {
        let shown = self.snapshot.as_ref().and_then(|shown| shown.path.canonicalize().ok());
        let last = self.saved.recent.iter().find(|path| Some(*path) != shown.as_ref());
        match last.cloned() {
            Some(path) => self.open(ctx, &path),
            None => self.state.notice = Some("no other recording was opened before".to_owned()),
        }
    }

    /// The table that is in front, as it is shown: searched, sorted and ranged. `None` while it is
    /// only being made.
    fn visible_table(&self, snapshot: &Snapshot) -> Option<copy::Copied> {
        let (state, caches) = (&self.state, &self.caches);
        let visible = dock::visible(&self.dock);
        let list = visible
            .into_iter()
            .find(|pane| !matches!(pane, Pane::Timeline | Pane::Details))
            .unwrap_or(Pane::Stalls);
        match list {
            Pane::Tasks => caches.tasks.last().map(|order| copy::tasks(snapshot, &order)),
            Pane::Coroutines => {
                caches.coroutines.last().map(|rows| views::coroutines::as_tsv(&rows))
            }
            Pane::Contention => {
                Some(copy::contention(snapshot, &views::contention::shown(snapshot, state)))
            }
            Pane::Statistics => caches.statistics.last().map(|figures| figures.as_tsv()),
            Pane::Findings => Some(copy::findings(snapshot)),
            Pane::Lag => Some(copy::lags(snapshot, state.extent(), state.lag_bin)),
            Pane::Flame => caches.flame.last().map(|flame| copy::functions(&flame)),
            Pane::Awaits => caches.awaits.last().map(|graph| copy::awaits(snapshot, &graph)),
            Pane::Compare => caches.compared.last().map(|compared| compared.as_tsv()),
            Pane::Stalls | Pane::Timeline | Pane::Details => {
                Some(copy::stalls(snapshot, &views::stalls::shown(snapshot, state)))
            }
        }
    }

    /// Copies the table that is in front, and says where it is not all of it.
    fn copy_table(&mut self, ctx: &Context, snapshot: &Snapshot) {
        let Some(table) = self.visible_table(snapshot) else {
            self.state.notice = Some("there is no table to copy yet".to_owned());
            return;
        };
        self.carry_out(ctx, Command::Copy(table.text));
        if table.is_cut {
            let most = text::count(copy::MOST_ROWS as u64);
            self.state.notice = Some(format!("copied the first {most} rows"));
        }
    }
}

/// The entry after or before one of many, and round to the other end.
fn beside<T: Copy + PartialEq>(all: &[T], now: Option<T>, forward: bool) -> Option<T> {
    let count = all.len();
    let at = now.and_then(|now| all.iter().position(|one| *one == now));
    let next = match (at, forward) {
        (Some(at), true) => at + 1,
        (Some(at), false) => at + count - 1,
        (None, true) => 0,
        (None, false) => count.saturating_sub(1),
    };
    all.get(next % count.max(1)).copied()
}
