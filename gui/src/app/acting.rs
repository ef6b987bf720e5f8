//! What commands do to the window, beyond what they change of its state.

use std::time::{Duration, Instant};

use eframe::egui::{Context, ViewportCommand};

use super::App;
use super::files::Purpose;
use crate::command::{Action, Command};
use crate::load::Loading;
use crate::snapshot::Snapshot;
use crate::state::Pane;
use crate::{apply, copy, dock, editor, views};

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
            Action::Reload => {
                if let Some(path) = self.snapshot.as_ref().map(|snapshot| snapshot.path.clone()) {
                    self.open(ctx, &path);
                }
            }
            Action::CopyTable | Action::CopySelection | Action::OpenSource => {
                let Some(snapshot) = self.snapshot.clone() else { return };
                let text = match action {
                    Action::CopyTable => Some(self.visible_table(&snapshot)),
                    Action::CopySelection => views::details::as_text(&self.state, &snapshot),
                    _ => {
                        if let Some(command) = views::details::source(&self.state, &snapshot) {
                            self.carry_out(ctx, command);
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

    fn visible_table(&self, snapshot: &Snapshot) -> String {
        let visible = dock::visible(&self.dock);
        let table = visible.iter().find_map(|pane| match pane {
            Pane::Tasks => Some(copy::tasks(snapshot)),
            Pane::Coroutines => Some(copy::coroutines(snapshot)),
            Pane::Contention => Some(copy::contention(snapshot)),
            Pane::Statistics => Some(views::statistics::as_tsv(snapshot, self.state.extent())),
            _ => None,
        });
        table.unwrap_or_else(|| copy::stalls(snapshot))
    }
}
