//! The ring that the kernel writes into, read in place.
#![expect(unsafe_code, reason = "the kernel writes into the mapping while it is read")]

use std::fs::File;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use perf_event_open_sys::bindings;

use super::Record;

const WORD: usize = size_of::<u64>();
/// The longest record that is looked into, in words: all that are asked for are shorter.
const RECORD_WORDS: usize = 6;

/// With less room than this, bytes, the ring was full: two records with that of a loss.
const ROOM: u64 = (3 * RECORD_WORDS * WORD) as u64;

#[derive(Debug)]
pub(super) struct Ring {
    file: File,
    map: MmapRaw,
    page: usize,
    /// Bytes of the data behind the first page, a power of two.
    data: u64,
}

impl Ring {
    /// Maps the ring of an event: a page of positions and `pages` (a power of two) of data.
    pub(super) fn map(file: &File, pages: usize) -> io::Result<Self> {
        let page = page_size();
        let file = file.try_clone()?;
        let map = MmapOptions::new().len(page * (pages + 1)).map_raw(&file)?;
        Ok(Self { file, map, page, data: (page * pages) as u64 })
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    /// The word at this byte offset of the mapping.
    fn position(&self, offset: usize) -> &AtomicU64 {
        debug_assert!(offset.is_multiple_of(WORD) && offset + WORD <= self.map.len());
        // SAFETY: the offset is that of an aligned word of the first page, which is mapped as long
        // as `self` lives; the kernel's accesses to it are atomic, as ours are.
        unsafe { AtomicU64::from_ptr(self.map.as_mut_ptr().add(offset).cast()) }
    }

    /// The data's word at this position, which counts on beyond the end.
    fn word(&self, position: u64) -> u64 {
        let offset = usize::try_from(position & (self.data - 1)).unwrap_or(0) & !(WORD - 1);
        // SAFETY: `offset` is below `self.data`, which is what is mapped behind the first page, and
        // aligned. The kernel does not write there before the tail has passed it.
        unsafe { self.map.as_ptr().add(self.page + offset).cast::<u64>().read_volatile() }
    }

    pub(super) fn drain(&mut self, mut take: impl FnMut(Record)) {
        let head_at = std::mem::offset_of!(bindings::perf_event_mmap_page, data_head);
        let tail_at = std::mem::offset_of!(bindings::perf_event_mmap_page, data_tail);
        let head = self.position(head_at).load(Ordering::Acquire);
        let mut tail = self.position(tail_at).load(Ordering::Relaxed);
        if head == tail {
            return;
        }
        let full = head.saturating_sub(tail).saturating_add(ROOM) > self.data;
        while tail < head {
            let header = self.word(tail);
            let size = header >> 48;
            if size < WORD as u64 || size > head - tail {
                // Not to be understood: what is left is given up.
                break;
            }
            let mut words = [0; RECORD_WORDS];
            let count = usize::try_from(size).unwrap_or(0).div_ceil(WORD).min(RECORD_WORDS);
            for (nth, word) in words.iter_mut().enumerate().take(count) {
                *word = self.word(tail + (nth * WORD) as u64);
            }
            if let Some(record) = words.get(..count).and_then(decode) {
                take(record);
            }
            tail += size;
        }
        self.position(tail_at).store(head, Ordering::Release);
        if full {
            // The kernel says so only with its next record, which may be a long time coming.
            take(Record::Lost { count: 0, time: 0 });
        }
    }
}

/// A record's words, the header first. `sample_id_all` puts its time at the end of each that is no
/// sample itself.
fn decode(words: &[u64]) -> Option<Record> {
    let header = *words.first()?;
    let kind = u32::try_from(header & u64::from(u32::MAX)).ok()?;
    let flags = u32::try_from((header >> 32) & 0xffff).ok()?;
    match kind {
        bindings::PERF_RECORD_SWITCH => {
            let time = *words.get(1)?;
            if flags & bindings::PERF_RECORD_MISC_SWITCH_OUT == 0 {
                return Some(Record::In { time });
            }
            let preempted = flags & bindings::PERF_RECORD_MISC_SWITCH_OUT_PREEMPT != 0;
            Some(Record::Out { time, preempted })
        }
        bindings::PERF_RECORD_SAMPLE => {
            Some(Record::At { instruction: *words.get(1)?, time: *words.get(2)? })
        }
        bindings::PERF_RECORD_LOST => {
            Some(Record::Lost { count: *words.get(2)?, time: *words.get(3)? })
        }
        _ => None,
    }
}

fn page_size() -> usize {
    use nix::unistd::{SysconfVar, sysconf};
    let size = sysconf(SysconfVar::PAGE_SIZE).ok().flatten();
    size.and_then(|size| usize::try_from(size).ok()).unwrap_or(4096)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn header(kind: u32, flags: u32, words: u64) -> u64 {
        u64::from(kind) | u64::from(flags) << 32 | (words * 8) << 48
    }

    #[test]
    fn records_are_told_apart() {
        let switch = |flags| decode(&[header(bindings::PERF_RECORD_SWITCH, flags, 2), 77]);
        assert_eq!(switch(0), Some(Record::In { time: 77 }));
        assert_eq!(switch(8192), Some(Record::Out { time: 77, preempted: false }));
        assert_eq!(switch(8192 | 16384), Some(Record::Out { time: 77, preempted: true }));
        let sample = decode(&[header(bindings::PERF_RECORD_SAMPLE, 2, 3), 5, 6]);
        assert_eq!(sample, Some(Record::At { instruction: 5, time: 6 }));
        let lost = decode(&[header(bindings::PERF_RECORD_LOST, 0, 4), 1, 9, 8]);
        assert_eq!(lost, Some(Record::Lost { count: 9, time: 8 }));
        assert_eq!(decode(&[header(bindings::PERF_RECORD_SWITCH, 0, 1)]), None);
        assert_eq!(decode(&[header(77, 0, 2), 1]), None);
        assert_eq!(decode(&[]), None);
    }

    /// The stream of this thread, if the kernel grants one.
    fn own_stream() -> Option<super::super::Switches> {
        let tid = u32::try_from(nix::unistd::gettid().as_raw()).unwrap();
        let stream = super::super::Switches::open(tid, super::super::Size::Small, None);
        stream
            .inspect_err(|refusal| eprintln!("SKIPPED: no stream of switches here: {refusal:?}"))
            .ok()
    }

    #[test]
    fn a_full_ring_says_so_before_the_kernel_does() {
        let Some(mut stream) = own_stream() else { return };
        for _ in 0..4000 {
            std::thread::sleep(std::time::Duration::from_micros(50));
        }
        let mut records = Vec::new();
        stream.drain(|record| records.push(record));
        let losses = records.iter().filter(|record| matches!(record, Record::Lost { .. })).count();
        assert_eq!((losses, records.last()), (1, Some(&Record::Lost { count: 0, time: 0 })));
        assert!(records.len() > 50, "{}", records.len());
    }

    #[test]
    fn our_own_sleeps_are_seen() {
        let Some(mut stream) = own_stream() else { return };
        let before = crate::os::clock::now();
        // More records than the ring has room for, drained in time: it wraps without a loss.
        let (mut outs, mut ins, mut last) = (0, 0, before);
        for _ in 0..4000 {
            if outs >= 400 {
                break;
            }
            // A sleep that is over before the thread left the CPU is no switch.
            std::thread::sleep(std::time::Duration::from_micros(50));
            stream.drain(|record| {
                let time = match record {
                    Record::Out { time, .. } => {
                        outs += 1;
                        time
                    }
                    Record::In { time } => {
                        ins += 1;
                        time
                    }
                    other => panic!("{other:?}"),
                };
                assert!(last <= time, "{last} {time}");
                last = time;
            });
        }
        assert!(outs >= 400 && outs == ins, "{outs} {ins}");
        assert!(last <= crate::os::clock::now());
    }
}
