//! What the garbage collector tells of itself: how often it ran, and from 3.15 on, when.

use crate::memory::{LiveMemory, ReadMemory as _, RemoteAddr};
use crate::model::{Event, GcPause, ProcessId, Timestamp};

use super::clock::Clock;
use super::sink::Sink;

const WORD: usize = size_of::<u64>();
/// `generation_stats[3]` stands right before `collecting`, up to 3.14.
const COUNTS: usize = 3 * COUNT;
const COUNT: usize = 3 * WORD;
/// `struct gc_generation_stats`, 3.15: `ts_start`, `ts_stop`, `collections`, `collected` and more.
const ITEM: usize = 64;
/// How many of them each generation keeps: `young`, `old[0]`, `old[1]`; a word follows each.
const ITEMS: [usize; 3] = [11, 3, 3];
const STATS: usize = (11 + 3 + 3) * ITEM + 3 * WORD;
/// No collection takes longer than this.
const LONGEST_NS: u64 = 600_000_000_000;

/// Where the collector counts.
#[derive(Debug, Clone, Copy)]
pub(super) struct Collections {
    at: RemoteAddr,
}

impl Collections {
    pub(super) fn before(collecting: RemoteAddr) -> Option<Self> {
        let at = RemoteAddr::new(collecting.get().checked_sub(COUNTS as u64)?);
        Some(Self { at })
    }

    /// One system call.
    pub(super) fn read(self, memory: &LiveMemory) -> Option<[u64; 3]> {
        let mut bytes = [0; COUNTS];
        memory.read_into(self.at, &mut bytes).ok()?;
        let mut counts = [0; 3];
        for (count, generation) in counts.iter_mut().zip(bytes.chunks_exact(COUNT)) {
            *count = u64::from_le_bytes(*generation.first_chunk()?);
        }
        Some(counts)
    }
}

/// Where 3.15 keeps when its collector last ran.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pauses {
    pointer: RemoteAddr,
}

/// What was told already, by generation: up to when.
#[derive(Debug, Default)]
pub(super) struct Told([Timestamp; 3]);

impl Pauses {
    /// `generation_stats`, a pointer from 3.15 on, stands right before `collecting`.
    pub(super) fn before(collecting: RemoteAddr) -> Option<Self> {
        let pointer = RemoteAddr::new(collecting.get().checked_sub(WORD as u64)?);
        Some(Self { pointer })
    }

    /// Records the collections since the last call. A few system calls.
    pub(super) fn record(
        self,
        (memory, offset): (&LiveMemory, i64),
        process: ProcessId,
        told: &mut Told,
        clock: Clock,
        sink: &mut Sink,
    ) {
        let Some(first) = self.read(memory) else { return };
        let now = clock.now();
        // What is just being written differs from read to read.
        let Some(second) = self.read(memory).filter(|second| *second == first) else { return };
        let mut at = 0;
        for ((generation, told), items) in (0_u8..).zip(&mut told.0).zip(ITEMS) {
            let end = at + items * ITEM;
            let ring = second.get(at..end).unwrap_or_default();
            at = end + WORD;
            let mut found: Vec<GcPause> = ring
                .chunks_exact(ITEM)
                .filter_map(|item| pause(item, process, generation, offset, clock))
                .filter(|pause| pause.end > *told && pause.end <= now)
                .collect();
            found.sort_unstable_by_key(|pause| pause.end);
            *told = found.last().map_or(*told, |last| last.end);
            for pause in found {
                sink.push(Event::GcPause(pause));
            }
        }
    }

    fn read(self, memory: &LiveMemory) -> Option<[u8; STATS]> {
        let mut word = [0; WORD];
        memory.read_into(self.pointer, &mut word).ok()?;
        let at = RemoteAddr::new(u64::from_le_bytes(word)).plausible()?;
        let mut bytes = [0; STATS];
        memory.read_into(at, &mut bytes).ok()?;
        Some(bytes)
    }
}

/// One collection; what was before the recording is left out.
fn pause(
    item: &[u8],
    process: ProcessId,
    generation: u8,
    offset: i64,
    clock: Clock,
) -> Option<GcPause> {
    let word = |nth: usize| item.get(nth * WORD..)?.first_chunk().copied().map(u64::from_le_bytes);
    // The target's clock may be shifted against the machine's.
    let machine = |time: u64| time.checked_add_signed(offset.checked_neg()?);
    let (start, end) = (machine(word(0)?)?, machine(word(1)?)?);
    if start == 0 || end <= start || end - start > LONGEST_NS {
        return None;
    }
    let (start, end) = (clock.at(start), clock.at(end));
    if start == Timestamp::ZERO {
        return None;
    }
    Some(GcPause { process, start, end, generation, collected: word(3)? })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(words: [u64; 8]) -> Vec<u8> {
        words.iter().flat_map(|word| word.to_le_bytes()).collect()
    }

    #[test]
    fn only_whole_collections_of_this_recording_count() {
        let clock = Clock::start();
        let process = ProcessId::from_index(0).unwrap();
        let now = crate::os::clock::now() + 1_000_000;
        let of = |start, end| pause(&item([start, end, 7, 42, 0, 9, 0, 0]), process, 1, 0, clock);
        let found = of(now, now + 5).unwrap();
        assert_eq!((found.generation, found.collected), (1, 42));
        assert_eq!(found.end.since(found.start).as_nanos(), 5);
        assert_eq!(of(now + 5, now), None);
        assert_eq!(of(0, 0), None);
        assert_eq!(of(1, 2), None);
        assert_eq!(of(now, now + LONGEST_NS + 1), None);
        assert_eq!(pause(&[0; 9], process, 1, 0, clock), None);
        assert_eq!(STATS, 1112);
    }
}
