//! How long a frame takes to build and to cut into triangles, without a GPU.
//!
//! `cargo bench -p looptrace-gui` prints the best and the median of many frames, for one million
//! and ten million spans, at zooms from the whole recording down to a millisecond. With
//! `--quick`, only the first.
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "it is a program that prints")]

use std::time::{Duration, Instant};

use eframe::egui::{Context, Mesh, Rangef, RawInput, Rect, Shape, pos2, vec2};
use looptrace::analysis::timeline::{Span, SpanState, Spans};
use looptrace::model::{TaskId, Timestamp};
use looptrace_gui::axis::Axis;
use looptrace_gui::paint::{self, SpanStyle};
use looptrace_gui::theme::DARK;

const LANES: usize = 64;
const WIDTH: f32 = 1900.0;
const HOUR: u64 = 3_600_000_000_000;
const FRAMES: usize = 25;

fn main() {
    looptrace_gui::memory::keep_freed();
    let quick = std::env::args().any(|argument| argument == "--quick");
    println!("{LANES} lanes, {WIDTH} points wide, {FRAMES} frames each; CPU time of one thread");
    println!("{:>12} {:>10} {:>10} {:>10}", "spans", "shown", "best", "median");
    for total in [1_000_000, 10_000_000] {
        if quick && total > 1_000_000 {
            break;
        }
        let lanes = lanes(total);
        for part in [1, 10, 100, 5_000, 1_000_000] {
            let (best, median) = frames(&lanes, part);
            println!("{total:>12} {:>10} {best:>10.2?} {median:>10.2?}", format!("1/{part}"));
        }
    }
}

/// Lanes with spans of all states and of very different lengths.
fn lanes(total: usize) -> Vec<Spans> {
    let each = total / LANES;
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    (0..LANES)
        .map(|_| {
            let mut spans = Spans::default();
            let mean = HOUR / each as u64;
            let mut at = 0;
            for _ in 0..each {
                let length = 1 + random() % (mean * 2);
                let state = SpanState::ALL[(random() % 5) as usize];
                let (start, end) = (Timestamp::from_nanos(at), Timestamp::from_nanos(at + length));
                spans.push(Span {
                    start,
                    end,
                    state,
                    task: TaskId::new(1),
                    stack: None,
                    wait: None,
                });
                at += length;
            }
            spans.finish();
            spans
        })
        .collect()
}

fn frames(lanes: &[Spans], part: u64) -> (Duration, Duration) {
    let ctx = Context::default();
    let screen = Rect::from_min_size(pos2(0.0, 0.0), vec2(WIDTH, LANES as f32 * 20.0));
    let mut times: Vec<Duration> = (0..FRAMES as u64)
        .map(|frame| {
            // Every frame shows another part, so that nothing can be kept from the one before.
            let length = HOUR / part;
            let start = (HOUR - length) / FRAMES as u64 * frame;
            let axis = Axis::new((start as f64, (start + length) as f64), Rangef::new(0.0, WIDTH));
            let input = RawInput { screen_rect: Some(screen), ..RawInput::default() };
            let begun = Instant::now();
            let output = ctx.run_ui(input, |ui| {
                let mut mesh = Mesh::default();
                for (lane, spans) in lanes.iter().enumerate() {
                    let top = lane as f32 * 20.0;
                    let rect = Rect::from_min_max(pos2(0.0, top), pos2(WIDTH, top + 18.0));
                    let style = SpanStyle { theme: &DARK, axis: &axis, dim: false };
                    paint::spans(&mut mesh, spans, rect, style, |_| {});
                }
                ui.painter().add(Shape::mesh(mesh));
            });
            let triangles = ctx.tessellate(output.shapes, output.pixels_per_point);
            let took = begun.elapsed();
            assert!(!triangles.is_empty());
            took
        })
        .collect();
    times.sort_unstable();
    (*times.first().unwrap(), times[times.len() / 2])
}
