//! Tables with aligned columns.

use std::io::{self, Write};

use super::style::{Paint, Style, cut, cut_start, width};

/// How a column stands and what happens to it when there is too little room.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// To the right; never cut.
    Right,
    /// To the left; cut at its end where room is short.
    Text,
    /// To the left; cut at its start where room is short.
    Path,
}

/// A table under construction.
#[derive(Debug)]
pub(super) struct Columns {
    heads: Vec<(&'static str, Align)>,
    rows: Vec<Vec<(Paint, String)>>,
}

impl Columns {
    pub(super) fn new(heads: &[(&'static str, Align)]) -> Self {
        Self { heads: heads.to_vec(), rows: Vec::new() }
    }

    /// Adds a row with as many cells as there are heads.
    pub(super) fn row(&mut self, cells: Vec<(Paint, String)>) {
        self.rows.push(cells);
    }

    /// Writes heads and rows, indented by `indent`, fitted into the style's width.
    pub(super) fn write(
        &self,
        indent: usize,
        style: Style,
        out: &mut impl Write,
    ) -> io::Result<()> {
        let widths = self.widths(style.width.saturating_sub(indent));
        let indent = " ".repeat(indent);
        let heads: Vec<(Paint, String)> =
            self.heads.iter().map(|(head, _)| (Paint::Dim, (*head).to_owned())).collect();
        for row in std::iter::once(&heads).chain(&self.rows) {
            write!(out, "{indent}")?;
            // What is left unwritten is held back, so that no line ends in spaces.
            let mut gap = 0;
            for (((_, align), (paint, cell)), &columns) in self.heads.iter().zip(row).zip(&widths) {
                let cell = match align {
                    Align::Path => cut_start(cell, columns),
                    _ => cut(cell, columns),
                };
                let space = columns.saturating_sub(width(&cell));
                let (before, after) = if *align == Align::Right { (space, 0) } else { (0, space) };
                if cell.is_empty() {
                    gap += columns + 2;
                    continue;
                }
                write!(out, "{}{}", " ".repeat(gap + before), style.paint(*paint, &cell))?;
                gap = after + 2;
            }
            writeln!(out)?;
        }
        Ok(())
    }

    fn widths(&self, room: usize) -> Vec<usize> {
        const NARROWEST: usize = 12;
        let mut widths: Vec<usize> = self.heads.iter().map(|(head, _)| width(head)).collect();
        for row in &self.rows {
            for (column, (_, cell)) in widths.iter_mut().zip(row) {
                *column = (*column).max(width(cell));
            }
        }
        let gaps = 2 * widths.len().saturating_sub(1);
        let mut excess = (widths.iter().sum::<usize>() + gaps).saturating_sub(room);
        while excess > 0 {
            let widest = (0..widths.len())
                .filter(|&at| matches!(self.heads[at].1, Align::Text | Align::Path))
                .filter(|&at| widths[at] > NARROWEST)
                .max_by_key(|&at| widths[at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
            excess -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(width: usize) -> String {
        let mut table =
            Columns::new(&[("NAME", Align::Text), ("N", Align::Right), ("", Align::Text)]);
        let cell = |text: &str| (Paint::Plain, text.to_owned());
        table.row(vec![cell("a rather long name"), cell("7"), cell("x")]);
        table.row(vec![cell("任务"), cell("12345"), cell("")]);
        let mut out = Vec::new();
        table.write(2, Style { color: false, width }, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_align_and_lines_do_not_end_in_spaces() {
        let expected = "  NAME                    N\n  a rather long name      7  x\n  \
                        任务                12345\n";
        assert_eq!(shown(80), expected);
    }

    #[test]
    fn long_texts_give_way() {
        assert!(shown(25).contains("  a rather lon…      7  x"), "{}", shown(25));
    }
}
