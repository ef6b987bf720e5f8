//! The rules that keep the house in order, as `docs/architecture.md` states them.
#![cfg(test)]

use std::path::{Path, PathBuf};

/// Which modules of the crate each module may use, besides itself.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("memory", &["model"]),
    ("python", &["os", "memory", "model"]),
    ("asyncio", &["python", "memory", "model"]),
    ("os", &["memory", "model"]),
    ("recording", &["model"]),
    ("sampler", &["asyncio", "python", "os", "memory", "recording", "model"]),
    ("analysis", &["recording", "model"]),
    ("report", &["analysis", "recording", "model"]),
    ("export", &["analysis", "recording", "model"]),
    ("cli", &["sampler", "report", "export", "analysis", "recording", "os", "model"]),
];

/// Where `unsafe` may appear.
const UNSAFE: &[&str] = &["src/memory/live.rs", "src/os/"];

/// What may lie at the top, besides names that begin with a dot and the build's own output.
const TOP: &[&str] = &[
    "Cargo.toml",
    "Cargo.lock",
    "src",
    "gui",
    "samples",
    "tests",
    "docs",
    "README.md",
    "LICENSE",
    "CHANGELOG.md",
    "target",
];

const LONGEST_FILE: usize = 500;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A file, its path relative to the root.
struct Source {
    path: String,
    text: String,
}

fn sources(directories: &[&str], extensions: &[&str]) -> Vec<Source> {
    let mut open: Vec<PathBuf> = directories.iter().map(|name| root().join(name)).collect();
    let mut found = Vec::new();
    while let Some(directory) = open.pop() {
        for entry in std::fs::read_dir(&directory).into_iter().flatten().map_while(Result::ok) {
            let path = entry.path();
            let extension = path.extension().and_then(|extension| extension.to_str());
            if path.is_dir() {
                open.push(path);
            } else if extension.is_some_and(|extension| extensions.contains(&extension)) {
                let name = path.strip_prefix(root()).expect("it lies below the root");
                found.push(Source {
                    path: name.to_str().expect("names are UTF-8").to_owned(),
                    text: std::fs::read_to_string(&path).expect("a source can be read"),
                });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(!found.is_empty(), "nothing found in {directories:?}");
    found
}

/// The code without comments, line by line, up to the tests at the end of the file.
fn code(text: &str) -> Vec<&str> {
    text.lines()
        .take_while(|line| line.trim() != "#[cfg(test)]")
        .map(|line| line.split("//").next().unwrap_or_default())
        .collect()
}

/// The modules named after `crate::`, groups in braces included.
fn modules_used(code: &str) -> Vec<String> {
    let mut used = Vec::new();
    for (at, _) in code.match_indices("crate::") {
        let rest = &code[at + "crate::".len()..];
        if let Some(group) = rest.strip_prefix('{') {
            let mut depth = 0_usize;
            let mut names = String::new();
            for character in group.chars() {
                match character {
                    '{' => depth += 1,
                    '}' if depth == 0 => break,
                    '}' => depth -= 1,
                    _ if depth == 0 => names.push(character),
                    _ => {}
                }
            }
            used.extend(names.split(',').map(|name| first_word(name.trim())));
        } else {
            used.push(first_word(rest));
        }
    }
    used.retain(|name| !name.is_empty());
    used
}

fn first_word(text: &str) -> String {
    text.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

fn none(complaints: &[String]) {
    assert!(complaints.is_empty(), "\n{}\n", complaints.join("\n"));
}

#[test]
fn imports_follow_the_layers() {
    let mut complaints = Vec::new();
    for source in sources(&["src"], &["rs"]) {
        let module = first_word(source.path.trim_start_matches("src/"));
        if matches!(module.as_str(), "lib" | "main") {
            continue;
        }
        let Some((_, allowed)) = LAYERS.iter().find(|(name, _)| *name == module) else {
            complaints.push(format!("{}: `{module}` has no place in the layers", source.path));
            continue;
        };
        for used in modules_used(&code(&source.text).join("\n")) {
            if used != module && !allowed.contains(&used.as_str()) {
                complaints.push(format!("{}: `{module}` may not use `{used}`", source.path));
            }
        }
    }
    none(&complaints);
}

#[test]
fn no_file_is_too_long() {
    let complaints: Vec<String> = sources(&["src", "gui", "tests", "samples"], &["rs", "py", "sh"])
        .iter()
        .map(|source| (&source.path, source.text.lines().count()))
        .filter(|(_, lines)| *lines > LONGEST_FILE)
        .map(|(path, lines)| format!("{path}: {lines} lines, the limit is {LONGEST_FILE}"))
        .collect();
    none(&complaints);
}

#[test]
fn unsafe_code_stays_where_it_is_allowed_and_says_why_it_is_sound() {
    let mut complaints = Vec::new();
    for source in sources(&["src", "tests"], &["rs"]) {
        if source.path == "tests/layers.rs" {
            continue;
        }
        let lines: Vec<&str> = source.text.lines().collect();
        for (number, line) in code(&source.text).iter().enumerate() {
            if !line.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == "unsafe")
            {
                continue;
            }
            let place = format!("{}:{}", source.path, number + 1);
            if !UNSAFE.iter().any(|allowed| source.path.starts_with(allowed)) {
                complaints.push(format!("{place}: no `unsafe` here"));
            } else if !lines[number.saturating_sub(8)..=number]
                .iter()
                .any(|line| line.contains("SAFETY:") || line.contains("# Safety"))
            {
                complaints.push(format!("{place}: no SAFETY comment above"));
            }
        }
    }
    none(&complaints);
}

#[test]
fn only_the_command_line_prints() {
    let mut complaints = Vec::new();
    for source in sources(&["src"], &["rs"]) {
        if source.path.starts_with("src/cli/") || source.path == "src/main.rs" {
            continue;
        }
        for (number, line) in code(&source.text).iter().enumerate() {
            if ["print!", "println!", "eprint!", "eprintln!", "dbg!"].iter().any(|name| {
                line.match_indices(name)
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
            }) {
                complaints.push(format!("{}:{}: printing", source.path, number + 1));
            }
        }
    }
    none(&complaints);
}

#[test]
fn the_top_holds_only_what_belongs_there() {
    let complaints: Vec<String> = std::fs::read_dir(root())
        .expect("the root can be listed")
        .map(|entry| entry.expect("the root can be listed").file_name().into_string())
        .map(|name| name.expect("names are UTF-8"))
        // What `demo` and `record` leave where they are run.
        .filter(|name| !name.starts_with("looptrace-"))
        .filter(|name| !name.starts_with('.') && !TOP.contains(&name.as_str()))
        .map(|name| format!("{name}: not at the top"))
        .collect();
    none(&complaints);
}

#[test]
fn every_sample_states_what_must_be_found() {
    let complaints: Vec<String> = sources(&["samples"], &["py"])
        .iter()
        .filter(|sample| !sample.path.starts_with("samples/_"))
        .filter(|sample| {
            let docstring = sample.text.strip_prefix("\"\"\"").and_then(|s| s.split_once("\"\"\""));
            !docstring.is_some_and(|(text, _)| {
                text.lines().any(|line| line.starts_with("looptrace must show:"))
            })
        })
        .map(|sample| format!("{}: no `looptrace must show:` in its docstring", sample.path))
        .collect();
    none(&complaints);
}

#[test]
fn modules_are_found_in_every_form_of_import() {
    let code = "use crate::a::B;\nuse crate::{b, c::{D, e}, d as x};\nlet y = crate::f::g();";
    assert_eq!(modules_used(code), ["a", "b", "c", "d", "f"]);
}
