//! The `looptrace` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    looptrace::cli::main(std::env::args_os())
}
