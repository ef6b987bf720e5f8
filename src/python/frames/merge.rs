//! Ranges that lie close together, fetched as one.
//!
//! To the kernel a further range costs about as much as copying two pages, and coroutines that
//! await each other often come from the same page, as do the interpreter's own frames on the C
//! stack.

use std::ops::Range;

use crate::memory::RemoteAddr;

/// An address and a length.
pub(super) type Span = (RemoteAddr, usize);

/// Bytes fetched for nothing between two ranges, at most.
const MAX_GAP: u64 = 2048;
const PAGE: u64 = 4096;
/// A range is compared with so many ranges before it, so that deep stacks do not cost their square.
const NEIGHBOURS: usize = 8;

/// Which ranges are fetched, and where in them those asked for lie.
#[derive(Debug, Default)]
pub(super) struct Merged {
    asked: Vec<Span>,
    fetched: Vec<Span>,
    places: Vec<Place>,
}

/// Where a range asked for lies.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    fetched: usize,
    offset: usize,
    len: usize,
}

impl Merged {
    /// Arranges ranges. Those up to `frames` stay alone, since it matters when they are copied; a
    /// frame inside the thread state, which comes first, is fetched with it.
    pub(super) fn arrange(&mut self, asked: &[Span], frames: usize, thread: Span) {
        if self.asked == asked {
            return;
        }
        self.fetched.clear();
        self.places.clear();
        for (i, &span) in asked.iter().enumerate() {
            let fetched = if i < frames { None } else { self.neighbour(span, frames, thread) };
            let fetched = fetched.unwrap_or(self.fetched.len());
            match self.fetched.get_mut(fetched) {
                Some(other) => *other = union(*other, span),
                None => self.fetched.push(span),
            }
            self.places.push(Place { fetched, offset: 0, len: span.1 });
        }
        self.place(asked);
    }

    /// Arranges every range alone, after one that held several could not be read.
    pub(super) fn separate(&mut self, asked: &[Span]) {
        self.fetched.clear();
        self.fetched.extend_from_slice(asked);
        self.places.clear();
        let alone = |(i, &(_, len)): (usize, &Span)| Place { fetched: i, offset: 0, len };
        self.places.extend(asked.iter().enumerate().map(alone));
        self.place(asked);
    }

    /// The ranges to fetch, in order.
    pub(super) fn fetched(&self) -> &[Span] {
        &self.fetched
    }

    /// Whether any of them holds several of those asked for.
    pub(super) fn is_shared(&self) -> bool {
        self.fetched.len() < self.asked.len()
    }

    /// The range fetched that holds the one asked for, and where in it.
    pub(super) fn find(&self, asked: usize) -> Option<(usize, Range<usize>)> {
        let place = self.places.get(asked)?;
        Some((place.fetched, place.offset..place.offset + place.len))
    }

    fn neighbour(&self, span: Span, frames: usize, thread: Span) -> Option<usize> {
        if span.0 >= thread.0 && end(span) <= end(thread) {
            return (!self.fetched.is_empty()).then_some(0);
        }
        let candidates = self.fetched.iter().enumerate().skip(frames).rev().take(NEIGHBOURS);
        candidates.into_iter().find(|&(_, &other)| are_close(other, span)).map(|(i, _)| i)
    }

    fn place(&mut self, asked: &[Span]) {
        self.asked.clear();
        self.asked.extend_from_slice(asked);
        for (place, span) in self.places.iter_mut().zip(asked) {
            let start = self.fetched.get(place.fetched).map_or(span.0, |fetched| fetched.0);
            let offset = span.0.offset_from(start).unwrap_or(0);
            place.offset = usize::try_from(offset).unwrap_or(0);
        }
    }
}

fn end((start, len): Span) -> u64 {
    start.get().saturating_add(len as u64)
}

fn union(one: Span, other: Span) -> Span {
    let start = one.0.min(other.0);
    let len = end(one).max(end(other)) - start.get();
    (start, usize::try_from(len).unwrap_or(usize::MAX))
}

/// Whether no more than a gap lies between two ranges, and no page that neither of them touches:
/// such a page may not be there.
fn are_close(one: Span, other: Span) -> bool {
    let (low, high) = if one.0 <= other.0 { (one, other) } else { (other, one) };
    let (low_end, high_start) = (end(low), high.0.get());
    end(high) < u64::MAX
        && high_start.saturating_sub(low_end) <= MAX_GAP
        && high_start / PAGE <= (low_end.saturating_sub(1) / PAGE).saturating_add(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const THREAD: Span = (RemoteAddr::new(0x9000), 1064);

    fn merged(starts: &[u64]) -> Merged {
        let mut asked = vec![(RemoteAddr::new(0x9048), 176)];
        asked.extend(starts.iter().map(|&start| (RemoteAddr::new(start), 80)));
        let mut merged = Merged::default();
        merged.arrange(&asked, 1, THREAD);
        for (i, &(start, len)) in asked.iter().enumerate() {
            let (fetched, range) = merged.find(i).unwrap();
            let (found, whole) = merged.fetched()[fetched];
            assert_eq!(found.get() + range.start as u64, start.get());
            assert_eq!(range.len(), len);
            assert!(range.end <= whole);
        }
        merged
    }

    fn fetched(starts: &[u64]) -> Vec<(u64, usize)> {
        let merged = merged(starts);
        merged.fetched()[1..].iter().map(|&(start, len)| (start.get(), len)).collect()
    }

    #[test]
    fn close_ranges_are_fetched_together_whatever_their_order() {
        assert_eq!(fetched(&[0x5100, 0x5300, 0x5000]), [(0x5000, 0x350)]);
        assert_eq!(fetched(&[0x5100, 0x7000]), [(0x5100, 80), (0x7000, 80)]);
        assert_eq!(fetched(&[0x5f80, 0x6010]), [(0x5f80, 0xe0)]);
    }

    #[test]
    fn a_page_that_no_range_touches_is_not_fetched() {
        assert_eq!(fetched(&[0x5000, 0x5000 + 80 + MAX_GAP]).len(), 1);
        assert_eq!(fetched(&[0x5000, 0x5001 + 80 + MAX_GAP]).len(), 2);
        let gap = (RemoteAddr::new(0x5fff), 1);
        assert!(are_close(gap, (RemoteAddr::new(0x6000), 8)));
        assert!(!are_close(gap, (RemoteAddr::new(0x7000), 8)));
    }

    #[test]
    fn a_frame_inside_the_thread_state_is_fetched_with_it() {
        let merged = merged(&[0x9378]);
        assert_eq!(merged.fetched(), [(RemoteAddr::new(0x9048), 0x380)]);
        assert!(merged.is_shared());
    }

    #[test]
    fn addresses_at_the_end_of_memory_do_no_harm() {
        assert_eq!(fetched(&[u64::MAX - 8, 0, u64::MAX - 90]).len(), 3);
    }

    #[test]
    fn ranges_can_be_taken_apart_again() {
        let asked = [(RemoteAddr::new(0x5000), 80), (RemoteAddr::new(0x5100), 80)];
        let mut merged = Merged::default();
        merged.arrange(&asked, 0, THREAD);
        assert_eq!(merged.fetched().len(), 1);
        merged.separate(&asked);
        assert_eq!(merged.fetched(), asked);
        merged.arrange(&asked, 0, THREAD);
        assert!(!merged.is_shared());
    }
}
