//! Which Pythons are there to be looked at.

use std::fmt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde::Deserialize;

/// The inventory that `tests/run` writes.
const INVENTORY: &str = "LOOPTRACE_INTERPRETERS";

/// A Python to run samples with.
#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct Interpreter {
    /// Major and minor version.
    pub(crate) version: (u8, u8),
    /// The executable; inside `chroot` if there is one.
    pub(crate) path: PathBuf,
    /// The root directory it has to be entered with.
    pub(crate) chroot: Option<PathBuf>,
    /// Whether uvloop can be imported.
    pub(crate) uvloop: bool,
    /// Whether it is a build without the GIL.
    pub(crate) free_threaded: bool,
}

impl fmt::Display for Interpreter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (major, minor) = self.version;
        write!(f, "Python {major}.{minor}{}", if self.free_threaded { "t" } else { "" })
    }
}

impl Interpreter {
    /// Whether a module can be imported.
    pub(crate) fn imports(&self, module: &str) -> bool {
        let mut command = match &self.chroot {
            Some(root) => {
                let mut command = Command::new("chroot");
                command.arg(root).arg(&self.path);
                command
            }
            None => Command::new(&self.path),
        };
        let question = format!("import {module}");
        let output = command.args(["-c", &question]).output();
        output.is_ok_and(|output| output.status.success())
    }
}

#[derive(Deserialize)]
struct Inventory {
    interpreters: Vec<Interpreter>,
}

/// Every interpreter found, by version: those of the inventory, else pyenv's and those on `PATH`.
/// Prints once what is missing.
pub(crate) fn interpreters() -> &'static [Interpreter] {
    static FOUND: OnceLock<Vec<Interpreter>> = OnceLock::new();
    FOUND.get_or_init(|| {
        let mut found = match std::env::var_os(INVENTORY) {
            Some(path) => read_inventory(Path::new(&path)),
            None => discover(),
        };
        found.sort_by_key(|interpreter| (interpreter.version, interpreter.free_threaded));
        for minor in 8..=15 {
            if !found.iter().any(|python| python.version == (3, minor) && !python.free_threaded) {
                println!("SKIPPED: no Python 3.{minor} found; `tests/run` can provide it");
            }
        }
        assert!(!found.is_empty(), "no Python found at all");
        found
    })
}

/// The interpreter of this minor version with a GIL.
pub(crate) fn interpreter(minor: u8) -> Option<&'static Interpreter> {
    interpreters().iter().find(|python| python.version == (3, minor) && !python.free_threaded)
}

fn read_inventory(path: &Path) -> Vec<Interpreter> {
    let text = std::fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{INVENTORY}={}: {error}", path.display()));
    let inventory: Inventory =
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    inventory.interpreters
}

fn discover() -> Vec<Interpreter> {
    let mut found: Vec<Interpreter> = Vec::new();
    for path in candidates() {
        if let Some(python) = probe(&path)
            && !found.iter().any(|other| {
                (other.version, other.free_threaded) == (python.version, python.free_threaded)
            })
        {
            found.push(python);
        }
    }
    found
}

fn candidates() -> Vec<PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::var_os("HOME").map(|home| Path::new(&home).join(".pyenv")));
    let mut paths: Vec<PathBuf> = root
        .and_then(|root| std::fs::read_dir(root.join("versions")).ok())
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("bin/python")))
        .collect();
    paths.sort();
    let directories = std::env::var_os("PATH").unwrap_or_default();
    for directory in std::env::split_paths(&directories) {
        // pyenv's shims are scripts that may start any version.
        if directory.ends_with("shims") {
            continue;
        }
        paths.extend((8..=15).map(|minor| directory.join(format!("python3.{minor}"))));
    }
    paths.retain(|path| path.exists());
    paths
}

/// Asks an executable what it is; `None` if it is no CPython 3.8–3.15.
fn probe(path: &Path) -> Option<Interpreter> {
    const QUESTION: &str = "import sys, importlib.util as u, sysconfig as s; \
        print(sys.implementation.name, *sys.version_info[:2], \
        int(u.find_spec('uvloop') is not None), int(bool(s.get_config_var('Py_GIL_DISABLED'))))";
    let output = Command::new(path).args(["-c", QUESTION]).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let words: Vec<&str> = text.split_whitespace().collect();
    let &["cpython", major, minor, uvloop, free_threaded] = words.as_slice() else { return None };
    let version = (major.parse().ok()?, minor.parse().ok()?);
    ((3, 8)..=(3, 15)).contains(&version).then(|| Interpreter {
        version,
        path: path.to_owned(),
        chroot: None,
        uvloop: uvloop == "1",
        free_threaded: free_threaded == "1",
    })
}
