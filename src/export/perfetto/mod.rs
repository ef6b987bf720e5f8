//! A recording as a Perfetto trace: tasks as tracks, await edges as flows, stalls as slices with
//! their stacks, counters beside them.

mod edges;
mod packets;
mod proto;

use std::collections::BTreeMap;
use std::io::{self, Write};

use rustc_hash::FxHashMap;

use crate::analysis::timeline::{LaneKind, Span, SpanState, Timeline};
use crate::analysis::{Analysis, task_coroutine, task_name};
use crate::model::{LoopId, ProcessId, Stall, TaskId, ThreadId, Timestamp};

use edges::Flows;
use packets::{Packets, Slice, Track, number, text};
use proto::{ProcessDescriptor, ThreadDescriptor, TrackDescriptor, Unit};

/// Writes the trace.
///
/// # Errors
/// What the writer gives.
pub fn perfetto(analysis: &Analysis, timeline: &Timeline, out: &mut impl Write) -> io::Result<()> {
    let mut trace = Trace {
        analysis,
        timeline,
        packets: Packets::new(&analysis.dictionary, out),
        processes: BTreeMap::new(),
        threads: FxHashMap::default(),
        groups: BTreeMap::new(),
    };
    trace.processes()?;
    trace.loops()?;
    trace.stalls()?;
    trace.tasks()?;
    trace.counters()
}

struct Trace<'a, W> {
    analysis: &'a Analysis,
    timeline: &'a Timeline,
    packets: Packets<'a, W>,
    processes: BTreeMap<ProcessId, Track>,
    threads: FxHashMap<ThreadId, Track>,
    /// The track of each process under which its tasks are.
    groups: BTreeMap<ProcessId, Track>,
}

impl<W: Write> Trace<'_, W> {
    fn processes(&mut self) -> io::Result<()> {
        for facts in &self.analysis.overview.targets {
            let command = &facts.target.command;
            let name = command.first().map_or("python", String::as_str);
            let process = ProcessDescriptor {
                pid: i32::try_from(facts.target.pid).ok(),
                cmdline: command.clone(),
                process_name: Some(name.to_owned()),
            };
            let descriptor =
                TrackDescriptor { process: Some(process), ..TrackDescriptor::default() };
            let track = self.packets.track(descriptor)?;
            self.processes.insert(facts.id, track);
            let tasks = self.packets.below(track, "tasks".to_owned())?;
            self.groups.insert(facts.id, tasks);
        }
        Ok(())
    }

    /// The track of a thread, described when it is first asked for.
    fn thread(&mut self, id: ThreadId) -> io::Result<Option<Track>> {
        if let Some(&track) = self.threads.get(&id) {
            return Ok(Some(track));
        }
        let dictionary = &self.analysis.dictionary;
        let Some(thread) = dictionary.get_thread(id) else { return Ok(None) };
        let pid = self.analysis.target(thread.process).and_then(|it| i32::try_from(it.pid).ok());
        let descriptor = ThreadDescriptor {
            pid,
            tid: Some(i64::from(thread.native_id)),
            thread_name: thread.name.map(|name| dictionary.text(name).to_owned()),
        };
        let track = self
            .packets
            .track(TrackDescriptor { thread: Some(descriptor), ..TrackDescriptor::default() })?;
        self.threads.insert(id, track);
        Ok(Some(track))
    }

    fn thread_of(&self, id: LoopId) -> Option<ThreadId> {
        self.analysis.loops.iter().find(|time| time.id == id)?.thread
    }

    fn loops(&mut self) -> io::Result<()> {
        for lane in &self.timeline.lanes {
            let (thread, name) = match lane.kind {
                LaneKind::Loop(id) => (self.thread_of(id), format!("event loop {id}")),
                LaneKind::Thread(id) => (Some(id), "thread".to_owned()),
                LaneKind::Task(_) | LaneKind::Packed(_) | LaneKind::Gc(_) => continue,
            };
            let Some(thread) = thread else { continue };
            let Some(parent) = self.thread(thread)? else { continue };
            let track = self.packets.below(parent, name)?;
            for span in lane.spans.iter() {
                let name = match span.task.filter(|_| span.state == SpanState::Running) {
                    Some(task) => self.task_words(task),
                    None => span.state.name().to_owned(),
                };
                let frames = self.packets.frames(span.stack);
                self.packets.slice(
                    track,
                    Slice {
                        name,
                        category: span.state.name(),
                        start: span.start,
                        end: span.end,
                        frames,
                        ..Slice::default()
                    },
                )?;
            }
        }
        Ok(())
    }

    fn stalls(&mut self) -> io::Result<()> {
        let mut tracks: FxHashMap<LoopId, (Track, Timestamp)> = FxHashMap::default();
        for stall in &self.analysis.stalls {
            let Some(parent) = self.thread(stall.thread)? else { continue };
            let (track, last) = match tracks.get(&stall.event_loop) {
                Some(&known) => known,
                None => (self.packets.below(parent, "stalls".to_owned())?, Timestamp::ZERO),
            };
            // Their edges have errors; slices of one track must not overlap.
            let start = stall.start.max(last);
            let end = stall.end().max(start);
            tracks.insert(stall.event_loop, (track, end));
            let slice = self.stall_slice(stall);
            self.packets.slice(track, Slice { start, end, ..slice })?;
        }
        Ok(())
    }

    fn stall_slice(&self, stall: &Stall) -> Slice {
        let cause = stall.main_cause();
        let mut notes = vec![text("kind", stall.kind.name())];
        notes.extend(cause.map(|cause| text("why", cause.text.as_str())));
        let times =
            [("cpu_ns", stall.on_cpu), ("runq_ns", stall.runqueue), ("blocked_ns", stall.blocked)];
        notes.extend(
            times.iter().filter_map(|(name, time)| time.map(|time| number(name, time.as_nanos()))),
        );
        notes.push(number("victims", stall.victims.len() as u64));
        notes.extend(stall.task.map(|task| text("task", self.task_words(task))));
        notes.extend(stall.advice.map(|advice| text("advice", advice)));
        let cause = cause.map_or("unknown", |cause| cause.kind.name());
        Slice {
            name: format!("STALL {cause}"),
            category: "stall",
            notes,
            frames: self.packets.frames(stall.stacks.first().map(|heaviest| heaviest.stack)),
            ..Slice::default()
        }
    }

    fn task_words(&self, task: TaskId) -> String {
        let dictionary = &self.analysis.dictionary;
        let name =
            task_name(dictionary, task).map_or_else(|| format!("task #{task}"), str::to_owned);
        match task_coroutine(dictionary, task) {
            Some(coroutine) => format!("{name} {coroutine}"),
            None => name,
        }
    }

    fn tasks(&mut self) -> io::Result<()> {
        let flows = Flows::new(self.timeline);
        for time in &self.analysis.tasks {
            let process = self.analysis.dictionary.get_task(time.id).map(|task| task.process);
            let Some(&parent) = process.and_then(|id| self.groups.get(&id)) else { continue };
            let words = self.task_words(time.id);
            let track = self.packets.below(parent, words)?;
            for span in self.timeline.task_spans(time.id) {
                let slice = self.task_slice(span);
                let (begins, ends) = flows.of(time.id, span.start);
                self.packets.slice(track, Slice { begins, ends, ..slice })?;
            }
        }
        Ok(())
    }

    fn task_slice(&self, span: Span) -> Slice {
        let dictionary = &self.analysis.dictionary;
        let mut notes = Vec::new();
        let reason = span.wait.and_then(|wait| dictionary.get_wait(wait));
        let name = match reason {
            Some(reason) => {
                let object = reason.object.map(|object| (object, dictionary.get_object(object)));
                if let Some((object, type_name)) = object {
                    notes.push(number("object", u64::from(object.get())));
                    notes.extend(type_name.map(|name| text("type", dictionary.text(name))));
                }
                notes.extend(reason.detail.map(|detail| text("detail", dictionary.text(detail))));
                format!("await {}", reason.kind.name())
            }
            None => span.state.name().to_owned(),
        };
        Slice {
            name,
            category: span.state.name(),
            start: span.start,
            end: span.end,
            notes,
            frames: self.packets.frames(span.stack),
            ..Slice::default()
        }
    }

    fn counters(&mut self) -> io::Result<()> {
        let Some((_, &process)) = self.processes.iter().next() else { return Ok(()) };
        let tracks = ["tasks alive", "tasks ready", "tasks waiting"]
            .map(|name| self.packets.counter(process, name.to_owned(), Unit::Count));
        let [alive, ready, waiting] = tracks;
        let (alive, ready, waiting) = (alive?, ready?, waiting?);
        for count in &self.timeline.counts {
            self.packets.value(alive, count.time, u64::from(count.tasks))?;
            self.packets.value(ready, count.time, u64::from(count.ready))?;
            self.packets.value(waiting, count.time, u64::from(count.waiting))?;
        }
        for series in &self.analysis.lag {
            let Some(thread) = self.thread_of(series.event_loop) else { continue };
            let Some(parent) = self.thread(thread)? else { continue };
            let track = self.packets.counter(parent, "lag".to_owned(), Unit::TimeNs)?;
            for (index, lag) in (0_u64..).zip(&series.max) {
                let time = series.bucket.as_nanos().saturating_mul(index);
                self.packets.value(track, Timestamp::from_nanos(time), lag.as_nanos())?;
            }
        }
        for facts in &self.analysis.contention {
            let name = format!("{} waiters", facts.label(&self.analysis.dictionary));
            let track = self.packets.counter(process, name, Unit::Count)?;
            for &(time, waiters) in facts.waiters.points() {
                self.packets.value(track, time, u64::from(waiters))?;
            }
        }
        Ok(())
    }
}
