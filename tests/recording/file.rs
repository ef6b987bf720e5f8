//! Writing and reading whole and growing recordings.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use looptrace::model::{Event, StringId, Timestamp};
use looptrace::recording::{
    COMMAND_ARGUMENTS, Reader, RecordingError, Summary, TEXT_BYTES, Writer, summarize,
};

use super::support::{drain, every_kind, meta, temporary, write};

#[test]
fn every_kind_of_event_comes_back_in_order() {
    let events = every_kind();
    for block in [1, 3, 1000] {
        let (_folder, path) = temporary("run.looptrace");
        let size = write(&path, &events, block);
        assert_eq!(size, fs::metadata(&path).unwrap().len());
        let mut reader = Reader::open(&path).unwrap();
        assert_eq!(reader.meta(), &meta());
        assert_eq!(drain(&mut reader).unwrap(), events);
        assert!(reader.is_finished() && !reader.is_truncated());
        assert_eq!(reader.lost_bytes(), 0);
    }
}

#[test]
fn only_the_owner_may_read_and_nothing_is_overwritten_unasked() {
    let (folder, path) = temporary("run.looptrace");
    write(&path, &every_kind(), 10);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);

    let refused = Writer::create(&path, &meta(), false).unwrap_err();
    assert!(matches!(refused, RecordingError::Exists { .. }), "{refused:?}");
    assert!(refused.hints()[0].contains("--force"));

    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    let other_name = folder.path().join("kept.looptrace");
    fs::hard_link(&path, &other_name).unwrap();
    let kept = fs::read(&other_name).unwrap();
    Writer::create(&path, &meta(), true).unwrap().finish().unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(fs::read(&other_name).unwrap(), kept, "force takes the name, not the old file");
}

#[test]
fn a_growing_recording_is_followed() {
    let events = every_kind();
    let (first, second) = events.split_at(events.len() / 2);
    let (_folder, path) = temporary("run.looptrace");
    let mut writer = Writer::create(&path, &meta(), false).unwrap();
    first.iter().for_each(|event| writer.push(event).unwrap());
    let mut reader = Reader::open(&path).unwrap();
    assert_eq!(drain(&mut reader).unwrap(), [], "nothing is flushed yet");
    writer.flush().unwrap();
    assert_eq!(writer.bytes_written(), fs::metadata(&path).unwrap().len());

    reader.resume();
    assert_eq!(drain(&mut reader).unwrap(), first);
    assert!(reader.is_truncated(), "the recorder still runs, or was killed");
    assert!(reader.summary().unwrap().is_none());

    second.iter().for_each(|event| writer.push(event).unwrap());
    writer.finish().unwrap();
    reader.resume();
    assert_eq!(drain(&mut reader).unwrap(), second);
    assert!(reader.is_finished() && !reader.is_truncated());
    reader.resume();
    assert_eq!(drain(&mut reader).unwrap(), []);
}

#[test]
fn a_recorder_that_never_flushes_still_writes_once_a_second_of_recorded_time() {
    let (_folder, path) = temporary("run.looptrace");
    let mut writer = Writer::create(&path, &meta(), false).unwrap();
    let thread_definitions =
        every_kind().into_iter().take_while(|e| !matches!(e, Event::Sample(_)));
    thread_definitions.for_each(|event| writer.push(&event).unwrap());
    let header = writer.bytes_written();
    let gap = |seconds: u64| Event::Gap {
        start: Timestamp::from_nanos(seconds * 1_000_000_000 + 3_000),
        length: looptrace::model::Duration::ZERO,
    };
    writer.push(&gap(0)).unwrap();
    assert_eq!(writer.bytes_written(), header);
    writer.push(&gap(1)).unwrap();
    assert!(writer.bytes_written() > header);
}

#[test]
fn events_out_of_order_are_refused_and_left_out() {
    let (_folder, path) = temporary("run.looptrace");
    let events = every_kind();
    let mut writer = Writer::create(&path, &meta(), false).unwrap();
    let sample = events.iter().find(|event| matches!(event, Event::Sample(_))).unwrap();
    let error = writer.push(sample).unwrap_err();
    assert!(matches!(error, RecordingError::OutOfOrder { what: "thread", id: 1 }), "{error:?}");
    let hole = Event::String { id: StringId::new(9).unwrap(), text: String::new() };
    assert!(matches!(writer.push(&hole), Err(RecordingError::OutOfOrder { .. })));
    events.iter().for_each(|event| writer.push(event).unwrap());
    writer.finish().unwrap();
    assert_eq!(drain(&mut Reader::open(&path).unwrap()).unwrap(), events);
}

#[test]
fn what_is_too_long_is_cut_and_counted() {
    let (_folder, path) = temporary("run.looptrace");
    let mut writer = Writer::create(&path, &meta(), false).unwrap();
    let text = "é".repeat(TEXT_BYTES);
    writer.push(&Event::String { id: StringId::new(1).unwrap(), text: text.clone() }).unwrap();
    let Event::Target { id, mut target } = every_kind().remove(0) else { panic!("a target") };
    target.command = vec!["x".to_owned(); COMMAND_ARGUMENTS + 1];
    writer.push(&Event::Target { id, target }).unwrap();
    assert_eq!(writer.cut_events(), 2);
    writer.finish().unwrap();
    let events = drain(&mut Reader::open(&path).unwrap()).unwrap();
    let Event::String { text: kept, .. } = &events[0] else { panic!("a text") };
    assert!(kept.len() <= TEXT_BYTES && text.starts_with(kept.as_str()));
    let Event::Target { target, .. } = &events[1] else { panic!("a target") };
    assert_eq!(target.command.len(), COMMAND_ARGUMENTS);
}

#[test]
fn the_summary_is_the_same_from_the_trailer_and_from_the_events() {
    let (folder, path) = temporary("run.looptrace");
    let events = every_kind();
    write(&path, &events, 10);
    let stored = Reader::open(&path).unwrap().summary().unwrap().expect("finished");
    let mut rebuilt = Summary::new();
    events.iter().for_each(|event| rebuilt.add(event));
    assert_eq!(stored, rebuilt);
    assert_eq!(summarize(&path).unwrap(), rebuilt);

    let coarsest = stored.level(63);
    let lane = &coarsest.lanes()[0];
    assert_eq!((lane.buckets[0].busy, lane.buckets[0].idle, lane.buckets[0].missed), (2, 6, 1));
    assert_eq!(lane.buckets.len(), 1);

    // The same events, and the recorder failed before it could finish.
    let failed = folder.path().join("failed.looptrace");
    let mut writer = Writer::create(&failed, &meta(), false).unwrap();
    events.iter().for_each(|event| writer.push(event).unwrap());
    drop(writer);
    let mut reader = Reader::open(&failed).unwrap();
    assert!(reader.summary().unwrap().is_none());
    assert_eq!(drain(&mut reader).unwrap(), events, "what was taken is not lost");
    assert!(reader.is_truncated());
    assert_eq!(summarize(&failed).unwrap(), rebuilt);
}
