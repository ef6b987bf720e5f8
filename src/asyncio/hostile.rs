//! Memory that means harm: every word a pointer into the same small region, lengths and flags at
//! random. Readers must come to an end, whatever they find.

use std::cell::Cell;

use proptest::prelude::*;

use super::census::{Census, CensusSummary, InterpreterState, Lasting};
use super::locate::Asyncio;
use crate::memory::{Batch, MemoryError, PagedMemory, ReadMemory, RemoteAddr};
use crate::model::{Dictionary, ProcessId};
use crate::python::code::Codes;
use crate::python::layout::Layout;
use crate::python::objects::types::KnownTypes;

const START: u64 = 0x7f00_0000_0000;
const SIZE: u64 = 1 << 12;
/// Names of types, so that readers believe what they find now and then.
const NAMES: [&[u8]; 14] = [
    b"coroutine",
    b"generator",
    b"async_generator",
    b"async_generator_asend",
    b"coroutine_wrapper",
    b"anext_awaitable",
    b"_asyncio.FutureIter",
    b"_cython_3.coroutine",
    b"function",
    b"method",
    b"builtin_function_or_method",
    b"functools.partial",
    b"collections.deque",
    b"task_wakeup",
];
/// Bytes that a name takes.
const NAME: u64 = 32;
/// More reads than any bounded reader needs here.
const PATIENCE: u64 = 1 << 22;

/// Words made from a seed; all of the region is readable and nothing else.
struct Hostile {
    seed: u64,
    reads: Cell<u64>,
}

impl Hostile {
    fn word(&self, addr: u64) -> u64 {
        let offset = addr.saturating_sub(START) & !7;
        if let Some(name) = NAMES.get(usize::try_from(offset / NAME).unwrap()) {
            let within = usize::try_from(offset % NAME).unwrap();
            let mut word = [0; 8];
            for (into, byte) in word.iter_mut().zip(name.iter().skip(within)) {
                *into = *byte;
            }
            return u64::from_le_bytes(word);
        }
        let mut x = (addr / 8).wrapping_add(self.seed).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        x ^= x >> 29;
        x = x.wrapping_mul(0xbf58_476d_1ce4_e5b9);
        x ^= x >> 32;
        match x % 8 {
            0 => x % 7,
            1 => x,
            2 => 0,
            3 => 0xffff_ffff_ffff_ffff,
            4 => START + (x >> 8) % NAMES.len() as u64 * NAME,
            _ => START + (x >> 8) % SIZE / 8 * 8,
        }
    }
}

impl ReadMemory for Hostile {
    fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError> {
        self.reads.set(self.reads.get() + 1);
        assert!(self.reads.get() < PATIENCE, "no end of reading");
        batch.fill_with(|addr, into| {
            let (start, end) = (addr.get(), addr.get() + into.len() as u64);
            if start < START || end > START + SIZE {
                return false;
            }
            for (i, byte) in into.iter_mut().enumerate() {
                let at = start + i as u64;
                *byte = self.word(at).to_le_bytes()[usize::try_from(at % 8).unwrap()];
            }
            true
        });
        Ok(())
    }
}

fn at(word: u64) -> RemoteAddr {
    RemoteAddr::new(START + word % (SIZE / 8) * 8)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn a_census_of_arbitrary_memory_ends(seed: u64, words in prop::array::uniform9(0_u64..512)) {
        for layout in Layout::rows() {
            let mut memory = PagedMemory::new(Hostile { seed, reads: Cell::new(0) });
            let found = Asyncio::locate(&mut memory, layout, at(words[0]));
            prop_assert!(!matches!(found, Err(MemoryError::Exited)));
            let types = KnownTypes {
                task: at(words[1]),
                future: at(words[2]),
                py_task: at(words[3]),
                py_future: at(words[4]),
                gathering: at(words[5]),
            };
            let asyncio = Asyncio {
                types,
                weak_set: Some(at(words[6])),
                eager_tasks: Some(at(words[7])),
                foreign: [Some(at(words[1])), Some(at(words[2]))],
                current_tasks: Some(at(words[8])),
            };
            let mut state = InterpreterState {
                addr: at(words[0]),
                asyncio: Some(asyncio),
                ..InterpreterState::default()
            };
            state.types.set_known(types);
            let mut lasting = Lasting::new(ProcessId::new(1).unwrap());
            let mut census = Census {
                memory: &mut memory,
                layout,
                codes: &mut Codes::new(),
                dictionary: &mut Dictionary::new(),
                events: &mut Vec::new(),
                lasting: &mut lasting,
                summary: CensusSummary::default(),
                thread_ids: &[],
            };
            for word in words {
                let _any = census.interpreter(&mut state);
                let _any = census.identify(&mut state.types, at(word), at(word));
                let _any = census.draft(&mut state.types, at(word), word % 2 == 0, 0);
                let _any = census.settle(&mut state, &[at(word)], &mut [usize::MAX]);
            }
            census.finish();
        }
    }
}
