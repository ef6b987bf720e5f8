//! Words for people, on stderr: errors, warnings and notes look the same everywhere.

use std::io::{self, IsTerminal as _, Write as _};

use super::exit::Exit;
use super::output;
use crate::report::clean;

/// What can be done about an error.
pub trait Hint {
    /// One sentence each, with commands; empty where nothing can be done.
    fn hints(&self) -> Vec<String>;
}

/// An error as it is shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CliError {
    /// What went wrong; one line, lower-case, no full stop.
    pub message: String,
    /// Why, from the outermost cause to the innermost.
    pub causes: Vec<String>,
    /// What can be done about it.
    pub hints: Vec<String>,
    /// The exit code.
    pub exit: Exit,
}

impl CliError {
    /// An error without causes and hints; exit code 3.
    #[must_use]
    pub fn new(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            causes: Vec::new(),
            hints: Vec::new(),
            exit: Exit::Unmeasurable,
        }
    }

    /// A wrong command line.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(message).exit(Exit::Usage)
    }

    /// An error of ours with its chain of causes and its hints; exit code 3.
    #[must_use]
    pub fn from_error(error: &(impl std::error::Error + Hint)) -> Self {
        let mut shown = Self::new(error.to_string()).because(error.source());
        shown.hints = error.hints();
        shown
    }

    /// Adds an error and its own causes as the causes of this one.
    #[must_use]
    pub fn because<'a>(
        mut self,
        cause: impl Into<Option<&'a (dyn std::error::Error + 'static)>>,
    ) -> Self {
        let chain = std::iter::successors(cause.into(), |cause| cause.source());
        for cause in chain.map(ToString::to_string) {
            // Many errors repeat their source in their own text.
            if !self.causes.last().unwrap_or(&self.message).contains(&cause) {
                self.causes.push(cause);
            }
        }
        self
    }

    /// Adds a cause in words.
    #[must_use]
    pub fn because_of(mut self, cause: impl Into<String>) -> Self {
        self.causes.push(cause.into());
        self
    }

    /// Adds a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Replaces the exit code.
    #[must_use]
    pub const fn exit(mut self, exit: Exit) -> Self {
        self.exit = exit;
        self
    }

    /// The whole message, one trailing newline included.
    #[must_use]
    pub fn render(&self, colour: bool) -> String {
        let mut text = line("error", "31", &self.message, colour);
        for cause in &self.causes {
            text += &line("caused by", "31", cause, colour);
        }
        if !self.hints.is_empty() {
            text.push('\n');
        }
        for hint in &self.hints {
            text += &line("hint", "36", hint, colour);
        }
        text
    }
}

fn line(label: &str, code: &str, words: &str, colour: bool) -> String {
    let words = clean(words);
    if colour {
        format!("\x1b[1;{code}m{label}:\x1b[0m {words}\n")
    } else {
        format!("{label}: {words}\n")
    }
}

/// Shows an error.
pub fn print_error(error: &CliError) {
    print(&error.render(output::colour_wanted(io::stderr().is_terminal())));
}

/// Shows a warning: the command goes on, but not as the user may think.
pub fn warn(words: &str) {
    let colour = output::colour_wanted(io::stderr().is_terminal());
    print(&line("warning", "33", words, colour));
}

/// Says something that is neither data nor trouble.
pub fn note(words: &str) {
    print(&format!("{}\n", clean(words)));
}

/// Writes to stderr as it is. Nobody can be told when stderr itself fails.
pub(crate) fn print(text: &str) {
    let mut stderr = io::stderr().lock();
    stderr.write_all(text.as_bytes()).and_then(|()| stderr.flush()).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_reads_from_what_to_why_to_what_next() {
        let io = io::Error::new(io::ErrorKind::NotFound, "no such file");
        let error = CliError::new("cannot open \"a\"").because(&io as &dyn std::error::Error);
        let error = error.hint("check the name").hint("look elsewhere");
        assert_eq!(
            error.render(false),
            "error: cannot open \"a\"\ncaused by: no such file\n\n\
             hint: check the name\nhint: look elsewhere\n"
        );
        assert!(error.render(true).starts_with("\x1b[1;31merror:\x1b[0m "));
    }

    #[test]
    fn foreign_text_cannot_drive_the_terminal() {
        assert_eq!(CliError::new("a\x1b[2Jb\n").render(false), "error: a\\u{1b}[2Jb\\n\n");
    }
}
