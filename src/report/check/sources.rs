//! The lines of code that results point at. Whoever prints reads them; nothing here opens files.

use rustc_hash::FxHashMap;

use crate::analysis::check::{CheckReport, Place};

/// Lines of code, and where the repository lies.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The repository's root, with a slash at its end; empty where unknown.
    root: String,
    lines: FxHashMap<(String, u32), String>,
}

/// Longer lines are cut.
const LONGEST: usize = 200;

impl Sources {
    /// The lines that `read` gives for the places that a report names. Paths below `root` are shown
    /// relative to it.
    pub fn of(
        report: &CheckReport,
        root: &str,
        read: impl Fn(&str, u32) -> Option<String>,
    ) -> Self {
        let mut root = root.to_owned();
        if !root.is_empty() && !root.ends_with('/') {
            root.push('/');
        }
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
        Self { root, lines }
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
        file.strip_prefix(&self.root).filter(|_| !self.root.is_empty())
    }
}
