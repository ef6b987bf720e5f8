//! Pictures of the main views in both themes, compared with those under `tests/pictures`.
//!
//! They are drawn without a graphics card, so a difference is one of the viewer's.
//! `UPDATE_PICTURES=1` writes them anew; look at them before committing.

use std::path::Path;

use image::RgbaImage;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};
use looptrace_gui::app::App;
use looptrace_gui::command::{Action, Command};
use looptrace_gui::theme::Preference;

use crate::support::{path, press, recording, settle, window_of};

/// Of all pixels, as many may differ: words of the analysis may change without a picture of them.
const SHARE: f64 = 0.02;
/// A channel that differs by no more than this is the same.
const SAME: u8 = 24;

fn picture(name: &str, recording_name: &str, actions: &[Action]) {
    for (theme, suffix) in [(Preference::Dark, "dark"), (Preference::Light, "light")] {
        let mut snapshot = recording(recording_name);
        // What differs from run to run and from machine to machine.
        snapshot.took = std::time::Duration::ZERO;
        let mut window = window_of([1000.0, 640.0].into(), 1.0, |creation| {
            App::showing(&creation.egui_ctx, snapshot)
        });
        window.state_mut().state.theme = theme;
        if actions.contains(&Action::PaneCompare) {
            let ctx = window.ctx.clone();
            window.state_mut().apply(&ctx, Command::CompareWith(path("before")));
            settle(&mut window);
        }
        for &action in actions {
            press(&mut window, action);
        }
        window.state_mut().state.notice = None;
        settle(&mut window);
        compare(&format!("{name}-{suffix}"), &window.render().expect("it can be drawn"));
    }
}

fn compare(name: &str, now: &RgbaImage) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/pictures/{name}.png"));
    if std::env::var_os("UPDATE_PICTURES").is_some() {
        let file = std::fs::File::create(&file).expect("it can be written");
        let small = PngEncoder::new_with_quality(file, CompressionType::Best, FilterType::Adaptive);
        // Fewer colours make the file small; the comparison does not see it.
        let mut few = now.clone();
        few.pixels_mut().for_each(|pixel| pixel.0 = pixel.0.map(|part| part & 0xf0 | 0x08));
        few.write_with_encoder(small).expect("it can be written");
    }
    let known = image::open(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let known = known.to_rgba8();
    assert_eq!(now.dimensions(), known.dimensions(), "{name}");
    let differs = |(a, b): &(&image::Rgba<u8>, &image::Rgba<u8>)| {
        a.0.iter().zip(b.0).any(|(a, b)| a.abs_diff(b) > SAME)
    };
    let count = now.pixels().zip(known.pixels()).filter(differs).count();
    let share = count as f64 / f64::from(now.width() * now.height());
    if share > SHARE {
        let seen = std::env::temp_dir().join(format!("looptrace-{name}.png"));
        now.save(&seen).expect("it can be written");
        panic!(
            "{name}: {:.1} % of the pixels differ from {}; see {}",
            share * 100.0,
            file.display(),
            seen.display()
        );
    }
}

#[test]
fn a_stall() {
    picture("stall", "demo", &[Action::WorstStall]);
}

#[test]
fn stalls_of_many_causes() {
    picture("causes", "causes", &[Action::PaneStalls]);
}

#[test]
fn findings() {
    picture("findings", "causes", &[Action::PaneFindings]);
}

#[test]
fn the_flamegraph() {
    picture("flamegraph", "demo", &[Action::PaneFlame]);
}

#[test]
fn the_tables() {
    picture("tasks", "demo", &[Action::PaneTasks]);
}

#[test]
fn the_await_graph() {
    picture("awaits", "cycle", &[Action::PaneAwaits]);
}

#[test]
fn lag() {
    picture("lag", "demo", &[Action::PaneLag]);
}

#[test]
fn a_comparison() {
    picture("compare", "demo", &[Action::PaneCompare]);
}
