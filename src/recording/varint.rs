//! Integers in as few bytes as they need: little-endian base 128, and zigzag for signed ones.

/// Bytes that break the format; a reader stops where it meets them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Appends `value`, seven bits a byte, the lowest first; the top bit says that more follow.
pub(crate) fn put(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_byte(value) | 0x80);
        value >>= 7;
    }
    out.push(low_byte(value));
}

/// Takes one integer off the front of `bytes`. More than 64 bits are refused.
pub(crate) fn take(bytes: &mut &[u8]) -> Result<u64, Malformed> {
    let mut value = 0_u64;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = bytes.split_first().ok_or(Malformed)?;
        *bytes = rest;
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && bits > 1 {
            return Err(Malformed);
        }
        value |= bits << shift;
        if byte & 0x80 == 0 {
            return Ok(value);
        }
    }
    Err(Malformed)
}

/// Takes `count` bytes off the front of `bytes`.
pub(crate) fn take_bytes<'a>(bytes: &mut &'a [u8], count: u64) -> Result<&'a [u8], Malformed> {
    let count = usize::try_from(count).ok().filter(|&n| n <= bytes.len()).ok_or(Malformed)?;
    let (taken, rest) = bytes.split_at(count);
    *bytes = rest;
    Ok(taken)
}

/// Folds a difference so that small ones of either sign are small.
pub(crate) fn zigzag(difference: u64) -> u64 {
    (difference << 1) ^ (0_u64.wrapping_sub(difference >> 63))
}

/// Undoes [`zigzag`].
pub(crate) fn unzigzag(folded: u64) -> u64 {
    (folded >> 1) ^ (0_u64.wrapping_sub(folded & 1))
}

fn low_byte(value: u64) -> u8 {
    value.to_le_bytes()[0] & 0x7f
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_size_comes_back() {
        let around = |shift: u32| {
            let value = 1_u64 << shift;
            [value - 1, value, value + 1, value.wrapping_neg()]
        };
        for value in (0..64).flat_map(around).chain([u64::MAX]) {
            let mut bytes = Vec::new();
            put(&mut bytes, value);
            assert_eq!(take(&mut bytes.as_slice()), Ok(value));
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!(zigzag(0_u64.wrapping_sub(1)), 1);
    }

    #[test]
    fn more_than_64_bits_and_missing_bytes_are_refused() {
        let mut long = vec![0xff; 9];
        long.push(2);
        assert_eq!(take(&mut long.as_slice()), Err(Malformed));
        assert_eq!(take(&mut [0x80; 20].as_slice()), Err(Malformed));
        assert_eq!(take(&mut [0x80].as_slice()), Err(Malformed));
        assert_eq!(take_bytes(&mut [1, 2].as_slice(), u64::MAX), Err(Malformed));
    }
}
