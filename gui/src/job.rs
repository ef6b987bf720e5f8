//! Work beside the window: the latest request wins, an old answer stays until the new one is there.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use crossbeam_channel::{Receiver, bounded};
use eframe::egui::Context;

/// Tells work that nobody waits for it any more.
#[derive(Debug, Clone, Default)]
pub struct Cancel(Arc<AtomicBool>);

impl Cancel {
    /// Says that nobody waits.
    pub fn cancel(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether nobody waits.
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// An answer that is made beside the window, for the latest key asked for.
#[derive(Debug)]
pub struct Job<K, T> {
    ready: Option<(K, Arc<T>)>,
    pending: Option<(K, Receiver<T>, Cancel)>,
    /// The key whose work died; it is not begun again.
    failed: Option<K>,
}

impl<K, T> Default for Job<K, T> {
    fn default() -> Self {
        Self { ready: None, pending: None, failed: None }
    }
}

impl<K: Clone + PartialEq, T: Send + 'static> Job<K, T> {
    /// The answer for `key` if it is there, else the one before. Work on it is begun if nobody
    /// does it yet, and work for another key is given up.
    pub fn get(
        &mut self,
        ctx: &Context,
        key: &K,
        work: impl FnOnce(&Cancel) -> T + Send + 'static,
    ) -> Option<Arc<T>> {
        self.collect();
        let is_ready = self.ready.as_ref().is_some_and(|(ready, _)| ready == key);
        let is_pending = self.pending.as_ref().is_some_and(|(pending, ..)| pending == key);
        if !is_ready && !is_pending && self.failed.as_ref() != Some(key) {
            self.begin(ctx, key, work);
        }
        self.ready.as_ref().map(|(_, answer)| Arc::clone(answer))
    }

    /// The last answer there was.
    #[must_use]
    pub fn last(&self) -> Option<Arc<T>> {
        self.ready.as_ref().map(|(_, answer)| Arc::clone(answer))
    }

    /// Whether work is being done; not what was done for a view that is no longer shown.
    #[must_use]
    pub fn is_working(&self) -> bool {
        self.pending.as_ref().is_some_and(|(_, receiver, _)| receiver.is_empty())
    }

    fn collect(&mut self) {
        let Some((key, receiver, _)) = &self.pending else { return };
        match receiver.try_recv() {
            Ok(answer) => {
                self.ready = Some((key.clone(), Arc::new(answer)));
                self.pending = None;
            }
            Err(crossbeam_channel::TryRecvError::Empty) => {}
            Err(crossbeam_channel::TryRecvError::Disconnected) => {
                self.failed = self.pending.take().map(|(key, ..)| key);
            }
        }
    }

    fn begin(&mut self, ctx: &Context, key: &K, work: impl FnOnce(&Cancel) -> T + Send + 'static) {
        if let Some((_, _, cancel)) = self.pending.take() {
            cancel.cancel();
        }
        let (sender, receiver) = bounded(1);
        let (cancel, ctx) = (Cancel::default(), ctx.clone());
        let for_work = cancel.clone();
        let begun = Builder::new().name("looptrace-work".to_owned()).spawn(move || {
            let answer = work(&for_work);
            if sender.send(answer).is_ok() {
                ctx.request_repaint();
            }
        });
        match begun {
            Ok(_) => self.pending = Some((key.clone(), receiver, cancel)),
            Err(_) => self.failed = Some(key.clone()),
        }
    }
}
