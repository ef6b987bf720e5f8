//! Reading `looptrace.toml` and noise files.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;

use super::super::exit::Exit;
use super::super::message::CliError;
use crate::analysis::check::{Config, ConfigError, Date, NOISE_SCHEMA, Noise, RunOptions};

/// The configuration's usual name.
const USUAL: &str = "looptrace.toml";

/// Longer files are no configurations.
const MOST_BYTES: u64 = 4 << 20;

/// Which budgets, which noise.
#[derive(Debug, Args)]
pub(in super::super) struct Budgets {
    /// The budgets [default: looptrace.toml]
    #[arg(short, long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The noise floor of this machine, as `looptrace calibrate` wrote it [default: the one that the
    /// configuration names]
    #[arg(long, value_name = "FILE")]
    noise: Option<PathBuf>,
}

/// The budgets and the noise floor, if one was measured.
#[derive(Debug)]
pub(in super::super) struct Rules {
    pub(in super::super) config: Config,
    pub(in super::super) noise: Option<(Noise, String)>,
}

impl Budgets {
    /// Reads both.
    ///
    /// # Errors
    ///
    /// A file cannot be read, or has a mistake in it; exit code 2.
    pub(in super::super) fn read(&self) -> Result<Rules, CliError> {
        let path = self.config.clone().unwrap_or_else(|| PathBuf::from(USUAL));
        let text = read(&path).map_err(|error| no_config(&path, &error))?;
        let config =
            Config::parse(&text, &path.display().to_string()).map_err(|error| mistaken(&error))?;
        if config.budgets.is_empty() {
            let message = format!("there is no [[budget]] in {}", path.display());
            return Err(CliError::usage(message)
                .hint("add one, or start from a preset: looptrace init-ci --preset web --force"));
        }
        let noise = match (&self.noise, &config.stats.noise) {
            (Some(file), _) => Some(noise(file)?),
            (None, Some(named)) => {
                let file = path.parent().unwrap_or(Path::new("")).join(named);
                Some(noise(&file)?)
            }
            (None, None) => None,
        };
        Ok(Rules { config, noise })
    }
}

/// What a run must be, as the configuration says: the one named, or the usual one where it is there.
///
/// # Errors
///
/// It cannot be read, or has a mistake in it; exit code 2.
pub(in super::super) fn run_options(config: Option<&Path>) -> Result<RunOptions, CliError> {
    let path = config.unwrap_or(Path::new(USUAL));
    match read(path) {
        Err(error) if config.is_none() && error.kind() == io::ErrorKind::NotFound => {
            Ok(RunOptions::default())
        }
        Err(error) => Err(no_config(path, &error)),
        Ok(text) => Config::parse(&text, &path.display().to_string())
            .map(|config| config.run)
            .map_err(|error| mistaken(&error)),
    }
}

fn read(path: &Path) -> io::Result<String> {
    if std::fs::metadata(path)?.len() > MOST_BYTES {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it is larger than 4 MiB"));
    }
    std::fs::read_to_string(path)
}

fn no_config(path: &Path, error: &io::Error) -> CliError {
    let message = CliError::usage(format!("cannot read the budgets: {}", path.display()))
        .because(error as &dyn std::error::Error);
    if error.kind() == io::ErrorKind::NotFound {
        message
            .hint("write one with `looptrace init-ci --preset web`, or name another: --config FILE")
    } else {
        message.hint("the budgets are a text file in TOML")
    }
}

fn mistaken(error: &ConfigError) -> CliError {
    let mut shown = CliError::usage(error.to_string());
    if !error.source_line.is_empty() {
        shown = shown.because_of(format!("line {}: {}", error.line, error.source_line));
    }
    shown.hint(error.hint.clone().unwrap_or_else(|| "see docs/ci.md".to_owned()))
}

fn noise(path: &Path) -> Result<(Noise, String), CliError> {
    let shown = path.display().to_string();
    let hint = format!("measure it: looptrace calibrate 'COMMAND' -o {shown}");
    let text = read(path).map_err(|error| {
        CliError::usage(format!("cannot read the noise floor: {shown}"))
            .because(&error as &dyn std::error::Error)
            .hint(hint.clone())
    })?;
    let noise: Noise = serde_json::from_str(&text).map_err(|error| {
        CliError::usage(format!("this is no noise file: {shown}"))
            .because(&error as &dyn std::error::Error)
            .hint(hint.clone())
    })?;
    if noise.schema != NOISE_SCHEMA {
        let message =
            format!("the noise file is a {:?}, not a {NOISE_SCHEMA}: {shown}", noise.schema);
        return Err(CliError::usage(message).hint(hint));
    }
    Ok((noise, shown))
}

/// Today, in UTC.
pub(in super::super) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Date::from_days(since.as_secs() / 86_400)
}

/// Nothing could be measured.
pub(super) fn unmeasurable(message: String, hint: &str) -> CliError {
    CliError::new(message).hint(hint).exit(Exit::Unmeasurable)
}
