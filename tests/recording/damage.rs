//! Cut short, flipped and newer recordings.

use std::process::Command;

use looptrace::model::Event;
use looptrace::recording::{Damage, Flaw, Reader, RecordingError};

use super::support::{block, bytes_of, drain, every_kind, meta, temporary};

const BLOCK: usize = 5;

/// What a reader gives of these bytes; `None` if the header is refused.
fn read(bytes: Vec<u8>) -> Option<(Vec<Event>, Reader)> {
    let mut reader = Reader::from_bytes(bytes).ok()?;
    let events = drain(&mut reader).unwrap();
    Some((events, reader))
}

/// Where each block begins, and the end of the file.
fn block_starts(bytes: &[u8]) -> Vec<usize> {
    let mut starts = vec![16];
    while let Some(stored) = bytes.get(starts[starts.len() - 1]..).and_then(<[u8]>::first_chunk) {
        let stored = usize::try_from(u32::from_le_bytes(*stored)).unwrap();
        starts.push(starts[starts.len() - 1] + 16 + stored);
    }
    starts
}

#[test]
fn cut_at_any_byte_it_gives_every_whole_block_before() {
    let events = every_kind();
    let bytes = bytes_of(&events, BLOCK);
    let starts = block_starts(&bytes);
    assert_eq!(starts.last(), Some(&bytes.len()));
    for length in 0..bytes.len() {
        let cut = bytes[..length].to_vec();
        if length < starts[1] {
            let error = Reader::from_bytes(cut).unwrap_err();
            assert!(matches!(error, RecordingError::TooShort { .. }), "{length}: {error:?}");
            assert!(!error.hints().is_empty());
            continue;
        }
        let whole_blocks = starts.iter().filter(|&&start| start <= length).count() - 2;
        let expected = (whole_blocks * BLOCK).min(events.len());
        let (given, reader) = read(cut).expect("the header is whole");
        assert_eq!(given, events[..expected], "cut at {length}");
        assert_eq!(reader.damage(), Some(Damage::Cut));
        let last_start = starts.iter().rev().find(|&&start| start <= length).unwrap();
        assert_eq!(reader.lost_bytes(), (length - last_start) as u64, "cut at {length}");
        assert_eq!(reader.meta(), &meta());
    }
}

#[test]
fn with_any_byte_changed_it_gives_every_block_before() {
    let events = every_kind();
    let bytes = bytes_of(&events, BLOCK);
    let starts = block_starts(&bytes);
    for at in 0..bytes.len() {
        for flip in [0x01, 0x80, 0xff] {
            let mut changed = bytes.clone();
            changed[at] ^= flip;
            if at < starts[1] {
                assert!(Reader::from_bytes(changed).is_err(), "{at} ^ {flip}");
                continue;
            }
            let blocks = starts.iter().filter(|&&start| start <= at).count() - 2;
            let expected = (blocks * BLOCK).min(events.len());
            let (given, reader) = read(changed).expect("the header is whole");
            assert_eq!(given, events[..expected], "{at} ^ {flip}");
            assert!(reader.is_truncated(), "{at} ^ {flip}");
        }
    }
}

#[test]
fn unknown_blocks_are_skipped_if_optional_and_refused_if_not() {
    let events = every_kind();
    let bytes = bytes_of(&events, BLOCK);
    let second = block_starts(&bytes)[2];
    let insert = |flags| {
        let mut longer = bytes.clone();
        longer.splice(second..second, block(200, flags, None, b"something new"));
        Reader::from_bytes(longer).unwrap()
    };
    let mut skipping = insert(2);
    assert_eq!(drain(&mut skipping).unwrap(), events);
    assert!(!skipping.is_truncated());

    let error = drain(&mut insert(0)).unwrap_err();
    assert!(matches!(error, RecordingError::UnknownBlock { code: 200, .. }), "{error:?}");
    assert!(error.hints()[0].contains("newer"));
}

#[test]
fn unknown_events_and_columns_are_skipped_if_optional_and_refused_if_not() {
    // Events: 2 of the unknown kind, whose column 250 is skipped with them, and 1 gap.
    let events = |kind: u8| vec![3, 3, 0, 4, 44, 2, 250, 3, kind, 2, 19, 1, 6, 9, 1, 2, 3];
    let with = |payload: &[u8]| {
        let mut bytes = bytes_of(&[], BLOCK);
        let first = block_starts(&bytes)[1];
        bytes.splice(first..first, block(2, 0, None, payload));
        Reader::from_bytes(bytes).unwrap()
    };
    let mut skipping = with(&events(127));
    let given = drain(&mut skipping).unwrap();
    let Event::Gap { start, length } = &given[0] else { panic!("a gap: {given:?}") };
    assert_eq!((given.len(), start.as_nanos(), length.as_nanos()), (1, 3, 9));
    assert!(!skipping.is_truncated());

    let error = drain(&mut with(&events(63))).unwrap_err();
    assert!(matches!(error, RecordingError::UnknownEvent { code: 63, .. }), "{error:?}");
}

#[test]
fn a_newer_major_version_is_refused_with_a_hint() {
    let mut bytes = bytes_of(&[], BLOCK);
    bytes[8] = 9;
    let crc = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    let error = Reader::from_bytes(bytes).unwrap_err();
    assert!(matches!(error, RecordingError::NewerMajor { found: 9, supported: 1, .. }));
    assert!(error.hints()[0].contains("update"));
}

#[test]
fn what_another_version_laid_out_otherwise_is_told_from_a_cut() {
    // As many events as a count says, and no column for them.
    let with_minor = |minor: u8| {
        let mut bytes = bytes_of(&[], BLOCK);
        bytes[10] = minor;
        let crc = crc32fast::hash(&bytes[..12]);
        bytes[12..16].copy_from_slice(&crc.to_le_bytes());
        let first = block_starts(&bytes)[1];
        bytes.splice(first..first, block(2, 0, None, &[1, 0]));
        let mut reader = Reader::from_bytes(bytes).unwrap();
        assert_eq!(drain(&mut reader).unwrap(), []);
        reader.flaw().unwrap()
    };
    for minor in [1, 9] {
        let flaw = with_minor(minor);
        assert_eq!(flaw, Flaw::OtherFormat { found: minor.into() });
        assert!(flaw.to_string().contains(&format!("has format 1.{minor}, ")), "{flaw}");
    }
    assert_eq!(with_minor(2), Flaw::Malformed);

    let (bytes, mut reader) = (bytes_of(&every_kind(), BLOCK), Vec::new());
    reader.extend_from_slice(&bytes[..bytes.len() - 1]);
    let mut reader = Reader::from_bytes(reader).unwrap();
    drain(&mut reader).unwrap();
    assert_eq!(reader.flaw(), Some(Flaw::Cut));
}

#[test]
fn a_newer_minor_version_is_read() {
    let mut bytes = bytes_of(&every_kind(), BLOCK);
    bytes[10] = 9;
    let crc = crc32fast::hash(&bytes[..12]);
    bytes[12..16].copy_from_slice(&crc.to_le_bytes());
    let (given, reader) = read(bytes).unwrap();
    assert_eq!(given, every_kind());
    assert!(!reader.is_truncated());
}

#[test]
fn other_files_are_told_apart() {
    let png = Reader::from_bytes(b"\x89PNG\r\n\x1a\n0123456789".to_vec()).unwrap_err();
    assert!(matches!(png, RecordingError::NotARecording { .. }), "{png:?}");
    let text = Reader::from_bytes(b"hello".to_vec()).unwrap_err();
    assert!(matches!(text, RecordingError::NotARecording { .. }), "{text:?}");
    let missing = Reader::open("/no/such/file.looptrace".as_ref()).unwrap_err();
    assert!(matches!(missing, RecordingError::Io { .. }) && !missing.hints().is_empty());
    let folder = Reader::open("/".as_ref()).unwrap_err();
    assert!(folder.hints()[0].contains("folder"), "{folder:?}");

    let (_directory, pipe) = temporary("pipe");
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let pipe = Reader::open(&pipe).unwrap_err();
    assert!(pipe.hints()[0].contains("pipes"), "{pipe:?}");
}
