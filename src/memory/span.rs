//! Sets of words that lie close together.

use super::RemoteAddr;

/// Some of the 16 words from an 8-aligned address on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span(u64);

impl Span {
    /// Bytes that a span covers.
    pub const BYTES: usize = 128;

    /// The one word at `addr`.
    #[must_use]
    pub const fn new(addr: RemoteAddr) -> Self {
        // User addresses have 48 bits; the mask lies above them.
        Self((addr.get() & ((1 << 48) - 8)) | (1 << 48))
    }

    /// Adds the word at `addr`; false if it lies outside.
    #[must_use]
    pub const fn add(&mut self, addr: RemoteAddr) -> bool {
        let start = self.0 & ((1 << 48) - 1);
        let Some(offset) = addr.get().checked_sub(start) else { return false };
        if offset >= Self::BYTES as u64 {
            return false;
        }
        self.0 |= 1 << (48 + offset / 8);
        true
    }

    /// The address of the first word.
    #[must_use]
    pub const fn start(self) -> RemoteAddr {
        self.parts().0
    }

    /// The address of the last word.
    #[must_use]
    pub const fn last(self) -> RemoteAddr {
        let (start, mask) = self.parts();
        start.offset(8 * (63 - mask.leading_zeros()) as u64)
    }

    /// The first word's address, and a bit per word from it on.
    pub(super) const fn parts(self) -> (RemoteAddr, u64) {
        (RemoteAddr::new(self.0 & ((1 << 48) - 1)), self.0 >> 48)
    }

    /// Folds the words into `folded`; `bytes` are those of the whole span.
    pub(super) fn fold(self, mut folded: u64, bytes: &[u8]) -> u64 {
        let (_, mut mask) = self.parts();
        let words = bytes.as_chunks::<8>().0;
        while mask != 0 {
            if let Some(word) = words.get(mask.trailing_zeros() as usize) {
                folded = mix(folded, u64::from_le_bytes(*word));
            }
            mask &= mask - 1;
        }
        folded
    }
}

/// For either argument fixed, different others give different results.
pub(super) const fn mix(folded: u64, word: u64) -> u64 {
    (folded.rotate_left(5) ^ word).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_holds_the_words_within_its_reach() {
        let mut span = Span::new(RemoteAddr::new(0x1000));
        assert!(span.add(RemoteAddr::new(0x1078)));
        assert!(!span.add(RemoteAddr::new(0x1080)));
        assert!(!span.add(RemoteAddr::new(0xff8)));
        assert_eq!(span.start(), RemoteAddr::new(0x1000));
        assert_eq!(span.last(), RemoteAddr::new(0x1078));
        let mut bytes = [0; Span::BYTES];
        let before = span.fold(0, &bytes);
        bytes[8] = 1;
        assert_eq!(span.fold(0, &bytes), before, "a word outside the set");
        bytes[0x78] = 1;
        assert_ne!(span.fold(0, &bytes), before);
    }
}
