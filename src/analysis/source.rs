//! Where lines of the recorded program's source come from.

/// Where the source of the recorded program can be read.
pub trait SourceLines {
    /// A line of a file, counted from 1.
    fn line(&self, file: &str, line: u32) -> Option<String>;
}

/// No source at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoSource;

impl SourceLines for NoSource {
    fn line(&self, _file: &str, _line: u32) -> Option<String> {
        None
    }
}
