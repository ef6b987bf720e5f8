//! Everything about one stall.

use std::collections::BTreeSet;

use eframe::egui::{Button, Label, Rect, RichText, Sense, Ui, vec2};
use looptrace::model::{EvidenceValue, FrameId, Stall};

use super::{Show, fact, fact_name, heading};
use crate::command::Command;
use crate::lookup;
use crate::text;

/// Victims shown at once.
const MOST_VICTIMS: usize = 100;

/// The details of a stall.
pub fn show(ui: &mut Ui, show: &mut Show<'_>, stall: &Stall) {
    let theme = show.theme;
    let snapshot = show.snapshot;
    let kind = lookup::stall_kind(stall);
    let title = format!("{} Stall {}", crate::theme::Theme::sign(kind), stall.id);
    ui.label(RichText::new(title).heading().color(theme.cause(kind)));
    if let Some(cause) = stall.main_cause() {
        let words = format!("{} · {}", cause.kind.name().replace('_', " "), cause.text);
        ui.add(Label::new(RichText::new(words).strong()).wrap());
    }
    let error = stall.start_error.max(stall.end_error);
    fact(ui, theme, "duration", format!("{} ± {}", stall.duration, error));
    fact(ui, theme, "start", text::instant(stall.start.as_nanos(), 1_000));
    fact(ui, theme, "loop", lookup::loop_name(snapshot, stall.event_loop));
    fact(ui, theme, "kind", format!("{} ({})", stall.kind.name(), stall.contiguity.name()));
    if stall.ongoing {
        fact(ui, theme, "", "still went on at the end");
    }
    if let Some(task) = stall.task {
        task_link(ui, show, "task", task);
    }
    split(ui, show, stall);
    if let Some(advice) = stall.advice {
        heading(ui, theme, "What to do");
        ui.add(Label::new(RichText::new(advice).color(theme.good)).wrap());
    }
    heading(ui, theme, "Causes");
    for cause in &stall.causes {
        let colour = theme.cause(cause.kind).gamma_multiply(0.35);
        let part = text::percent(cause.share, 1.0);
        let words = format!("{part}  {}", cause.kind.name().replace('_', " "));
        super::share_bar(ui, theme, cause.share as f32, colour, &words);
        if !cause.text.is_empty() {
            ui.add(Label::new(&cause.text).wrap().selectable(true));
        }
        for (key, value) in &cause.evidence {
            let value = match value {
                EvidenceValue::Count(nanos) if key.ends_with("_ns") => Some(text::nanos(*nanos)),
                value => evidence(show, value),
            };
            if let Some(value) = value {
                let words = format!("{}: {value}", key.trim_end_matches("_ns").replace('_', " "));
                ui.add(Label::new(RichText::new(words).small().color(theme.weak)).wrap());
            }
        }
        ui.add_space(4.0);
    }
    stacks(ui, show, stall);
    victims(ui, show, stall);
}

/// A link to a task.
pub fn task_link(ui: &mut Ui, show: &mut Show<'_>, what: &str, task: looptrace::model::TaskId) {
    let dictionary = &show.snapshot.analysis.dictionary;
    let name = text::task(dictionary, task);
    let coroutine = text::coroutine(dictionary, task);
    ui.horizontal_wrapped(|ui| {
        if !what.is_empty() {
            fact_name(ui, show.theme, what);
        }
        if ui.link(name).clicked() {
            show.out.push(Command::JumpToTask(task));
        }
        ui.add(Label::new(RichText::new(coroutine).color(show.theme.weak)).truncate());
    });
}

/// On the CPU, in the run queue, blocked: one bar.
fn split(ui: &mut Ui, show: &Show<'_>, stall: &Stall) {
    let theme = show.theme;
    let parts = [
        ("on CPU", stall.on_cpu, theme.running),
        ("run queue", stall.runqueue, theme.ready),
        ("blocked", stall.blocked, theme.waiting),
    ];
    if parts.iter().all(|(_, part, _)| part.is_none()) {
        return;
    }
    ui.add_space(4.0);
    let whole = stall.duration.as_nanos().max(1) as f32;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 12.0), Sense::hover());
    ui.painter().rect_filled(rect, 2.0, theme.raised);
    let mut x = rect.left();
    for (_, part, colour) in parts {
        let width = rect.width() * part.map_or(0, |part| part.as_nanos()) as f32 / whole;
        let right = (x + width).min(rect.right());
        ui.painter().rect_filled(Rect::from_x_y_ranges(x..=right, rect.y_range()), 0.0, colour);
        x = right;
    }
    ui.horizontal_wrapped(|ui| {
        for (name, part, colour) in parts {
            let value = part.map_or_else(|| "unknown".to_owned(), |part| part.to_string());
            super::marked(ui, theme, "■", colour, &format!("{name} {value}"));
        }
    });
}

fn evidence(show: &Show<'_>, value: &EvidenceValue) -> Option<String> {
    Some(match value {
        EvidenceValue::Unknown => return None,
        EvidenceValue::Text(text) => text.clone(),
        EvidenceValue::Count(count) => text::count(*count),
        EvidenceValue::Flag(flag) => if *flag { "yes" } else { "no" }.to_owned(),
        EvidenceValue::Thread(thread) => lookup::thread_name(show.snapshot, *thread),
        EvidenceValue::Stack(stack) => {
            let frames = show.snapshot.analysis.dictionary.stack_frames(*stack);
            let inner = frames.iter().rev().take(3);
            let texts: Vec<String> =
                inner.map(|&frame| text::frame(&lookup::frame(show.snapshot, frame))).collect();
            texts.join(" ← ")
        }
        EvidenceValue::Lines(lines) => {
            let texts: Vec<String> = lines
                .iter()
                .take(3)
                .map(|(frame, time)| {
                    let place = lookup::frame(show.snapshot, *frame).place();
                    format!("{} {time}", text::brief(&place))
                })
                .collect();
            texts.join(", ")
        }
    })
}

fn stacks(ui: &mut Ui, show: &mut Show<'_>, stall: &Stall) {
    let Some(heaviest) = stall.stacks.first() else { return };
    heading(ui, show.theme, "Stack, innermost first");
    let frames = show.snapshot.analysis.dictionary.stack_frames(heaviest.stack);
    changed_files(ui, show, &frames);
    let root = heaviest.task_depth.map(|depth| depth as usize);
    for (at, frame) in frames.iter().enumerate().rev() {
        frame_line(ui, show, *frame, stall.location == Some(*frame));
        if Some(at) == root && at > 0 {
            let words = RichText::new("— the task begins here —").small().color(show.theme.weak);
            ui.label(words);
        }
    }
    if stall.stacks.len() > 1 {
        let words = format!("{} more stacks were seen in it", stall.stacks.len() - 1);
        ui.label(RichText::new(words).small().color(show.theme.weak));
    }
}

/// Says which files of a stack have been changed since: the lines shown may not be those that ran.
pub fn changed_files(ui: &mut Ui, show: &mut Show<'_>, frames: &[FrameId]) {
    let wall = show.snapshot.analysis.meta.anchor.wall_start_ns;
    let files = frames.iter().filter_map(|&frame| lookup::frame(show.snapshot, frame).file);
    let files: BTreeSet<&str> = files.collect();
    let sources = &mut show.caches.sources;
    let changed: Vec<&str> =
        files.into_iter().filter(|file| sources.is_newer(file, wall)).collect();
    if changed.is_empty() {
        return;
    }
    let names: Vec<&str> = changed.iter().map(|file| text::brief(file)).collect();
    let words = format!(
        "▲ {} changed after the recording was begun: the lines shown may not be those that ran",
        names.join(", ")
    );
    let words = RichText::new(words).small().color(show.theme.warning);
    ui.add(Label::new(words).wrap()).on_hover_text(changed.join("\n"));
}

/// A frame with its source line.
pub fn frame_line(ui: &mut Ui, show: &mut Show<'_>, id: FrameId, is_guilty: bool) {
    let theme = show.theme;
    let names = lookup::frame(show.snapshot, id);
    let text = RichText::new(format!(
        "{}{}",
        if is_guilty { "▶ " } else { "" },
        names.function_or_unknown()
    ));
    let text = if is_guilty { text.strong().color(theme.stall) } else { text };
    ui.horizontal(|ui| {
        ui.add(Label::new(text).truncate().selectable(true));
        let place = names.place();
        let brief = RichText::new(text::brief(&place)).color(theme.accent);
        let link = ui.add(Button::new(brief).frame(false).truncate());
        let link = link.on_hover_text(format!("{place}\nOpen in your editor  E"));
        if link.clicked()
            && let (Some(file), Some(line)) = (names.file, names.line)
        {
            show.out.push(Command::OpenInEditor { file: file.to_owned(), line });
        }
    });
    if let (Some(file), Some(line)) = (names.file, names.line) {
        let around = u32::from(is_guilty) * 2;
        let lines = show.caches.sources.around(file, line, around);
        // What all have in common is left out: the lines themselves are what there is room for.
        let indent = |text: &String| text.len() - text.trim_start().len();
        let code = lines.iter().map(|(_, text)| text).filter(|text| !text.trim().is_empty());
        let common = code.map(indent).min().unwrap_or(0);
        for (number, source) in lines {
            let words = format!("{number:>5}  {}", source.get(common..).unwrap_or("").trim_end());
            let mut words = RichText::new(words).monospace().size(11.0);
            words = if number == line {
                words.background_color(theme.raised).color(theme.text)
            } else {
                words.color(theme.weak)
            };
            ui.add(Label::new(words).truncate());
        }
    }
}

fn victims(ui: &mut Ui, show: &mut Show<'_>, stall: &Stall) {
    let count = stall.victims.len();
    let more = if stall.victims_complete { "" } else { " and more" };
    heading(ui, show.theme, &format!("Victims: {count}{more}"));
    for victim in stall.victims.iter().take(MOST_VICTIMS) {
        ui.horizontal(|ui| {
            let words = format!("{} ({})", victim.delay, victim.reason.name());
            fact_name(ui, show.theme, &words);
            task_link(ui, show, "", victim.task);
        });
    }
    if count > MOST_VICTIMS {
        let words = format!("{MOST_VICTIMS} of {} are shown", text::count(count as u64));
        ui.label(RichText::new(words).small().color(show.theme.weak));
    }
}
