//! The hand-over from the sampling thread to the writer thread.
//!
//! Two bounded queues: full batches out, empty ones back. The sampling thread never waits; when the
//! writer cannot keep up, looks are dropped and counted. Definitions and censuses are never
//! dropped, since later events build on them: they wait for the next batch.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, RecvTimeoutError, Sender, TrySendError, bounded};

use crate::model::{Dictionary, Event};
use crate::recording::{RecordingError, Writer};

/// Events in a batch; at 1 kHz a batch is sent long before it is full.
const BATCH: usize = 4096;
/// Batches on their way.
const QUEUE: usize = 32;
/// A batch is sent at least this often, and the writer flushes this often, so that at most a
/// second is lost when the recorder is killed.
const SEND_EVERY: Duration = Duration::from_millis(200);
const FLUSH_EVERY: Duration = Duration::from_millis(400);

/// What the writer thread tells the sampling thread.
#[derive(Debug, Default)]
struct Shared {
    /// The size of the file.
    bytes: AtomicU64,
    /// Events left out since what they refer to is not defined.
    refused: AtomicU64,
}

/// The sampling thread's end.
#[derive(Debug)]
pub(super) struct Sink {
    batch: Vec<Event>,
    full: Option<Sender<Vec<Event>>>,
    empty: Receiver<Vec<Event>>,
    writer: Option<JoinHandle<Result<u64, RecordingError>>>,
    shared: Arc<Shared>,
    last_sent: Instant,
    dropped: u64,
    failed: bool,
}

impl Sink {
    /// Starts the writer thread.
    pub(super) fn start(writer: Writer) -> std::io::Result<Self> {
        let (full, incoming) = bounded(QUEUE);
        let (back, empty) = bounded(QUEUE + 2);
        let shared = Arc::<Shared>::default();
        let theirs = Arc::clone(&shared);
        let thread = std::thread::Builder::new()
            .name("looptrace-writer".to_owned())
            .spawn(move || write(writer, &incoming, &back, &theirs))?;
        Ok(Self {
            batch: Vec::with_capacity(BATCH),
            full: Some(full),
            empty,
            writer: Some(thread),
            shared,
            last_sent: Instant::now(),
            dropped: 0,
            failed: false,
        })
    }

    /// Adds one event; definitions that it needs must have been taken over by
    /// [`Sink::define`] before.
    pub(super) fn push(&mut self, event: Event) {
        self.batch.push(event);
        if self.batch.len() >= BATCH {
            self.send();
        }
    }

    /// Takes over what is new in the dictionary.
    pub(super) fn define(&mut self, dictionary: &mut Dictionary) {
        if dictionary.has_pending() {
            self.batch.extend(dictionary.drain_pending());
        }
    }

    /// Takes over a list of events, leaving it empty.
    pub(super) fn append(&mut self, events: &mut Vec<Event>) {
        self.batch.append(events);
        if self.batch.len() >= BATCH {
            self.send();
        }
    }

    /// Sends what is there if the last batch was sent a while ago.
    pub(super) fn tick(&mut self, now: Instant) {
        if now.saturating_duration_since(self.last_sent) >= SEND_EVERY {
            self.send();
        }
    }

    fn send(&mut self) {
        self.last_sent = Instant::now();
        let Some(full) = &self.full else { return };
        if self.batch.is_empty() {
            return;
        }
        let next = self.empty.try_recv().unwrap_or_else(|_none| Vec::with_capacity(BATCH));
        let batch = std::mem::replace(&mut self.batch, next);
        match full.try_send(batch) {
            Ok(()) => {}
            Err(TrySendError::Full(mut batch)) => {
                let before = batch.len();
                batch.retain(|event| !is_look(event));
                self.dropped += (before - batch.len()) as u64;
                self.batch = batch;
            }
            Err(TrySendError::Disconnected(_)) => self.failed = true,
        }
    }

    /// Events lost because the writer could not keep up, or that it refused.
    pub(super) fn dropped(&self) -> u64 {
        self.dropped + self.shared.refused.load(Ordering::Relaxed)
    }

    /// Bytes in the file.
    pub(super) fn bytes(&self) -> u64 {
        self.shared.bytes.load(Ordering::Relaxed)
    }

    /// Whether the writer has given up (its error comes from [`Sink::finish`]).
    pub(super) const fn failed(&self) -> bool {
        self.failed
    }

    /// Hands over the rest, waits for the writer and gives the file's size in bytes.
    pub(super) fn finish(mut self) -> Result<u64, RecordingError> {
        let rest = std::mem::take(&mut self.batch);
        if let Some(full) = self.full.take() {
            // The only place that waits: nothing is sampled any more.
            if full.send(rest).is_err() {
                self.failed = true;
            }
        }
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            Some(Err(panic)) => std::panic::resume_unwind(panic),
            None => Ok(self.bytes()),
        }
    }
}

const fn is_look(event: &Event) -> bool {
    matches!(
        event,
        Event::Sample(_)
            | Event::Idle { .. }
            | Event::Miss(_)
            | Event::OffCpu(_)
            | Event::OffCpuRun(_)
            | Event::Blocked(_)
            | Event::NativeSample(_)
            | Event::Gil(_)
            | Event::Lock(_)
            | Event::Gc(_)
    )
}

fn write(
    mut writer: Writer,
    incoming: &Receiver<Vec<Event>>,
    back: &Sender<Vec<Event>>,
    shared: &Shared,
) -> Result<u64, RecordingError> {
    let mut flushed = Instant::now();
    loop {
        match incoming.recv_timeout(FLUSH_EVERY) {
            Ok(mut batch) => {
                for event in &batch {
                    match writer.push(event) {
                        Ok(()) => {}
                        // The writer leaves such an event out and stays usable.
                        Err(RecordingError::OutOfOrder { .. }) => {
                            shared.refused.fetch_add(1, Ordering::Relaxed);
                        }
                        Err(error) => return Err(error),
                    }
                }
                batch.clear();
                // With the queue of empty batches full, this one is simply freed.
                drop(back.try_send(batch));
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => break,
        }
        if flushed.elapsed() >= FLUSH_EVERY {
            writer.flush()?;
            flushed = Instant::now();
        }
        shared.bytes.store(writer.bytes_written(), Ordering::Relaxed);
    }
    writer.finish()
}
