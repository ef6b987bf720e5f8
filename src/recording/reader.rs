//! Reads a recording, whole, cut short or still growing.

use std::fs::OpenOptions;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use super::block::{self, BlockHeader, BlockKind};
use super::codec::{Decoder, Undecodable};
use super::defined::Defined;
use super::error::RecordingError;
use super::flaw::Flaw;
use super::header::{self, BadHeader};
use super::source::Source;
use super::summary::Summary;
use super::trailer::{TRAILER_BYTES, Trailer};
use crate::model::{Event, RecordingMeta};

/// Why a reader stopped before the end of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// The file ends without its trailer: the recorder was killed, or still runs.
    Cut,
    /// A block's checksum or header is wrong.
    Checksum,
    /// A block's checksum is right and its contents are not.
    Malformed,
}

/// Gives back the events of a recording in the order in which they were recorded.
///
/// A recording may be hostile: whatever its bytes, a reader does not panic and holds at most
/// 16 MiB.
#[derive(Debug)]
pub struct Reader {
    source: Source,
    path: PathBuf,
    meta: RecordingMeta,
    minor: u16,
    decoder: Decoder,
    defined: Defined,
    /// Where the present block begins, and the next one.
    block_offset: u64,
    next_offset: u64,
    stored: Vec<u8>,
    state: State,
    lost: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Reading,
    Finished,
    Stopped(Damage),
}

/// What is found where a block should begin.
enum Found {
    Block(BlockHeader),
    Stop(Damage),
}

impl Reader {
    /// Opens a recording and reads its header.
    ///
    /// # Errors
    ///
    /// The file cannot be read, is no recording, has a newer major version, or is cut short or
    /// damaged inside its header. Whatever is wrong further on is no error.
    pub fn open(path: &Path) -> Result<Self, RecordingError> {
        // Not blocking: opening a pipe must not wait for someone to write to it.
        let file = OpenOptions::new()
            .read(true)
            .custom_flags(nix::libc::O_NONBLOCK)
            .open(path)
            .map_err(|error| RecordingError::io("opened", error, path))?;
        Self::new(Source::File(file), path)
    }

    /// Opens a recording that is in memory.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn from_bytes(bytes: Vec<u8>) -> Result<Self, RecordingError> {
        Self::new(Source::Bytes(bytes), Path::new("(memory)"))
    }

    fn new(source: Source, path: &Path) -> Result<Self, RecordingError> {
        let mut reader = Self {
            source,
            path: path.to_owned(),
            meta: RecordingMeta::default(),
            minor: header::MINOR,
            decoder: Decoder::empty(),
            defined: Defined::default(),
            block_offset: 0,
            next_offset: header::HEADER_BYTES as u64,
            stored: Vec::new(),
            state: State::Reading,
            lost: 0,
        };
        reader.minor = reader.check_header()?;
        reader.read_meta()?;
        Ok(reader)
    }

    /// What was known when the recording began.
    #[must_use]
    pub fn meta(&self) -> &RecordingMeta {
        &self.meta
    }

    /// How far it has read, in bytes, and how long the file is by now.
    #[must_use]
    pub fn progress(&self) -> (u64, u64) {
        let length = self.source.len().unwrap_or(self.next_offset);
        (self.next_offset.min(length), length)
    }

    /// The next event, in recorded order; `None` at the end, be it the real one or where the file
    /// was cut or damaged.
    ///
    /// # Errors
    ///
    /// The file cannot be read, or a newer looptrace wrote something that must not be skipped.
    pub fn next_event(&mut self) -> Result<Option<Event>, RecordingError> {
        while self.state == State::Reading {
            match self.decoder.next_event() {
                Ok(Some(event)) if self.defined.check(&event).is_ok() => return Ok(Some(event)),
                Ok(None) => self.next_block()?,
                Ok(Some(_)) | Err(Undecodable::Malformed) => self.stop(Damage::Malformed)?,
                Err(Undecodable::UnknownKind(code)) => {
                    self.stop(Damage::Malformed)?;
                    return Err(RecordingError::UnknownEvent { code, path: self.path.clone() });
                }
            }
        }
        Ok(None)
    }

    /// After the end was reached: whether the recording is cut short or damaged. Everything
    /// before was delivered.
    #[must_use]
    pub fn is_truncated(&self) -> bool {
        self.damage().is_some()
    }

    /// After the end was reached: what is wrong with the recording, if anything.
    #[must_use]
    pub fn damage(&self) -> Option<Damage> {
        match self.state {
            State::Stopped(damage) => Some(damage),
            State::Reading | State::Finished => None,
        }
    }

    /// The same with its reason, for people.
    #[must_use]
    pub fn flaw(&self) -> Option<Flaw> {
        self.damage().map(|damage| Flaw::of(damage, self.minor))
    }

    /// After the end was reached: bytes at the end of the file that could not be used.
    #[must_use]
    pub fn lost_bytes(&self) -> u64 {
        self.lost
    }

    /// Whether the recorder has ended the recording in order, as far as was read.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.state == State::Finished
    }

    /// Goes on after the end of a file that grows: [`Self::next_event`] gives what was written
    /// meanwhile. Nothing happens if the recording is finished or its contents are malformed.
    pub fn resume(&mut self) {
        if matches!(self.state, State::Stopped(Damage::Cut | Damage::Checksum)) {
            self.state = State::Reading;
            self.lost = 0;
        }
    }

    /// The summary of a finished recording, without reading its events; `None` where it has none
    /// (then [`super::summarize`] makes one).
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn summary(&self) -> Result<Option<Summary>, RecordingError> {
        let trailer_bytes = (block::HEADER_BYTES + TRAILER_BYTES) as u64;
        let Some(offset) = self.len()?.checked_sub(trailer_bytes) else { return Ok(None) };
        let Some(end) = self.payload_at(offset, BlockKind::End)? else { return Ok(None) };
        let Ok(trailer) = Trailer::decode(&end) else { return Ok(None) };
        let summary = self.payload_at(trailer.summary_offset, BlockKind::Summary)?;
        Ok(summary.and_then(|payload| Summary::decode(&payload).ok()))
    }

    fn check_header(&self) -> Result<u16, RecordingError> {
        let mut bytes = [0; header::HEADER_BYTES];
        let count = self.read_at(0, &mut bytes)?;
        let path = || self.path.clone();
        header::check(&bytes[..count]).map_err(|bad| match bad {
            BadHeader::NotARecording => RecordingError::NotARecording { path: path() },
            BadHeader::TooShort => RecordingError::TooShort { len: count as u64, path: path() },
            BadHeader::Damaged => RecordingError::HeaderDamaged { path: path() },
            BadHeader::NewerMajor(found) => {
                RecordingError::NewerMajor { found, supported: header::MAJOR, path: path() }
            }
        })
    }

    fn read_meta(&mut self) -> Result<(), RecordingError> {
        let damaged = RecordingError::HeaderDamaged { path: self.path.clone() };
        let header = match self.find_block(self.next_offset)? {
            Found::Block(header) if header.kind().is_some_and(|k| k == BlockKind::Meta) => header,
            Found::Stop(Damage::Cut) => {
                return Err(RecordingError::TooShort { len: self.len()?, path: self.path.clone() });
            }
            _ => return Err(damaged),
        };
        let mut payload = Vec::new();
        let unpacked = header.unpack(&self.stored, &mut payload);
        let meta = unpacked.and_then(|()| header::decode_meta(&payload).ok());
        self.meta = meta.ok_or(damaged)?;
        self.next_offset += header.block_bytes();
        Ok(())
    }

    /// Goes on to the next block: opens it, skips it, or stops.
    fn next_block(&mut self) -> Result<(), RecordingError> {
        self.block_offset = self.next_offset;
        let header = match self.find_block(self.block_offset)? {
            Found::Block(header) => header,
            Found::Stop(damage) => return self.stop(damage),
        };
        self.next_offset += header.block_bytes();
        match header.kind() {
            Some(BlockKind::Events) => {
                let mut payload = self.decoder.take_buffer();
                let unpacked = header.unpack(&self.stored, &mut payload);
                if unpacked.is_none() || self.decoder.open(payload).is_err() {
                    return self.stop(Damage::Malformed);
                }
                Ok(())
            }
            Some(BlockKind::Summary) => Ok(()),
            Some(BlockKind::Meta) => self.stop(Damage::Malformed),
            Some(BlockKind::End) => {
                self.state = State::Finished;
                self.lost = self.len()?.saturating_sub(self.next_offset);
                Ok(())
            }
            None if header.is_optional() => Ok(()),
            None => {
                self.stop(Damage::Malformed)?;
                let path = self.path.clone();
                Err(RecordingError::UnknownBlock { code: header.code, path })
            }
        }
    }

    fn stop(&mut self, damage: Damage) -> Result<(), RecordingError> {
        self.state = State::Stopped(damage);
        self.next_offset = self.block_offset;
        self.lost = self.len()?.saturating_sub(self.block_offset);
        Ok(())
    }

    /// Reads the block at `offset` into `self.stored`, if it is whole.
    fn find_block(&mut self, offset: u64) -> Result<Found, RecordingError> {
        let mut stored = std::mem::take(&mut self.stored);
        let found = self.read_block(offset, &mut stored);
        self.stored = stored;
        found
    }

    fn read_block(&self, offset: u64, stored: &mut Vec<u8>) -> Result<Found, RecordingError> {
        let mut bytes = [0; block::HEADER_BYTES];
        if self.read_at(offset, &mut bytes)? < bytes.len() {
            return Ok(Found::Stop(Damage::Cut));
        }
        let Some(header) = BlockHeader::parse(&bytes) else {
            return Ok(Found::Stop(Damage::Checksum));
        };
        let end = offset.saturating_add(header.block_bytes());
        if end > self.len()? {
            return Ok(Found::Stop(Damage::Cut));
        }
        stored.clear();
        stored.resize(header.stored, 0);
        let payload = offset.saturating_add(block::HEADER_BYTES as u64);
        if self.read_at(payload, stored)? < stored.len() {
            return Ok(Found::Stop(Damage::Cut));
        }
        if !header.matches(&bytes, stored) {
            return Ok(Found::Stop(Damage::Checksum));
        }
        Ok(Found::Block(header))
    }

    /// The payload of the block at `offset`, if there is a whole one of this kind.
    fn payload_at(&self, offset: u64, kind: BlockKind) -> Result<Option<Vec<u8>>, RecordingError> {
        let mut stored = Vec::new();
        let Found::Block(header) = self.read_block(offset, &mut stored)? else { return Ok(None) };
        let mut payload = Vec::new();
        let is_right = header.kind().is_some_and(|found| found == kind);
        Ok((is_right && header.unpack(&stored, &mut payload).is_some()).then_some(payload))
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> Result<usize, RecordingError> {
        self.source
            .read_at(offset, buffer)
            .map_err(|error| RecordingError::io("read", error, &self.path))
    }

    fn len(&self) -> Result<u64, RecordingError> {
        self.source.len().map_err(|error| RecordingError::io("read", error, &self.path))
    }
}
