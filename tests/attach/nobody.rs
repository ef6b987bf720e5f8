//! The user `nobody`: what it may run, and looptrace where it can reach it.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::works;
use crate::support::interpreter::Interpreter;
use crate::support::{Target, interpreters};

/// `nobody` and `nogroup`, on Debian and elsewhere.
pub(crate) const ID: &str = "65534";

/// To become nobody.
pub(crate) const BECOME: [&str; 6] = ["setpriv", "--reuid", ID, "--regid", ID, "--clear-groups"];

/// Waits for the end of its input in a thread, and sleeps in a task.
pub(crate) const PROGRAM: &str = "
import asyncio, sys
async def main():
    reading = asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)
    await asyncio.sleep(0)
    print('READY {}', flush=True)
    await reading
asyncio.run(main())
";

/// An interpreter that `nobody` can run; says so if there is none.
pub(crate) fn interpreter() -> Option<&'static Interpreter> {
    let found = interpreters().iter().find(|python| {
        let words = command_line(&BECOME, python);
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        !python.free_threaded && works(&[&words[..], &["-c", "import asyncio, ctypes"]].concat())
    });
    if found.is_none() {
        println!("SKIPPED: another user's programs: `nobody` can run none of the interpreters");
    }
    found
}

/// An interpreter started through `wrapper`, which runs inside its root.
fn command_line(wrapper: &[&str], python: &Interpreter) -> Vec<String> {
    let text = |path: &Path| path.to_str().expect("a path is text").to_owned();
    let mut words = Vec::new();
    if let Some(root) = &python.chroot {
        words.extend(["chroot".to_owned(), text(root)]);
    }
    words.extend(wrapper.iter().map(|&word| word.to_owned()));
    words.push(text(&python.path));
    words
}

/// A program started through `wrapper`, which runs `first` before all else.
pub(crate) fn program(wrapper: &[&str], python: &Interpreter, first: &str) -> Target {
    let words = command_line(wrapper, python);
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).arg("-c").arg(format!("{first}\n{PROGRAM}"));
    Target::spawn(command, python, words.join(" "))
}

/// A copy of looptrace that everybody may run, in a folder that everybody may write to.
pub(crate) struct Reachable {
    pub(crate) folder: TempDir,
    pub(crate) path: PathBuf,
}

impl Reachable {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().expect("a directory can be made");
        let path = folder.path().join("looptrace");
        std::fs::copy(env!("CARGO_BIN_EXE_looptrace"), &path).expect("it can be copied");
        for (path, mode) in [(folder.path(), 0o777), (path.as_path(), 0o755)] {
            let permissions = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(path, permissions).expect("they can be set");
        }
        Self { folder, path }
    }

    /// Runs looptrace through `wrapper`.
    pub(crate) fn run(&self, wrapper: &[&str], arguments: &[&str]) -> Output {
        let path = self.path.to_str().expect("a path is text");
        let words: Vec<&str> =
            wrapper.iter().copied().chain([path]).chain(arguments.iter().copied()).collect();
        Command::new(words[0])
            .args(&words[1..])
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{words:?}: {error}"))
    }
}
