//! Opens a line in the user's editor.

use std::process::{Command, Stdio};
use std::thread::Builder;

/// The command that opens a file at a line, given `LOOPTRACE_EDITOR` (with `{file}` and `{line}`)
/// and `VISUAL` or `EDITOR`.
#[must_use]
pub fn command(template: Option<&str>, visual: Option<&str>, file: &str, line: u32) -> Vec<String> {
    if let Some(template) = template.filter(|template| !template.trim().is_empty()) {
        return template
            .split_whitespace()
            .map(|part| part.replace("{file}", file).replace("{line}", &line.to_string()))
            .collect();
    }
    let mut words: Vec<String> =
        visual.unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    let program = words.first().map(|word| word.rsplit('/').next().unwrap_or(word).to_owned());
    match program.as_deref() {
        Some("code" | "codium" | "cursor" | "windsurf") => {
            words.extend(["--goto".to_owned(), format!("{file}:{line}")]);
        }
        Some("subl" | "zed" | "hx" | "micro") => words.push(format!("{file}:{line}")),
        Some("pycharm" | "idea" | "charm") => {
            words.extend(["--line".to_owned(), line.to_string(), file.to_owned()]);
        }
        Some("gvim" | "emacs" | "emacsclient" | "kate" | "gedit") => {
            words.extend([format!("+{line}"), file.to_owned()]);
        }
        // Terminal editors cannot be started from a window.
        _ => words = vec!["xdg-open".to_owned(), file.to_owned()],
    }
    words
}

/// Opens a file at a line; gives words about it. What a recording names may be anything, so that
/// only a file is opened, and by its whole path: nothing an editor takes for an option or an address.
#[must_use]
pub fn open(file: &str, line: u32) -> String {
    let found = std::fs::canonicalize(file).ok().filter(|path| path.is_file());
    let Some(file) = found.as_deref().and_then(|path| path.to_str()) else {
        return format!("{file} is not on this machine");
    };
    let variable = |name: &str| std::env::var(name).ok();
    let visual = variable("VISUAL").or_else(|| variable("EDITOR"));
    let words = command(variable("LOOPTRACE_EDITOR").as_deref(), visual.as_deref(), file, line);
    let Some((program, arguments)) = words.split_first() else {
        return "LOOPTRACE_EDITOR is empty".to_owned();
    };
    let started = Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    match started {
        Ok(mut child) => {
            // Waited for only so that it does not stay behind when it has ended.
            let waiter = Builder::new().name("looptrace-editor".to_owned());
            if let Err(error) = waiter.spawn(move || child.wait()) {
                return format!("started {program} for {file}:{line}; no thread: {error}");
            }
            match program.as_str() {
                "xdg-open" => format!(
                    "asked {program} for {file}, without line {line}; LOOPTRACE_EDITOR can say both"
                ),
                _ => format!("started {program} for {file}:{line}"),
            }
        }
        Err(error) => {
            format!("{program}: {error}; set LOOPTRACE_EDITOR, e.g. “code -g {{file}}:{{line}}”")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::command;

    #[test]
    fn editors_are_told_the_line_in_their_own_way() {
        let with = |visual| command(None, Some(visual), "/a b.py", 7).join("|");
        assert_eq!(with("/usr/bin/code --wait"), "/usr/bin/code|--wait|--goto|/a b.py:7");
        assert_eq!(with("emacsclient"), "emacsclient|+7|/a b.py");
        assert_eq!(with("vim"), "xdg-open|/a b.py");
        let own = command(Some("ed -l {line} {file}"), Some("code"), "/a b.py", 7);
        assert_eq!(own, ["ed", "-l", "7", "/a b.py"]);
    }
}
