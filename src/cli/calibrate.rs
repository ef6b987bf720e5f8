//! `looptrace calibrate`: what this machine's figures are worth.

use std::io::{self, Write};
use std::path::PathBuf;

use clap::Args;

use super::exit::Exit;
use super::flame::to_file;
use super::gate::take::Taking;
use super::gate::{budgets, runs};
use super::message::{self, CliError};
use super::{output, output_file, rate};
use crate::analysis::check::{Floor, Metric, Noise, align, percent};

/// Measure the noise floor of this machine, for `check` and `ab`
///
/// Records the same command many times. What such runs differ by is noise: `check` and `ab` do not
/// call anything a regression that is not larger.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The command
    #[arg(value_name = "CMD")]
    command: String,
    /// How many runs; 20 or more make the floor trustworthy
    #[arg(long, value_name = "N", default_value = "20", value_parser = rate::entries)]
    runs: usize,
    /// Runs before those, which do not count
    #[arg(long, value_name = "N", default_value = "1")]
    warmup: usize,
    /// The budgets that it is for: their [run] says which stalls count [default: looptrace.toml, where
    /// there is one]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    taking: Taking,
    /// Write to this file
    #[arg(short, long, value_name = "FILE", default_value = "looptrace-noise.json")]
    output: PathBuf,
    /// Overwrite the file if it exists
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  looptrace calibrate 'python app.py' --runs 20
  looptrace calibrate 'python srv.py' --load 'python load.py' -o looptrace-noise.json

What next: name the file in looptrace.toml: [stats] noise = \"looptrace-noise.json\"";

/// Fewer runs cannot be split into halves that say anything.
const LEAST: usize = 4;

/// Runs the command.
///
/// # Errors
///
/// The command failed, its recordings are of no use, or the file cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    if arguments.command.trim().is_empty() {
        return Err(
            CliError::usage("the command is empty").hint("looptrace calibrate 'python app.py'")
        );
    }
    if arguments.runs < LEAST {
        let message = format!("{} runs are too few to tell noise from difference", arguments.runs);
        return Err(
            CliError::usage(message).hint(format!("make {LEAST} at least, better 20: --runs 20"))
        );
    }
    output_file::check(&arguments.output, arguments.force)?;
    let options = budgets::run_options(arguments.config.as_deref())?;
    arguments.taking.prepare()?;
    let mut files = Vec::new();
    for number in 0..arguments.warmup.saturating_add(arguments.runs) {
        let counts = number >= arguments.warmup;
        let file = match number.checked_sub(arguments.warmup) {
            Some(number) => arguments.taking.file("noise", number + 1),
            None => arguments.taking.file("warmup-noise", number + 1),
        };
        arguments.taking.take(&arguments.command, &file)?;
        if counts {
            files.push(file);
        } else {
            std::fs::remove_file(&file).unwrap_or_default();
        }
    }
    let mut runs = runs::read(&files, &options)?;
    align([&mut runs, &mut []]);
    let noise = Noise::of(&arguments.command, &runs);
    to_file(&arguments.output, arguments.force, |out| {
        serde_json::to_writer_pretty(&mut *out, &noise)?;
        writeln!(out)
    })?;
    output::to_stdout(|out| table(&noise, out))?;
    if !arguments.taking.quiet {
        message::note(&format!("wrote {}", arguments.output.display()));
    }
    Ok(Exit::Done)
}

fn table(noise: &Noise, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "noise of {} runs: {}", noise.runs, noise.environment)?;
    if let Some(wait) = noise.runq_wait {
        writeln!(out, "waiting for a CPU: {} of the time", percent(wait))?;
    }
    writeln!(
        out,
        "\n{:<34} {:>12} {:>9} {:>9} {:>9}",
        "metric", "median", "scatter", "floor", "drift"
    )?;
    let share = |share: Option<f64>| share.map_or_else(|| "–".to_owned(), percent);
    for floor in noise.metrics.iter().filter(|floor| floor.coroutine.is_none()) {
        let Floor { metric, median, scatter, floor, drift, .. } = floor;
        let median = Metric::named(metric).map_or_else(String::new, |metric| metric.show(*median));
        writeln!(
            out,
            "{metric:<34} {median:>12} {:>9} {:>9} {:>9}",
            share(*scatter),
            share(*floor),
            share(*drift)
        )?;
    }
    writeln!(
        out,
        "\nscatter: of single runs; floor: 99 of 100 comparisons of equal halves stay below it; \
         drift: first half against second"
    )
}
