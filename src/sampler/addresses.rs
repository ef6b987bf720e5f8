//! The addresses of the bare sockets that tasks wait for: a socket object does not know them, the
//! kernel does.

use rustc_hash::FxHashMap;

use super::sockets::{Question, answers_to};
use super::target::TargetProcess;
use crate::model::{TaskId, TaskView, WaitDetail};
use crate::os::{objects, sockets};

/// Sockets that are asked about in one look.
const MOST: usize = 1024;

/// Says from where to where the sockets lead that tasks wait for. A descriptor may be another
/// socket's by now: only tasks that still wait as the census saw them are told.
pub(super) fn tell(target: &mut TargetProcess, tasks: &mut [TaskView]) {
    let pid = target.pid;
    let mut questions = Vec::new();
    let mut asked: FxHashMap<TaskId, u64> = FxHashMap::default();
    for view in tasks.iter() {
        let detail = view.detail.as_deref().filter(|_| questions.len() < MOST);
        let Some(descriptor) = detail.and_then(without_addresses) else { continue };
        let link = objects::link(pid, descriptor);
        let Some(inode) = link.and_then(|link| sockets::inode(&link)) else { continue };
        let protocol = sockets::protocol(pid, descriptor);
        questions.push(Question { inode, protocol });
        asked.insert(view.row.task, inode);
    }
    if questions.is_empty() {
        return;
    }
    target.keep_still(&mut asked);
    let answers: FxHashMap<u64, objects::Object> = answers_to(pid, &questions)
        .into_iter()
        .filter_map(|answer| Some((answer.inode, answer.object?)))
        .collect();
    for view in tasks {
        let object = asked.get(&view.row.task).and_then(|inode| answers.get(inode));
        let Some((object, detail)) = object.zip(view.detail.as_deref_mut()) else { continue };
        detail.local = object.local.clone().or_else(|| object.name.clone());
        detail.peer = detail.peer.take().or_else(|| object.peer.clone());
    }
}

/// The descriptor of a socket whose own address is not known.
fn without_addresses(detail: &WaitDetail) -> Option<u64> {
    detail.fd.filter(|_| detail.operation.is_some() && detail.local.is_none()).map(u64::from)
}
