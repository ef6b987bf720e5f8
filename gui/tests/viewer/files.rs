//! Opening, dropping, comparing, saving and remembering.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eframe::App as _;
use eframe::egui::{
    Context, DroppedFile, DroppedFileHandle, Event, Modifiers, MouseWheelSource, MouseWheelUnit,
    Role, TouchPhase, Vec2, pos2, vec2,
};
use egui_kittest::kittest::Queryable as _;
use looptrace_gui::app::App;
use looptrace_gui::app::files::Purpose;
use looptrace_gui::command::{Action, Command};
use looptrace_gui::dock;
use looptrace_gui::launch::Options;
use looptrace_gui::state::{LaneOrder, Pane, Selection};
use looptrace_gui::theme::Preference;

use crate::support::{Window, copied, path, press, settle, until, window, window_of};

const SIZE: Vec2 = Vec2 { x: 1280.0, y: 800.0 };

fn launched(options: Options) -> Window {
    window_of(SIZE, 1.0, |creation| App::new(options, &creation.egui_ctx, None))
}

fn file_name(window: &Window) -> String {
    window.state().snapshot.as_ref().map(|snapshot| snapshot.file_name()).unwrap_or_default()
}

fn notice(window: &Window) -> &str {
    window.state().state.notice.as_deref().unwrap_or_default()
}

#[test]
fn a_file_is_read_beside_the_window() {
    let window = launched(Options { file: Some(path("demo")), ..Options::default() });
    assert_eq!(file_name(&window), "demo.looptrace");
}

#[test]
fn without_a_file_it_offers_to_open_one() {
    let mut window = launched(Options::default());
    window.state_mut().dialogs = |purpose| (purpose == Purpose::Open).then(|| path("cycle"));
    window.get_by_label("Open a recording…").click();
    settle(&mut window);
    assert_eq!(file_name(&window), "cycle.looptrace");
}

#[test]
fn options_lead_to_a_stall_a_task_and_a_point_in_time() {
    let file = Some(path("demo"));
    let stall = Options { file: file.clone(), stall: Some(2), ..Options::default() };
    assert_eq!(launched(stall).state().state.selection, Selection::Stall(1));
    let task =
        Options { file: file.clone(), task: Some("worker-2".to_owned()), ..Options::default() };
    assert!(matches!(launched(task).state().state.selection, Selection::Task(_)));
    let at = Options { file: file.clone(), at: Some(2_000_000_000), ..Options::default() };
    let view = launched(at).state().state.view;
    assert!(view.contains(2_000_000_000) && view.length() < 2_000_000_000, "{view:?}");
    let none = Options { file, stall: Some(9_999), ..Options::default() };
    assert_eq!(launched(none).state().state.notice.as_deref(), Some("there is no stall 9999"));
    let nobody =
        Options { file: Some(path("demo")), task: Some("nobody".to_owned()), ..Options::default() };
    let notice = launched(nobody).state().state.notice.clone();
    assert_eq!(notice.as_deref(), Some("no task is called nobody"));
}

#[test]
fn a_dialog_that_brings_no_file_is_told() {
    let mut window = window("demo");
    window.state_mut().dialogs = |_| None;
    for (action, words) in [
        (Action::Open, "no file was chosen; one can be dropped on the window, too"),
        (Action::SavePicture, "no file was chosen"),
    ] {
        press(&mut window, action);
        assert_eq!(window.state().state.notice.as_deref(), Some(words), "{action:?}");
    }
}

#[test]
fn two_recordings_are_compared() {
    let mut window = window("demo");
    window.state_mut().dialogs = |purpose| (purpose == Purpose::Compare).then(|| path("before"));
    press(&mut window, Action::Compare);
    assert!(window.query_by_label("before: before.looptrace").is_some());
    assert!(window.query_by_label("Flamegraph of differences").is_some());
    assert!(window.query_by_label("stalls per minute").is_some());
    window.get_by_label("Worse only").click();
    settle(&mut window);
    assert!(window.state().state.worse_only);
    press(&mut window, Action::WorseOnly);
    assert!(!window.state().state.worse_only);
    let table = copied(&mut window, Action::CopyTable).expect("a table");
    assert!(table.starts_with("what\tbefore\tafter\nlength\t"), "{table}");
    press(&mut window, Action::CloseComparison);
    assert!(window.state().other.is_none());
}

#[test]
fn a_picture_of_the_window_is_saved() {
    static PICTURE: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    let directory = tempfile::tempdir().expect("a directory");
    let picture = PICTURE.get_or_init(|| directory.path().join("picture.png"));
    let mut window = window("demo");
    window.state_mut().dialogs = |_| PICTURE.get().cloned();
    press(&mut window, Action::SavePicture);
    until(&mut window, |_| picture.exists());
    let image = image::open(picture).expect("it is a picture");
    assert_eq!((image.width(), image.height()), (1280, 800));
    until(&mut window, |window| notice(window) == format!("saved {}", picture.display()));
}

#[test]
fn a_picture_that_cannot_be_written_is_told() {
    let mut window = window("demo");
    window.state_mut().dialogs = |_| Some("/nowhere/picture.png".into());
    press(&mut window, Action::SavePicture);
    until(&mut window, |window| notice(window).starts_with("/nowhere/picture.png: "));
}

#[test]
fn what_cannot_be_opened_is_told_and_what_is_shown_stays() {
    let mut window = launched(Options { file: Some(path("demo")), ..Options::default() });
    let ctx = window.ctx.clone();
    let other = Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml");
    window.state_mut().apply(&ctx, Command::OpenFile(other.clone()));
    let told = format!("{}: ", other.display());
    until(&mut window, |window| notice(window).starts_with(&told));
    assert_eq!(file_name(&window), "demo.looptrace");
    let mut storage = Storage::default();
    window.state_mut().save(&mut storage);
    let kept: String = storage.0.into_values().collect();
    assert!(kept.contains("demo.looptrace") && !kept.contains("Cargo.toml"), "{kept}");
}

#[test]
fn one_dialog_is_open_at_a_time() {
    static OPENED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    static CLOSE: std::sync::Barrier = std::sync::Barrier::new(2);
    let mut window = window("demo");
    window.state_mut().dialogs = |_| {
        OPENED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        CLOSE.wait();
        Some(path("cycle"))
    };
    let ctx = window.ctx.clone();
    for _ in 0..2 {
        window.state_mut().apply(&ctx, Command::Act(Action::Open));
    }
    assert_eq!(notice(&window), "a dialog is open already");
    CLOSE.wait();
    until(&mut window, |window| file_name(window) == "cycle.looptrace");
    assert_eq!(OPENED.load(std::sync::atomic::Ordering::SeqCst), 1);
}

#[test]
fn a_recording_opened_in_place_of_another_starts_afresh() {
    let mut window = window("demo");
    press(&mut window, Action::NextStall);
    let ctx = window.ctx.clone();
    window.state_mut().apply(&ctx, Command::OpenFile(path("cycle")));
    settle(&mut window);
    assert_eq!(file_name(&window), "cycle.looptrace");
    assert_eq!(window.state().state.selection, Selection::None);
}

#[test]
fn another_recording_is_not_opened_scrolled_down() {
    let mut window = window("demo");
    let top = |window: &Window| {
        window.get_by_role_and_label(Role::Button, "loop in python3").rect().top()
    };
    let at_first = top(&window);
    let over_names = pos2(60.0, 300.0);
    window.event(Event::PointerMoved(over_names));
    window.event(Event::MouseWheel {
        unit: MouseWheelUnit::Point,
        delta: vec2(0.0, -40.0),
        phase: TouchPhase::Move,
        source: MouseWheelSource::Wheel,
        modifiers: Modifiers::NONE,
    });
    settle(&mut window);
    assert!(top(&window) < at_first, "it was not scrolled");
    let ctx = window.ctx.clone();
    window.state_mut().apply(&ctx, Command::OpenFile(path("before")));
    settle(&mut window);
    assert_eq!(file_name(&window), "before.looptrace");
    assert_eq!(top(&window), at_first);
}

#[test]
fn a_recording_that_is_followed_shows_all_of_itself_while_it_is_short() {
    let whole = std::fs::read(path("demo")).expect("it is there");
    let directory = tempfile::tempdir().expect("a directory");
    let file = directory.path().join("grows.looptrace");
    let grown = |bytes: usize| {
        std::fs::write(&file, &whole[..bytes]).expect("it can be written");
        looptrace_gui::load::read_file(&file).unwrap_or_else(|error| panic!("{}", error.message))
    };
    let mut window = window_of(SIZE, 1.0, |creation| App::showing(&creation.egui_ctx, grown(400)));
    window.state_mut().state.follow = true;
    // Next to nothing was there to be shown at first.
    assert!(window.state().state.view.length() < 1_000_000);
    for bytes in [whole.len() / 2, whole.len()] {
        let ctx = window.ctx.clone();
        window.state_mut().arrived(&ctx, grown(bytes));
        let app = window.state();
        let shown = app.snapshot.as_ref().map(|snapshot| snapshot.whole());
        assert_eq!(Some(app.state.view), shown);
    }
}

#[test]
fn the_recording_before_is_opened_again_by_a_key() {
    let mut window = launched(Options { file: Some(path("demo")), ..Options::default() });
    let ctx = window.ctx.clone();
    window.state_mut().apply(&ctx, Command::OpenFile(path("cycle")));
    settle(&mut window);
    press(&mut window, Action::OpenLast);
    assert_eq!(file_name(&window), "demo.looptrace");
}

#[test]
fn the_first_file_dropped_is_shown_and_the_second_compared_with_it() {
    let mut window = launched(Options::default());
    let file = |name| -> DroppedFileHandle { Arc::new(Dropped(path(name))) };
    window.input_mut().dropped_files = vec![file("demo"), file("before")];
    settle(&mut window);
    assert_eq!(file_name(&window), "demo.looptrace");
    let other = window.state().other.as_ref().map(|other| other.file_name());
    assert_eq!(other.as_deref(), Some("before.looptrace"));
}

#[derive(Debug)]
struct Dropped(PathBuf);

impl DroppedFile for Dropped {
    fn path(&self) -> &Path {
        &self.0
    }

    fn bytes(&self) -> Result<Vec<u8>, String> {
        Err("nobody asks".to_owned())
    }
}

#[derive(Default)]
struct Storage(HashMap<String, String>);

impl eframe::Storage for Storage {
    fn get_string(&self, key: &str) -> Option<String> {
        self.0.get(key).cloned()
    }
    fn set_string(&mut self, key: &str, value: String) {
        self.0.insert(key.to_owned(), value);
    }
    fn remove_string(&mut self, key: &str) {
        self.0.remove(key);
    }
    fn flush(&mut self) {}
}

#[test]
fn the_next_run_looks_as_this_one_did() {
    let mut window = launched(Options { file: Some(path("demo")), ..Options::default() });
    press(&mut window, Action::PaneLag);
    press(&mut window, Action::NextOrder);
    window.state_mut().state.theme = Preference::Light;
    let mut storage = Storage::default();
    window.state_mut().save(&mut storage);
    let picture = Options { picture: Some("unused.png".into()), ..Options::default() };
    let bare = Context::default();
    App::new(picture, &bare, None).save(&mut storage);
    let next = window_of(SIZE, 1.0, |creation| {
        App::new(Options::default(), &creation.egui_ctx, Some(&storage))
    });
    let app = next.state();
    assert_eq!(app.state.theme, Preference::Light);
    assert_eq!(app.state.lanes.order, LaneOrder::Running);
    assert!(dock::visible(&app.dock).contains(&Pane::Lag));
    let recent = path("demo").canonicalize().expect("it is there").display().to_string();
    assert!(next.query_by_label(&recent).is_some(), "{recent} is not offered again");
}
