//! The lines of code that results point at, and their repositories. Whoever prints reads them; nothing here opens files.

use rustc_hash::FxHashMap;

use crate::analysis::check::{CheckReport, Place};

/// Lines of code, and where the repository lies.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// Where repositories lie, each with a slash at its end.
    roots: Vec<String>,
    lines: FxHashMap<(String, u32), String>,
}

/// Longer lines are cut.
const LONGEST: usize = 200;

impl Sources {
    /// The lines that `read` gives for the places that a report names. Paths below one of `roots` are
    /// shown relative to it, to the innermost that fits.
    pub fn of(
        report: &CheckReport,
        roots: &[String],
        read: impl Fn(&str, u32) -> Option<String>,
    ) -> Self {
        let mut roots: Vec<String> = roots
            .iter()
            .filter(|root| !root.is_empty())
            .map(|root| format!("{}/", root.trim_end_matches('/')))
            .collect();
        roots.sort_unstable_by_key(|root| std::cmp::Reverse(root.len()));
        let mut lines = FxHashMap::default();
        for guilty in report.outcomes.iter().flat_map(|outcome| &outcome.guilty) {
            for Place { file, line, .. } in guilty.worst.stack.iter().chain([&guilty.place]) {
                if *line == 0 || file.is_empty() || lines.contains_key(&(file.clone(), *line)) {
                    continue;
                }
                if let Some(code) = read(file, *line) {
                    let code: String = code.trim().chars().take(LONGEST).collect();
                    lines.insert((file.clone(), *line), code);
                }
            }
        }
        Self { roots, lines }
    }

    /// The line of code at a place, trimmed.
    #[must_use]
    pub fn code(&self, place: &Place) -> Option<&str> {
        self.lines.get(&(place.file.clone(), place.line)).map(String::as_str)
    }

    /// The file's path below the repository's root; `None` if it lies elsewhere or is unknown.
    #[must_use]
    pub fn inside<'a>(&self, file: &'a str) -> Option<&'a str> {
        if file.is_empty() || file.starts_with('<') {
            return None;
        }
        if !file.starts_with('/') {
            return Some(file);
        }
        self.roots.iter().find_map(|root| file.strip_prefix(root.as_str()))
    }

    /// `app/api.py:12`, relative to the repository where it lies in one.
    #[must_use]
    pub fn short(&self, place: &Place) -> String {
        match self.inside(&place.file) {
            Some(file) if place.line > 0 => format!("{file}:{}", place.line),
            Some(file) => file.to_owned(),
            None => place.short(),
        }
    }
}
