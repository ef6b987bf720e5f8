//! Readings that wait for their proof: a second read of the same words.

use super::chain::Element;
use super::reading::{Reading, Scratch};
use crate::memory::{RemoteAddr, Seen, Span};

/// A task as read once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Draft {
    pub(super) addr: RemoteAddr,
    /// Its place in the order of the walk.
    pub(super) place: usize,
    pub(super) stepping: bool,
    /// What was read; `None` if that made no sense.
    pub(super) reading: Option<Reading>,
    /// What its words folded to, and when at the earliest.
    pub(super) folded: (u64, Seen),
    chain: (usize, usize),
    awaiters: (usize, usize),
    spans: (usize, usize),
}

/// Drafts with all that belongs to them, in few allocations.
#[derive(Debug, Default)]
pub(super) struct Drafts {
    list: Vec<Draft>,
    chains: Vec<Element>,
    awaiters: Vec<RemoteAddr>,
    spans: Vec<Span>,
}

impl Drafts {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.chains.clear();
        self.awaiters.clear();
        self.spans.clear();
    }

    pub(super) const fn len(&self) -> usize {
        self.list.len()
    }

    pub(super) fn get(&self, index: usize) -> Option<Draft> {
        self.list.get(index).copied()
    }

    /// Keeps a reading together with what is in `scratch` and `spans`.
    pub(super) fn push(
        &mut self,
        (addr, place, stepping): (RemoteAddr, usize, bool),
        reading: Option<Reading>,
        scratch: &Scratch,
        spans: &[Span],
        folded: (u64, Seen),
    ) {
        let draft = Draft {
            addr,
            place,
            stepping,
            reading,
            folded,
            chain: append(&mut self.chains, &scratch.chain),
            awaiters: append(&mut self.awaiters, &scratch.awaiters),
            spans: append(&mut self.spans, spans),
        };
        self.list.push(draft);
    }

    /// The words of all drafts.
    pub(super) fn all_spans(&self) -> &[Span] {
        &self.spans
    }

    /// The words of one draft.
    pub(super) fn spans(&self, draft: &Draft) -> &[Span] {
        self.spans.get(draft.spans.0..draft.spans.1).unwrap_or_default()
    }

    /// Puts a draft's chain, awaiters and words back to where a reading leaves them.
    pub(super) fn restore(&self, draft: &Draft, scratch: &mut Scratch, spans: &mut Vec<Span>) {
        scratch.chain.clear();
        scratch.chain.extend(self.chains.get(draft.chain.0..draft.chain.1).unwrap_or_default());
        scratch.awaiters.clear();
        let awaiters = self.awaiters.get(draft.awaiters.0..draft.awaiters.1);
        scratch.awaiters.extend(awaiters.unwrap_or_default());
        spans.clear();
        spans.extend_from_slice(self.spans(draft));
    }
}

fn append<T: Copy>(to: &mut Vec<T>, items: &[T]) -> (usize, usize) {
    let start = to.len();
    to.extend_from_slice(items);
    (start, to.len())
}
