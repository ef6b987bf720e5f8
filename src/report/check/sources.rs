//! The lines of code that results point at, and their repositories. Whoever prints reads them; nothing here opens files.

use rustc_hash::FxHashMap;

use crate::analysis::check::{CheckReport, Place};
use crate::analysis::is_library;

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

    /// The file's path below the repository's root; `None` if it lies elsewhere, is unknown, or is
    /// nobody's own: an interpreter or an environment may lie in a repository.
    #[must_use]
    pub fn inside<'a>(&self, file: &'a str) -> Option<&'a str> {
        let installed = file.contains("/site-packages/") || file.contains("/dist-packages/");
        if file.is_empty() || file.starts_with('<') || installed || is_library(file) {
            return None;
        }
        let below = self.roots.iter().find_map(|root| file.strip_prefix(root.as_str()));
        below.or_else(|| Some(file).filter(|file| !file.starts_with(['/', '.'])))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_files_are_named_from_their_repository_on() {
        let roots = vec!["/ci/head/".to_owned(), "head/".to_owned()];
        let sources = Sources { roots, ..Sources::default() };
        assert_eq!(sources.inside("/ci/head/app/api.py"), Some("app/api.py"));
        assert_eq!(sources.inside("head/app/api.py"), Some("app/api.py"));
        assert_eq!(sources.inside("app.py"), Some("app.py"));
        for elsewhere in [
            "",
            "<string>",
            "/ci/base/app/api.py",
            "../base/app.py",
            "/ci/head/.venv/lib/python3.13/site-packages/aiohttp/web.py",
            "/ci/head/python/lib/python3.13/asyncio/events.py",
        ] {
            assert_eq!(sources.inside(elsewhere), None, "{elsewhere}");
        }
    }
}
