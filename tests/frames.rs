//! Looks at the frames of a running, never paused interpreter, on every version at hand.
//!
//! The target tells the address of its own thread state, so that this test needs nothing but the
//! memory layer, the layout rows and the frame reader.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use looptrace::memory::{LiveMemory, PagedMemory, RemoteAddr};
use looptrace::model::Dictionary;
use looptrace::python::code::Codes;
use looptrace::python::frames::{FrameReader, Refusal, TaskSource};
use looptrace::python::layout::{Build, Layout};

/// Two call paths of equal depth that alternate as fast as the interpreter can: a reader that
/// mixes instants sees `a` call `b`. One calls through C, which enters the interpreter anew: for some
/// instructions 3.11 and 3.12 then name the innermost frame by a word that is not set yet.
const ALTERNATING: &str = r"
import ctypes, sys
get = ctypes.pythonapi.PyThreadState_Get
get.restype = ctypes.c_void_p
print(get(), flush=True)
def a3(n):
    s = 0
    for i in range(n): s += i
    return s
def a2(n): return a3(n)
def a1(n): return a2(n)
def b3(n):
    s = 0
    for i in range(n): s += i
    return s
def b2(n): return next(map(b3, (n,)))
def b1(n): return b2(n)
while True:
    a1(20); b1(20)
";

const LOOKS: u32 = 50_000;

struct Target {
    child: Child,
    thread_state: RemoteAddr,
}

impl Drop for Target {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn start(python: &PathBuf) -> Option<Target> {
    let mut child =
        Command::new(python).args(["-c", ALTERNATING]).stdout(Stdio::piped()).spawn().ok()?;
    let mut line = String::new();
    BufReader::new(child.stdout.take()?).read_line(&mut line).ok()?;
    let thread_state = RemoteAddr::new(line.trim().parse().ok()?);
    Some(Target { child, thread_state })
}

/// The interpreters that pyenv has, by minor version.
fn interpreters() -> BTreeMap<u8, PathBuf> {
    let root = std::env::var_os("PYENV_ROOT")
        .map(PathBuf::from)
        .or_else(|| std::env::home_dir().map(|home| home.join(".pyenv")))
        .unwrap_or_default();
    let versions = std::fs::read_dir(root.join("versions"));
    let versions = versions.into_iter().flatten().filter_map(Result::ok);
    versions
        .filter_map(|version| {
            let name = version.file_name().into_string().ok()?;
            let minor = name.strip_prefix("3.")?.split('.').next()?.parse().ok()?;
            Some((minor, version.path().join("bin/python3")))
        })
        .filter(|(minor, _)| *minor >= 8)
        .collect()
}

#[test]
fn no_stack_is_seen_that_cannot_exist() {
    let found = interpreters();
    if found.is_empty() {
        println!("SKIPPED: no interpreter under PYENV_ROOT or ~/.pyenv");
    }
    for (minor, python) in found {
        let Some(target) = start(&python) else { panic!("cannot start {}", python.display()) };
        let layout = Layout::for_version(minor, Build::Gil).expect("a supported version");
        let pid = target.child.id();
        let live = LiveMemory::new(pid);
        let mut pages = PagedMemory::new(LiveMemory::new(pid));
        let mut reader = FrameReader::new();
        let mut codes = Codes::new();
        let mut dictionary = Dictionary::new();
        let mut stacks: BTreeMap<Vec<String>, u32> = BTreeMap::new();
        let mut refused: BTreeMap<String, u32> = BTreeMap::new();
        let mut empty = 0;
        for _ in 0..LOOKS {
            let look = match reader.look(&live, layout, target.thread_state, TaskSource::None) {
                Ok(look) => look,
                Err(refusal) => {
                    assert_ne!(refusal, Refusal::Exited);
                    *refused.entry(format!("{refusal:?}")).or_default() += 1;
                    continue;
                }
            };
            empty += u32::from(look.frames.is_empty());
            let mut names = Vec::new();
            for frame in look.frames.iter().rev().filter(|frame| !frame.is_shim(layout)) {
                pages.begin();
                let at = frame.instruction_offset(layout);
                let Ok(id) = codes.frame(&mut pages, layout, &mut dictionary, frame.code, at, None)
                else {
                    *refused.entry("no code".to_owned()).or_default() += 1;
                    names.clear();
                    break;
                };
                let code =
                    dictionary.get_frame(id).and_then(|frame| dictionary.get_code(frame.code));
                names.push(dictionary.text(code.expect("defined").function).to_owned());
            }
            if !names.is_empty() {
                *stacks.entry(names).or_default() += 1;
            }
        }
        let stats = reader.stats();
        println!("3.{minor}: {stacks:?} refused {refused:?} {stats:?}");
        let kept: u32 = stacks.values().sum();
        assert_eq!(empty, 0, "3.{minor}: looks at a thread that executes show no frame");
        assert!(kept > LOOKS / 2, "3.{minor}: only {kept} of {LOOKS} looks kept");
        let possible = |names: &Vec<String>| {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let whole_a = ["<module>", "a1", "a2", "a3"];
            let whole_b = ["<module>", "b1", "b2", "b3"];
            !names.is_empty() && (whole_a.starts_with(&names) || whole_b.starts_with(&names))
        };
        let mixed = stacks.keys().find(|names| !possible(names));
        assert!(mixed.is_none(), "3.{minor}: {stacks:?}");
        for whole in ["a3", "b3"] {
            assert!(stacks.keys().any(|names| names.last().is_some_and(|leaf| leaf == whole)));
        }
    }
}
