//! The window: what it shows, what goes on beside it.

mod acting;
pub mod files;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::Receiver;
use eframe::egui::{Context, Event, RawInput, Ui, ViewportCommand, scroll_area};
use files::{Dialogs, Purpose};

use crate::apply;
use crate::command::{Action, Command};
use crate::dock::{self, Dock};
use crate::keys;
use crate::launch::Options;
use crate::live::{self, Ended, Recorder};
use crate::load::{LoadError, Loaded, Loading};
use crate::lookup;
use crate::saved::Saved;
use crate::snapshot::Snapshot;
use crate::state::{Overlay, Pane, State};
use crate::theme::Theme;
use crate::views::{self, Caches, Show};

/// A growing file is read again no more often than this.
const REFRESH: Duration = Duration::from_millis(500);
/// Nor does reading it take more than this share of the time.
const REFRESH_SHARE: u32 = 5;
/// Under which name things are remembered.
const STORAGE: &str = "looptrace";

/// The viewer.
pub struct App {
    options: Options,
    /// What is shown.
    pub state: State,
    /// Where the views are.
    pub dock: Dock,
    /// The views that are in front, and for how many frames more their tabs are scrolled to.
    front: (Vec<Pane>, u8),
    /// The recording.
    pub snapshot: Option<Arc<Snapshot>>,
    /// The recording it is compared with.
    pub other: Option<Arc<Snapshot>>,
    /// Why there is none.
    pub error: Option<(PathBuf, LoadError)>,
    loading: Option<Loading>,
    comparing: Option<Loading>,
    recorder: Option<Recorder>,
    dialog: Option<(Purpose, Receiver<Option<PathBuf>>)>,
    /// Will say what became of a picture.
    saving: Option<Receiver<String>>,
    /// How files are chosen.
    pub dialogs: Dialogs,
    caches: Caches,
    saved: Saved,
    theme: Theme,
    installed: Option<Theme>,
    /// What the window is called.
    title: String,
    revision: u64,
    last_look: Instant,
    last_navigation: Option<Instant>,
    begun: Instant,
    picture_frames: u32,
    /// Frames in which the window may still be given its size.
    first_frames: u32,
}

impl App {
    /// The viewer, as it is asked for.
    #[must_use]
    pub fn new(options: Options, ctx: &Context, storage: Option<&dyn eframe::Storage>) -> Self {
        // A picture shows the same whatever was shown before.
        let storage = storage.filter(|_| options.picture.is_none());
        let stored = storage.and_then(|storage| storage.get_string(STORAGE));
        let saved = stored.map(|text| Saved::from_text(&text)).unwrap_or_default();
        let mut app = Self::bare(options, saved);
        Theme::install_signs(ctx);
        app.start(ctx);
        app
    }

    fn bare(options: Options, saved: Saved) -> Self {
        let mut state = State::default();
        saved.give(&mut state);
        match options.theme {
            Some(crate::launch::Colours::Dark) => state.theme = crate::theme::Preference::Dark,
            Some(crate::launch::Colours::Light) => state.theme = crate::theme::Preference::Light,
            None => {}
        }
        let restored = saved.layout.as_deref().and_then(dock::restored);
        Self {
            state,
            dock: restored.unwrap_or_else(dock::standard),
            front: (Vec::new(), 0),
            snapshot: None,
            other: None,
            error: None,
            loading: None,
            comparing: None,
            recorder: None,
            dialog: None,
            saving: None,
            dialogs: files::desktop,
            caches: Caches::default(),
            saved,
            theme: crate::theme::DARK,
            installed: None,
            title: String::new(),
            revision: 0,
            last_look: Instant::now(),
            last_navigation: None,
            begun: Instant::now(),
            picture_frames: 0,
            first_frames: 4,
            options,
        }
    }

    /// A viewer of a recording that is there already.
    #[must_use]
    pub fn showing(ctx: &Context, snapshot: Snapshot) -> Self {
        Theme::install_signs(ctx);
        let mut app = Self::bare(Options::default(), Saved::default());
        app.arrived(ctx, snapshot);
        app
    }

    /// Whether something is being worked out or read beside the window.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.caches.is_working()
            || self.dialog.is_some()
            || self.loading.is_some()
            || self.comparing.is_some()
    }

    fn start(&mut self, ctx: &Context) {
        if let Some(pid) = self.options.pid {
            let output = self.options.output.clone();
            match Recorder::start(&self.options.recorder, pid, output) {
                Ok(recorder) => {
                    if let Err(error) = live::close_on_signals(ctx) {
                        self.state.notice = Some(format!("signals: {error}"));
                    }
                    self.state.follow = true;
                    self.recorder = Some(recorder);
                }
                Err(message) => {
                    let hints = vec!["`looptrace doctor PID` says what attaching needs".to_owned()];
                    self.error = Some((PathBuf::new(), LoadError { message, hints }));
                }
            }
        } else if let Some(file) = self.options.file.clone() {
            self.open(ctx, &file);
        }
        if let Some(file) = self.options.compare.clone() {
            self.comparing = Some(Loading::begin(ctx, &file));
        }
    }

    fn open(&mut self, ctx: &Context, path: &Path) {
        self.error = None;
        if let Some(loading) = self.loading.replace(Loading::begin(ctx, path)) {
            loading.cancel();
        }
    }

    /// Shows a snapshot, in place of the one before.
    pub fn arrived(&mut self, ctx: &Context, mut snapshot: Snapshot) {
        self.revision += 1;
        snapshot.revision = self.revision;
        let same_file = self.snapshot.as_ref().filter(|old| old.path == snapshot.path);
        match same_file {
            Some(old) => apply::moved(&mut self.state, old, &snapshot),
            None => {
                // Scroll positions are kept from run to run; those of another recording mean nothing.
                ctx.data_mut(|data| data.remove_by_type::<scroll_area::State>());
                let State { theme, flame, follow, .. } = std::mem::take(&mut self.state);
                self.state = State { theme, flame, follow, ..State::default() };
                self.state.lanes.order = self.saved.lane_order;
                self.state.view = snapshot.whole();
                self.state.settle();
                self.go_where_asked(&snapshot);
            }
        }
        self.snapshot = Some(Arc::new(snapshot));
        self.error = None;
    }

    fn go_where_asked(&mut self, snapshot: &Snapshot) {
        let Options { at, stall, task, .. } = &self.options;
        if let Some(name) = task {
            match lookup::tasks_named(snapshot, name, usize::MAX).first() {
                Some(&task) => apply::jump_to_task(&mut self.state, snapshot, task),
                None => self.state.notice = Some(format!("no task is called {name}")),
            }
        }
        if let Some(at) = *at {
            let whole = snapshot.whole();
            self.state.cursor = Some(at.min(whole.end));
            self.state.go(crate::axis::Range { start: at, end: at }.padded(250_000.0, whole));
        }
        if let Some(number) = *stall {
            let index = snapshot.stalls().iter().position(|stall| stall.id.get() == number);
            match index {
                Some(index) => apply::jump_to_stall(&mut self.state, snapshot, index),
                None => self.state.notice = Some(format!("there is no stall {number}")),
            }
        }
        self.state.settle();
    }

    /// Takes what work beside the window has brought.
    pub fn collect(&mut self, ctx: &Context) {
        if let Some(loaded) = self.loading.as_ref().and_then(Loading::poll) {
            let path = self.loading.take().map(|loading| loading.path).unwrap_or_default();
            match loaded {
                Loaded::Snapshot(snapshot) => {
                    if self.recorder.is_none() {
                        self.saved.opened(&path);
                    }
                    self.arrived(ctx, *snapshot);
                }
                // A file that is only just being made has no header yet.
                Loaded::Failed(_) if self.recorder.is_some() => {}
                // What is shown stays.
                Loaded::Failed(error) if self.snapshot.is_some() => {
                    self.state.notice = Some(format!("{}: {}", path.display(), error.message));
                }
                Loaded::Failed(error) => self.error = Some((path, error)),
                Loaded::Cancelled => {}
            }
        }
        if let Some(loaded) = self.comparing.as_ref().and_then(Loading::poll) {
            let path = self.comparing.take().map(|loading| loading.path).unwrap_or_default();
            match loaded {
                Loaded::Snapshot(mut snapshot) => {
                    self.revision += 1;
                    snapshot.revision = self.revision;
                    self.other = Some(Arc::new(*snapshot));
                    dock::show(&mut self.dock, Pane::Compare);
                }
                Loaded::Failed(error) => {
                    self.state.notice = Some(format!("{}: {}", path.display(), error.message));
                }
                Loaded::Cancelled => {}
            }
        }
        self.collect_dialog(ctx);
        if let Some(saved) = self.saving.as_ref().and_then(|saving| saving.try_recv().ok()) {
            self.saving = None;
            self.state.notice = Some(saved);
        }
        self.look_for_more(ctx);
    }

    /// Reads a file again that has grown.
    fn look_for_more(&mut self, ctx: &Context) {
        let growing = match (&self.recorder, &self.snapshot) {
            (Some(recorder), _) => Some(recorder.path().to_owned()),
            (None, Some(snapshot)) if !snapshot.is_finished() => Some(snapshot.path.clone()),
            _ => None,
        };
        let Some(path) = growing else { return };
        let took = self.snapshot.as_ref().map_or(Duration::ZERO, |snapshot| snapshot.took);
        let pause = REFRESH.max(took * REFRESH_SHARE);
        ctx.request_repaint_after(pause);
        if self.loading.is_some() || self.state.paused || self.last_look.elapsed() < pause {
            return;
        }
        self.last_look = Instant::now();
        let known = self.snapshot.as_ref().filter(|old| old.path == path);
        let length = std::fs::metadata(&path).map_or(0, |data| data.len());
        if length > known.map_or(0, |old| old.bytes) {
            self.loading = Some(Loading::begin(ctx, &path));
        }
        if let Some(recorder) = &mut self.recorder
            && let Some(Ended { message, mut hints }) = recorder.ended().cloned()
        {
            if self.snapshot.is_none() && length == 0 {
                if hints.is_empty() {
                    hints.push("`looptrace doctor PID` says what attaching needs".to_owned());
                }
                self.error = Some((PathBuf::new(), LoadError { message, hints }));
            } else {
                self.state.notice = Some(message);
            }
            self.recorder = None;
        }
    }

    /// What is selected has been scrolled to, unless the rows of a table are only being made, or the
    /// window has not got its size yet.
    fn forget_reveal(&mut self, ctx: &Context) {
        if self.state.reveal {
            self.state.reveal = self.first_frames > 0 || self.caches.is_working();
            self.first_frames = self.first_frames.saturating_sub(1);
            ctx.request_repaint();
        }
    }

    /// Calls the window what it shows, and while recording, up to when.
    fn set_title(&mut self, ctx: &Context) {
        let shown = self.snapshot.as_ref();
        let mut title = shown.map_or_else(String::new, |shown| shown.file_name());
        if let (Some(_), Some(shown)) = (&self.recorder, shown) {
            let words = if self.state.paused { "paused at" } else { "recording," };
            let seconds = shown.timeline.end.as_nanos() / 1_000_000_000;
            title = format!("{title} ({words} {seconds} s)");
        }
        title = if title.is_empty() {
            "looptrace".to_owned()
        } else {
            format!("{title} – looptrace")
        };
        if title != self.title {
            ctx.send_viewport_cmd(ViewportCommand::Title(title.clone()));
            self.title = title;
        }
    }

    fn install_theme(&mut self, ctx: &Context) {
        self.theme = Theme::of(self.state.theme, apply::system_is_dark(ctx));
        if self.installed != Some(self.theme) {
            self.theme.install(ctx);
            self.installed = Some(self.theme);
        }
    }

    /// Draws the window and carries out what the user did.
    pub fn show(&mut self, ui: &mut Ui) {
        let ctx = ui.ctx().clone();
        self.install_theme(&ctx);
        let mut out: Vec<Command> = Vec::new();
        if !(self.state.overlay != Overlay::None && ctx.text_edit_focused()) {
            out.extend(keys::pressed(&ctx).into_iter().map(Command::Act));
        } else if ctx.input(|input| input.key_pressed(eframe::egui::Key::Escape)) {
            out.push(Command::Act(Action::ClearRange));
        }
        self.dropped(&ctx, &mut out);
        if self.snapshot.is_some() {
            out.extend(self.options.commands.drain(..).map(Command::Act));
        }
        let seconds = ctx.input(|input| input.stable_dt).min(0.1);
        if self.state.animate(seconds) {
            ctx.request_repaint();
        }
        match self.snapshot.clone() {
            Some(snapshot) => self.show_recording(ui, &snapshot, &mut out),
            None => self.show_nothing(ui, &mut out),
        }
        self.forget_reveal(&ctx);
        views::overlays::show(
            &ctx,
            &mut self.state,
            self.snapshot.as_ref(),
            &mut self.caches,
            &self.theme,
            &mut out,
        );
        for command in out {
            self.apply(&ctx, command);
        }
        self.set_title(&ctx);
        self.picture_when_ready(&ctx);
    }

    fn show_recording(&mut self, ui: &mut Ui, snapshot: &Arc<Snapshot>, out: &mut Vec<Command>) {
        let top = views::frame::Top {
            recent: &self.saved.recent,
            loading: self.loading.as_ref().or(self.comparing.as_ref()),
            recording: self.recorder.is_some(),
        };
        let mut show = Show {
            snapshot,
            other: self.other.as_ref(),
            state: &self.state,
            theme: &self.theme,
            caches: &mut self.caches,
            out,
        };
        views::frame::top(ui, &mut show, &top);
        views::frame::status(ui, &mut show, &top);
        views::overview::panel(ui, &mut show);
        let dock = &mut self.dock;
        let reveal: &[Pane] = if self.front.1 > 0 { &self.front.0 } else { &[] };
        eframe::egui::CentralPanel::no_frame().show(ui, |ui| {
            dock.ui(&mut dock::Panes { show: &mut show, reveal }, ui);
        });
        self.notice_front(ui.ctx());
        self.state.focus_search = false;
        self.state.focus_filter = false;
    }

    /// Has the tabs of views that came to the front scrolled to, where a row of tabs is too narrow
    /// for all.
    fn notice_front(&mut self, ctx: &Context) {
        /// Arrows appear beside the tabs once they are scrolled, and take room.
        const FRAMES: u8 = 3;
        let front = dock::visible(&self.dock);
        if front != self.front.0 {
            self.front = (front, FRAMES);
            ctx.request_repaint();
        } else if self.front.1 > 0 {
            self.front.1 -= 1;
            ctx.request_repaint();
        }
    }

    fn show_nothing(&mut self, ui: &mut Ui, out: &mut Vec<Command>) {
        let waiting = self.recorder.is_some();
        eframe::egui::CentralPanel::default_margins().show(ui, |ui| {
            match (&self.loading, &self.error) {
                (Some(loading), _) if !waiting => {
                    views::empty::loading(ui, &self.theme, loading, out);
                }
                (_, Some((path, error))) => views::empty::error(ui, &self.theme, path, error, out),
                _ if waiting => views::empty::waiting(ui, &self.theme),
                _ => views::empty::welcome(ui, &self.theme, &self.saved.recent, out),
            }
        });
    }
}

fn is_of_pointer(event: &Event) -> bool {
    matches!(
        event,
        Event::PointerMoved(_)
            | Event::PointerButton { .. }
            | Event::MouseMoved(_)
            | Event::MouseWheel { .. }
            | Event::Zoom(_)
    )
}

impl eframe::App for App {
    fn logic(&mut self, ctx: &Context, _: &mut eframe::Frame) {
        self.collect(ctx);
    }

    fn raw_input_hook(&mut self, _: &Context, input: &mut RawInput) {
        // A picture shows what was asked for, wherever the pointer happens to be.
        if self.options.picture.is_some() {
            input.events.retain(|event| !is_of_pointer(event));
        }
    }

    fn ui(&mut self, ui: &mut Ui, _: &mut eframe::Frame) {
        self.show(ui);
    }

    fn save(&mut self, storage: &mut dyn eframe::Storage) {
        // What a picture was taken of is not what the user last looked at.
        if self.options.picture.is_some() {
            return;
        }
        self.saved.take(&self.state);
        self.saved.layout = serde_json::to_string(&self.dock).ok();
        storage.set_string(STORAGE, self.saved.to_text());
    }

    fn on_exit(&mut self, _: Option<&eframe::glow::Context>) {
        if let Some(recorder) = &mut self.recorder {
            recorder.stop();
        }
    }
}
