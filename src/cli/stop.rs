//! Ending a recording of a running program: Ctrl-C and its kin.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::Builder;

use super::message;
use crate::os::signals::{self, Ignored, Signal};

const ENDING: [Signal; 3] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP];

/// A flag that the first Ctrl-C (or SIGTERM, or SIGHUP) sets. A second one says that the file is
/// being finished; from then on the signals have their default effect again.
///
/// # Errors
///
/// The handlers cannot be installed.
pub fn on_interrupt() -> io::Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let arrivals = signals::listen(&ENDING, Ignored::TakeOver)?;
    let flag = Arc::clone(&stop);
    Builder::new().name("signals".to_owned()).spawn(move || {
        for _arrival in arrivals {
            if flag.swap(true, Ordering::SeqCst) {
                message::note("finishing the file; once more ends at once");
                for signal in ENDING {
                    signals::restore_default(signal).unwrap_or_default();
                }
            }
        }
    })?;
    Ok(stop)
}
