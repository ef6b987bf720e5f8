//! What a recording shows to be wrong, with place and remedy.

use std::io::{self, Write};

use crate::analysis::findings::Severity;
use crate::analysis::{Analysis, short_path};

use super::super::style::{Paint, Style, clean};
use super::{TextOptions, title};

pub(super) fn write(
    analysis: &Analysis,
    options: TextOptions,
    style: Style,
    out: &mut impl Write,
) -> io::Result<()> {
    let count = analysis.findings.len();
    if count == 0 {
        return Ok(());
    }
    title("Findings", count.min(options.limit), count, style, out)?;
    for finding in analysis.findings.iter().take(options.limit) {
        let (mark, paint) = match finding.severity {
            Severity::Error => ("‼", Paint::Warning),
            Severity::Warning => ("!", Paint::Ready),
            Severity::Info => ("i", Paint::Dim),
        };
        let kind = finding.kind.replace('_', " ");
        let head = style.paint(paint, &format!("{mark} {kind}")).into_owned();
        writeln!(out, "  {head}  {}", clean(&finding.text))?;
        let place = match (&finding.file, finding.line) {
            (Some(file), Some(line)) => format!("{}:{line}", short_path(file)),
            (Some(file), None) => short_path(file).into_owned(),
            (None, _) => String::new(),
        };
        if !place.is_empty() {
            writeln!(out, "      at  {}", style.paint(Paint::Dim, &clean(&place)))?;
        }
        writeln!(out, "      do  {}", clean(&finding.remedy))?;
    }
    Ok(())
}
