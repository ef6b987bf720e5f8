//! Which system call a thread sleeps in, as the kernel says it, and whether it is a poll call.

use std::fs::File;
use std::os::unix::fs::FileExt as _;

use nix::libc;

use super::call::Call;

/// `/proc/PID/task/TID/syscall`, kept open.
#[derive(Debug)]
pub struct SyscallProbe {
    file: File,
}

/// A poll call that a thread sleeps in: epoll, poll, select, or waiting for an io_uring.
///
/// An equal one later is made from the same place: same call on the same descriptor (or array), with
/// the stack as deep as before. It need not be the very same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PollCall {
    number: libc::c_long,
    first_argument: u64,
    stack_pointer: u64,
    instruction: u64,
}

/// What a thread is doing, as far as system calls go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blocked {
    /// It runs, or could.
    Running,
    /// It does not run, and is in no call: in a page fault, or stopped.
    Outside,
    /// It is blocked in this call.
    In(Call),
    /// It is gone, or the kernel does not tell.
    Unknown,
}

impl SyscallProbe {
    /// The probe of one thread; `None` where the kernel has no such file or denies it.
    #[must_use]
    pub fn open(pid: u32, tid: u32) -> Option<Self> {
        let file = File::open(format!("/proc/{pid}/task/{tid}/syscall")).ok()?;
        Some(Self { file })
    }

    /// The call that the thread is blocked in now. One system call.
    #[must_use]
    pub fn call(&self) -> Blocked {
        let mut text = [0; 256];
        let text = self.file.read_at(&mut text, 0).ok().and_then(|len| text.get(..len));
        text.and_then(parse_any).unwrap_or(Blocked::Unknown)
    }

    /// The poll call that the thread sleeps in now; `None` if it runs, sleeps elsewhere or is gone.
    /// One system call.
    #[must_use]
    pub fn poll_call(&self) -> Option<PollCall> {
        let mut text = [0; 256];
        let len = self.file.read_at(&mut text, 0).ok()?;
        parse(text.get(..len)?)
    }
}

/// The file holds `running`, or the call's number in decimal, its six arguments, stack pointer and
/// instruction pointer; −1 and the last two mean asleep outside a call.
fn parse(text: &[u8]) -> Option<PollCall> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let number = words.next()?.parse().ok().filter(|&call| is_poll(call))?;
    let mut pointers = words.map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    let first_argument = pointers.next()??;
    let stack_pointer = pointers.nth(5)??;
    let instruction = pointers.next()??;
    Some(PollCall { number, first_argument, stack_pointer, instruction })
}

fn parse_any(text: &[u8]) -> Option<Blocked> {
    let mut words = std::str::from_utf8(text).ok()?.split_ascii_whitespace();
    let number = match words.next()? {
        "running" => return Some(Blocked::Running),
        "-1" => return Some(Blocked::Outside),
        number => number.parse().ok()?,
    };
    let mut arguments = [0; 6];
    for argument in &mut arguments {
        *argument = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    }
    Some(Blocked::In(Call { number, arguments }))
}

fn is_poll(call: libc::c_long) -> bool {
    #[cfg(target_arch = "x86_64")]
    if matches!(call, libc::SYS_epoll_wait | libc::SYS_poll | libc::SYS_select) {
        return true;
    }
    matches!(
        call,
        libc::SYS_epoll_pwait
            | libc::SYS_epoll_pwait2
            | libc::SYS_ppoll
            | libc::SYS_pselect6
            | libc::SYS_io_uring_enter
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asleep(number: libc::c_long, timeout: &str, stack: &str) -> Option<PollCall> {
        let text = format!("{number} 0x3 0x7ffd 0x2 {timeout} 0x0 0x8 {stack} 0x7f00\n");
        parse(text.as_bytes())
    }

    #[test]
    fn calls_are_told_apart() {
        assert!(asleep(libc::SYS_epoll_pwait, "0x10", "0x7ffe").is_some());
        assert_eq!(asleep(libc::SYS_futex, "0x10", "0x7ffe"), None);
        for text in ["running\n", "-1 0x7ffe 0x7f00\n", "", "281", "281 0x3 0x1\n", "281 0x3 ?"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse_any(b"running\n"), Some(Blocked::Running));
        assert_eq!(parse_any(b"-1 0x7ffe 0x7f00\n"), Some(Blocked::Outside));
        let call = Call { number: 0, arguments: [3, 16, 2, 0, 0, 8] };
        assert_eq!(parse_any(b"0 0x3 0x10 0x2 0x0 0x0 0x8 0x7 0x8"), Some(Blocked::In(call)));
        assert_eq!(parse_any(b"0 0x3 0x10"), None);
    }

    #[test]
    fn a_call_from_the_same_place_is_known_by_its_stack_whatever_its_timeout() {
        let call = asleep(libc::SYS_epoll_pwait, "0x10", "0x7ffe");
        assert_eq!(call, asleep(libc::SYS_epoll_pwait, "0xffffffff", "0x7ffe"));
        assert_ne!(call, asleep(libc::SYS_epoll_pwait, "0x10", "0x7ffd"));
    }
}
