//! The desktop viewer: see `looptrace view`.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use looptrace_gui::launch::{Options, run};

fn main() -> ExitCode {
    let options = Options::parse();
    let Err(error) = run(&options) else { return ExitCode::SUCCESS };
    let file = options.file.map_or_else(|| "FILE".to_owned(), |file| file.display().to_string());
    let words = format!(
        "error: no window could be opened: {error}\n\
         hint: `looptrace report {file}` shows the same in the terminal\n\
         hint: `looptrace dump --pid PID` shows a running process there\n\
         hint: on a machine with a display, `apt install libgl1-mesa-dri libegl1 libxkbcommon-x11-0` \
         has all that drawing needs\n"
    );
    // With no stderr there is nobody to tell.
    std::io::stderr().write_all(words.as_bytes()).unwrap_or_default();
    ExitCode::from(3)
}
