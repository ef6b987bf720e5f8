//! Reads recordings beside the window, with progress, and gives up when asked.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::Builder;
use std::time::Instant;

use crossbeam_channel::{Receiver, TryRecvError, bounded};
use eframe::egui::Context;
use looptrace::analysis::timeline::TimelineBuilder;
use looptrace::analysis::{AnalysisOptions, Analyzer, Source};
use looptrace::recording::{Reader, RecordingError};

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

/// Events between two looks at the progress.
const STRIDE: u32 = 8_192;

fn try_read(
    path: &Path,
    progress: &Progress,
    cancel: &Cancel,
) -> Result<Option<Snapshot>, RecordingError> {
    let begun = Instant::now();
    let mut reader = Reader::open(path)?;
    let mut analyzer = Analyzer::new(reader.meta().clone(), AnalysisOptions::default());
    let mut timeline = TimelineBuilder::new(reader.meta());
    let mut stride = 0;
    while let Some(event) = reader.next_event()? {
        timeline.event(&event, analyzer.dictionary());
        analyzer.event(event);
        stride += 1;
        if stride == STRIDE {
            stride = 0;
            let (done, whole) = reader.progress();
            progress.done.store(done, Ordering::Relaxed);
            progress.whole.store(whole, Ordering::Relaxed);
            if cancel.is_cancelled() {
                return Ok(None);
            }
        }
    }
    let (bytes, _) = reader.progress();
    let source = Source {
        file: path.display().to_string(),
        truncated: reader.is_truncated(),
        flaw: reader.flaw(),
        lost_bytes: reader.lost_bytes(),
    };
    let timeline = timeline.finish(analyzer.dictionary());
    let analysis = analyzer.finish(source);
    let took = begun.elapsed();
    Ok(Some(Snapshot::new(path.to_owned(), bytes, took, analysis, timeline)))
}
