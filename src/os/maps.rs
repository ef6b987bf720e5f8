//! The files that a process has mapped.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// More mappings than this are not looked at.
const MAX_MAPPINGS: usize = 1 << 18;

/// A line of `/proc/PID/maps` that names a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// Its first address.
    pub start: u64,
    /// The address behind it.
    pub end: u64,
    /// Where in the file it begins, in bytes.
    pub offset: u64,
    /// Whether it may be executed.
    pub executable: bool,
    /// The file's inode.
    pub inode: u64,
    /// The file as the target's own mount namespace names it, without the mark of a deleted one.
    pub path: PathBuf,
}

/// The mapped files of a process, in ascending order of address.
///
/// # Errors
/// When `/proc/PID/maps` cannot be read.
pub fn mapped_files(pid: u32) -> std::io::Result<Vec<Mapping>> {
    let text = fs::read(format!("/proc/{pid}/maps"))?;
    let text = String::from_utf8_lossy(&text);
    Ok(text.lines().take(MAX_MAPPINGS).filter_map(parse).collect())
}

impl Mapping {
    /// A path under which we can open the mapped file, although the target may see other files
    /// than we do, and this one may be deleted or replaced. `None` if there is none.
    #[must_use]
    pub fn reachable(&self, pid: u32) -> Option<PathBuf> {
        let Self { start, end, path, .. } = self;
        // This names the very file, but takes privileges.
        let exact = PathBuf::from(format!("/proc/{pid}/map_files/{start:x}-{end:x}"));
        let executable = PathBuf::from(format!("/proc/{pid}/exe"));
        let inside = Path::new(&format!("/proc/{pid}/root")).join(path.strip_prefix("/").ok()?);
        let candidates = [exact, executable, inside, path.clone()];
        let same = |path: &PathBuf| {
            fs::metadata(path).is_ok_and(|found| found.ino() == self.inode)
                && fs::File::open(path).is_ok()
        };
        candidates.into_iter().find(same)
    }
}

fn parse(line: &str) -> Option<Mapping> {
    let mut fields = line.splitn(6, ' ');
    let (start, end) = fields.next()?.split_once('-')?;
    let permissions = fields.next()?;
    let offset = fields.next()?;
    let inode = fields.nth(1)?;
    let path = fields.next()?.trim_start();
    let path = path.strip_suffix(" (deleted)").unwrap_or(path);
    path.starts_with('/').then_some(())?;
    Some(Mapping {
        start: u64::from_str_radix(start, 16).ok()?,
        end: u64::from_str_radix(end, 16).ok()?,
        offset: u64::from_str_radix(offset, 16).ok()?,
        executable: permissions.contains('x'),
        inode: inode.parse().ok()?,
        path: PathBuf::from(path),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_with_files_are_decoded_and_others_skipped() {
        let line = "55d0-55d8 r-xp 00001000 fd:01 1234                       /opt/a b (deleted)";
        let expected = Mapping {
            start: 0x55d0,
            end: 0x55d8,
            offset: 0x1000,
            executable: true,
            inode: 1234,
            path: PathBuf::from("/opt/a b"),
        };
        assert_eq!(parse(line), Some(expected));
        assert_eq!(parse("55d0-55d8 rw-p 00000000 00:00 0      [heap]"), None);
        assert_eq!(parse("55d0-55d8 rw-p 00000000 00:00 0"), None);
        assert_eq!(parse(""), None);
    }

    #[test]
    fn our_own_executable_is_mapped() {
        let own = std::env::current_exe().unwrap();
        let maps = mapped_files(std::process::id()).unwrap();
        let code = maps.iter().find(|mapping| mapping.path == own && mapping.executable).unwrap();
        let reachable = code.reachable(std::process::id()).unwrap();
        assert_eq!(fs::read(reachable).unwrap(), fs::read(own).unwrap());
    }
}
