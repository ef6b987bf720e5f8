//! What can go wrong with a recording, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

/// A recording could not be written or read.
///
/// A recording that was cut short or damaged after its header is no error: the reader delivers
/// what is whole and says so ([`super::Reader::is_truncated`]).
#[derive(Debug, Error)]
#[expect(missing_docs, reason = "each variant says what its fields are")]
pub enum RecordingError {
    /// The file does not begin as a recording does.
    #[error("not a looptrace recording: {}", path.display())]
    NotARecording { path: PathBuf },
    /// The file ends inside its header, after `len` bytes.
    #[error("the recording is cut short inside its header, after {len} bytes: {}", path.display())]
    TooShort { len: u64, path: PathBuf },
    /// The header's checksum or contents are wrong.
    #[error("the recording's header is damaged: {}", path.display())]
    HeaderDamaged { path: PathBuf },
    /// The format's major version is newer than the newest this build reads.
    #[error(
        "the recording has format version {found}, this looptrace reads up to {supported}: {}",
        path.display()
    )]
    NewerMajor { found: u16, supported: u16, path: PathBuf },
    /// A block that must not be skipped is of a kind this build does not know.
    #[error("the recording has a block of the unknown kind {code}: {}", path.display())]
    UnknownBlock { code: u8, path: PathBuf },
    /// An event that must not be skipped is of a kind this build does not know.
    #[error("the recording has an event of the unknown kind {code}: {}", path.display())]
    UnknownEvent { code: u8, path: PathBuf },
    /// The file to be written exists.
    #[error("the file exists: {}", path.display())]
    Exists { path: PathBuf },
    /// An event names `id`, which is not defined yet, or defines it out of turn. It was not
    /// written; the writer can go on.
    #[error("an event uses or defines {what} {id} out of order")]
    OutOfOrder { what: &'static str, id: u32 },
    /// No room is left on the device, or a quota or size limit was reached. What was written
    /// before can be opened.
    #[error("no space is left to write the recording: {}", path.display())]
    DiskFull { path: PathBuf },
    /// Any other failure of the file.
    #[error("the recording could not be {action}: {}", path.display())]
    Io { action: &'static str, source: io::Error, path: PathBuf },
}

impl RecordingError {
    /// What the user can do, one sentence each.
    #[must_use]
    pub fn hints(&self) -> Vec<String> {
        let hint = match self {
            Self::NotARecording { .. } => "recordings are made by `looptrace record`",
            Self::TooShort { .. } => {
                "the recorder was stopped before it had written anything; record again"
            }
            Self::HeaderDamaged { .. } => "copy the recording again from where it was made",
            Self::NewerMajor { .. } | Self::UnknownBlock { .. } | Self::UnknownEvent { .. } => {
                "it was made by a newer looptrace; update looptrace to read it"
            }
            Self::Exists { .. } => "add --force to replace it, or name another file with -o",
            Self::OutOfOrder { .. } => "this is a bug in looptrace; please report it",
            Self::DiskFull { .. } => {
                "make room or name a file on another disk with -o; \
                 what was written before can be opened"
            }
            Self::Io { source, .. } => return io_hint(source.kind()).into_iter().collect(),
        };
        vec![hint.to_owned()]
    }

    /// An operation on the file at `path` failed.
    pub(crate) fn io(action: &'static str, source: io::Error, path: &Path) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::DiskFull { path },
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            _ => Self::Io { action, source, path },
        }
    }
}

fn io_hint(kind: io::ErrorKind) -> Option<String> {
    let hint = match kind {
        io::ErrorKind::NotFound => "check the path; the folder must exist",
        io::ErrorKind::PermissionDenied => {
            "recordings can be read by their owner only; check who owns the file and its folder"
        }
        io::ErrorKind::IsADirectory => "name a file, not a folder",
        io::ErrorKind::ReadOnlyFilesystem => "name a file on a writable disk with -o",
        io::ErrorKind::NotSeekable => "recordings are read from files, not from pipes",
        _ => return None,
    };
    Some(hint.to_owned())
}
