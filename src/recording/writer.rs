//! Writes a recording.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::block::{self, BlockKind};
use super::codec::Encoder;
use super::defined::{Defined, OutOfOrder};
use super::error::RecordingError;
use super::header;
use super::limits::{WRITER_BYTES, WRITER_EVENTS, WRITER_SPAN_NS};
use super::summary::Summary;
use super::trailer::Trailer;
use crate::model::{Event, RecordingMeta};

/// Writes a recording, block by block, each with a single append.
///
/// What is not flushed is lost if the recorder is killed; what is flushed is not. It holds well
/// under 1 MiB, and 2 MiB at worst, however long the recording.
#[derive(Debug)]
pub struct Writer {
    file: File,
    path: PathBuf,
    encoder: Encoder,
    defined: Defined,
    summary: Summary,
    events: u64,
    written: u64,
    payload: Vec<u8>,
    block: Vec<u8>,
    failed: Option<io::ErrorKind>,
}

impl Writer {
    /// Creates the file, which only its owner can read, and writes its header.
    ///
    /// # Errors
    ///
    /// An existing file is refused; with `force`, a new file takes its place.
    pub fn create(path: &Path, meta: &RecordingMeta, force: bool) -> Result<Self, RecordingError> {
        let file =
            create(path, force).map_err(|error| RecordingError::io("created", error, path))?;
        let mut writer = Self {
            file,
            path: path.to_owned(),
            encoder: Encoder::new(),
            defined: Defined::default(),
            summary: Summary::new(),
            events: 0,
            written: 0,
            payload: Vec::new(),
            block: Vec::new(),
            failed: None,
        };
        block::pack(BlockKind::Meta, &header::encode_meta(meta), &mut writer.block);
        writer.block.splice(..0, header::header());
        writer.append()?;
        Ok(writer)
    }

    /// Takes one event; writes when a block is full.
    ///
    /// # Errors
    ///
    /// [`RecordingError::OutOfOrder`] leaves the event out and the writer usable. Any other error
    /// comes from the file and is final: later events are refused with the same error.
    pub fn push(&mut self, event: &Event) -> Result<(), RecordingError> {
        self.refuse_if_failed()?;
        self.defined
            .check(event)
            .map_err(|OutOfOrder { what, id }| RecordingError::OutOfOrder { what, id })?;
        self.encoder.push(event);
        self.summary.add(event);
        self.events += 1;
        let is_full = self.encoder.events() >= WRITER_EVENTS
            || self.encoder.bytes() >= WRITER_BYTES
            || self.encoder.span_ns() >= WRITER_SPAN_NS;
        if is_full { self.flush() } else { Ok(()) }
    }

    /// Hands everything taken so far to the operating system.
    ///
    /// # Errors
    ///
    /// As [`Self::push`]. The file ends with the last block that was written whole.
    pub fn flush(&mut self) -> Result<(), RecordingError> {
        self.refuse_if_failed()?;
        if self.encoder.events() == 0 {
            return Ok(());
        }
        self.payload.clear();
        self.encoder.drain_into(&mut self.payload);
        block::pack(BlockKind::Events, &self.payload, &mut self.block);
        self.append()
    }

    /// Bytes in the file.
    #[must_use]
    pub fn bytes_written(&self) -> u64 {
        self.written
    }

    /// Events whose text or list was longer than the format's limits and was cut.
    #[must_use]
    pub fn cut_events(&self) -> u64 {
        self.encoder.cut()
    }

    /// Flushes, writes the summary and the trailer, and gives the file's size in bytes.
    ///
    /// # Errors
    ///
    /// As [`Self::flush`].
    pub fn finish(mut self) -> Result<u64, RecordingError> {
        self.flush()?;
        let trailer = Trailer { summary_offset: self.written, events: self.events };
        block::pack(BlockKind::Summary, &self.summary.encode(), &mut self.block);
        self.append()?;
        block::pack(BlockKind::End, &trailer.encode(), &mut self.block);
        self.append()?;
        Ok(self.written)
    }

    /// Appends `self.block`, whole or not at all.
    fn append(&mut self) -> Result<(), RecordingError> {
        if let Err(error) = self.file.write_all(&self.block) {
            self.failed = Some(error.kind());
            // If even this fails, readers stop at the broken block.
            drop(self.file.set_len(self.written));
            return Err(RecordingError::io("written", error, &self.path));
        }
        self.written += self.block.len() as u64;
        Ok(())
    }

    fn refuse_if_failed(&self) -> Result<(), RecordingError> {
        match self.failed {
            Some(kind) => Err(RecordingError::io("written", kind.into(), &self.path)),
            None => Ok(()),
        }
    }
}

impl Drop for Writer {
    /// A recorder that fails elsewhere still leaves everything it had taken.
    fn drop(&mut self) {
        // Nobody is left to be told of an error.
        drop(self.flush());
    }
}

fn create(path: &Path, force: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.append(true).mode(0o600);
    if force {
        // An old file is unlinked, not emptied: its permissions, other names and readers stay
        // its own. A device is written to as it is.
        match fs::symlink_metadata(path) {
            Ok(old) if old.is_file() || old.is_symlink() => fs::remove_file(path)?,
            Ok(_) => return options.open(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
    }
    options.create_new(true).open(path)
}
