//! The critical path of a task, in its details.

use std::sync::Arc;

use eframe::egui::{Label, Rect, Role, Sense, Ui, WidgetInfo, vec2};
use looptrace::analysis::path::Step;
use looptrace::model::TaskId;

use super::{Show, fact_name, heading};
use crate::command::Command;
use crate::critical::{Critical, Sum, critical};
use crate::text;

/// What the path depends on.
pub type Key = (u64, TaskId);

/// Sums that are shown.
const MOST: usize = 10;
/// Height of the strip of all steps.
const STRIP: f32 = 14.0;

/// The path: a strip of its steps, and what they come to.
pub fn show(ui: &mut Ui, show: &mut Show<'_>, task: TaskId) {
    let key = (show.snapshot.revision, task);
    let for_work = Arc::clone(show.snapshot);
    let found = show.caches.path.get(ui.ctx(), &key, move |_| (task, critical(&for_work, task)));
    // What belongs to another task is an answer from before.
    let Some(found) = found.filter(|found| found.0 == task && !found.1.sums.is_empty()) else {
        return;
    };
    let path = &found.1;
    heading(ui, show.theme, "Its critical path");
    strip(ui, show, path);
    for sum in path.sums.iter().take(MOST) {
        of_sum(ui, show, sum, path.total, task);
    }
    if let Some(more) = path.sums.len().checked_sub(MOST).filter(|more| *more > 0) {
        super::fact(ui, show.theme, "", format!("and {} more", text::count(more as u64)));
    }
}

fn of_sum(ui: &mut Ui, show: &mut Show<'_>, sum: &Sum, total: u64, task: TaskId) {
    ui.horizontal_wrapped(|ui| {
        let share = text::percent(sum.nanos as f64, total as f64);
        fact_name(ui, show.theme, &format!("{} · {share}", text::nanos(sum.nanos)));
        ui.add(Label::new(sum.words()));
        if sum.task != task {
            let name = text::task(&show.snapshot.analysis.dictionary, sum.task);
            if ui.link(format!("in {name}")).clicked() {
                show.out.push(Command::JumpToTask(sum.task));
            }
        }
        let stalls = show.snapshot.stalls();
        let index = sum.stall.and_then(|id| stalls.iter().position(|stall| stall.id == id));
        if let (Some(id), Some(index)) = (sum.stall, index)
            && ui.link(format!("longest: stall {id}")).clicked()
        {
            show.out.push(Command::JumpToStall(index));
        }
    });
}

/// All steps in the order of time, the worst of those that share a point; a click goes there.
fn strip(ui: &mut Ui, show: &mut Show<'_>, path: &Critical) {
    let (Some(first), Some(last)) = (path.steps.first(), path.steps.last()) else { return };
    let (start, end) = (first.start.as_nanos(), last.end.as_nanos());
    let size = vec2(ui.available_width(), STRIP);
    let (rect, response) = ui.allocate_exact_size(size, Sense::click());
    let painter = ui.painter_at(rect);
    painter.rect_filled(rect, 2.0, show.theme.raised);
    let scale = rect.width() / (end - start).max(1) as f32;
    let x = |nanos: u64| rect.left() + (nanos.saturating_sub(start)) as f32 * scale;
    let mut rest = path.steps.as_slice();
    while let Some(step) = rest.first() {
        let left = x(step.start.as_nanos());
        let narrow = rest.partition_point(|step| x(step.end.as_nanos()) < left + 1.0).max(1);
        let (fold, others) = rest.split_at(narrow);
        rest = others;
        let worst = fold.iter().max_by_key(|step| severity(step)).unwrap_or(step);
        let right = x(fold.last().unwrap_or(step).end.as_nanos()).max(left + 1.0);
        let theme = show.theme;
        let colour = if worst.stall.is_some() { theme.stall } else { theme.state(worst.state) };
        let height = rect.height() * crate::theme::Theme::height(worst.state);
        let low = Rect::from_x_y_ranges(left..=right, rect.bottom() - height..=rect.bottom());
        painter.rect_filled(low, 0.0, colour);
    }
    let words = "Critical path: a click moves the cursor";
    response.widget_info(|| WidgetInfo::labeled(Role::Button, true, words));
    if let Some(at) = response.interact_pointer_pos().filter(|_| response.clicked()) {
        let share = f64::from((at.x - rect.left()) / rect.width()).clamp(0.0, 1.0);
        show.out.push(Command::Cursor(start + ((end - start) as f64 * share) as u64));
    }
}

fn severity(step: &Step) -> (bool, looptrace::analysis::timeline::SpanState) {
    (step.stall.is_some(), step.state)
}
