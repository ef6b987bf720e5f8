//! One line per path, as flamegraph.pl, inferno and many others read it.

use std::io::{self, Write};

use crate::analysis::flame::Flame;

use super::labels::texts;

/// Writes `outermost;…;innermost nanoseconds` lines.
///
/// # Errors
/// What the writer gives.
pub fn collapsed(flame: &Flame, out: &mut impl Write) -> io::Result<()> {
    let texts = texts(&flame.tree);
    flame.tree.walk(|path, nanos| {
        for (index, &label) in path.iter().enumerate() {
            let separator = if index > 0 { ";" } else { "" };
            write!(out, "{separator}{}", texts[label as usize])?;
        }
        writeln!(out, " {nanos}")
    })
}
