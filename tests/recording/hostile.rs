//! What a hostile recording may cost, and what a killed recorder leaves.

use std::io::{BufRead as _, BufReader, Write as _};
use std::process::{Command, Stdio};

use looptrace::recording::{Damage, Reader, Writer};

use super::support::{block, bytes_of, drain, every_kind, meta, temporary};

/// Runs the ignored test of this name in a process of its own.
fn alone(name: &str) -> String {
    let program = std::env::current_exe().unwrap();
    format!("exec '{}' --exact hostile::{name} --ignored --nocapture", program.display())
}

#[test]
fn lengths_are_checked_before_anything_is_allocated() {
    // 512 MiB of address space: one length taken at its word (up to 4 GiB) would abort.
    let output = Command::new("sh")
        .arg("-c")
        .arg(format!("ulimit -v 524288; {}", alone("reads_huge_lengths")))
        .env("MALLOC_ARENA_MAX", "1")
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && words.contains("1 passed"), "{output:?}");
}

#[test]
#[ignore = "run by lengths_are_checked_before_anything_is_allocated"]
fn reads_huge_lengths() {
    let whole = bytes_of(&every_kind(), 1000);
    let meta = usize::try_from(u32::from_le_bytes(whole[16..20].try_into().unwrap())).unwrap();
    let events = 32 + meta;
    for length in [u32::MAX, 1 << 31, 1 << 30] {
        for at in [16, events] {
            let mut bytes = whole.clone();
            bytes[at..at + 4].copy_from_slice(&length.to_le_bytes());
            bytes[at + 4..at + 8].copy_from_slice(&length.to_le_bytes());
            bytes[at + 9] = 0;
            if let Ok(mut reader) = Reader::from_bytes(bytes) {
                drain(&mut reader).unwrap();
                assert!(reader.is_truncated());
            }
        }
        let mut bytes = whole[..events].to_vec();
        bytes.extend(block(2, 1, Some(length), &[0; 100]));
        let mut reader = Reader::from_bytes(bytes).unwrap();
        assert_eq!(drain(&mut reader).unwrap(), []);
        assert!(reader.is_truncated());
    }
    reads_huge_counts(&whole[..events]);
}

/// Huge numbers of events, columns, bytes of a column or text, and entries of a list or table.
fn reads_huge_counts(header: &[u8]) {
    let huge_counts = [
        vec![0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1],
        vec![0x80, 0x80, 0x80, 0x80, 8],
        vec![0x80, 0x80, 0x80, 0x80, 4],
    ];
    for huge in huge_counts {
        let size = u8::try_from(huge.len()).unwrap();
        let payloads = [
            [&huge[..], &[0]].concat(),
            [&[1][..], &huge].concat(),
            [&[1, 1, 0][..], &huge].concat(),
            [&[1, 4, 0, 2, 1, size, 2, 1, 3, 1, 0, 1][..], &huge, b"x", &[2]].concat(),
            [&[1, 3, 0, 2, 40, 1, 41, size, 16, 1, 2][..], &huge].concat(),
            [&[1, 2, 0, 2, 23, size, 11, 1][..], &huge].concat(),
        ];
        for payload in payloads {
            let mut bytes = header.to_vec();
            bytes.extend(block(2, 0, None, &payload));
            let mut reader = Reader::from_bytes(bytes).unwrap();
            assert_eq!(drain(&mut reader).unwrap(), []);
            assert_eq!(reader.damage(), Some(Damage::Malformed), "{payload:?}");
        }
        for summary in [[&[20, 1, 1][..], &huge, &[3]].concat(), [&[20][..], &huge].concat()] {
            let mut bytes = header.to_vec();
            let offset = bytes.len() as u64;
            bytes.extend(block(3, 2, None, &summary));
            bytes.extend(block(4, 0, None, &[offset.to_le_bytes(), [0; 8]].concat()));
            assert_eq!(Reader::from_bytes(bytes).unwrap().summary().unwrap(), None);
        }
    }
}

#[test]
fn a_killed_recorder_loses_only_what_it_had_not_flushed() {
    let (_folder, path) = temporary("run.looptrace");
    let mut recorder = Command::new("sh")
        .arg("-c")
        .arg(alone("records_until_killed"))
        .env("LOOPTRACE_TEST_RECORDING", &path)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let words = BufReader::new(recorder.stdout.take().unwrap());
    assert!(words.lines().any(|line| line.unwrap().ends_with("flushed")), "it came that far");
    recorder.kill().unwrap();
    recorder.wait().unwrap();
    let mut reader = Reader::open(&path).unwrap();
    let events = every_kind();
    assert_eq!(drain(&mut reader).unwrap(), events[..events.len() - 1]);
    assert_eq!((reader.damage(), reader.lost_bytes()), (Some(Damage::Cut), 0));
}

#[test]
#[ignore = "run by a_killed_recorder_loses_only_what_it_had_not_flushed"]
fn records_until_killed() {
    let Some(path) = std::env::var_os("LOOPTRACE_TEST_RECORDING") else { return };
    let mut writer = Writer::create(path.as_ref(), &meta(), false).unwrap();
    let events = every_kind();
    let (last, flushed) = events.split_last().unwrap();
    flushed.iter().for_each(|event| writer.push(event).unwrap());
    writer.flush().unwrap();
    writer.push(last).unwrap();
    println!("flushed");
    std::io::stdout().flush().unwrap();
    // Nobody writes to it: this waits until the process is killed.
    std::io::stdin().read_line(&mut String::new()).unwrap();
}
