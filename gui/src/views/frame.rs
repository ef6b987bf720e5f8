//! The bars above and below the views.

use std::path::PathBuf;

use eframe::egui::{Button, Frame, Id, Margin, Panel, RichText, TextEdit, Ui};
use looptrace::recording::Flaw;

use super::Show;
use crate::command::{Action, Command};
use crate::load::Loading;
use crate::text;
use crate::theme::Preference;

/// What else the bars show.
pub struct Top<'a> {
    /// Files that were opened before.
    pub recent: &'a [PathBuf],
    /// What is being read.
    pub loading: Option<&'a Loading>,
    /// Whether a recording of one's own goes on.
    pub recording: bool,
}

/// The bar at the top.
pub fn top(ui: &mut Ui, show: &mut Show<'_>, top: &Top<'_>) {
    let frame = Frame::new().fill(show.theme.raised).inner_margin(Margin::symmetric(8, 4));
    Panel::top("top").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            files(ui, show, top);
            search(ui, show);
            range(ui, show);
            ui.with_layout(
                eframe::egui::Layout::right_to_left(eframe::egui::Align::Center),
                |ui| {
                    action(ui, show, "?", Action::Help);
                    theme(ui, show);
                    action(ui, show, "Commands", Action::Palette);
                    live(ui, show, top);
                },
            );
        });
    });
}

fn action(ui: &mut Ui, show: &mut Show<'_>, text: &str, action: Action) {
    let button = ui.add(Button::new(text));
    let help = format!("{}  {}", action.help(), action.keys_text());
    if button.on_hover_text(help).clicked() {
        show.out.push(Command::Act(action));
    }
}

fn files(ui: &mut Ui, show: &mut Show<'_>, top: &Top<'_>) {
    ui.menu_button("File", |ui| {
        for action in [
            Action::Open,
            Action::Compare,
            Action::Reload,
            Action::SavePicture,
            Action::CopyTable,
            Action::CopySelection,
            Action::ResetLayout,
            Action::Quit,
        ] {
            let button = Button::new(action.name()).shortcut_text(action.keys_text());
            if ui.add(button).clicked() {
                show.out.push(Command::Act(action));
                ui.close();
            }
        }
        if !top.recent.is_empty() {
            ui.separator();
            ui.label(RichText::new("Recent").color(show.theme.weak));
            for path in top.recent {
                let name = path.file_name().unwrap_or(path.as_os_str()).to_string_lossy();
                let button = ui.button(name.as_ref()).on_hover_text(path.display().to_string());
                if button.clicked() {
                    show.out.push(Command::OpenFile(path.clone()));
                    ui.close();
                }
            }
        }
    });
    let name = RichText::new(show.snapshot.file_name()).strong();
    ui.add(eframe::egui::Label::new(name).truncate())
        .on_hover_text(show.snapshot.path.display().to_string());
}

fn search(ui: &mut Ui, show: &mut Show<'_>) {
    let mut text = show.state.search.clone();
    let edit = TextEdit::singleline(&mut text)
        .id(Id::unique("search"))
        .hint_text("Search (/)")
        .desired_width(190.0);
    let field = ui.add(edit);
    let field = field.accessible_name("Search");
    if field.changed() {
        show.out.push(Command::Search(text.clone()));
    }
    if show.state.focus_search {
        field.request_focus();
    }
    if field.lost_focus() && ui.input(|input| input.key_pressed(eframe::egui::Key::Enter)) {
        show.out.push(Command::Act(Action::NextMatch));
    }
    if !text.is_empty() {
        if ui
            .add(Button::new("×").frame(false))
            .on_hover_text("Clear the search")
            .accessible_name("Clear the search")
            .clicked()
        {
            show.out.push(Command::Search(String::new()));
        }
        action(ui, show, "Next", Action::NextMatch);
    }
}

fn range(ui: &mut Ui, show: &mut Show<'_>) {
    let Some(range) = show.state.range else { return };
    let text = format!("Range {}  ×", text::nanos(range.length()));
    let chip = ui.add(Button::new(RichText::new(text).color(show.theme.accent)));
    let help = "Figures, flamegraph and statistics are of this range. Click to forget it.";
    if chip.on_hover_text(help).clicked() {
        show.out.push(Command::SelectRange(None));
    }
}

fn theme(ui: &mut Ui, show: &mut Show<'_>) {
    let name = match show.state.theme {
        Preference::System => "System",
        Preference::Dark => "Dark",
        Preference::Light => "Light",
    };
    let help = "Colours: as the desktop has them, dark or light  F9";
    let button = ui.add(Button::new(name)).on_hover_text(help);
    if button.accessible_name(format!("Theme: {name}")).clicked() {
        show.out.push(Command::Act(Action::NextTheme));
    }
}

fn live(ui: &mut Ui, show: &mut Show<'_>, top: &Top<'_>) {
    if !top.recording && show.snapshot.is_finished() {
        return;
    }
    if top.recording {
        ui.label(RichText::new("● recording").color(show.theme.stall));
    }
    let pause = if show.state.paused { "Go on" } else { "Pause" };
    action(ui, show, pause, Action::Pause);
    let follow = if show.state.follow { "Following" } else { "Follow" };
    action(ui, show, follow, Action::Follow);
}

/// The bar at the bottom: how far what is shown can be trusted.
pub fn status(ui: &mut Ui, show: &mut Show<'_>, top: &Top<'_>) {
    let frame = Frame::new().fill(show.theme.raised).inner_margin(Margin::symmetric(8, 2));
    Panel::bottom("status").frame(frame).show_separator_line(false).show(ui, |ui| {
        ui.horizontal(|ui| {
            honest(ui, show);
            ui.with_layout(
                eframe::egui::Layout::right_to_left(eframe::egui::Align::Center),
                |ui| {
                    if let Some(loading) = top.loading.filter(|loading| {
                        loading.since.elapsed() > std::time::Duration::from_millis(300)
                    }) {
                        if ui.small_button("Cancel").clicked() {
                            show.out.push(Command::CancelLoading);
                        }
                        let done = text::percent(f64::from(loading.progress()), 1.0);
                        ui.label(format!("reading {done}"));
                    }
                    if let Some(notice) = &show.state.notice {
                        ui.add(eframe::egui::Label::new(notice).truncate());
                    }
                },
            );
        });
    });
}

fn honest(ui: &mut Ui, show: &Show<'_>) {
    let (analysis, theme) = (&show.snapshot.analysis, show.theme);
    let overview = &analysis.overview;
    let small = |text: String| RichText::new(text).small().color(theme.weak);
    ui.label(small(format!(
        "{} samples at {} Hz",
        text::count(overview.samples + overview.idle_ticks),
        analysis.meta.rate_hz
    )));
    let missed = overview.misses.total();
    let all = overview.samples + overview.idle_ticks + missed;
    let share = text::percent(missed as f64, all as f64);
    let words = RichText::new(format!("{share} missed")).small();
    let is_bad = missed * 20 > all;
    let misses = &overview.misses;
    ui.label(words.color(if is_bad { theme.warning } else { theme.weak })).on_hover_text(format!(
        "looks without a result: {} late, {} torn, {} unreadable, {} exited",
        misses.late, misses.torn, misses.unreadable, misses.exited
    ));
    let warn = |ui: &mut Ui, text: String, help: &str| {
        ui.label(RichText::new(format!("▲ {text}")).small().color(theme.warning))
            .on_hover_text(help);
    };
    if !overview.gaps.is_empty() {
        let words = text::many(overview.gaps.len() as u64, "gap");
        warn(ui, words, "stretches of which nothing is known; hatched in the timeline");
    }
    if overview.dropped > 0 {
        let words = format!("{} records dropped", text::count(overview.dropped));
        warn(ui, words, "the recorder could not keep up with writing");
    }
    if analysis.source.truncated {
        let lost = text::bytes(analysis.source.lost_bytes);
        warn(
            ui,
            "not ended".to_owned(),
            &match analysis.source.flaw {
                Some(flaw @ (Flaw::Damaged | Flaw::OtherFormat { .. } | Flaw::Malformed)) => {
                    format!("{flaw}; {lost} of it could not be used")
                }
                Some(Flaw::Cut) | None => {
                    format!("the file was cut short or still grows; {lost} of it could not be used")
                }
            },
        );
    }
    if overview.partial_censuses > 0 {
        let words = format!("{} partial censuses", text::count(overview.partial_censuses));
        warn(ui, words, "they may not have seen every task");
    }
    let edges = match overview.edges {
        looptrace::model::StallEdges::Kernel => "edges from the kernel",
        looptrace::model::StallEdges::Mixed => "edges partly from the kernel",
        looptrace::model::StallEdges::Sampled => "edges estimated from samples",
    };
    ui.label(small(edges.to_owned()));
}
