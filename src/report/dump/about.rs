//! Which processes a look was at.

use crate::model::{ProcessId, Snapshot, TargetView};

use super::super::style::{Paint, Style, clean};

/// The process with this id.
pub(super) fn target_of(snapshot: &Snapshot, process: ProcessId) -> Option<&TargetView> {
    snapshot.targets.iter().find(|view| view.id == process)
}

/// `in pid 4243` when several processes are shown, else nothing.
pub(super) fn pid_words(snapshot: &Snapshot, process: ProcessId) -> String {
    match target_of(snapshot, process) {
        Some(view) if snapshot.targets.len() > 1 => format!(" in pid {}", view.target.pid),
        _ => String::new(),
    }
}

/// The lines above everything: which processes were looked at.
pub(super) fn heading(snapshot: &Snapshot, style: Style) -> Vec<String> {
    let mut lines = Vec::new();
    for view in &snapshot.targets {
        let target = &view.target;
        let title = format!("pid {}  Python {}", target.pid, clean(&target.python));
        let mut line = style.paint(Paint::Title, &title).into_owned();
        if !target.command.is_empty() {
            let command = target.command.join(" ");
            line.push_str(&format!("  {}", style.paint(Paint::Dim, &clean(&command))));
        }
        lines.push(line);
        if !view.has_asyncio {
            lines.push("asyncio is not imported here; threads only".to_owned());
        }
    }
    lines
}
