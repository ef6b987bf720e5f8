//! Paints spans. What is too narrow is folded, and nothing is ever narrower than can be seen.

use eframe::egui::{Color32, Mesh, Painter, Pos2, Rangef, Rect, Shape, Stroke, Vec2, pos2};
use looptrace::analysis::timeline::{Fold, SpanState, Spans};
use looptrace::model::Timestamp;

use crate::axis::Axis;
use crate::theme::{FOLD, NARROWEST, TEXT_FROM, Theme};

/// How spans are painted.
#[derive(Debug, Clone, Copy)]
pub struct SpanStyle<'a> {
    /// The colours.
    pub theme: &'a Theme,
    /// Which time lies where.
    pub axis: &'a Axis,
    /// Whether they are in the background, since a search did not find them.
    pub dim: bool,
}

/// Paints the spans of one lane into `rect`; `wide` is told which stand alone and have room for a
/// text.
pub fn spans(
    mesh: &mut Mesh,
    spans: &Spans,
    rect: Rect,
    style: SpanStyle<'_>,
    mut wide: impl FnMut(&Fold),
) {
    let axis = style.axis;
    let range = axis.range();
    let (from, to) = (Timestamp::from_nanos(range.start), Timestamp::from_nanos(range.end));
    let looks = SpanState::ALL.map(|state| look(state, rect, style));
    let (least, roomy) = (axis.nanos(FOLD), axis.nanos(TEXT_FROM));
    spans.fold(from, to, least, |fold| {
        one(mesh, &fold, rect, axis, looks[fold.state as usize]);
        if fold.count == 1 && fold.end.since(fold.start).as_nanos() >= roomy {
            wide(&fold);
        }
    });
}

/// How high a state reaches, and its colour.
fn look(state: SpanState, rect: Rect, style: SpanStyle<'_>) -> (Rangef, Color32) {
    let half = rect.height() * Theme::height(state) / 2.0;
    let middle = rect.center().y;
    let mut colour = style.theme.state(state);
    if style.dim {
        colour = colour.lerp_to_gamma(style.theme.canvas, 0.7);
    }
    (Rangef::new(middle - half, middle + half), colour)
}

fn one(mesh: &mut Mesh, fold: &Fold, rect: Rect, axis: &Axis, (y, colour): (Rangef, Color32)) {
    let left = axis.x(fold.start.as_nanos()).max(rect.left());
    let right = axis.x(fold.end.as_nanos()).max(left + NARROWEST).min(rect.right());
    if right <= left {
        return;
    }
    // A gap between long neighbours, so that they can be told apart.
    let gap = if right - left > 6.0 { 1.0 } else { 0.0 };
    mesh.add_colored_rect(Rect::from_min_max(pos2(left, y.min), pos2(right - gap, y.max)), colour);
}

/// Slanted lines: what is not known.
pub fn hatch(painter: &Painter, rect: Rect, colour: Color32) {
    const STEP: f32 = 6.0;
    let painter = painter.with_clip_rect(rect.intersect(painter.clip_rect()));
    let visible = rect.intersect(painter.clip_rect());
    if !visible.is_positive() {
        return;
    }
    let height = rect.height();
    let mut x = visible.left() - height - (visible.left() - rect.left()).rem_euclid(STEP);
    while x < visible.right() {
        let (a, b) = (pos2(x, rect.bottom()), pos2(x + height, rect.top()));
        painter.line_segment([a, b], Stroke::new(1.0, colour));
        x += STEP;
    }
}

/// A small triangle that points down: something happened here.
pub fn marker(painter: &Painter, tip: Pos2, size: f32, colour: Color32) {
    let points =
        vec![pos2(tip.x - size, tip.y - size * 1.6), pos2(tip.x + size, tip.y - size * 1.6), tip];
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// The head of an arrow that points along `direction`.
pub fn arrow_head(painter: &Painter, tip: Pos2, direction: Vec2, colour: Color32) {
    const LENGTH: f32 = 8.0;
    let back = tip - direction.normalized() * LENGTH;
    let across = direction.normalized().rot90() * (LENGTH * 0.45);
    let points = vec![tip, back + across, back - across];
    painter.add(Shape::convex_polygon(points, colour, Stroke::NONE));
}

/// A swatch as high as the state is drawn, for legends.
pub fn swatch(painter: &Painter, rect: Rect, state: SpanState, theme: &Theme) {
    let height = rect.height() * Theme::height(state);
    let rect = Rect::from_center_size(rect.center(), eframe::egui::vec2(rect.width(), height));
    painter.rect_filled(rect, 1.0, theme.state(state));
}
