//! Ranges that lie close together, fetched as one.
//!
//! To the kernel a further range costs about as much as copying two pages, and coroutines that
//! await each other often come from the same page, as do the interpreter's own frames on the C
//! stack.

use crate::memory::RemoteAddr;

/// An address and a length.
pub(super) type Span = (RemoteAddr, usize);

/// Bytes fetched for nothing between two ranges, at most.
const MAX_GAP: u64 = 1024;
/// No range that holds several gets longer than this.
const MAX_LEN: u64 = 8192;
const PAGE: u64 = 4096;

/// Which ranges are fetched for those asked for: by address, without overlap.
#[derive(Debug, Default)]
pub(super) struct Groups {
    spans: Vec<Span>,
}

impl Groups {
    /// Forgets all ranges.
    pub(super) fn clear(&mut self) {
        self.spans.clear();
    }

    /// Asks for a range.
    pub(super) fn ask(&mut self, addr: RemoteAddr, len: usize) {
        self.spans.push((addr, len));
    }

    /// Puts neighbours together; with `apart`, only those that overlap.
    pub(super) fn arrange(&mut self, apart: bool) {
        let spans = &mut self.spans;
        spans.sort_unstable();
        let mut kept = 0;
        for i in 1..spans.len() {
            let (one, other) = (spans[kept], spans[i]);
            if overlap(one, other) || (!apart && are_close(one, other)) {
                spans[kept] = union(one, other);
            } else {
                kept += 1;
                spans[kept] = other;
            }
        }
        spans.truncate(kept + 1);
    }

    /// The ranges to fetch.
    pub(super) fn spans(&self) -> &[Span] {
        &self.spans
    }

    /// The range that holds `addr`.
    pub(super) fn find(&self, addr: RemoteAddr) -> Option<usize> {
        let after = self.spans.partition_point(|&(start, _)| start <= addr);
        let index = after.checked_sub(1)?;
        let &(start, len) = self.spans.get(index)?;
        (addr.offset_from(start)? < len as u64).then_some(index)
    }
}

fn end((start, len): Span) -> u64 {
    start.get().saturating_add(len as u64)
}

fn union(one: Span, other: Span) -> Span {
    let len = end(one).max(end(other)) - one.0.get();
    (one.0, usize::try_from(len).unwrap_or(usize::MAX))
}

/// Whether `later`, which does not begin before `one`, begins inside it.
fn overlap(one: Span, later: Span) -> bool {
    later.0.get() < end(one)
}

/// Whether no more than a gap lies between two ranges, and no page that neither of them touches:
/// such a page may not be there.
fn are_close(one: Span, later: Span) -> bool {
    let (one_end, start) = (end(one), later.0.get());
    end(later) < u64::MAX
        && start.saturating_sub(one_end) <= MAX_GAP
        && end(later).max(one_end) - one.0.get() <= MAX_LEN
        && start / PAGE <= (one_end.saturating_sub(1) / PAGE).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fetched(starts: &[u64], apart: bool) -> Vec<(u64, usize)> {
        let mut groups = Groups::default();
        for &start in starts {
            groups.ask(RemoteAddr::new(start), 80);
        }
        groups.arrange(apart);
        for &start in starts {
            let index = groups.find(RemoteAddr::new(start)).unwrap();
            let (found, len) = groups.spans()[index];
            assert!(found.get() <= start && start - found.get() + 80 <= len as u64);
        }
        groups.spans().iter().map(|&(start, len)| (start.get(), len)).collect()
    }

    #[test]
    fn close_ranges_are_fetched_together_whatever_their_order() {
        assert_eq!(fetched(&[0x5100, 0x5300, 0x5000], false), [(0x5000, 0x350)]);
        assert_eq!(fetched(&[0x5100, 0x7000], false), [(0x5100, 80), (0x7000, 80)]);
        assert_eq!(fetched(&[0x5f80, 0x6010], false), [(0x5f80, 0xe0)]);
    }

    #[test]
    fn a_page_that_no_range_touches_is_not_fetched() {
        assert_eq!(fetched(&[0x5000, 0x5000 + 80 + MAX_GAP], false).len(), 1);
        assert_eq!(fetched(&[0x5000, 0x5001 + 80 + MAX_GAP], false).len(), 2);
        let gap = (RemoteAddr::new(0x5fff), 1);
        assert!(are_close(gap, (RemoteAddr::new(0x6000), 8)));
        assert!(!are_close(gap, (RemoteAddr::new(0x7000), 8)));
    }

    #[test]
    fn apart_only_what_overlaps_is_one() {
        assert_eq!(fetched(&[0x5000, 0x5010, 0x5100], true), [(0x5000, 96), (0x5100, 80)]);
    }

    #[test]
    fn no_range_grows_without_end() {
        let starts: Vec<u64> = (0..100).map(|i| 0x5000 + i * 1000).collect();
        assert!(fetched(&starts, false).iter().all(|&(_, len)| len as u64 <= MAX_LEN));
    }

    #[test]
    fn addresses_at_the_end_of_memory_do_no_harm() {
        let mut groups = Groups::default();
        for start in [u64::MAX - 8, 0, u64::MAX - 90] {
            groups.ask(RemoteAddr::new(start), 80);
        }
        groups.arrange(false);
        assert!(groups.find(RemoteAddr::new(0)).is_some());
        assert!(groups.find(RemoteAddr::new(0x5000)).is_none());
    }
}
