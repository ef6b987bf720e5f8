//! The programs under `samples/`, and what each needs.

use std::path::{Path, PathBuf};

use super::interpreter::Interpreter;

/// A runnable program whose first lines state what must be found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Its name, without `.py`.
    pub(crate) name: String,
    /// Its source.
    pub(crate) path: PathBuf,
    /// The oldest version that can run it.
    pub(crate) oldest: (u8, u8),
    /// Whether it needs uvloop.
    pub(crate) needs_uvloop: bool,
    /// Installed packages that it needs beside.
    pub(crate) modules: Vec<String>,
    /// Whether it can tell its own truth.
    pub(crate) tells_truth: bool,
}

impl Sample {
    /// The sample of this name.
    pub(crate) fn named(name: &str) -> Self {
        let path = directory().join(format!("{name}.py"));
        let source = std::fs::read_to_string(&path)
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let needs = source
            .lines()
            .take_while(|line| !line.starts_with("import "))
            .find_map(|line| line.strip_prefix("needs: "))
            .unwrap_or_default();
        let oldest = needs
            .split_whitespace()
            .find_map(|word| word.strip_prefix("3.")?.parse().ok())
            .unwrap_or(8);
        Self {
            name: name.to_owned(),
            path,
            oldest: (3, oldest),
            needs_uvloop: needs.split_whitespace().any(|word| word == "uvloop"),
            modules: needs
                .split_whitespace()
                .filter(|word| *word != "uvloop" && !word.starts_with("3."))
                .map(str::to_owned)
                .collect(),
            tells_truth: source.contains("_truth."),
        }
    }

    /// The first of its modules that this interpreter cannot import.
    pub(crate) fn lacks(&self, python: &Interpreter) -> Option<&str> {
        self.modules.iter().map(String::as_str).find(|module| !python.imports(module))
    }

    /// Whether `python` can run it.
    pub(crate) fn runs_on(&self, python: &Interpreter) -> bool {
        python.version >= self.oldest && (python.uvloop || !self.needs_uvloop)
    }
}

/// Where the samples are.
pub(crate) fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("samples")
}

/// Every sample that tells its own truth, by name.
pub(crate) fn samples() -> Vec<Sample> {
    let mut names: Vec<String> = std::fs::read_dir(directory())
        .expect("samples/ is there")
        .filter_map(|entry| {
            let name = entry.ok()?.file_name().into_string().ok()?;
            name.strip_suffix(".py").filter(|name| !name.starts_with('_')).map(str::to_owned)
        })
        .collect();
    names.sort();
    names.iter().map(|name| Sample::named(name)).filter(|sample| sample.tells_truth).collect()
}
