//! A running process, read with `process_vm_readv`.
#![expect(unsafe_code, reason = "process_vm_readv takes raw vectors of this process's memory")]

use std::cell::{Cell, RefCell};

use nix::errno::Errno;
use nix::libc;

use super::{Batch, MemoryError, ReadMemory, RemoteAddr};

/// `IOV_MAX` on Linux: more ranges than this take a second call.
const MAX_RANGES: usize = 1024;

/// A running process.
#[derive(Debug)]
pub struct LiveMemory {
    pid: i32,
    remote: RefCell<Vec<libc::iovec>>,
    calls: Cell<u64>,
}

impl LiveMemory {
    /// The process with this pid. Nothing is checked or read yet.
    #[must_use]
    pub fn new(pid: u32) -> Self {
        Self {
            pid: i32::try_from(pid).unwrap_or(-1),
            remote: RefCell::new(Vec::new()),
            calls: Cell::new(0),
        }
    }

    /// System calls made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.calls.get()
    }

    /// Reads ranges `first..` (at most [`MAX_RANGES`]); gives the number of bytes read.
    fn call(&self, batch: &mut Batch, first: usize, count: usize) -> Result<usize, Errno> {
        let mut remote = self.remote.borrow_mut();
        remote.clear();
        let Some(ranges) = batch.ranges.get(first..first + count) else { return Ok(0) };
        let mut total = 0;
        for range in ranges {
            remote.push(libc::iovec {
                iov_base: std::ptr::with_exposed_provenance_mut(
                    usize::try_from(range.addr.get()).unwrap_or(usize::MAX),
                ),
                iov_len: range.len,
            });
            total += range.len;
        }
        let start = ranges.first().map_or(0, |range| range.start);
        let Some(into) = batch.bytes.get_mut(start..start + total) else { return Ok(0) };
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        self.calls.set(self.calls.get() + 1);
        // SAFETY: `local` describes `into`, which is exclusively borrowed and outlives the call;
        // the kernel writes at most `iov_len` bytes there. The remote vector is only read, and the
        // addresses in it are never dereferenced in this process.
        let read = unsafe {
            libc::process_vm_readv(
                self.pid,
                &raw const local,
                1,
                remote.as_ptr(),
                remote.len() as libc::c_ulong,
                0,
            )
        };
        Errno::result(read).map(|read| usize::try_from(read).unwrap_or(0))
    }
}

impl ReadMemory for LiveMemory {
    fn read_batch(&self, batch: &mut Batch) -> Result<(), MemoryError> {
        let mut first = 0;
        while first < batch.ranges.len() {
            let count = (batch.ranges.len() - first).min(MAX_RANGES);
            let mut read = match self.call(batch, first, count) {
                Ok(read) => read,
                Err(Errno::EFAULT) => 0,
                Err(Errno::ESRCH) => return Err(MemoryError::Exited),
                Err(Errno::EPERM) => return Err(MemoryError::Denied),
                Err(errno) => return Err(MemoryError::Os(errno as i32)),
            };
            // A fault ends the call early: what precedes it was delivered, the faulting range was
            // not, and the rest takes another call.
            let mut done = 0;
            for range in batch.ranges.iter_mut().skip(first).take(count) {
                if read < range.len {
                    break;
                }
                read -= range.len;
                range.filled = true;
                done += 1;
            }
            first += if done == count { count } else { done + 1 };
        }
        Ok(())
    }

    fn read_into(&self, addr: RemoteAddr, into: &mut [u8]) -> Result<(), MemoryError> {
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        let remote = libc::iovec {
            iov_base: std::ptr::with_exposed_provenance_mut(
                usize::try_from(addr.get()).unwrap_or(usize::MAX),
            ),
            iov_len: into.len(),
        };
        self.calls.set(self.calls.get() + 1);
        // SAFETY: `local` describes `into`, exclusively borrowed for the call; `remote` is only
        // a number to this process.
        let read = unsafe {
            libc::process_vm_readv(self.pid, &raw const local, 1, &raw const remote, 1, 0)
        };
        match Errno::result(read) {
            Ok(read) if usize::try_from(read) == Ok(into.len()) => Ok(()),
            Ok(_) | Err(Errno::EFAULT) => Err(MemoryError::Unreadable { addr, len: into.len() }),
            Err(Errno::ESRCH) => Err(MemoryError::Exited),
            Err(Errno::EPERM) => Err(MemoryError::Denied),
            Err(errno) => Err(MemoryError::Os(errno as i32)),
        }
    }
}

/// Asks for huge pages behind a large buffer: a census of many tasks jumps about in it, and small
/// pages would cost a fault each when it grows and a TLB miss each when it is used.
pub(super) fn prefer_huge_pages(bytes: &mut Vec<u8>) {
    const HUGE: usize = 2 << 20;
    if bytes.capacity() < HUGE {
        return;
    }
    let start = bytes.as_mut_ptr();
    let skip = start.align_offset(HUGE).min(bytes.capacity());
    let len = (bytes.capacity() - skip) / HUGE * HUGE;
    // SAFETY: `skip` and `len` stay within the buffer's capacity, so the range is one allocation
    // of this process. The advice changes how it is backed, never what it holds; if the kernel
    // does not take it, nothing changes.
    unsafe {
        libc::madvise(start.add(skip).cast(), len, libc::MADV_HUGEPAGE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_in_the_middle_loses_only_its_own_range() {
        let value = 0x1122_3344_5566_7788_u64;
        let here = RemoteAddr::new((&raw const value) as u64);
        let mut batch = Batch::new();
        let a = batch.push(here, 8);
        let hole = batch.push(RemoteAddr::new(8), 8);
        let b = batch.push(here, 4);
        LiveMemory::new(std::process::id()).read_batch(&mut batch).unwrap();
        assert_eq!(batch.get(a), Some(&value.to_le_bytes()[..]));
        assert_eq!(batch.get(hole), None);
        assert_eq!(batch.get(b), Some(&value.to_le_bytes()[..4]));
    }

    #[test]
    fn more_ranges_than_one_call_takes_are_all_read() {
        let value = 7_u64;
        let here = RemoteAddr::new((&raw const value) as u64);
        let mut batch = Batch::new();
        let ids: Vec<_> = (0..2500).map(|_| batch.push(here, 8)).collect();
        let memory = LiveMemory::new(std::process::id());
        memory.read_batch(&mut batch).unwrap();
        assert!(ids.iter().all(|&id| batch.get(id) == Some(&value.to_le_bytes()[..])));
        assert_eq!(memory.calls(), 3);
    }

    #[test]
    fn a_process_that_is_gone_is_told_from_bad_memory() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = child.id();
        child.wait().unwrap();
        let mut into = [0; 8];
        let result = LiveMemory::new(pid).read_into(RemoteAddr::new(4096), &mut into);
        assert_eq!(result, Err(MemoryError::Exited));
    }
}
