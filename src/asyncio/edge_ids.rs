//! From awaiters' addresses to their ids.

use super::record::Records;
use crate::model::Event;

/// Brings every task's list of awaiters up to date; an awaiter that is no known task is left out.
pub(super) fn resolve_edges(records: &mut Records, events: &mut Vec<Event>) {
    let mut awaiters = Vec::new();
    for position in 0..records.len() {
        let Some(record) = records.at(position) else { continue };
        let Some(task) = record.id else { continue };
        awaiters.clear();
        awaiters.extend(
            record.awaiters.iter().filter_map(|&awaiter| records.get(awaiter).and_then(|r| r.id)),
        );
        awaiters.sort_unstable();
        awaiters.dedup();
        if record.reported != awaiters {
            events.push(Event::AwaitedBy { task, awaiters: awaiters.clone() });
            if let Some(record) = records.at_mut(position) {
                record.reported.clone_from(&awaiters);
            }
        }
    }
}
