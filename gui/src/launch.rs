//! What the viewer is asked to show, and how it is started.

use std::path::PathBuf;
use std::sync::Arc;

use clap::Parser;
use eframe::egui::{ViewportBuilder, vec2};
use eframe::egui_wgpu::WgpuSetup;
use eframe::wgpu::{Adapter, DeviceType, Surface};

use crate::app::App;
use crate::command::Action;

/// Shows a recording of looptrace in a window.
#[derive(Debug, Clone, Default, Parser)]
#[command(name = "looptrace-gui", version)]
pub struct Options {
    /// The recording
    pub file: Option<PathBuf>,
    /// A second recording to compare it with
    #[arg(long, value_name = "FILE")]
    pub compare: Option<PathBuf>,
    /// Record this process, and show it meanwhile
    #[arg(long, conflicts_with = "file")]
    pub pid: Option<u32>,
    /// Where `--pid` records to [default: a file in the directory for temporary files]
    #[arg(long, value_name = "FILE", requires = "pid")]
    pub output: Option<PathBuf>,
    /// The program that records
    #[arg(long, value_name = "PROGRAM", default_value = "looptrace", hide = true)]
    pub recorder: PathBuf,
    /// Show this point in time, e.g. `12.3s` or `450ms`
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub at: Option<u64>,
    /// Show this stall, by its number
    #[arg(long, value_name = "NUMBER")]
    pub stall: Option<u32>,
    /// Show the first task whose name or coroutine contains this
    #[arg(long, value_name = "NAME")]
    pub task: Option<String>,
    /// What draws
    #[arg(long, value_enum, default_value_t)]
    pub renderer: Renderer,
    /// Save a picture of the window to this file and quit
    #[arg(long, value_name = "FILE", hide = true)]
    pub picture: Option<PathBuf>,
    /// How large the window is, in points, e.g. `1280x800`
    #[arg(long, value_name = "SIZE", hide = true, value_parser = size)]
    pub size: Option<(u16, u16)>,
    /// Commands to carry out once the recording is there, by their names
    #[arg(long = "command", value_name = "NAME", hide = true, value_parser = action)]
    pub commands: Vec<Action>,
    /// The colours
    #[arg(long, value_enum, hide = true)]
    pub theme: Option<Colours>,
}

/// What draws the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, clap::ValueEnum)]
pub enum Renderer {
    /// Vulkan or what else a graphics card has, then OpenGL, then in software.
    #[default]
    Auto,
    /// Vulkan or what else there is.
    Wgpu,
    /// OpenGL.
    Glow,
}

/// The colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Colours {
    /// Dark.
    Dark,
    /// Light.
    Light,
}

fn action(name: &str) -> Result<Action, String> {
    let found = Action::ALL.iter().find(|action| action.name().eq_ignore_ascii_case(name));
    found.copied().ok_or_else(|| "no command has this name".to_owned())
}

fn size(text: &str) -> Result<(u16, u16), String> {
    let parts = text.split_once('x').and_then(|(width, height)| {
        let parse = |side: &str| side.parse::<u16>().ok();
        Some((parse(width)?, parse(height)?))
    });
    parts.ok_or_else(|| "width and height, e.g. 1280x800".to_owned())
}

fn time(text: &str) -> Result<u64, String> {
    let (digits, unit) = text
        .find(|c: char| !c.is_ascii_digit() && c != '.')
        .map_or((text, "s"), |at| text.split_at(at));
    let factor = match unit.trim() {
        "ns" => 1.0,
        "us" | "µs" => 1e3,
        "ms" => 1e6,
        "s" => 1e9,
        "m" | "min" => 60e9,
        _ => return Err("a number with ns, us, ms, s or m".to_owned()),
    };
    let number: f64 = digits.parse().map_err(|error| format!("{digits}: {error}"))?;
    Ok((number * factor) as u64)
}

/// Why no window could be shown.
#[derive(Debug)]
pub struct NoWindow(String);

impl std::fmt::Display for NoWindow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// Whether there is a display to show a window on.
#[must_use]
pub fn has_display() -> bool {
    ["DISPLAY", "WAYLAND_DISPLAY", "WAYLAND_SOCKET"]
        .iter()
        .any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}

/// Shows the window until it is closed.
///
/// # Errors
/// There is no display, or nothing to draw with.
pub fn run(options: &Options) -> Result<(), NoWindow> {
    if !has_display() {
        return Err(NoWindow("there is no display (DISPLAY and WAYLAND_DISPLAY are unset)".into()));
    }
    crate::memory::keep_freed();
    let attempts: &[Attempt] = match options.renderer {
        Renderer::Auto => &[Attempt::WgpuOnCard, Attempt::Glow, Attempt::Wgpu],
        Renderer::Wgpu => &[Attempt::Wgpu],
        Renderer::Glow => &[Attempt::Glow],
    };
    let mut failures = Vec::new();
    for &attempt in attempts {
        match run_with(options, attempt) {
            Ok(()) => return Ok(()),
            // An event loop cannot be made twice in a process; the second renderer needs another.
            Err(error @ (eframe::Error::WinitEventLoop(_) | eframe::Error::Winit(_))) => {
                failures.push(brief(&error.to_string()));
                break;
            }
            Err(error) => {
                failures.push(format!("{}: {}", attempt.renderer(), brief(&error.to_string())));
            }
        }
    }
    Err(NoWindow(failures.join("; ")))
}

/// The beginning of an error, which may hold whole configurations.
fn brief(error: &str) -> String {
    const MOST: usize = 160;
    // Where in a library's source it happened helps nobody.
    let error = match error.split_once("os error at ") {
        Some((_, rest)) => rest.split_once(": ").map_or(rest, |(_, words)| words),
        None => error,
    };
    let words = error.split(" ConfigTemplate").next().unwrap_or(error).replace(": {}", "");
    words.trim_end_matches([':', ' ']).chars().take(MOST).collect()
}

/// One way to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Attempt {
    /// With wgpu on a graphics card: where all is done in software, OpenGL starts in less time.
    WgpuOnCard,
    /// With wgpu, whatever it finds.
    Wgpu,
    /// With OpenGL.
    Glow,
}

impl Attempt {
    const fn renderer(self) -> eframe::Renderer {
        match self {
            Self::WgpuOnCard | Self::Wgpu => eframe::Renderer::Wgpu,
            Self::Glow => eframe::Renderer::Glow,
        }
    }
}

/// The best graphics card that can draw on a surface.
fn card(adapters: &[Adapter], surface: Option<&Surface<'_>>) -> Result<Adapter, String> {
    let rank = |adapter: &&Adapter| match adapter.get_info().device_type {
        DeviceType::DiscreteGpu => 0,
        DeviceType::IntegratedGpu => 1,
        _ => 2,
    };
    let fits = |adapter: &&Adapter| {
        let draws = surface.is_none_or(|surface| adapter.is_surface_supported(surface));
        draws && adapter.get_info().device_type != DeviceType::Cpu
    };
    let best = adapters.iter().filter(fits).min_by_key(rank);
    best.cloned().ok_or_else(|| "there is no graphics card".to_owned())
}

fn run_with(options: &Options, attempt: Attempt) -> eframe::Result {
    let (width, height) = options.size.unwrap_or((1440, 900));
    let mut native = eframe::NativeOptions {
        viewport: ViewportBuilder::default()
            .with_title("looptrace")
            .with_app_id("looptrace")
            .with_inner_size(vec2(f32::from(width), f32::from(height)))
            .with_min_inner_size(vec2(640.0, 400.0)),
        renderer: attempt.renderer(),
        persist_window: options.picture.is_none(),
        ..eframe::NativeOptions::default()
    };
    if let WgpuSetup::CreateNew(setup) = &mut native.wgpu_options.wgpu_setup
        && attempt == Attempt::WgpuOnCard
    {
        setup.native_adapter_selector = Some(Arc::new(card));
    }
    let options = options.clone();
    let create: eframe::AppCreator<'_> = Box::new(move |creation| {
        Ok(Box::new(App::new(options, &creation.egui_ctx, creation.storage)))
    });
    eframe::run_native("looptrace", native, create)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn times_have_units() {
        assert_eq!(time("12.3s"), Ok(12_300_000_000));
        assert_eq!(time("450ms"), Ok(450_000_000));
        assert_eq!(time("2"), Ok(2_000_000_000));
        assert!(time("soon").is_err());
        assert_eq!(action("await graph"), Ok(Action::PaneAwaits));
        assert_eq!(brief("no configs match: ConfigTemplate { a: 1 }"), "no configs match");
        assert_eq!(brief("winit: os error at /a/mod.rs:788: no X server"), "no X server");
        assert_eq!(size("1280x800"), Ok((1280, 800)));
        assert!(size("1280").is_err());
        Options::command().debug_assert();
    }
}
