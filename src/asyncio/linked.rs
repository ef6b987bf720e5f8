//! The lists of tasks that 3.14 and later keep, walked with what is known from the last walk.

use crate::memory::{Memory as _, MemoryError, PagedMemory, ReadMemory, RemoteAddr, Seen, Span};

/// How far ahead a node is looked for among those of the last walk, after some were taken out.
const AHEAD: usize = 64;

/// A node as the last walk found it.
#[derive(Debug, Clone, Copy)]
struct Node {
    at: RemoteAddr,
    next: RemoteAddr,
    back: RemoteAddr,
    /// The part of a page that it lies in; one that there is none of if it lies in two.
    part: u32,
}

/// A list as the last walk found it.
#[derive(Debug, Default)]
struct List {
    head: RemoteAddr,
    nodes: Vec<Node>,
    seen: Seen,
}

/// All lists of a process that were walked.
#[derive(Debug, Default)]
pub(super) struct Lists {
    known: Vec<List>,
    fresh: Vec<Node>,
    parts: Vec<u32>,
}

/// More lists than this are not remembered: there is one for each thread.
const MAX_LISTS: usize = 256;

impl Lists {
    /// Walks the list at `head`, where every node's `next` names a node whose `prev` names it back;
    /// what did not change since the last walk is not looked at, unless `again` says so. Adds the
    /// nodes to `found`, up to `most`; false if it changed under the walk.
    pub(super) fn walk<M: ReadMemory>(
        &mut self,
        memory: &mut PagedMemory<M>,
        head: RemoteAddr,
        again: bool,
        (found, most): (&mut Vec<RemoteAddr>, usize),
    ) -> Result<bool, MemoryError> {
        let seen = memory.seen();
        let first = memory.pointer(head)?;
        if first.is_null() {
            // The list of a thread that has not used asyncio yet.
            return Ok(true);
        }
        let place = self.known.iter().position(|list| list.head == head);
        let nothing = List::default();
        let last = place.and_then(|place| self.known.get(place)).filter(|_| !again);
        let mut last = LastWalk { list: last.unwrap_or(&nothing), index: 0 };
        self.fresh.clear();
        let (mut at, mut next) = (head, first);
        while next != head {
            let node = match last.node(memory, next) {
                Some(node) => Some(node),
                None => read(memory, next, &mut self.parts)?,
            };
            let Some(node) = node.filter(|node| node.back == at && found.len() < most) else {
                for addr in [at, next, head] {
                    memory.forget(addr, 16);
                }
                return Ok(false);
            };
            found.push(next);
            self.fresh.push(node);
            (at, next) = (next, node.next);
        }
        match place.and_then(|place| self.known.get_mut(place)) {
            Some(list) => {
                std::mem::swap(&mut list.nodes, &mut self.fresh);
                list.seen = seen;
            }
            None => {
                self.known.truncate(MAX_LISTS - 1);
                self.known.push(List { head, nodes: std::mem::take(&mut self.fresh), seen });
            }
        }
        Ok(true)
    }
}

/// A list's last walk, followed along.
struct LastWalk<'a> {
    list: &'a List,
    index: usize,
}

impl LastWalk<'_> {
    /// The node at `addr`, if it was the next one and has not changed.
    fn node<M: ReadMemory>(&mut self, memory: &PagedMemory<M>, addr: RemoteAddr) -> Option<Node> {
        let rest = self.list.nodes.get(self.index..)?;
        let ahead = rest.iter().take(AHEAD).position(|node| node.at == addr)?;
        let node = rest.get(ahead).copied()?;
        self.index += ahead + 1;
        memory.unchanged(&[node.part], self.list.seen).then_some(node)
    }
}

/// The node at `at`; `None` if there can be none.
fn read<M: ReadMemory>(
    memory: &mut PagedMemory<M>,
    at: RemoteAddr,
    parts: &mut Vec<u32>,
) -> Result<Option<Node>, MemoryError> {
    if at.plausible().is_none() {
        return Ok(None);
    }
    let (Ok(next), Ok(back)) = (memory.pointer(at), memory.pointer(at.offset(8))) else {
        return Ok(None);
    };
    let mut words = Span::new(at);
    let part = if words.add(at.offset(8)) {
        parts.clear();
        memory.parts(&[words], parts)?;
        match *parts.as_slice() {
            [part] => part,
            _ => u32::MAX,
        }
    } else {
        u32::MAX
    };
    Ok(Some(Node { at, next, back, part }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::ImageMemory;

    const HEAD: u64 = 0x10000;

    /// A list of nodes at these addresses, all on one page each.
    fn image(nodes: &[u64]) -> ImageMemory {
        let mut image = ImageMemory::new();
        let ring: Vec<u64> = std::iter::once(HEAD).chain(nodes.iter().copied()).collect();
        for (index, &at) in ring.iter().enumerate() {
            let next = ring[(index + 1) % ring.len()];
            let back = ring[(index + ring.len() - 1) % ring.len()];
            let mut page = vec![0; 4096];
            page[..8].copy_from_slice(&next.to_le_bytes());
            page[8..16].copy_from_slice(&back.to_le_bytes());
            image.insert(RemoteAddr::new(at), page);
        }
        image
    }

    #[test]
    fn a_walk_along_the_last_one_finds_what_was_added_and_taken_out() {
        let mut lists = Lists::default();
        let walks: [&[u64]; 5] = [
            &[0x20000, 0x30000, 0x40000],
            &[0x20000, 0x30000, 0x40000],
            &[0x20000, 0x40000, 0x50000],
            &[],
            &[0x60000, 0x50000],
        ];
        let mut memory = PagedMemory::new(std::cell::RefCell::new(image(walks[0])));
        for nodes in walks {
            *memory.source().borrow_mut() = image(nodes);
            memory.begin_like_last().unwrap();
            let mut found = Vec::new();
            let whole = lists.walk(&mut memory, RemoteAddr::new(HEAD), false, (&mut found, 9));
            assert_eq!(whole, Ok(true));
            let expected: Vec<_> = nodes.iter().map(|&at| RemoteAddr::new(at)).collect();
            assert_eq!(found, expected);
        }
    }

    impl ReadMemory for std::cell::RefCell<ImageMemory> {
        fn read_batch(&self, batch: &mut crate::memory::Batch) -> Result<(), MemoryError> {
            self.borrow().read_batch(batch)
        }
    }
}
