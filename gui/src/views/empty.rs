//! The window without a recording.

use std::path::{Path, PathBuf};

use eframe::egui::{Align, Button, Frame, Layout, ProgressBar, RichText, Ui, vec2};

use crate::command::{Action, Command};
use crate::load::{LoadError, Loading};
use crate::text;
use crate::theme::Theme;

fn card(ui: &mut Ui, theme: &Theme, add: impl FnOnce(&mut Ui)) {
    let width = ui.available_width().min(560.0);
    ui.add_space((ui.available_height() * 0.22).min(180.0));
    ui.vertical_centered(|ui| {
        Frame::group(ui.style()).fill(theme.canvas).inner_margin(20.0).show(ui, |ui| {
            ui.set_width(width);
            ui.with_layout(Layout::top_down(Align::Min), add);
        });
    });
}

/// Nothing was asked for.
pub fn welcome(ui: &mut Ui, theme: &Theme, recent: &[PathBuf], out: &mut Vec<Command>) {
    card(ui, theme, |ui| {
        ui.heading("looptrace");
        ui.label(
            RichText::new("Where an event loop stalled, why, and who suffered.").color(theme.weak),
        );
        ui.add_space(12.0);
        if ui.add(Button::new("Open a recording…").min_size(vec2(160.0, 28.0))).clicked() {
            out.push(Command::Act(Action::Open));
        }
        ui.add_space(4.0);
        ui.label(
            RichText::new("or drop a file here; “looptrace record --pid PID” makes one")
                .color(theme.weak),
        );
        if !recent.is_empty() {
            ui.add_space(14.0);
            ui.label(RichText::new("Recent").strong());
            for path in recent {
                let name = path.display().to_string();
                if ui.add(Button::new(&name).frame(false).truncate()).clicked() {
                    out.push(Command::OpenFile(path.clone()));
                }
            }
        }
    });
}

/// A recording is being read.
pub fn loading(ui: &mut Ui, theme: &Theme, loading: &Loading, out: &mut Vec<Command>) {
    card(ui, theme, |ui| {
        ui.heading("Reading");
        ui.label(RichText::new(loading.path.display().to_string()).color(theme.weak));
        ui.add_space(8.0);
        ui.add(ProgressBar::new(loading.progress()).show_percentage());
        ui.add_space(4.0);
        if ui.button("Cancel").clicked() {
            out.push(Command::CancelLoading);
        }
    });
    ui.ctx().request_repaint_after(std::time::Duration::from_millis(50));
}

/// A process is attached to.
pub fn waiting(ui: &mut Ui, theme: &Theme) {
    card(ui, theme, |ui| {
        ui.heading("Recording");
        ui.horizontal(|ui| {
            ui.spinner();
            ui.label(RichText::new("waiting for the first samples").color(theme.weak));
        });
    });
}

/// A file cannot be shown.
pub fn error(ui: &mut Ui, theme: &Theme, path: &Path, error: &LoadError, out: &mut Vec<Command>) {
    card(ui, theme, |ui| {
        ui.label(RichText::new("This cannot be shown").heading().color(theme.stall));
        ui.add_space(4.0);
        if !path.as_os_str().is_empty() {
            ui.label(RichText::new(path.display().to_string()).color(theme.weak));
        }
        ui.add(eframe::egui::Label::new(&error.message).wrap().selectable(true));
        for hint in &error.hints {
            ui.add(eframe::egui::Label::new(format!("→ {hint}")).wrap().selectable(true));
        }
        ui.add_space(10.0);
        ui.horizontal(|ui| {
            if ui.button("Open another recording…").clicked() {
                out.push(Command::Act(Action::Open));
            }
            if !path.as_os_str().is_empty() && ui.button("Try again").clicked() {
                out.push(Command::OpenFile(path.to_owned()));
            }
            if ui.button("Copy").clicked() {
                out.push(Command::Copy(format!("{}: {}", path.display(), error.message)));
            }
        });
        if let Ok(data) = std::fs::metadata(path) {
            ui.label(RichText::new(text::bytes(data.len())).small().color(theme.weak));
        }
    });
}
