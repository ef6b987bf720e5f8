//! `looptrace ab`: two versions of a program, recorded in turns and compared.

use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::exit::Exit;
use super::gate::budgets::{self, Budgets};
use super::gate::runs;
use super::gate::take::Taking;
use super::gate::verdict::Saying;
use super::message::{self, CliError};
use super::rate;
use crate::analysis::check::{Inputs, align, judge};

/// Record two versions of a program in turns, and check the second against the first
///
/// Every pair of runs has one of each side, in random order, so that whatever drifts on the machine
/// hits both alike. This is the only way in which wall-clock figures can gate.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// The command to compare with
    #[arg(long, value_name = "CMD")]
    base: String,
    /// The command to judge
    #[arg(long, value_name = "CMD")]
    head: String,
    /// Runs of each side that count
    #[arg(long, value_name = "N", default_value = "12", value_parser = rate::entries)]
    runs: usize,
    /// Runs of each side before those, which do not count
    #[arg(long, value_name = "N", default_value = "1")]
    warmup: usize,
    /// Decide the order within pairs with this number, to repeat an order
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    #[command(flatten)]
    taking: Taking,
    #[command(flatten)]
    budgets: Budgets,
    #[command(flatten)]
    saying: Saying,
}

const EXAMPLES: &str = "\
Examples:
  looptrace ab --base 'python main/app.py' --head 'python app.py' --runs 12
  looptrace ab --base 'python main/srv.py' --head 'python srv.py' --load 'python load.py'
  looptrace ab --base 'python main/srv.py' --head 'python srv.py' --duration 10s
  looptrace ab --base … --head … --format text,markdown=comment.md

Budgets come from looptrace.toml; looptrace init-ci writes one.
Exit codes are those of looptrace check.";

/// Runs the command.
///
/// # Errors
///
/// The budgets have a mistake, a command failed, or its recordings are of no use.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    arguments.saying.check()?;
    for (side, command) in [("base", &arguments.base), ("head", &arguments.head)] {
        if command.trim().is_empty() {
            return Err(CliError::usage(format!("--{side} is empty"))
                .hint(format!("give the whole command: --{side} 'python app.py'")));
        }
    }
    let rules = arguments.budgets.read()?;
    if arguments.runs < rules.config.run.min_runs {
        message::warn(&format!(
            "--runs {} is less than min_runs = {} in {}: every comparison will be inconclusive",
            arguments.runs, rules.config.run.min_runs, rules.config.file
        ));
    }
    let (base, head) = arguments.record()?;
    let mut head = runs::read(&head, &rules.config.run)?;
    let mut base = runs::read(&base, &rules.config.run)?;
    align([&mut base, &mut head]);
    let report = judge(Inputs {
        config: &rules.config,
        head: &head,
        base: &base,
        noise: rules.noise.as_ref().map(|(noise, file)| (noise, file.as_str())),
        today: budgets::today(),
    });
    arguments.saying.say(&report)
}

impl Arguments {
    /// Records all pairs; the files that count, of the base and of the head.
    fn record(&self) -> Result<(Vec<PathBuf>, Vec<PathBuf>), CliError> {
        self.taking.prepare()?;
        let mut random = fastrand::Rng::with_seed(self.seed.unwrap_or_else(clock));
        let (mut base, mut head) = (Vec::new(), Vec::new());
        for pair in 0..self.warmup.saturating_add(self.runs) {
            let counts = pair.checked_sub(self.warmup);
            let mut order = [true, false];
            random.shuffle(&mut order);
            for is_base in order {
                let (side, command) =
                    if is_base { ("base", &self.base) } else { ("head", &self.head) };
                let file = match counts {
                    Some(number) => self.taking.file(side, number + 1),
                    None => self.taking.file(&format!("warmup-{side}"), pair + 1),
                };
                self.taking.take(command, &file)?;
                match counts {
                    Some(_) if is_base => base.push(file),
                    Some(_) => head.push(file),
                    // Warm-ups say nothing, and would be taken for runs by `check *.looptrace`.
                    None => std::fs::remove_file(&file).unwrap_or_default(),
                }
            }
        }
        Ok((base, head))
    }
}

fn clock() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    since.as_secs() ^ u64::from(since.subsec_nanos()) << 32
}
