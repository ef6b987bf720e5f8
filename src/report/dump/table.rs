//! One look as a table: one line per task.

use std::io::{self, Write};

use crate::analysis::FrameNames;
use crate::model::{Snapshot, TaskView};

use super::super::columns::{Align, Columns};
use super::super::style::{Paint, Style, clean};
use super::super::words;
use super::about;

/// Writes a look as a table of tasks.
///
/// # Errors
/// What the writer gives.
pub fn table(snapshot: &Snapshot, style: Style, out: &mut impl Write) -> io::Result<()> {
    let several = snapshot.targets.len() > 1;
    let mut heads = vec![("ID", Align::Right)];
    if several {
        heads.push(("PID", Align::Right));
    }
    heads.extend([
        ("LOOP", Align::Right),
        ("NAME", Align::Text),
        ("COROUTINE", Align::Text),
        ("STATE", Align::Text),
        ("AT", Align::Path),
        ("AWAITED BY", Align::Text),
        ("CANCEL", Align::Right),
    ]);
    let mut columns = Columns::new(&heads);
    for view in &snapshot.tasks {
        columns.row(cells(snapshot, view, several));
    }
    columns.write(0, style, out)?;
    for cycle in &snapshot.cycles {
        let names: Vec<_> =
            cycle.iter().map(|&id| words::name_of(&snapshot.dictionary, id)).collect();
        let text = format!("‼ await cycle, each awaits the next: {}", names.join(" → "));
        writeln!(out, "{}", style.paint(Paint::Warning, &text))?;
    }
    Ok(())
}

fn cells(snapshot: &Snapshot, view: &TaskView, several: bool) -> Vec<(Paint, String)> {
    let dictionary = &snapshot.dictionary;
    let row = &view.row;
    let definition = dictionary.get_task(row.task);
    let plain = |text: String| (Paint::Plain, text);
    let mut cells = vec![plain(row.task.to_string())];
    if several {
        let target = definition.and_then(|task| about::target_of(snapshot, task.process));
        cells.push(plain(target.map_or_else(String::new, |view| view.target.pid.to_string())));
    }
    let event_loop = definition.and_then(|task| task.event_loop);
    cells.push(plain(event_loop.map_or_else(String::new, |id| id.to_string())));
    cells.push((Paint::Task, words::name_of(dictionary, row.task).into_owned()));
    cells.push(plain(words::call_of(dictionary, row.task)));
    cells.push((words::paint(row.state), words::state_words(dictionary, row)));
    let leaf = row.chain.and_then(|chain| dictionary.get_stack(chain));
    let place = leaf.map(|node| FrameNames::of(dictionary, node.frame).place());
    cells.push((Paint::Dim, place.map_or_else(String::new, |place| clean(&place).into_owned())));
    let awaiters: Vec<_> = view
        .awaited_by
        .iter()
        .take(3)
        .map(|&id| words::name_of(dictionary, id).into_owned())
        .collect();
    let more = if view.awaited_by.len() > 3 { ", …" } else { "" };
    cells.push(plain(format!("{}{more}", awaiters.join(", "))));
    let cancels = row.cancel_requests.filter(|&count| count > 0);
    cells.push((Paint::Warning, cancels.map_or_else(String::new, |count| format!("×{count}"))));
    cells
}
