//! How text looks: colours where they are wanted, and nothing hostile in what is shown.

use std::borrow::Cow;

use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

/// What the place that shows a text can do. The command line decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    /// Whether to colour.
    pub color: bool,
    /// The width to fit tables into, in columns.
    pub width: usize,
}

impl Style {
    /// No colours, 100 columns: for files, pipes and tests.
    pub const PLAIN: Self = Self { color: false, width: 100 };

    /// `text` in the colour of `paint`.
    pub(super) fn paint(self, paint: Paint, text: &str) -> Cow<'_, str> {
        if !self.color || paint == Paint::Plain {
            return Cow::Owned(text.to_owned());
        }
        Cow::Owned(format!("\x1b[{}m{text}\x1b[0m", paint.code()))
    }
}

/// What a piece of text is, which decides its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Paint {
    Plain,
    Title,
    Dim,
    Task,
    Running,
    Ready,
    Waiting,
    Warning,
}

impl Paint {
    const fn code(self) -> &'static str {
        match self {
            Self::Plain => "0",
            Self::Title => "1",
            Self::Dim => "2",
            Self::Task => "1;36",
            Self::Running => "32",
            Self::Ready => "33",
            Self::Waiting => "34",
            Self::Warning => "1;31",
        }
    }
}

/// `text` with control and direction-changing characters escaped, so that a task's name can
/// neither break a line nor drive the terminal.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_harmful) {
        return Cow::Borrowed(text);
    }
    let mut cleaned = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        if is_harmful(character) {
            cleaned.extend(character.escape_default());
        } else {
            cleaned.push(character);
        }
    }
    Cow::Owned(cleaned)
}

fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character,
            '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

/// Columns that `text` takes in a terminal.
pub(super) fn width(text: &str) -> usize {
    text.width()
}

/// `text` cut to `columns`, with `…` at the end where something is missing.
pub(super) fn cut(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut room = columns.saturating_sub(1);
    let mut kept = String::new();
    for character in text.chars() {
        let wide = character.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        kept.push(character);
    }
    kept.push('…');
    Cow::Owned(kept)
}

/// `text` cut to `columns` at its start, which suits paths.
pub(super) fn cut_start(text: &str, columns: usize) -> Cow<'_, str> {
    if width(text) <= columns {
        return Cow::Borrowed(text);
    }
    let mut room = columns.saturating_sub(1);
    let mut start = text.len();
    for (at, character) in text.char_indices().rev() {
        let wide = character.width().unwrap_or(0);
        if wide > room {
            break;
        }
        room -= wide;
        start = at;
    }
    Cow::Owned(format!("…{}", text.get(start..).unwrap_or_default()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_cannot_drive_the_terminal() {
        assert_eq!(clean("plain ünïcode 任务"), "plain ünïcode 任务");
        assert_eq!(clean("a\x1b[2J\nb\u{202e}c"), "a\\u{1b}[2J\\nb\\u{202e}c");
    }

    #[test]
    fn cutting_counts_columns_not_bytes() {
        assert_eq!(cut("任务任务", 5), "任务…");
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut_start("/a/long/path.py", 8), "…path.py");
    }
}
