//! Lines of source files, read from this machine's disk.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read as _;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Bytes of a source file; larger ones are not shown.
const MOST_BYTES: u64 = 4 << 20;
/// Files kept.
const MOST_FILES: usize = 200;

/// Files that were read.
#[derive(Debug, Default)]
pub struct Sources {
    files: BTreeMap<String, Option<Source>>,
}

/// A file as it is now.
#[derive(Debug)]
struct Source {
    lines: Vec<String>,
    /// When it was last written to, where the file system tells.
    written: Option<SystemTime>,
}

impl Sources {
    /// Whether a file was written to after `wall`, nanoseconds since 1970: its lines may not be those
    /// that ran.
    pub fn is_newer(&mut self, file: &str, wall: u64) -> bool {
        let written = self.source(file).and_then(|source| source.written);
        wall > 0 && written.is_some_and(|at| at > UNIX_EPOCH + Duration::from_nanos(wall))
    }

    /// The lines from `line - around` to `line + around`, with their numbers; empty where the file
    /// is not here.
    pub fn around(&mut self, file: &str, line: u32, around: u32) -> Vec<(u32, String)> {
        let Some(Source { lines, .. }) = self.source(file) else { return Vec::new() };
        let first = line.saturating_sub(around).max(1);
        (first..=line.saturating_add(around))
            .filter_map(|number| Some((number, lines.get(number as usize - 1)?.clone())))
            .collect()
    }

    /// One line, without the space around it.
    pub fn line(&mut self, file: &str, line: u32) -> Option<String> {
        let text = self.source(file)?.lines.get((line as usize).checked_sub(1)?)?.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    fn source(&mut self, file: &str) -> Option<&Source> {
        if !self.files.contains_key(file) {
            if self.files.len() >= MOST_FILES {
                self.files.clear();
            }
            self.files.insert(file.to_owned(), read(file));
        }
        self.files.get(file)?.as_ref()
    }
}

fn read(path: &str) -> Option<Source> {
    if !path.ends_with(".py") && !path.ends_with(".pyx") {
        return None;
    }
    let data = std::fs::metadata(path).ok()?;
    if !data.is_file() {
        return None;
    }
    let mut bytes = Vec::new();
    File::open(path).ok()?.take(MOST_BYTES).read_to_end(&mut bytes).ok()?;
    let text = String::from_utf8_lossy(&bytes);
    // Tabs have no width in a label.
    let lines = text.lines().map(|line| line.replace('\t', "    ")).collect();
    Some(Source { lines, written: data.modified().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_those_of_the_file_and_nothing_beyond_it() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.py");
        std::fs::write(&path, "one\n\ttwo\nthree\n").unwrap();
        let path = path.to_str().unwrap();
        let mut sources = Sources::default();
        assert_eq!(sources.line(path, 2).as_deref(), Some("two"));
        assert_eq!(sources.line(path, 4), None);
        assert_eq!(sources.line(path, 0), None);
        let around: Vec<u32> = sources.around(path, 1, 1).into_iter().map(|(n, _)| n).collect();
        assert_eq!(around, [1, 2]);
        assert_eq!(sources.line("/proc/self/mem.py", 1), None);
    }

    #[test]
    fn a_file_written_to_later_is_known_by_its_time() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.py");
        std::fs::write(&path, "one\n").unwrap();
        let written = UNIX_EPOCH + Duration::from_secs(1_000);
        let file = File::options().write(true).open(&path).unwrap();
        file.set_modified(written).unwrap();
        let path = path.to_str().unwrap();
        let mut sources = Sources::default();
        assert!(sources.is_newer(path, 999_000_000_000));
        assert!(!sources.is_newer(path, 1_000_000_000_000));
        // A recording that does not tell when it was made accuses nobody.
        assert!(!sources.is_newer(path, 0));
        assert!(!sources.is_newer("/missing.py", 1));
    }
}
