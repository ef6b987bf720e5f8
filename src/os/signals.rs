//! Signals as a stream of values.
//!
//! A handler writes each signal and its origin into a pipe; a thread reads them there. Handlers
//! (unlike a signal mask) do not pass on to programs that we start.
#![expect(unsafe_code, reason = "installing a signal handler")]

use std::fs::File;
use std::io::{self, Read as _};
use std::os::fd::{IntoRawFd as _, RawFd};
use std::sync::atomic::{AtomicI32, Ordering};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::libc;
pub use nix::sys::signal::Signal;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, sigaction};

/// Where the handler writes to; below 0 until [`listen`] was called.
static PIPE: AtomicI32 = AtomicI32::new(-1);

/// A signal that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arrival {
    /// Which.
    pub signal: Signal,
    /// Whether the kernel sent it (a key on the terminal, a hang-up). It then went to the whole
    /// foreground process group; otherwise a process sent it to us alone.
    pub from_kernel: bool,
}

/// Signals as they arrive.
#[derive(Debug)]
pub struct Arrivals(File);

impl Iterator for Arrivals {
    type Item = Arrival;

    /// Blocks until a signal arrives.
    fn next(&mut self) -> Option<Arrival> {
        let mut bytes = [0; 2];
        self.0.read_exact(&mut bytes).ok()?;
        let signal = Signal::try_from(i32::from(bytes[0])).ok()?;
        Some(Arrival { signal, from_kernel: bytes[1] != 0 })
    }
}

/// What to do about a signal that this process was started to ignore (`nohup`, background jobs
/// of scripts).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ignored {
    /// Leave it ignored, so that programs that we start ignore it as well.
    Keep,
    /// Take it over like the others.
    TakeOver,
}

/// Takes these signals over for the rest of this process's life. Only the last caller's stream
/// gets them.
///
/// # Errors
///
/// Those of `pipe2` and `sigaction`.
pub fn listen(signals: &[Signal], ignored: Ignored) -> io::Result<Arrivals> {
    let (reader, writer) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
    // A full pipe must not block the handler.
    nix::fcntl::fcntl(&writer, nix::fcntl::FcntlArg::F_SETFL(OFlag::O_NONBLOCK))?;
    // The descriptor stays open for ever: a handler may run at any time.
    PIPE.store(writer.into_raw_fd(), Ordering::SeqCst);
    let handler = SigHandler::SigAction(forward);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    for &signal in signals {
        // SAFETY: `forward` calls async-signal-safe functions only and keeps `errno`.
        let before = unsafe { sigaction(signal, &action) }?;
        if ignored == Ignored::Keep && matches!(before.handler(), SigHandler::SigIgn) {
            // SAFETY: this is what was in force before.
            unsafe { sigaction(signal, &before) }?;
        }
    }
    Ok(Arrivals(File::from(reader)))
}

/// Gives a signal its default effect again.
///
/// # Errors
///
/// Those of `sigaction`.
pub fn restore_default(signal: Signal) -> io::Result<()> {
    let action = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours.
    unsafe { sigaction(signal, &action) }?;
    Ok(())
}

extern "C" fn forward(
    number: libc::c_int,
    info: *mut libc::siginfo_t,
    _context: *mut libc::c_void,
) {
    let saved = Errno::last_raw();
    // SAFETY: the kernel passes a valid siginfo_t to an SA_SIGINFO handler.
    let code = unsafe { (*info).si_code };
    // Codes above 0 are the kernel's own (SI_KERNEL); kill, tgkill and sigqueue give 0 or less.
    let bytes = [u8::try_from(number).unwrap_or(0), u8::from(code > 0)];
    let pipe: RawFd = PIPE.load(Ordering::SeqCst);
    // SAFETY: two bytes from a live array; write is async-signal-safe; a bad descriptor or a
    // full pipe is an error that loses this arrival only.
    unsafe { libc::write(pipe, bytes.as_ptr().cast(), bytes.len()) };
    Errno::set_raw(saved);
}

/// Tests that listen take turns: a process has one stream of signals.
#[cfg(test)]
pub(crate) static TURN: std::sync::Mutex<()> = std::sync::Mutex::new(());

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::PoisonError;

    #[test]
    fn a_signal_sent_by_a_process_arrives_and_is_known_as_such() {
        let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        let mut arrivals = listen(&[Signal::SIGUSR2], Ignored::Keep).unwrap();
        nix::sys::signal::raise(Signal::SIGUSR2).unwrap();
        let arrival = arrivals.next().unwrap();
        assert_eq!(arrival, Arrival { signal: Signal::SIGUSR2, from_kernel: false });
    }
}
