//! Finding a Python to run the demo with.

use std::ffi::{OsStr, OsString};
use std::process::{Command, Stdio};

use super::exit::Exit;
use super::message::CliError;

/// The oldest and the newest that looptrace reads.
const OLDEST: (u32, u32) = (3, 8);
const NEWEST: (u32, u32) = (3, 15);

/// Prints where it is, what it is and how old; fails where asyncio is missing.
const QUESTION: &str = "import sys, asyncio; \
    print(sys.implementation.name, *sys.version_info[:2], sys.executable)";

/// An interpreter that looptrace can read.
#[derive(Debug)]
pub(super) struct Python {
    /// The executable itself, behind any launcher.
    pub(super) executable: OsString,
    /// Major and minor version.
    pub(super) version: (u32, u32),
}

/// The interpreter asked for, else the first suitable one on the PATH.
pub(super) fn find(asked_for: Option<&OsStr>) -> Result<Python, CliError> {
    if let Some(program) = asked_for {
        return ask(program).map_err(|why| {
            CliError::new(format!("the demo cannot use {}", program.display()))
                .because_of(why)
                .hint("name a CPython 3.8 to 3.15: looptrace demo --python python3")
                .exit(Exit::Unmeasurable)
        });
    }
    let versioned = (OLDEST.1..=NEWEST.1).rev().map(|minor| format!("python3.{minor}"));
    let names = ["python3", "python"].map(str::to_owned).into_iter().chain(versioned);
    let mut found = names.filter_map(|name| ask(OsStr::new(&name)).ok());
    found.next().ok_or_else(|| {
        CliError::new("the demo found no Python that it can use on the PATH")
            .hint("install one: sudo apt install python3")
            .hint("or name one: looptrace demo --python /path/to/python3")
    })
}

/// What an interpreter says about itself, or why it will not do.
fn ask(program: &OsStr) -> Result<Python, String> {
    let output = Command::new(program)
        .args(["-I", "-c", QUESTION])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&output.stdout);
    let mut words = text.trim_end().splitn(4, ' ');
    let mut word = || words.next().filter(|_| output.status.success());
    let implementation = word().ok_or("it did not say what it is, or lacks asyncio")?;
    let mut number = || word()?.parse().ok();
    let version = number().zip(number()).ok_or("it did not say its version")?;
    let executable = word().filter(|path| !path.is_empty()).ok_or("it does not know its path")?;
    if implementation != "cpython" || !(OLDEST..=NEWEST).contains(&version) {
        let (major, minor) = version;
        return Err(format!("it is {implementation} {major}.{minor}"));
    }
    Ok(Python { executable: executable.into(), version })
}
