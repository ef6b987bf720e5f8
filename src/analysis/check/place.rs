//! Places in code, and patterns for them.

use crate::analysis::flame::Glob;
use crate::analysis::short_path;

/// A function, or a line of it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Place {
    /// The qualified function name.
    pub function: String,
    /// The file, as the interpreter holds it; empty where unknown.
    pub file: String,
    /// The line, from 1; 0 where unknown.
    pub line: u32,
    /// What its file is called on both sides of a comparison ([`super::align()`]); empty where nobody
    /// compared.
    pub module: String,
}

/// A pattern for functions: `*` stands for any text. It matches the function's qualified name, or
/// that with its module in front (`app.api.Handler.get`, `app.api:Handler.get`), from any package
/// level on, or with its file (`app/api.py:Handler.get`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pattern {
    text: String,
    glob: Glob,
}

impl Pattern {
    /// The pattern in `text`.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self { text: text.to_owned(), glob: Glob::new(text) }
    }

    /// The text it was made from.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether it matches a name, or what follows one of its slashes.
    #[must_use]
    pub fn matches_name(&self, name: &str) -> bool {
        tails(name, '/').any(|tail| self.glob.matches(tail))
    }

    /// Whether it matches a place.
    #[must_use]
    pub fn matches(&self, place: &Place) -> bool {
        let Place { function, file, .. } = place;
        if self.glob.matches(function) {
            return true;
        }
        let module = module(file);
        tails(&module, '.').any(|module| {
            self.glob.matches(&format!("{module}.{function}"))
                || self.glob.matches(&format!("{module}:{function}"))
        }) || tails(file, '/').any(|file| self.glob.matches(&format!("{file}:{function}")))
    }
}

/// The text, and what follows each of the last few separators in it.
fn tails(text: &str, separator: char) -> impl Iterator<Item = &str> {
    /// Packages do not lie deeper.
    const MOST: usize = 12;
    let inner = text.rmatch_indices(separator).take(MOST);
    std::iter::once(text).chain(inner.map(|(at, _)| text.get(at + 1..).unwrap_or_default()))
}

impl Place {
    /// `app/api.py:12`, as far as it is known.
    #[must_use]
    pub fn short(&self) -> String {
        match (self.file.as_str(), self.line) {
            ("", _) => "?".to_owned(),
            (file, 0) => short_path(file).into_owned(),
            (file, line) => format!("{}:{line}", short_path(file)),
        }
    }

    /// What stays the same when lines are added above it: for matching sides and for fingerprints.
    #[must_use]
    pub fn key(&self) -> String {
        let module = if self.module.is_empty() { self.tail() } else { self.module.as_str() };
        format!("{module}:{}", self.function)
    }

    /// The file with its directory only: where the checkout lies does not matter.
    #[must_use]
    pub(super) fn tail(&self) -> &str {
        let directory = self.file.rmatch_indices('/').nth(1);
        directory.and_then(|(at, _)| self.file.get(at + 1..)).unwrap_or(&self.file)
    }
}

/// `/srv/app/api.py` as `srv.app.api`.
fn module(file: &str) -> String {
    let path = file.strip_suffix(".py").unwrap_or(file);
    let path = path.strip_suffix("/__init__").unwrap_or(path);
    path.trim_start_matches('/').replace('/', ".")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_can_be_named_in_many_ways() {
        let place = Place {
            function: "Handler.get".into(),
            file: "/srv/app/api.py".into(),
            line: 7,
            ..Place::default()
        };
        for pattern in [
            "Handler.get",
            "Handler.*",
            "app.api.*",
            "app.**",
            "app.api:Handler.get",
            "*",
            "app/api.py:*",
        ] {
            assert!(Pattern::new(pattern).matches(&place), "{pattern}");
        }
        for pattern in ["Handler", "pp.api.*", "api", "get", "app.other.*"] {
            assert!(!Pattern::new(pattern).matches(&place), "{pattern}");
        }
    }
}
