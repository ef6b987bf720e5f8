//! Reads recordings beside the window, with progress, and gives up when asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{Builder, ScopedJoinHandle};
use std::time::Instant;

use crossbeam_channel::{Receiver, Sender, TryRecvError, bounded};
use eframe::egui::Context;
use looptrace::analysis::timeline::{Timeline, TimelineBuilder};
use looptrace::analysis::{AnalysisOptions, Analyzer, Source};
use looptrace::model::{Dictionary, Event, RecordingMeta};
use looptrace::recording::{Reader, RecordingError};

use crate::facts::{Steps, steps};
use crate::job::Cancel;
use crate::snapshot::Snapshot;

/// Why there is nothing to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// What is wrong.
    pub message: String,
    /// What can be done.
    pub hints: Vec<String>,
}

impl From<RecordingError> for LoadError {
    fn from(error: RecordingError) -> Self {
        Self { message: error.to_string(), hints: error.hints() }
    }
}

/// How reading went.
#[derive(Debug)]
pub enum Loaded {
    /// Something to show.
    Snapshot(Box<Snapshot>),
    /// Nothing to show.
    Failed(LoadError),
    /// It was given up.
    Cancelled,
}

/// Reading that goes on.
#[derive(Debug)]
pub struct Loading {
    /// The file.
    pub path: PathBuf,
    /// When it began.
    pub since: Instant,
    progress: Arc<Progress>,
    cancel: Cancel,
    receiver: Receiver<Loaded>,
}

#[derive(Debug, Default)]
struct Progress {
    done: AtomicU64,
    whole: AtomicU64,
}

impl Loading {
    /// Begins to read a file.
    #[must_use]
    pub fn begin(ctx: &Context, path: &Path) -> Self {
        let (sender, receiver) = bounded(1);
        let (progress, cancel) = (Arc::new(Progress::default()), Cancel::default());
        let (for_thread, ctx) = ((Arc::clone(&progress), cancel.clone()), ctx.clone());
        let owned = path.to_owned();
        let begun = Builder::new().name("looptrace-load".to_owned()).spawn({
            let sender = sender.clone();
            move || {
                let (progress, cancel) = for_thread;
                // Nobody listens any more when the window is gone.
                if sender.send(read(&owned, &progress, &cancel)).is_ok() {
                    ctx.request_repaint();
                }
            }
        });
        if let Err(error) = begun {
            let message = format!("no thread could be started: {error}");
            let failed = Loaded::Failed(LoadError { message, hints: Vec::new() });
            sender.send(failed).unwrap_or_default();
        }
        Self { path: path.to_owned(), since: Instant::now(), progress, cancel, receiver }
    }

    /// How far it is, from 0 to 1.
    #[must_use]
    pub fn progress(&self) -> f32 {
        let whole = self.progress.whole.load(Ordering::Relaxed);
        let done = self.progress.done.load(Ordering::Relaxed);
        if whole == 0 { 0.0 } else { done as f32 / whole as f32 }
    }

    /// Gives up.
    pub fn cancel(&self) {
        self.cancel.cancel();
    }

    /// What came of it, once it has ended.
    #[must_use]
    pub fn poll(&self) -> Option<Loaded> {
        match self.receiver.try_recv() {
            Ok(loaded) => Some(loaded),
            Err(TryRecvError::Empty) => None,
            Err(TryRecvError::Disconnected) => Some(Loaded::Failed(LoadError {
                message: "the recording could not be read to its end".to_owned(),
                hints: vec!["this is a fault in looptrace; please report it".to_owned()],
            })),
        }
    }
}

/// Reads a file, here and now.
///
/// # Errors
/// The file cannot be read or is no recording. One that is cut short is no error.
pub fn read_file(path: &Path) -> Result<Snapshot, LoadError> {
    match read(path, &Progress::default(), &Cancel::default()) {
        Loaded::Snapshot(snapshot) => Ok(*snapshot),
        Loaded::Failed(error) => Err(error),
        Loaded::Cancelled => Err(LoadError { message: "given up".into(), hints: Vec::new() }),
    }
}

fn read(path: &Path, progress: &Progress, cancel: &Cancel) -> Loaded {
    match try_read(path, progress, cancel) {
        Ok(Some(snapshot)) => Loaded::Snapshot(Box::new(snapshot)),
        Ok(None) => Loaded::Cancelled,
        Err(error) => Loaded::Failed(error.into()),
    }
}

/// Events that are handed on together, between two looks at the progress: few enough to be still in
/// the cache where they are taken.
const BATCH: usize = 1_024;
/// Batches that may wait to be taken.
const WAITING: usize = 32;

fn try_read(
    path: &Path,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Option<Snapshot>, RecordingError> {
    let begun = Instant::now();
    let mut reader = Reader::open(path)?;
    let meta = reader.meta().clone();
    // Reading, spans and facts, each in a thread of its own: what is read goes through all three.
    let ((timeline, steps), analyzer, read) = std::thread::scope(|scope| {
        let (to_spans, for_spans) = bounded(WAITING);
        let (to_facts, for_facts) = bounded(WAITING);
        let spans = scope.spawn(|| spans(&meta, for_spans, to_facts));
        let facts = scope.spawn(|| facts(meta.clone(), for_facts));
        let read = events(&mut reader, progress, cancel, &to_spans);
        drop(to_spans);
        (joined(spans), joined(facts), read)
    });
    if !read? {
        return Ok(None);
    }
    let (bytes, _) = reader.progress();
    let source = Source {
        file: path.display().to_string(),
        truncated: reader.is_truncated(),
        flaw: reader.flaw(),
        lost_bytes: reader.lost_bytes(),
    };
    let analysis = analyzer.finish(source);
    let took = begun.elapsed();
    Ok(Some(Snapshot::new(path.to_owned(), bytes, took, analysis, timeline, steps)))
}

/// Reads all events; `false` when it was given up.
fn events(
    reader: &mut Reader,
    progress: &Progress,
    cancel: &Cancel,
    sink: &Sender<Vec<Event>>,
) -> Result<bool, RecordingError> {
    let mut batch = Vec::with_capacity(BATCH);
    while let Some(event) = reader.next_event()? {
        batch.push(event);
        if batch.len() == BATCH {
            let (done, whole) = reader.progress();
            progress.done.store(done, Ordering::Relaxed);
            progress.whole.store(whole, Ordering::Relaxed);
            // Who does not take them any more has died, and tells when it is joined.
            let full = std::mem::replace(&mut batch, Vec::with_capacity(BATCH));
            if cancel.is_cancelled() || sink.send(full).is_err() {
                return Ok(false);
            }
        }
    }
    sink.send(batch).unwrap_or_default();
    Ok(true)
}

/// Makes the timeline of all events, and hands them on.
fn spans(
    meta: &RecordingMeta,
    events: Receiver<Vec<Event>>,
    sink: Sender<Vec<Event>>,
) -> (Timeline, Vec<Steps>) {
    let mut timeline = TimelineBuilder::new(meta);
    let mut dictionary = Dictionary::new();
    for batch in events {
        for event in &batch {
            dictionary.apply(event);
            timeline.event(event, &dictionary);
        }
        sink.send(batch).unwrap_or_default();
    }
    drop(sink);
    let timeline = timeline.finish(&dictionary);
    let steps = steps(&timeline);
    (timeline, steps)
}

fn facts(meta: RecordingMeta, events: Receiver<Vec<Event>>) -> Analyzer {
    let mut analyzer = Analyzer::new(meta, AnalysisOptions::default());
    events.into_iter().flatten().for_each(|event| analyzer.event(event));
    analyzer
}

/// What a thread made; a fault in it is one of this thread, too.
fn joined<T>(thread: ScopedJoinHandle<'_, T>) -> T {
    thread.join().unwrap_or_else(|fault| std::panic::resume_unwind(fault))
}
