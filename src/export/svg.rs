//! A flame graph as SVG, drawn by inferno.

use std::io::{self, Write};

use inferno::flamegraph::color::{BackgroundColor, Color, PaletteMap};
use inferno::flamegraph::{self, Options};

use crate::analysis::flame::{Flame, FlameStates, LabelKind};
use crate::model::Duration;

use super::collapsed::collapsed;
use super::labels::{colour, texts};

/// Draws a flame graph. Without any time in it, it says so instead.
///
/// # Errors
/// What the writer gives.
pub fn svg(flame: &Flame, states: FlameStates, out: &mut impl Write) -> io::Result<()> {
    if flame.tree.total_nanos() == 0 {
        return empty(out);
    }
    let mut lines = Vec::new();
    collapsed(flame, &mut lines)?;
    let mut palette = PaletteMap::default();
    for (label, text) in flame.tree.labels().iter().zip(texts(&flame.tree)) {
        let (r, g, b) = colour(label.kind);
        palette.insert(text, Color { r, g, b });
    }
    // The element under everything, which inferno calls "all" and looks up without a name.
    let (r, g, b) = colour(LabelKind::Process);
    palette.insert("", Color { r, g, b });
    let mut options = Options::default();
    options.title = title(states).to_owned();
    options.subtitle = Some(subtitle(flame));
    options.count_name = "µs".to_owned();
    options.factor = 0.001;
    options.name_type = "".to_owned();
    options.bgcolors = Some(BackgroundColor::Flat(Color { r: 250, g: 250, b: 248 }));
    options.palette_map = Some(&mut palette);
    options.min_width = 0.05;
    // It sorts: what comes in the order of labels is not in the order of bytes.
    flamegraph::from_reader(&mut options, lines.as_slice(), out)
}

fn title(states: FlameStates) -> &'static str {
    match states {
        FlameStates::Running => "What ran",
        FlameStates::Waiting => "What tasks waited for",
        FlameStates::Ready => "Tasks ready to run that did not",
        FlameStates::All => "What tasks and threads did",
    }
}

fn subtitle(flame: &Flame) -> String {
    let overview = &flame.overview;
    let targets: Vec<String> = overview
        .targets
        .iter()
        .take(3)
        .map(|facts| {
            let target = &facts.target;
            let command = target.command.join(" ");
            format!("pid {} Python {} {command}", target.pid, target.python).trim_end().to_owned()
        })
        .collect();
    let total = Duration::from_nanos(flame.tree.total_nanos());
    let text = format!(
        "{} · {} recorded, {} samples, {total} shown",
        targets.join(" + "),
        overview.duration,
        overview.samples
    );
    text.chars().map(|character| if character.is_control() { ' ' } else { character }).collect()
}

pub(super) fn empty(out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"640\" height=\"60\">\
         <text x=\"20\" y=\"36\" font-family=\"sans-serif\" font-size=\"14\">\
         looptrace: no time was spent in what was asked for</text></svg>"
    )
}
