//! What `flamegraph` and `export` have in common: which part of a recording, and into which file.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::message::{self, CliError};
use super::{duration, output, output_file, recording_file};
use crate::analysis::flame::{Flame, FlameOptions, FlameStates, Glob};
use crate::analysis::flame_file;
use crate::model::Timestamp;

/// Which part of a recording to show.
#[derive(Debug, Default, Args)]
pub(super) struct Part {
    /// What tasks were doing
    #[arg(long, value_enum, default_value_t = State::Running, value_name = "STATE")]
    state: State,
    /// Only tasks whose name or coroutine matches; * stands for any text, ? for one character
    #[arg(long, value_name = "GLOB")]
    task: Option<String>,
    /// Only from this time after the recording's start, such as 10s or 500ms
    #[arg(long, value_name = "TIME", value_parser = duration::offset, allow_hyphen_values = true)]
    from: Option<Duration>,
    /// Only up to this time after the recording's start
    #[arg(long, value_name = "TIME", value_parser = duration::offset, allow_hyphen_values = true)]
    to: Option<Duration>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
enum State {
    /// What ran
    #[default]
    Running,
    /// What could run and did not: the loop was busy with something else
    Ready,
    /// What tasks waited for
    Waiting,
    /// All of these, and idle loops
    All,
}

impl Part {
    /// Whether nothing was chosen.
    pub(super) fn is_all(&self) -> bool {
        let Self { state, task, from, to } = self;
        *state == State::Running && task.is_none() && from.is_none() && to.is_none()
    }

    pub(super) fn states(&self) -> FlameStates {
        match self.state {
            State::Running => FlameStates::Running,
            State::Ready => FlameStates::Ready,
            State::Waiting => FlameStates::Waiting,
            State::All => FlameStates::All,
        }
    }

    /// Reads this part.
    pub(super) fn read(&self, file: &Path, in_order: bool) -> Result<Flame, CliError> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from >= to
        {
            return Err(CliError::usage(format!(
                "--from ({from:?}) is not before --to ({to:?}), so nothing is left"
            ))
            .hint("both count from the start of the recording: --from 10s --to 20s"));
        }
        let options = FlameOptions {
            states: self.states(),
            task: self.task.as_deref().map(Glob::new),
            from: self.from.map(timestamp),
            to: self.to.map(timestamp),
            in_order,
        };
        let flame =
            flame_file(file, options).map_err(|error| recording_file::unreadable(&error))?;
        recording_file::warn_if_cut(&flame.source);
        Ok(flame)
    }

    /// Says so where nothing was there to be drawn.
    pub(super) fn warn_if_empty(&self, flame: &Flame) {
        if flame.tree.total_nanos() == 0 {
            message::warn(&self.nothing(flame));
        }
    }

    /// Why there is nothing to draw.
    fn nothing(&self, flame: &Flame) -> String {
        let mut asked = Vec::new();
        asked.extend(self.task.iter().map(|glob| format!("--task '{glob}'")));
        asked.extend(self.from.map(|from| format!("--from {from:?}")));
        asked.extend(self.to.map(|to| format!("--to {to:?}")));
        let length = flame.overview.duration;
        if asked.is_empty() {
            return format!("nothing to draw: nothing of that state was seen in {length}");
        }
        format!(
            "nothing to draw: nothing in the {length} of the recording fits {}; \
             `looptrace report FILE` lists its tasks",
            asked.join(" ")
        )
    }
}

fn timestamp(offset: Duration) -> Timestamp {
    Timestamp::from_nanos(u64::try_from(offset.as_nanos()).unwrap_or(u64::MAX))
}

/// Where to write.
#[derive(Debug, Args)]
pub(super) struct Destination {
    /// Write to this file; - is stdout
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Overwrite the file if it exists
    #[arg(long)]
    pub(super) force: bool,
}

impl Destination {
    /// Refuses a file that cannot be written in the end.
    pub(super) fn check(&self) -> Result<(), CliError> {
        match self.file() {
            Some(file) => output_file::check(file, self.force),
            None => Ok(()),
        }
    }

    /// The file; `None` for stdout.
    pub(super) fn file(&self) -> Option<&Path> {
        self.output.as_deref().filter(|path| *path != Path::new("-"))
    }

    /// Writes what `write` writes.
    pub(super) fn write(
        &self,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), CliError> {
        match self.file() {
            None => output::to_stdout(write),
            Some(file) => to_file(file, self.force, write),
        }
    }
}

/// Writes a file as a whole: it is there when it is complete, not before. Devices, pipes and what
/// links point at are written to as they are.
pub(super) fn to_file(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), CliError> {
    let result = match path.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => {
            File::create(path).and_then(|file| write_into(file, write))
        }
        _ => replace(path, force, write),
    };
    result.map_err(|error| {
        CliError::new(format!("cannot write the output file: {}", path.display()))
            .because(&error as &dyn std::error::Error)
            .hint("check that the disk is not full and the directory writable, or choose another: -o FILE")
    })
}

fn write_into(file: File, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::new(file);
    write(&mut out)?;
    out.flush()
}

fn replace(
    path: &Path,
    force: bool,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> io::Result<()> {
    let mut part = path.as_os_str().to_owned();
    part.push(format!(".{}.part", std::process::id()));
    let part = PathBuf::from(part);
    let result = File::create_new(&part).and_then(|file| {
        write_into(file, write)?;
        // A link, unlike a rename, never takes an existing file's place.
        if force { std::fs::rename(&part, path) } else { std::fs::hard_link(&part, path) }
    });
    if result.is_err() || !force {
        // Gone already or never there: both are fine.
        std::fs::remove_file(&part).unwrap_or_default();
    }
    result
}
