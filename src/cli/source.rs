//! Lines of the recorded program's source, where it lies on this machine unchanged.

use std::cell::RefCell;
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::analysis::SourceLines;

/// Longer files are not read: the names come from the recorded program.
const LARGEST: u64 = 4 << 20;

/// Files that were read.
pub(super) struct SourceFiles {
    recorded: Option<SystemTime>,
    root: Option<PathBuf>,
    files: RefCell<HashMap<String, Option<Vec<String>>>>,
}

impl SourceFiles {
    /// Files as they were when a recording began, at this wall time; `root` was the program's root
    /// directory, if not that of this machine.
    pub(super) fn new(wall_start_ns: u64, root: Option<&Path>) -> Self {
        let recorded = UNIX_EPOCH.checked_add(Duration::from_nanos(wall_start_ns));
        Self {
            recorded: recorded.filter(|_| wall_start_ns > 0),
            root: root.map(Path::to_owned),
            files: RefCell::default(),
        }
    }

    /// The lines of a Python file that has not changed since.
    fn read(&self, file: &str) -> Option<Vec<String>> {
        let path = Path::new(file);
        if !path.is_absolute() || path.extension().is_none_or(|extension| extension != "py") {
            return None;
        }
        let path = match (&self.root, path.strip_prefix("/")) {
            (Some(root), Ok(inside)) => root.join(inside),
            _ => path.to_owned(),
        };
        let about = std::fs::metadata(&path).ok()?;
        let changed = about.modified().ok()? > self.recorded?;
        if !about.is_file() || about.len() > LARGEST || changed {
            return None;
        }
        let text = std::fs::read_to_string(path).ok()?;
        Some(text.lines().map(str::to_owned).collect())
    }
}

impl SourceLines for SourceFiles {
    fn line(&self, file: &str, line: u32) -> Option<String> {
        let mut files = self.files.borrow_mut();
        let lines = files.entry(file.to_owned()).or_insert_with(|| self.read(file));
        lines.as_ref()?.get(usize::try_from(line).ok()?.checked_sub(1)?).cloned()
    }
}
