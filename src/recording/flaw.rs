//! Why a recording gives less than was recorded, in words.

use std::fmt;

use super::header::{MAJOR, MINOR};
use super::reader::Damage;

/// What keeps a reader from the rest of a recording.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Flaw {
    /// The file ends without its trailer: the recorder was killed, or still runs.
    Cut,
    /// A block's checksum or header is wrong.
    Damaged,
    /// The rest is laid out in another way than this build reads.
    OtherFormat {
        /// The minor version of the recording's format.
        found: u16,
    },
    /// The rest breaks the format, and yet its checksum is right.
    Malformed,
}

impl Flaw {
    /// What `damage` is in a recording whose format has this minor version.
    pub(super) const fn of(damage: Damage, minor: u16) -> Self {
        match damage {
            Damage::Cut => Self::Cut,
            Damage::Checksum => Self::Damaged,
            Damage::Malformed if minor != MINOR => Self::OtherFormat { found: minor },
            Damage::Malformed => Self::Malformed,
        }
    }
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Cut => f.write_str("the recording was cut short"),
            Self::Damaged => f.write_str("the recording is damaged"),
            Self::OtherFormat { found } => write!(
                f,
                "the recording has format {MAJOR}.{found}, this looptrace writes {MAJOR}.{MINOR} \
                 and cannot read all of it"
            ),
            Self::Malformed => f.write_str("the recording goes on with what is no recording"),
        }
    }
}
