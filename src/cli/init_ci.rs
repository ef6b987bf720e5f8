//! `looptrace init-ci`: a first set of budgets, and a workflow that checks them.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::Exit;
use super::flame::to_file;
use super::message::{self, CliError};

/// Write budgets and a CI workflow to start from
///
/// Writes looptrace.toml with comments, a workflow for GitHub Actions and a job for GitLab. Nothing
/// that exists is touched without --force.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// Which budgets to start from
    #[arg(long, value_enum, default_value_t = Preset::Web, value_name = "PRESET")]
    preset: Preset,
    /// For which CI
    #[arg(long, value_enum, default_value_t = Ci::All, value_name = "CI")]
    ci: Ci,
    /// The project's directory
    #[arg(long, value_name = "DIR", default_value = ".")]
    dir: PathBuf,
    /// Overwrite files that exist
    #[arg(long)]
    force: bool,
}

const EXAMPLES: &str = "\
Examples:
  looptrace init-ci --preset web
  looptrace init-ci --preset worker --ci github
  looptrace init-ci --preset strict --force

What next: put your own commands into the workflow; docs/ci.md goes through all of it.";

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Preset {
    /// A server that answers requests: delays matter
    Web,
    /// A worker that gets through jobs: throughput matters
    Worker,
    /// For programs whose loop must never wait
    Strict,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Ci {
    /// GitHub Actions
    Github,
    /// GitLab CI
    Gitlab,
    /// Both
    All,
    /// Budgets only
    None,
}

const WEB: &str = include_str!("presets/web.toml");
const WORKER: &str = include_str!("presets/worker.toml");
const STRICT: &str = include_str!("presets/strict.toml");
const GITHUB: &str = include_str!("presets/github.yml");
const GITLAB: &str = include_str!("presets/gitlab.yml");

/// Runs the command.
///
/// # Errors
///
/// A file exists, or cannot be written.
pub fn run(arguments: &Arguments) -> Result<Exit, CliError> {
    let files = arguments.files();
    for (name, _) in &files {
        let path = arguments.dir.join(name);
        if path.symlink_metadata().is_ok() && !arguments.force {
            let message = format!("the file exists already: {}", path.display());
            return Err(CliError::usage(message)
                .hint("overwrite it with --force, or leave the workflow out: --ci none"));
        }
    }
    for (name, text) in &files {
        let path = arguments.dir.join(name);
        make_directory(&path)?;
        to_file(&path, arguments.force, |out| out.write_all(text.as_bytes()))?;
        message::note(&format!("wrote {}", path.display()));
    }
    message::note("next: put your own commands where the files say CHANGE, then commit them");
    Ok(Exit::Done)
}

impl Arguments {
    fn files(&self) -> Vec<(&'static str, &'static str)> {
        let budgets = match self.preset {
            Preset::Web => WEB,
            Preset::Worker => WORKER,
            Preset::Strict => STRICT,
        };
        let mut files = vec![("looptrace.toml", budgets)];
        if matches!(self.ci, Ci::Github | Ci::All) {
            files.push((".github/workflows/looptrace.yml", GITHUB));
        }
        if matches!(self.ci, Ci::Gitlab | Ci::All) {
            files.push((".gitlab/looptrace.gitlab-ci.yml", GITLAB));
        }
        files
    }
}

fn make_directory(path: &Path) -> Result<(), CliError> {
    let Some(parent) = path.parent() else { return Ok(()) };
    std::fs::create_dir_all(parent).map_err(|error| {
        CliError::new(format!("cannot make the directory {}", parent.display()))
            .because(&error as &dyn std::error::Error)
            .hint("name a directory that you may write to: --dir DIR")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::check::Config;

    #[test]
    fn every_preset_is_valid() {
        for (name, text) in [("web", WEB), ("worker", WORKER), ("strict", STRICT)] {
            let config = Config::parse(text, name).unwrap();
            assert!(!config.budgets.is_empty(), "{name}");
            // What is commented out must be valid too once somebody uncomments it.
            let uncommented: String = text
                .lines()
                .map(|line| line.strip_prefix("#: ").unwrap_or(line).to_owned() + "\n")
                .collect();
            let config = Config::parse(&uncommented, name).unwrap();
            assert!(!config.allowances.is_empty(), "{name}");
        }
    }
}
