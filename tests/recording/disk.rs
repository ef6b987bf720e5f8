//! A full disk.

use std::path::Path;
use std::process::Command;

use looptrace::recording::{Damage, Reader, RecordingError, Writer};

use super::support::{Program, drain, meta};

#[test]
fn a_full_device_is_reported_as_such() {
    let error = Writer::create(Path::new("/dev/full"), &meta(), true).unwrap_err();
    assert!(matches!(error, RecordingError::DiskFull { .. }), "{error:?}");
    assert!(error.hints()[0].contains("room"));
}

/// A file system of 64 KiB, unmounted when dropped.
struct SmallDisk(tempfile::TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let mount = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=64k", "tmpfs"])
            .arg(folder.path())
            .output();
        mount.is_ok_and(|done| done.status.success()).then(|| Self(folder))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let done = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(done.is_ok_and(|status| status.success()), "unmounted");
    }
}

#[test]
fn a_disk_that_fills_up_leaves_a_recording_that_opens() {
    let Some(disk) = SmallDisk::mount() else {
        eprintln!("SKIPPED: a small disk cannot be mounted here (root is needed): full disk");
        return;
    };
    let path = disk.0.path().join("run.looptrace");
    let program = Program::new(60_000, 10, 3);
    let mut writer = Writer::create(&path, &meta(), false).unwrap();
    let failed = program.definitions.iter().find_map(|event| writer.push(event).err());
    let error = failed.expect("60,000 tasks need more than 64 KiB");
    assert!(matches!(error, RecordingError::DiskFull { .. }), "{error:?}");
    let again = writer.push(&program.definitions[0]).unwrap_err();
    assert!(matches!(again, RecordingError::DiskFull { .. }), "{again:?}");
    let written = writer.bytes_written();
    assert!(writer.finish().is_err());

    assert_eq!(std::fs::metadata(&path).unwrap().len(), written, "no broken block is left");
    let mut reader = Reader::open(&path).unwrap();
    let events = drain(&mut reader).unwrap();
    assert!(events.len() > 1000);
    assert_eq!(events, program.definitions[..events.len()]);
    assert_eq!((reader.damage(), reader.lost_bytes()), (Some(Damage::Cut), 0));
}
