//! `looptrace view`: shows a recording in a window.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use super::{CliError, Exit};

/// The viewer's program, built as a package of its own.
const PROGRAM: &str = "looptrace-gui";

const EXAMPLES: &str = "\
Examples:
  looptrace view FILE                       show a recording
  looptrace view FILE --stall 3             … at its third stall
  looptrace view FILE --at 12.3s            … at a point in time
  looptrace view FILE --compare BEFORE      … beside another one
  looptrace view --pid 4242                 record a process and watch it meanwhile";

/// Show a recording in a window
///
/// Needs a display; `report` shows the same in the terminal.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The recording
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// Record this process, and show it meanwhile
    #[arg(long, value_name = "PID", conflicts_with = "file")]
    pid: Option<u32>,
    /// Where `--pid` records to [default: a file in the directory for temporary files]
    #[arg(short, long, value_name = "FILE", requires = "pid")]
    output: Option<PathBuf>,
    /// A second recording to compare it with
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Begin at this time, e.g. `12.3s`
    #[arg(long, value_name = "TIME")]
    at: Option<String>,
    /// Begin at the stall with this number
    #[arg(long, value_name = "NUMBER")]
    stall: Option<u32>,
    /// Begin at the first task whose name or coroutine contains this
    #[arg(long, value_name = "NAME")]
    task: Option<String>,
    /// What draws: `auto`, `wgpu` or `glow`
    #[arg(long, value_name = "NAME", default_value = "auto", value_parser = ["auto", "wgpu", "glow"])]
    renderer: String,
}

/// Becomes the viewer.
///
/// # Errors
/// The viewer is not there or cannot be started.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let own = std::env::current_exe().ok();
    let Some(program) = find(own.as_deref(), std::env::var_os("PATH")) else {
        return Err(missing());
    };
    let error = Command::new(&program).args(passed_on(arguments, own)).exec();
    Err(CliError::new(format!("cannot start {}", program.display()))
        .because(&error as &dyn std::error::Error))
}

fn missing() -> CliError {
    CliError::new(format!("the viewer ({PROGRAM}) is neither beside this program nor in the PATH"))
        .hint("build it: cargo build --release -p looptrace-gui")
        .hint("`looptrace report FILE` shows the same in the terminal")
}

/// The viewer beside this program, else in the `PATH`.
fn find(own: Option<&Path>, path: Option<OsString>) -> Option<PathBuf> {
    let beside = own.and_then(Path::parent).map(Path::to_owned);
    let in_path: Vec<PathBuf> =
        path.map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    beside
        .into_iter()
        .chain(in_path)
        .map(|directory| directory.join(PROGRAM))
        .find(|program| program.is_file())
}

fn passed_on(arguments: &Arguments, own: Option<PathBuf>) -> Vec<OsString> {
    let Arguments { file, pid, output, compare, at, stall, task, renderer } = arguments;
    let mut all: Vec<OsString> = Vec::new();
    let mut option = |name: &str, value: Option<OsString>| {
        if let Some(value) = value {
            // In one word, so that no value is taken for an option.
            let mut word = OsString::from(format!("--{name}="));
            word.push(value);
            all.push(word);
        }
    };
    option("pid", pid.map(|pid| pid.to_string().into()));
    option("output", output.clone().map(Into::into));
    option("compare", compare.clone().map(Into::into));
    option("at", at.clone().map(Into::into));
    option("stall", stall.map(|stall| stall.to_string().into()));
    option("task", task.clone().map(Into::into));
    option("renderer", Some(renderer.into()));
    option("recorder", own.map(Into::into));
    if let Some(file) = file {
        all.extend(["--".into(), file.into()]);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_viewer_beside_the_program_comes_first() {
        let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let path = Some(other.path().as_os_str().to_owned());
        let program = own.path().join("looptrace");
        assert_eq!(find(Some(&program), path.clone()), None);
        std::fs::write(other.path().join(PROGRAM), "").unwrap();
        assert_eq!(find(Some(&program), path.clone()), Some(other.path().join(PROGRAM)));
        std::fs::write(own.path().join(PROGRAM), "").unwrap();
        assert_eq!(find(Some(&program), path), Some(own.path().join(PROGRAM)));
    }

    #[test]
    fn no_value_is_taken_for_an_option() {
        let arguments = Arguments {
            file: Some("--pid".into()),
            pid: None,
            output: None,
            compare: None,
            at: Some("1s".to_owned()),
            stall: None,
            task: Some("-x".to_owned()),
            renderer: "auto".to_owned(),
        };
        let passed = passed_on(&arguments, None);
        assert_eq!(passed, ["--at=1s", "--task=-x", "--renderer=auto", "--", "--pid"]);
    }
}
