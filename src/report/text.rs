//! A recording's facts for people.

mod header;
mod hot;
mod stalls;
mod times;
mod waits;

use std::io::{self, Write};

use crate::analysis::{Analysis, SourceLines};

use super::findings;
use super::style::{Paint, Style};

/// How much the text shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TextOptions {
    /// The most entries of each list.
    pub limit: usize,
}

impl Default for TextOptions {
    fn default() -> Self {
        Self { limit: 20 }
    }
}

/// Writes the facts for people.
///
/// # Errors
/// What the writer gives.
pub fn text(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    source: &impl SourceLines,
    out: &mut impl Write,
) -> io::Result<()> {
    header::write(analysis, style, out)?;
    let found = analysis.findings.len();
    if found > 0 {
        title("Findings", found.min(options.limit), found, style, out)?;
        findings::write(analysis.findings.iter().take(options.limit), style, out)?;
    }
    times::loops(analysis, options, style, out)?;
    times::lag(analysis, options, style, out)?;
    stalls::summary(analysis, options, style, out)?;
    stalls::worst(analysis, options, style, source, out)?;
    times::coroutines(analysis, options, style, out)?;
    times::tasks(analysis, options, style, out)?;
    waits::contention(analysis, options, style, out)?;
    waits::executors(analysis, options, style, out)?;
    waits::population(analysis, style, out)?;
    hot::write(analysis, options, style, out)
}

/// A section's title, with a note how much of it is shown.
fn title(
    text: &str,
    shown: usize,
    of: usize,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    write!(out, "\n{}", style.paint(Paint::Title, text))?;
    if shown < of {
        write!(out, "{}", style.paint(Paint::Dim, &format!("  {shown} of {of}")))?;
    }
    writeln!(out)
}
