//! A window without a screen, on recordings that `tests/recordings/make` made.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use eframe::egui::{Event, OutputCommand, Vec2};
use egui_kittest::Harness;
use looptrace_gui::app::App;
use looptrace_gui::command::Action;
use looptrace_gui::load::read_file;
use looptrace_gui::snapshot::Snapshot;

use crate::software::Software;

/// After this long, work beside the window counts as hung.
pub(crate) const HANGS: Duration = Duration::from_secs(240);

pub(crate) type Window = Harness<'static, App>;

/// A recording that is kept with the tests.
pub(crate) fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/recordings/{name}.looptrace"))
}

pub(crate) fn recording(name: &str) -> Snapshot {
    read_file(&path(name)).unwrap_or_else(|error| panic!("{name}: {}", error.message))
}

/// A window that shows a recording.
pub(crate) fn window(name: &str) -> Window {
    let snapshot = recording(name);
    window_of([1280.0, 800.0].into(), 1.0, |creation| App::showing(&creation.egui_ctx, snapshot))
}

/// A window of a size and a scale.
pub(crate) fn window_of(
    size: Vec2,
    scale: f32,
    app: impl FnOnce(&mut eframe::CreationContext<'_>) -> App,
) -> Window {
    let mut window = Harness::builder()
        .with_size(size)
        .with_pixels_per_point(scale)
        .with_max_steps(50)
        .with_render_cursor(false)
        .renderer(Software::default())
        .build_eframe(app);
    settle(&mut window);
    window
}

/// Draws until nothing moves and nothing is worked on any more.
pub(crate) fn settle(window: &mut Window) {
    loop {
        until(window, |window| !window.state().is_working());
        window.run_ok();
        // Work that these frames began may have ended just behind them.
        if !window.state().is_working() {
            window.run_ok();
            if !window.state().is_working() {
                return;
            }
        }
    }
}

/// Draws until something is so.
#[track_caller]
pub(crate) fn until(window: &mut Window, mut is_so: impl FnMut(&mut Window) -> bool) {
    let begun = Instant::now();
    loop {
        window.step();
        if is_so(window) {
            return;
        }
        assert!(begun.elapsed() < HANGS, "it hangs");
        std::thread::sleep(Duration::from_millis(2));
    }
}

/// Presses the key of an action.
#[track_caller]
pub(crate) fn press(window: &mut Window, action: Action) {
    let keys = action.keys().first().unwrap_or_else(|| panic!("{action:?} has no key"));
    window.key_press_modifiers(keys.modifiers, keys.logical_key);
    settle(window);
}

/// Chooses an action by its name from the list of all commands.
pub(crate) fn choose(window: &mut Window, action: Action) {
    press(window, Action::Palette);
    window.event(Event::Text(action.name().to_owned()));
    settle(window);
    window.key_press(eframe::egui::Key::Enter);
    settle(window);
}

/// Presses the key of an action and draws one frame, whose output can be looked at.
pub(crate) fn press_once(window: &mut Window, action: Action) {
    let keys = action.keys().first().expect("it has a key");
    window.input_mut().events.push(Event::Key {
        key: keys.logical_key,
        physical_key: None,
        pressed: true,
        repeat: false,
        modifiers: keys.modifiers,
    });
    window.step();
}

/// What one action puts on the clipboard.
pub(crate) fn copied(window: &mut Window, action: Action) -> Option<String> {
    press_once(window, action);
    window.output().platform_output.commands.iter().find_map(|command| match command {
        OutputCommand::CopyText(text) => Some(text.clone()),
        _ => None,
    })
}
