//! Labels as text that no format trips over.

use std::borrow::Cow;

use crate::analysis::flame::{Label, LabelKind, Tree};
use crate::analysis::short_path;

/// Every label of a tree as `function (dir/file.py:12)`, by id.
pub(super) fn texts(tree: &Tree) -> Vec<String> {
    tree.labels().iter().map(|label| single(&full(label)).into_owned()).collect()
}

fn full(label: &Label) -> String {
    let Label { name, file, line, .. } = label;
    match (file.as_deref().map(short_path), line) {
        (Some(file), Some(line)) => format!("{name} ({file}:{line})"),
        (Some(file), None) => format!("{name} ({file})"),
        _ => name.clone(),
    }
}

/// `text` as one element of a collapsed stack: no separators, no control characters, and no
/// number at its end that could be taken for a count.
pub(super) fn single(text: &str) -> Cow<'_, str> {
    let harmful = |c: char| c == ';' || c.is_control();
    let counts = text
        .rsplit_once(' ')
        .is_some_and(|(_, last)| last.bytes().all(|b| b.is_ascii_digit() || b == b'.'));
    if text.is_empty() {
        return Cow::Borrowed("?");
    }
    if !counts && !text.chars().any(harmful) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 8);
    for character in text.chars() {
        match character {
            ';' => safe.push_str("\\u{3b}"),
            character if character.is_control() => safe.extend(character.escape_default()),
            character => safe.push(character),
        }
    }
    if let Some(at) = safe.rfind(' ').filter(|_| counts) {
        safe.replace_range(at..=at, "\u{a0}");
    }
    Cow::Owned(safe)
}

/// The colour of a kind of label: warm for synchronous code, cool for what awaits.
pub(super) const fn colour(kind: LabelKind) -> (u8, u8, u8) {
    match kind {
        LabelKind::Process | LabelKind::Thread => (200, 204, 210),
        LabelKind::Task => (72, 163, 157),
        LabelKind::Await => (122, 184, 222),
        LabelKind::Sync => (245, 170, 90),
        LabelKind::Native => (226, 110, 96),
        LabelKind::Suspension => (236, 214, 120),
        LabelKind::Note => (222, 218, 190),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_stay_in_one_piece() {
        assert_eq!(single("plain"), "plain");
        assert_eq!(single("a;b\nc"), "a\\u{3b}b\\nc");
        assert_eq!(single("worker 3"), "worker\u{a0}3");
        assert_eq!(single(" "), "\u{a0}");
        assert_eq!(single(""), "?");
    }
}
