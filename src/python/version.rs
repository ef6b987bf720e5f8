//! Which Python a target runs.

use std::fmt;

/// A version of `CPython`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Version {
    /// 3.
    pub major: u8,
    /// 13 in 3.13.2.
    pub minor: u8,
    /// 2 in 3.13.2.
    pub micro: u8,
    /// `a1`, `b2`, `rc3`; empty for a release.
    pub suffix: String,
}

impl Version {
    /// Decodes `PY_VERSION_HEX`; `None` if its level is none that exists.
    #[must_use]
    pub fn from_hex(hex: u32) -> Option<Self> {
        let [release, micro, minor, major] = hex.to_le_bytes();
        let serial = release & 0xf;
        let suffix = match release >> 4 {
            0xa => format!("a{serial}"),
            0xb => format!("b{serial}"),
            0xc => format!("rc{serial}"),
            0xf => String::new(),
            _ => return None,
        };
        Some(Self { major, minor, micro, suffix })
    }
}

impl fmt::Display for Version {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}{}", self.major, self.minor, self.micro, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_versions_are_what_python_prints() {
        let shown = |hex| Version::from_hex(hex).map(|version| version.to_string());
        assert_eq!(shown(0x030d_00f0).as_deref(), Some("3.13.0"));
        assert_eq!(shown(0x030f_02c1).as_deref(), Some("3.15.2rc1"));
        assert_eq!(shown(0x030e_00a7).as_deref(), Some("3.14.0a7"));
        assert_eq!(shown(0), None);
    }
}
