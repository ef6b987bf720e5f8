//! The program itself: in a real window of a virtual display, without a display, and with a recorder
//! that does as it is told.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use eframe::App as _;
use looptrace_gui::app::App;
use looptrace_gui::launch::Options;

use crate::display::Display;
use crate::support::{path, until, window_of};

const PROGRAM: &str = env!("CARGO_BIN_EXE_looptrace-gui");

#[test]
fn a_real_window_shows_a_stall_whatever_draws_it() {
    let Some(display) = Display::start() else { return };
    for renderer in ["--renderer=glow", "--renderer=auto"] {
        shows_a_stall(&display, renderer);
    }
}

fn shows_a_stall(display: &Display, renderer: &str) {
    let directory = tempfile::tempdir().expect("a directory");
    let picture = directory.path().join("window.png");
    let output = Command::new(PROGRAM)
        .args([renderer, "--theme=dark", "--stall=1", "--picture"])
        .arg(&picture)
        .arg(path("demo"))
        .env("DISPLAY", &display.name)
        .env_remove("WAYLAND_DISPLAY")
        .env("LIBGL_ALWAYS_SOFTWARE", "1")
        .env("HOME", directory.path())
        .env("XDG_DATA_HOME", directory.path())
        .output()
        .expect("it starts");
    let words = String::from_utf8_lossy(&output.stderr);
    if output.status.code() == Some(3) {
        eprintln!("!! SKIPPED: the viewer in a real window: {words}");
        return;
    }
    assert!(output.status.success(), "{}: {words}", output.status);
    let image = image::open(&picture).expect("it saved a picture").to_rgba8();
    // The stall in its colour, and much else.
    let colours: std::collections::HashSet<[u8; 4]> = image.pixels().map(|pixel| pixel.0).collect();
    assert!(colours.len() > 100, "{} colours", colours.len());
}

#[test]
fn without_a_display_it_names_what_works_in_a_terminal() {
    let output = Command::new(PROGRAM)
        .arg(path("demo"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .env_remove("WAYLAND_SOCKET")
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("looptrace report") && words.contains("looptrace dump"), "{words}");
}

/// A recorder that has written a part of a file, and writes the rest when it is asked to end.
fn recorder(directory: &Path) -> std::path::PathBuf {
    let whole = path("demo");
    let bytes = std::fs::read(&whole).expect("it is there");
    let part = directory.join("part");
    std::fs::write(&part, &bytes[..bytes.len() / 2]).expect("it can be written");
    let script = directory.join("recorder");
    let text = format!(
        "#!/bin/sh\n# record --pid PID --output FILE\nout=$5\ncp '{}' \"$out\"\n\
         trap 'cp \"{}\" \"$out\"; exit 0' INT\nwhile :; do sleep 0.05; done\n",
        part.display(),
        whole.display()
    );
    std::fs::write(&script, text).expect("it can be written");
    std::fs::set_permissions(&script, std::fs::Permissions::from_mode(0o755)).expect("it is ours");
    script
}

#[test]
fn a_live_recording_is_followed_and_ended_in_order() {
    let directory = tempfile::tempdir().expect("a directory");
    let output = directory.path().join("live.looptrace");
    let options = Options {
        pid: Some(1),
        recorder: recorder(directory.path()),
        output: Some(output.clone()),
        ..Options::default()
    };
    let mut window = window_of([1000.0, 640.0].into(), 1.0, |creation| {
        App::new(options, &creation.egui_ctx, None)
    });
    until(&mut window, |window| window.state().snapshot.is_some());
    let snapshot = window.state().snapshot.clone().expect("it is there");
    assert!(!snapshot.is_finished());
    let view = window.state().state.view;
    assert_eq!(view.end, snapshot.whole().end, "the newest is in view");
    window.state_mut().on_exit(None);
    let whole = std::fs::read(path("demo")).expect("it is there");
    assert_eq!(std::fs::read(&output).expect("it is there"), whole);
}
