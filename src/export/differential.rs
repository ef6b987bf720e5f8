//! A differential flame graph: as wide as the second recording, red where it grew.

use std::io::{self, Write};

use inferno::differential;
use inferno::flamegraph::{self, Options};

use crate::analysis::flame::{Flame, Label, LabelKind};
use crate::analysis::{is_default_name, short_path};

use super::labels::single;

/// Draws the difference between two flame graphs, in nanoseconds per second recorded.
///
/// # Errors
/// What the writer gives.
pub fn differential(before: &Flame, after: &Flame, out: &mut impl Write) -> io::Result<()> {
    let (before_lines, after_lines) = (folded(before)?, folded(after)?);
    let mut both = Vec::new();
    let options = differential::Options { normalize: false, strip_hex: false };
    differential::from_readers(
        options,
        before_lines.as_slice(),
        after_lines.as_slice(),
        &mut both,
    )?;
    let mut options = Options::default();
    options.title = "What ran, and how it changed".to_owned();
    options.subtitle = Some(format!(
        "{} s against {} s; width: the second, red: more than before, blue: less; per second recorded",
        seconds(after),
        seconds(before)
    ));
    options.count_name = "µs per second".to_owned();
    options.factor = 0.001;
    options.name_type = "".to_owned();
    options.min_width = 0.05;
    if both.is_empty() {
        return super::svg::empty(out);
    }
    flamegraph::from_reader(&mut options, both.as_slice(), out)
}

fn seconds(flame: &Flame) -> String {
    format!("{:.1}", flame.overview.duration.as_secs_f64())
}

/// Paths that two recordings can have in common, with nanoseconds per second recorded.
fn folded(flame: &Flame) -> io::Result<Vec<u8>> {
    let texts: Vec<String> = flame.tree.labels().iter().map(common).collect();
    let length = flame.overview.duration.as_secs_f64();
    let mut lines = Vec::new();
    flame.tree.walk(|path, nanos| {
        for (index, &label) in path.iter().enumerate() {
            let separator = if index > 0 { ";" } else { "" };
            write!(lines, "{separator}{}", texts[label as usize])?;
        }
        #[expect(clippy::cast_precision_loss, reason = "for display")]
        let rate = if length > 0.0 { nanos as f64 / length } else { 0.0 };
        writeln!(lines, " {rate:.0}")
    })?;
    Ok(lines)
}

/// A label without what differs from run to run: pids, thread ids, numbers of tasks, lines.
fn common(label: &Label) -> String {
    let name = label.name.as_str();
    let text = match (label.kind, label.file.as_deref()) {
        (LabelKind::Process, _) => "process".to_owned(),
        (LabelKind::Thread, _) => without_number(name).to_owned(),
        (LabelKind::Task, _) if is_default_name(name) => "(task)".to_owned(),
        (LabelKind::Task, _) => match name.rsplit_once(" × ") {
            Some(_) => "(task)".to_owned(),
            None => name.to_owned(),
        },
        (_, Some(file)) => format!("{name} ({})", short_path(file)),
        _ => name.to_owned(),
    };
    single(&text).into_owned()
}

/// `MainThread` of `MainThread (4242)`, `thread` of `thread 4242`.
fn without_number(name: &str) -> &str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match name.rsplit_once(' ') {
        Some((rest, last)) if digits(last.trim_matches(['(', ')', '#'])) => rest,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_a_run_are_left_out() {
        assert_eq!(without_number("MainThread (4242)"), "MainThread");
        assert_eq!(without_number("thread 7"), "thread");
        assert_eq!(without_number("worker pool"), "worker pool");
        let label = |name: &str, kind| Label { name: name.into(), file: None, line: None, kind };
        assert_eq!(common(&label("Task-17", LabelKind::Task)), "(task)");
        assert_eq!(common(&label("handle() × 300 tasks", LabelKind::Task)), "(task)");
        assert_eq!(common(&label("feeder", LabelKind::Task)), "feeder");
    }
}
