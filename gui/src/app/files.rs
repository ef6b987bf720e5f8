//! Files that are chosen, dropped and saved.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crossbeam_channel::bounded;
use eframe::egui::{Context, ViewportCommand};
use image::ImageEncoder as _;
use image::codecs::png::{CompressionType, FilterType, PngEncoder};

use super::App;
use crate::command::Command;
use crate::load::Loading;

/// What a file is chosen for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A recording to show.
    Open,
    /// A recording to compare with.
    Compare,
    /// A picture to write.
    Picture,
}

/// Asks the user for a file; `None` if none was chosen.
pub type Dialogs = fn(Purpose) -> Option<PathBuf>;

/// The dialogs of the desktop.
#[must_use]
pub fn desktop(purpose: Purpose) -> Option<PathBuf> {
    let dialog = rfd::FileDialog::new();
    let title = match purpose {
        Purpose::Open => "Open a recording",
        Purpose::Compare => "Compare with a recording",
        Purpose::Picture => "Save a picture",
    };
    let dialog = dialog.set_title(title);
    match purpose {
        Purpose::Picture => {
            dialog.set_file_name("looptrace.png").add_filter("Picture", &["png"]).save_file()
        }
        Purpose::Open | Purpose::Compare => {
            dialog.add_filter("Recordings", &["looptrace"]).pick_file()
        }
    }
}

impl App {
    pub(super) fn collect_dialog(&mut self, ctx: &Context) {
        let Some((purpose, receiver)) = &self.dialog else { return };
        let purpose = *purpose;
        match receiver.try_recv() {
            Err(crossbeam_channel::TryRecvError::Empty) => {
                ctx.request_repaint_after(Duration::from_millis(200));
            }
            Ok(Some(path)) => {
                self.dialog = None;
                match purpose {
                    Purpose::Open => self.open(ctx, &path),
                    Purpose::Compare => self.comparing = Some(Loading::begin(ctx, &path)),
                    Purpose::Picture => self.picture(ctx, path),
                }
            }
            Ok(None) | Err(crossbeam_channel::TryRecvError::Disconnected) => {
                self.dialog = None;
                // Nor can it be told from a desktop that has no dialogs.
                let elsewhere = match purpose {
                    Purpose::Picture => "",
                    Purpose::Open | Purpose::Compare => "; one can be dropped on the window, too",
                };
                self.state.notice = Some(format!("no file was chosen{elsewhere}"));
            }
        }
    }

    pub(super) fn choose(&mut self, purpose: Purpose) {
        if self.dialog.is_some() {
            self.state.notice = Some("a dialog is open already".to_owned());
            return;
        }
        let (sender, receiver) = bounded(1);
        let dialog = self.dialogs;
        let started =
            std::thread::Builder::new().name("looptrace-dialog".to_owned()).spawn(move || {
                let chosen = dialog(purpose);
                // The window may have been closed meanwhile.
                sender.send(chosen).unwrap_or_default();
            });
        match started {
            Ok(_) => self.dialog = Some((purpose, receiver)),
            Err(error) => self.state.notice = Some(format!("no dialog: {error}")),
        }
    }

    pub(super) fn picture(&mut self, ctx: &Context, path: PathBuf) {
        let quit = self.options.picture.is_some();
        let for_quit = ctx.clone();
        // It would be in the picture.
        self.state.notice = None;
        let (sender, receiver) = bounded(1);
        self.saving = (!quit).then_some(receiver);
        ctx.request_screenshot(move |image| {
            let words = match save_png(&path, &image) {
                Ok(()) => format!("saved {}", path.display()),
                Err(error) => format!("{}: {error}", path.display()),
            };
            // Who asked on the command line sees that there is no file.
            sender.send(words).unwrap_or_default();
            for_quit.request_repaint();
            if quit {
                for_quit.send_viewport_cmd(ViewportCommand::Close);
            }
        });
    }

    pub(super) fn dropped(&mut self, ctx: &Context, out: &mut Vec<Command>) {
        let paths: Vec<PathBuf> = ctx.input(|input| {
            input.raw.dropped_files.iter().map(|file| file.path().to_owned()).collect()
        });
        let mut paths = paths.into_iter();
        out.extend(paths.next().map(Command::OpenFile));
        out.extend(paths.next().map(Command::CompareWith));
    }

    /// Saves the picture that was asked for on the command line, once all is drawn.
    pub(super) fn picture_when_ready(&mut self, ctx: &Context) {
        const SETTLED: u32 = 12;
        let Some(path) = self.options.picture.clone() else { return };
        let late = self.begun.elapsed() > Duration::from_secs(60);
        let asked = self.options.file.is_some() || self.options.pid.is_some();
        let ready = (self.snapshot.is_some() || self.error.is_some() || !asked)
            && self.loading.is_none()
            && self.comparing.is_none()
            && !self.caches.is_working();
        self.picture_frames = if ready { self.picture_frames + 1 } else { 0 };
        ctx.request_repaint();
        if self.picture_frames == SETTLED || (late && self.picture_frames == 0) {
            self.state.notice = None;
            self.picture(ctx, path);
        }
    }
}

fn save_png(path: &Path, image: &eframe::egui::ColorImage) -> Result<(), image::ImageError> {
    let [width, height] = image.size;
    let bytes: Vec<u8> = image.pixels.iter().flat_map(|pixel| pixel.to_array()).collect();
    let encoder = PngEncoder::new_with_quality(
        std::fs::File::create(path)?,
        CompressionType::Default,
        FilterType::Adaptive,
    );
    let colour = image::ExtendedColorType::Rgba8;
    encoder.write_image(&bytes, width as u32, height as u32, colour)
}
