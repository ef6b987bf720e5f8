//! Saying what was found, in as many formats as were asked for.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead as _, BufReader, Read as _, Write};
use std::path::{Path, PathBuf};
use std::str::FromStr;

use clap::Args;

use super::super::exit::Exit;
use super::super::flame::to_file;
use super::super::message::{self, CliError};
use super::super::output;
use crate::analysis::check::{CheckReport, Verdict};
use crate::report::Style;
use crate::report::check::{self, Sources};

/// GitHub drops a step's summary that is larger.
const SUMMARY_BYTES: u64 = 1 << 20;

/// Source files that are longer are not searched for a line.
const SOURCE_BYTES: u64 = 4 << 20;

/// How to say it.
#[derive(Debug, Args)]
pub(in super::super) struct Saying {
    /// How to say it: text, json, junit, sarif, github, markdown, gitlab or html; each with a file to
    /// write to (json=check.json) or without, for stdout. Several with commas
    #[arg(long, value_name = "FORMAT[=FILE]", value_delimiter = ',', default_value = "text")]
    format: Vec<Wanted>,
    /// List the budgets that are kept, too
    #[arg(long)]
    all: bool,
    /// Exit with 4 when a budget of level error is inconclusive
    #[arg(long)]
    fail_on_inconclusive: bool,
    /// Exit with 0 whatever the budgets say, to try them out
    #[arg(long)]
    exit_zero: bool,
}

/// A format and where it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Wanted {
    format: Format,
    file: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Format {
    Text,
    Json,
    Junit,
    Sarif,
    Github,
    Markdown,
    Gitlab,
    Html,
}

const FORMATS: [(&str, Format); 8] = [
    ("text", Format::Text),
    ("json", Format::Json),
    ("junit", Format::Junit),
    ("sarif", Format::Sarif),
    ("github", Format::Github),
    ("markdown", Format::Markdown),
    ("gitlab", Format::Gitlab),
    ("html", Format::Html),
];

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, file) = match text.split_once('=') {
            Some((_, "")) => return Err("the file's name is missing behind =".to_owned()),
            Some((name, file)) => (name, Some(PathBuf::from(file))),
            None => (text, None),
        };
        let known = FORMATS.iter().find(|(known, _)| *known == name.trim());
        let names: Vec<&str> = FORMATS.iter().map(|(name, _)| *name).collect();
        let (_, format) = known.ok_or_else(|| format!("it is one of: {}", names.join(", ")))?;
        Ok(Self { format: *format, file })
    }
}

impl Saying {
    /// Refuses what cannot be said in the end.
    ///
    /// # Errors
    ///
    /// Two machine-readable formats want stdout, or two formats one file; exit code 2.
    pub(in super::super) fn check(&self) -> Result<(), CliError> {
        let on_stdout = self.format.iter().filter(|wanted| wanted.file.is_none());
        let machines = on_stdout
            .clone()
            .filter(|wanted| !matches!(wanted.format, Format::Text | Format::Github));
        if machines.count() > 0 && on_stdout.count() > 1 {
            return Err(CliError::usage("several formats want stdout")
                .hint("give all but one a file: --format text,json=check.json,junit=check.xml"));
        }
        let mut files: Vec<&PathBuf> = self.format.iter().filter_map(|w| w.file.as_ref()).collect();
        files.sort_unstable();
        if let Some(pair) = files.windows(2).find(|pair| pair[0] == pair[1]) {
            let message = format!("two formats want the same file: {}", pair[0].display());
            return Err(CliError::usage(message).hint("give each its own"));
        }
        Ok(())
    }

    /// Says it everywhere, and how the command ends.
    ///
    /// # Errors
    ///
    /// Something cannot be written.
    pub(in super::super) fn say(&self, report: &CheckReport) -> Result<Exit, CliError> {
        let sources = sources(report);
        for wanted in &self.format {
            match &wanted.file {
                Some(file) => {
                    to_file(file, true, |mut out| {
                        self.write(wanted.format, report, &sources, Style::PLAIN, &mut out)
                    })?;
                }
                None => output::to_stdout(|mut out| {
                    let style = output::stdout_style();
                    self.write(wanted.format, report, &sources, style, &mut out)
                })?,
            }
            if wanted.format == Format::Github {
                step_summary(report, &sources);
            }
        }
        Ok(self.exit(report))
    }

    fn write(
        &self,
        format: Format,
        report: &CheckReport,
        sources: &Sources,
        style: Style,
        out: &mut impl Write,
    ) -> io::Result<()> {
        match format {
            Format::Text => check::text(report, sources, self.all, style, out),
            Format::Json => check::json(report, sources, out),
            Format::Junit => check::junit(report, sources, out),
            Format::Sarif => check::sarif(report, sources, out),
            Format::Github => check::github(report, sources, out),
            Format::Markdown => check::markdown(report, sources, out),
            Format::Gitlab => check::gitlab(report, sources, out),
            Format::Html => check::html(report, sources, out),
        }
    }

    fn exit(&self, report: &CheckReport) -> Exit {
        match report.verdict {
            _ if self.exit_zero => Exit::Done,
            Verdict::Fail => Exit::BudgetFailed,
            Verdict::Inconclusive if self.fail_on_inconclusive => Exit::Inconclusive,
            _ => Exit::Done,
        }
    }
}

/// Adds the report to the step's summary, where GitHub wants one and there is room.
fn step_summary(report: &CheckReport, sources: &Sources) {
    let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) else {
        return;
    };
    let mut text = Vec::new();
    let result = check::markdown(report, sources, &mut text).and_then(|()| {
        let taken = fs::metadata(&path).map_or(0, |metadata| metadata.len());
        if taken.saturating_add(text.len() as u64) > SUMMARY_BYTES {
            return Err(io::Error::new(io::ErrorKind::FileTooLarge, "it would exceed 1 MiB"));
        }
        let mut file = OpenOptions::new().create(true).append(true).open(&path)?;
        file.write_all(&text)
    });
    if let Err(error) = result {
        message::warn(&format!("the step's summary was not written: {error}"));
    }
}

/// The lines of code that the report names, as far as the files are here.
fn sources(report: &CheckReport) -> Sources {
    let here = env::current_dir().ok();
    let mut roots = Vec::from_iter(here.as_ref().map(|here| here.display().to_string()));
    let mut files: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for outcome in &report.outcomes {
        let stacks = outcome.guilty.iter().flat_map(|guilty| &guilty.worst.stack);
        let places = outcome.guilty.iter().map(|guilty| &guilty.place).chain(&outcome.coroutine);
        for place in stacks.chain(places) {
            if let Some(root) =
                repository(&place.file, here.as_deref()).filter(|root| !roots.contains(root))
            {
                roots.push(root);
            }
            if !place.file.is_empty() && !files.contains_key(&place.file) {
                files.insert(place.file.clone(), lines(Path::new(&place.file)).unwrap_or_default());
            }
        }
    }
    Sources::of(report, &roots, |file, line| {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        files.get(file)?.get(index).cloned()
    })
}

/// The lines of a source file. A recording names its files, and may be anybody's: nothing else than
/// plain Python files of a usual size is opened.
fn lines(path: &Path) -> Option<Vec<String>> {
    if path.extension().is_none_or(|extension| extension != "py") {
        return None;
    }
    let metadata = fs::metadata(path).ok()?;
    if !metadata.is_file() || metadata.len() > SOURCE_BYTES {
        return None;
    }
    let file = File::open(path).ok()?;
    BufReader::new(file.take(SOURCE_BYTES)).lines().map(Result::ok).collect()
}

/// The directory above a file that holds `.git`: of several checkouts, each has its own. Relative if
/// the file is.
fn repository(file: &str, here: Option<&Path>) -> Option<String> {
    let path = here.map_or_else(|| PathBuf::from(file), |here| here.join(file));
    let directories = path.ancestors().skip(1).filter(|above| above.is_absolute());
    let root = directories.take(64).find(|directory| directory.join(".git").exists())?;
    let root = if file.starts_with('/') { root } else { root.strip_prefix(here?).ok()? };
    Some(root.display().to_string()).filter(|root| !root.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_have_files_or_not() {
        let wanted = |text: &str| text.parse::<Wanted>();
        assert_eq!(wanted("text"), Ok(Wanted { format: Format::Text, file: None }));
        let json = wanted("json=a=b.json").unwrap();
        assert_eq!((json.format, json.file), (Format::Json, Some(PathBuf::from("a=b.json"))));
        assert!(wanted("jsn").is_err());
        assert!(wanted("json=").is_err());
    }
}
