//! What stands out, each with a jump to its evidence.

use eframe::egui::{Label, RichText, ScrollArea, Ui};
use looptrace::analysis::findings::Severity;

use super::{Show, nothing};
use crate::command::Command;
use crate::findings::Finding;
use crate::text;

/// How many there are.
#[must_use]
pub fn count(show: &Show<'_>) -> usize {
    show.snapshot.findings.len()
}

/// The view.
pub fn show(ui: &mut Ui, show: &mut Show<'_>) {
    let found = &show.snapshot.findings;
    if found.is_empty() {
        let words = "No known mistake, no stall, no gap in what was seen.";
        nothing(ui, show.theme, "Nothing stands out", words);
        return;
    }
    ScrollArea::vertical().auto_shrink([false, false]).show(ui, |ui| {
        for finding in found {
            one(ui, show, finding);
            ui.add_space(6.0);
        }
    });
}

fn one(ui: &mut Ui, show: &mut Show<'_>, finding: &Finding) {
    let theme = show.theme;
    let (sign, colour) = match finding.severity {
        Severity::Error => ("■", theme.stall),
        Severity::Warning => ("▲", theme.warning),
        Severity::Info => ("●", theme.accent),
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new(sign).color(colour)).on_hover_text(finding.severity.name());
        ui.add(Label::new(RichText::new(&finding.title).strong()).wrap());
    });
    ui.indent(&finding.title, |ui| {
        if !finding.words.is_empty() {
            ui.add(Label::new(RichText::new(&finding.words).color(theme.weak)).wrap());
        }
        if !finding.remedy.is_empty() {
            let words = RichText::new(format!("→ {}", finding.remedy)).color(theme.good);
            ui.add(Label::new(words).wrap());
        }
        ui.horizontal(|ui| {
            if let Some(jump) = &finding.jump
                && ui.link("Show").accessible_name(format!("Show {}", finding.title)).clicked()
            {
                show.out.push(jump.clone());
            }
            if let Some((file, line)) = &finding.source {
                let place = format!("{file}:{line}");
                let link = ui.link(text::brief(&place)).on_hover_text("Open in your editor");
                if link.clicked() {
                    show.out.push(Command::OpenInEditor { file: file.clone(), line: *line });
                }
            }
        });
    });
}
