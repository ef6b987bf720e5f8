//! What holds for any events and for any bytes.

use std::sync::OnceLock;

use looptrace::model::Event;
use looptrace::recording::{Reader, Summary};
use proptest::prelude::*;
use proptest::test_runner::Config;

use super::anything::events;
use super::support::{block, bytes_of, drain, every_kind};

/// No file is left behind by a failure; the failing input is printed.
fn cases(cases: u32) -> Config {
    Config { cases, failure_persistence: None, ..Config::default() }
}

/// Reads to the end, whatever it is.
fn read(bytes: Vec<u8>) -> Vec<Event> {
    let length = bytes.len();
    let Ok(mut reader) = Reader::from_bytes(bytes) else { return Vec::new() };
    drop(reader.summary().expect("bytes in memory can be read"));
    let mut events = Vec::new();
    let mut summary = Summary::new();
    // An unknown kind is an error; what was given before it counts.
    while let Ok(Some(event)) = reader.next_event() {
        summary.add(&event);
        events.push(event);
    }
    assert!(reader.lost_bytes() <= length as u64);
    assert!(reader.next_event().is_ok_and(|event| event.is_none()), "the end is the end");
    events
}

/// The bytes of a recording up to where its first block of events would be.
fn header() -> Vec<u8> {
    let whole = every_kind_bytes();
    whole[..32 + word(whole, 16)].to_vec()
}

/// The bytes of a recording with one block of events, up to where the next would be.
fn one_block() -> Vec<u8> {
    let whole = every_kind_bytes();
    let at = header().len();
    whole[..at + 16 + word(whole, at)].to_vec()
}

/// One block with every kind of event, not compressed.
fn every_kind_payload() -> Vec<u8> {
    let whole = every_kind_bytes();
    let at = header().len();
    let stored = &whole[at + 16..at + 16 + word(whole, at)];
    if whole[at + 9] & 1 == 0 {
        return stored.to_vec();
    }
    lz4_flex::block::decompress(stored, word(whole, at + 4)).unwrap()
}

fn every_kind_bytes() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| bytes_of(&every_kind(), 1000))
}

fn word(bytes: &[u8], at: usize) -> usize {
    usize::try_from(u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap())).unwrap()
}

/// The payload of a block of events whose frame is right and whose values are anything.
fn plausible_payload() -> impl Strategy<Value = Vec<u8>> {
    let kinds = prop_oneof![3 => 0_u8..24, 1 => 64_u8..81];
    let runs = proptest::collection::vec((kinds, 1_u8..5), 1..12);
    let values = prop_oneof![6 => 0_u8..5, 3 => Just(2), 1 => any::<u8>()];
    let columns = proptest::collection::vec(proptest::collection::vec(values, 0..24), 86);
    (runs, columns).prop_map(|(runs, columns)| {
        let events: u8 = runs.iter().map(|(_, length)| length).sum();
        let kinds: Vec<u8> = runs.iter().flat_map(|&(kind, length)| [kind, length]).collect();
        let mut payload = vec![events, 87, 0, kinds.len().try_into().unwrap()];
        for (code, column) in (1..).zip(&columns) {
            payload.extend([code, column.len().try_into().unwrap()]);
        }
        payload.extend(kinds);
        columns.iter().for_each(|column| payload.extend(column));
        payload
    })
}

proptest! {
    #![proptest_config(cases(256))]

    #[test]
    fn any_valid_events_come_back(events in events(300), block in 1_usize..120) {
        let mut reader = Reader::from_bytes(bytes_of(&events, block)).unwrap();
        prop_assert_eq!(drain(&mut reader).unwrap(), events.clone());
        prop_assert!(!reader.is_truncated());
        let mut summary = Summary::new();
        events.iter().for_each(|event| summary.add(event));
        prop_assert_eq!(reader.summary().unwrap(), Some(summary));
    }

    #[test]
    fn any_valid_events_cut_anywhere_give_a_prefix(
        events in events(100), block in 1_usize..40, at in any::<prop::sample::Index>(),
    ) {
        let mut bytes = bytes_of(&events, block);
        bytes.truncate(at.index(bytes.len()));
        let given = read(bytes);
        prop_assert_eq!(&given[..], &events[..given.len()]);
    }
}

proptest! {
    #![proptest_config(cases(1000))]

    #[test]
    fn any_bytes_do_no_harm(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(read(bytes.clone()), []);
        let mut behind_a_header = header();
        behind_a_header.extend(bytes);
        read(behind_a_header);
    }

    #[test]
    fn any_bytes_in_a_valid_block_do_no_harm(
        kind in 1_u8..6, flags in 0_u8..4, raw in 0_u32..5000,
        payload in proptest::collection::vec(any::<u8>(), 0..600),
    ) {
        let mut bytes = header();
        bytes.extend(block(kind, flags, Some(raw), &payload));
        bytes.extend(block(kind, flags & 2, None, &payload));
        read(bytes);
    }

    #[test]
    fn any_values_in_plausible_columns_do_no_harm(payload in plausible_payload()) {
        let mut bytes = one_block();
        bytes.extend(block(2, 0, None, &payload));
        read(bytes);
    }

    #[test]
    fn any_changes_with_the_right_checksum_do_no_harm(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut payload = every_kind_payload();
        for (at, byte) in changes {
            let at = at.index(payload.len());
            payload[at] = byte;
        }
        let mut bytes = header();
        bytes.extend(block(2, 0, None, &payload));
        read(bytes);
    }

    #[test]
    fn any_summary_and_trailer_do_no_harm(
        summary in proptest::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 0..100),
        shift in -20_i64..20,
    ) {
        let mut bytes = header();
        let offset = (bytes.len() as u64).saturating_add_signed(shift.min(0) * shift);
        bytes.extend(block(3, 2, None, &summary));
        bytes.extend(block(4, 0, None, &[offset.to_le_bytes(), [1; 8]].concat()));
        read(bytes);
    }
}
