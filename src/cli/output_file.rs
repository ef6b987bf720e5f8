//! Where a command writes its file: a name that says what it is, and no surprise at the end.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use nix::unistd::{AccessFlags, access};

use super::exit::Exit;
use super::message::CliError;

/// `looptrace-PID-YYYYMMDD-HHMMSS.looptrace`, in UTC.
#[must_use]
pub fn default_recording(pid: u32, now: SystemTime) -> PathBuf {
    let seconds = now.duration_since(SystemTime::UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let (year, month, day) = civil_date(seconds / 86_400);
    let (hour, minute, second) = (seconds / 3600 % 24, seconds / 60 % 60, seconds % 60);
    PathBuf::from(format!(
        "looptrace-{pid}-{year:04}{month:02}{day:02}-{hour:02}{minute:02}{second:02}.looptrace"
    ))
}

/// Year, month and day of a day counted from 1970-01-01, in the Gregorian calendar.
fn civil_date(mut day: u64) -> (u64, u64, u64) {
    let divides = |years: u64, year: u64| year.is_multiple_of(years);
    let is_leap = |year| divides(4, year) && (!divides(100, year) || divides(400, year));
    let mut year = 1970;
    while day >= 365 + u64::from(is_leap(year)) {
        day -= 365 + u64::from(is_leap(year));
        year += 1;
    }
    let february = 28 + u64::from(is_leap(year));
    let mut month = 1;
    for length in [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30] {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

/// `DIR/STEM.EXT`, or `DIR/STEM-2.EXT` and so on if that exists.
#[must_use]
pub fn unused(stem: &str, extension: &str) -> PathBuf {
    let first = PathBuf::from(format!("{stem}.{extension}"));
    let numbered = (2_u32..).map(|number| PathBuf::from(format!("{stem}-{number}.{extension}")));
    std::iter::once(first.clone()).chain(numbered).find(|path| !path.exists()).unwrap_or(first)
}

/// Whether it is a device or a pipe: nothing is lost by writing to it.
#[must_use]
pub fn is_device(path: &Path) -> bool {
    path.symlink_metadata().is_ok_and(|old| !old.is_file() && !old.is_symlink() && !old.is_dir())
}

/// Refuses an output that could not be written in the end, before anything is done.
///
/// # Errors
///
/// The file exists and `force` was not given, or its place cannot be written to.
pub fn check(path: &Path, force: bool) -> Result<(), CliError> {
    let shown = path.display();
    if path.is_dir() {
        return Err(CliError::usage(format!("the output is a directory: {shown}"))
            .hint("give the name of a file: -o FILE"));
    }
    if path.symlink_metadata().is_ok() && !force && !is_device(path) {
        return Err(CliError::usage(format!("the output file exists already: {shown}"))
            .hint("give another name with -o FILE, or overwrite it with --force"));
    }
    let parent = match path.parent() {
        Some(parent) if parent != Path::new("") => parent,
        _ => Path::new("."),
    };
    let place = if path.exists() { path } else { parent };
    access(place, AccessFlags::W_OK).map_err(|errno| {
        let error = std::io::Error::from(errno);
        let hint = if parent.is_dir() {
            "give a place that you may write to: -o FILE".to_owned()
        } else {
            format!("make its directory first: mkdir -p {}", parent.display())
        };
        CliError::new(format!("cannot write the output file: {shown}"))
            .because(&error as &dyn std::error::Error)
            .hint(hint)
            .exit(Exit::Unmeasurable)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_default_name_says_who_and_when() {
        let name = |seconds| {
            let now = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
            default_recording(42, now).display().to_string()
        };
        assert_eq!(name(0), "looptrace-42-19700101-000000.looptrace");
        assert_eq!(name(951_827_696), "looptrace-42-20000229-123456.looptrace");
        assert_eq!(name(1_709_251_199), "looptrace-42-20240229-235959.looptrace");
        assert_eq!(name(1_798_761_599), "looptrace-42-20261231-235959.looptrace");
        assert_eq!(name(4_107_542_400), "looptrace-42-21000301-000000.looptrace");
    }

    #[test]
    fn an_output_is_refused_before_the_work() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("a.looptrace");
        assert_eq!(check(&file, false), Ok(()));
        std::fs::write(&file, "mine").unwrap();
        assert_eq!(check(&file, false).unwrap_err().exit, Exit::Usage);
        assert_eq!(check(&file, true), Ok(()));
        assert_eq!(check(directory.path(), true).unwrap_err().exit, Exit::Usage);
        let nowhere = directory.path().join("no/such/a.looptrace");
        let error = check(&nowhere, false).unwrap_err();
        assert_eq!(error.exit, Exit::Unmeasurable);
        assert!(error.hints[0].starts_with("make its directory first: mkdir -p "), "{error:?}");
    }
}
