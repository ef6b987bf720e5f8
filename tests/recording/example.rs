//! The worked example and the limits in the format's description, which stay true.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use looptrace::model::{Activity, Event, ProcessId, Sample, Target, Thread, ThreadId, Timestamp};
use looptrace::recording::{
    AWAITERS, COMMAND_ARGUMENTS, COMMAND_BYTES, QUEUE_ENTRIES, Reader, TEXT_BYTES,
};

use super::support::{bytes_of, drain};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/recording-format.md");

fn events() -> Vec<Event> {
    let process = ProcessId::new(1).unwrap();
    let thread = ThreadId::new(1).unwrap();
    let target = Target {
        pid: 300,
        command: vec!["python".to_owned()],
        python: "3.14.2".to_owned(),
        attached: Timestamp::from_nanos(64),
    };
    let mut events = vec![
        Event::Target { id: process, target },
        Event::Thread { id: thread, thread: Thread { process, native_id: 300, name: None } },
    ];
    events.extend([1_000_000, 2_000_003, 3_000_004].map(|nanos| {
        Event::Sample(Sample {
            time: Timestamp::from_nanos(nanos),
            thread,
            stack: None,
            task: None,
            task_depth: None,
            activity: Activity::Polling,
            context_ver: Some(1),
            callback: None,
        })
    }));
    events
}

/// Walks a recording by the description alone.
struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    lines: String,
}

impl Walk<'_> {
    fn show(&mut self, count: usize, what: &str) -> Vec<u8> {
        let bytes = self.bytes[self.at..self.at + count].to_vec();
        self.line(&format!("{:04x}", self.at), &bytes, what);
        self.at += count;
        bytes
    }

    fn line(&mut self, at: &str, bytes: &[u8], what: &str) {
        for (nth, row) in bytes.chunks(16).enumerate() {
            let hex = row.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ");
            let (at, what) = if nth == 0 { (at, what) } else { ("", "") };
            writeln!(self.lines, "{at:<6}{hex:<49}{what}").unwrap();
        }
        if bytes.is_empty() {
            writeln!(self.lines, "{at:<6}{:<49}{what}", "").unwrap();
        }
    }

    fn word(&mut self, what: &str) -> usize {
        let word = self.show(4, what);
        usize::try_from(u32::from_le_bytes(word.try_into().unwrap())).unwrap()
    }

    fn block(&mut self) {
        self.lines.push('\n');
        let stored = self.word("block: stored length");
        let raw = self.word("  raw length");
        let kind = self.show(1, "  kind")[0];
        let flags = self.show(1, "  flags")[0];
        self.show(2, "  zero");
        self.show(4, "  CRC-32");
        let mut payload = self.show(stored, "  payload");
        if flags & 1 == 1 {
            payload = lz4_flex::block::decompress(&payload, raw).unwrap();
            self.line("", &payload, "  decompressed");
        }
        if kind == 2 {
            self.columns(&payload);
        }
    }

    /// All numbers of the example's directory fit in one byte.
    fn columns(&mut self, payload: &[u8]) {
        self.line("", &payload[..1], "    events");
        self.line("", &payload[1..2], "    columns");
        let directory = &payload[2..2 + 2 * usize::from(payload[1])];
        let mut rest = &payload[2 + directory.len()..];
        for entry in directory.chunks(2) {
            let (column, after) = rest.split_at(usize::from(entry[1]));
            self.line("", entry, "    column, length");
            self.line("", column, &format!("      column {}", entry[0]));
            rest = after;
        }
        assert!(rest.is_empty());
    }
}

fn example() -> String {
    let bytes = bytes_of(&events(), 100);
    assert_eq!(drain(&mut Reader::from_bytes(bytes.clone()).unwrap()).unwrap(), events());
    let mut walk = Walk { bytes: &bytes, at: 0, lines: String::new() };
    walk.show(8, "magic");
    walk.show(2, "major version");
    walk.show(2, "minor version");
    walk.show(4, "CRC-32");
    while walk.at < bytes.len() {
        walk.block();
    }
    let lines: Vec<&str> = walk.lines.lines().map(str::trim_end).collect();
    format!("\n```text\n{}\n```\n\n", lines.join("\n"))
}

fn limits() -> String {
    let rows = [
        ("bytes of a block, stored or raw", 2 << 20),
        ("events of a block", 65_536),
        ("bytes of a text", TEXT_BYTES),
        ("arguments of a command line", COMMAND_ARGUMENTS),
        ("bytes of a command line", COMMAND_BYTES),
        ("awaiters in one list", AWAITERS),
        ("entries of a loop's queues", QUEUE_ENTRIES),
        ("lanes of the summary", 16),
        ("buckets of a lane", 2_048),
    ];
    let rows: String = rows.iter().map(|(what, most)| format!("| {what} | {most} |\n")).collect();
    format!("\n| what | at most |\n|---|---|\n{rows}\n")
}

/// The document with what stands between the two marks of this name replaced.
fn with_section(document: &str, name: &str, text: &str) -> String {
    let (open, close) = (format!("<!-- {name} -->\n"), format!("<!-- /{name} -->"));
    let (before, rest) = document.split_once(&open).unwrap();
    let (_, after) = rest.split_once(&close).unwrap();
    format!("{before}{open}{text}{close}{after}")
}

#[test]
fn the_example_in_the_description_is_true() {
    let document = fs::read_to_string(Path::new(DOCUMENT)).unwrap();
    let rows = with_section(&document, "example", &example());
    let truth = with_section(&rows, "limits", &limits());
    if std::env::var_os("LOOPTRACE_BLESS").is_some() {
        fs::write(DOCUMENT, &truth).unwrap();
        return;
    }
    assert!(document == truth, "run again with LOOPTRACE_BLESS=1 and read the difference");
}
