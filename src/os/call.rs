//! System calls by number: their names, and what their arguments mean.

use nix::libc;

/// A system call that a thread is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Call {
    /// Its number.
    pub number: libc::c_long,
    /// Its arguments.
    pub arguments: [u64; 6],
}

/// Where the object of a call is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ObjectAt {
    /// It has none.
    Nowhere,
    /// The first argument is its descriptor.
    Descriptor,
    /// The first argument is the descriptor of a socket, the second where the peer's address lies.
    Connect,
    /// The argument of this index is where a path lies.
    Path(usize),
    /// The first argument is a lock's address.
    Futex,
    /// The first argument is where an array of as many `pollfd` as the second says lies.
    Poll,
    /// The first argument is the number of descriptors that are waited for; with none it sleeps.
    Select,
    /// The first argument is a child's pid, or −1.
    Child,
    /// As in `waitid`: kind and id of a child.
    ChildById,
}

macro_rules! calls {
    ($($number:ident => $name:literal, $at:expr;)+) => {
        /// Name and object of a call; `None` for one that is not in the table.
        #[must_use]
        pub fn known(number: libc::c_long) -> Option<(&'static str, ObjectAt)> {
            use ObjectAt::{
                Child, ChildById, Connect, Descriptor, Futex, Nowhere, Path, Poll, Select,
            };
            $(if number == libc::$number { return Some(($name, $at)); })+
            older(number)
        }
    };
}

calls! {
    SYS_futex => "futex", Futex;
    SYS_clock_nanosleep => "clock_nanosleep", Nowhere;
    SYS_nanosleep => "nanosleep", Nowhere;
    SYS_read => "read", Descriptor;
    SYS_write => "write", Descriptor;
    SYS_pread64 => "pread64", Descriptor;
    SYS_pwrite64 => "pwrite64", Descriptor;
    SYS_readv => "readv", Descriptor;
    SYS_writev => "writev", Descriptor;
    SYS_recvfrom => "recvfrom", Descriptor;
    SYS_sendto => "sendto", Descriptor;
    SYS_recvmsg => "recvmsg", Descriptor;
    SYS_sendmsg => "sendmsg", Descriptor;
    SYS_accept => "accept", Descriptor;
    SYS_accept4 => "accept4", Descriptor;
    SYS_connect => "connect", Connect;
    SYS_epoll_pwait => "epoll_pwait", Descriptor;
    SYS_ppoll => "ppoll", Poll;
    SYS_pselect6 => "pselect6", Select;
    SYS_openat => "openat", Path(1);
    SYS_fsync => "fsync", Descriptor;
    SYS_fdatasync => "fdatasync", Descriptor;
    SYS_sync_file_range => "sync_file_range", Descriptor;
    SYS_sync => "sync", Nowhere;
    SYS_syncfs => "syncfs", Descriptor;
    SYS_flock => "flock", Descriptor;
    SYS_fcntl => "fcntl", Descriptor;
    SYS_ioctl => "ioctl", Descriptor;
    SYS_fallocate => "fallocate", Descriptor;
    SYS_ftruncate => "ftruncate", Descriptor;
    SYS_getdents64 => "getdents64", Descriptor;
    SYS_close => "close", Descriptor;
    SYS_fstat => "fstat", Descriptor;
    SYS_statx => "statx", Path(1);
    SYS_newfstatat => "newfstatat", Path(1);
    SYS_unlinkat => "unlinkat", Path(1);
    SYS_renameat2 => "renameat2", Path(1);
    SYS_mkdirat => "mkdirat", Path(1);
    SYS_sendfile => "sendfile", Descriptor;
    SYS_copy_file_range => "copy_file_range", Descriptor;
    SYS_splice => "splice", Descriptor;
    SYS_wait4 => "wait4", Child;
    SYS_waitid => "waitid", ChildById;
    SYS_io_uring_enter => "io_uring_enter", Nowhere;
    SYS_rt_sigtimedwait => "rt_sigtimedwait", Nowhere;
    SYS_sched_yield => "sched_yield", Nowhere;
    SYS_mmap => "mmap", Nowhere;
    SYS_munmap => "munmap", Nowhere;
    SYS_msync => "msync", Nowhere;
    SYS_mprotect => "mprotect", Nowhere;
    SYS_madvise => "madvise", Nowhere;
    SYS_brk => "brk", Nowhere;
    SYS_clone => "clone", Nowhere;
    SYS_clone3 => "clone3", Nowhere;
    SYS_execve => "execve", Path(0);
    SYS_msgrcv => "msgrcv", Nowhere;
    SYS_semop => "semop", Nowhere;
    SYS_semtimedop => "semtimedop", Nowhere;
    SYS_getrandom => "getrandom", Nowhere;
    SYS_restart_syscall => "restart_syscall", Nowhere;
}

/// What only the older architectures have.
#[cfg(target_arch = "x86_64")]
fn older(number: libc::c_long) -> Option<(&'static str, ObjectAt)> {
    Some(match number {
        libc::SYS_epoll_wait => ("epoll_wait", ObjectAt::Descriptor),
        libc::SYS_poll => ("poll", ObjectAt::Poll),
        libc::SYS_select => ("select", ObjectAt::Select),
        libc::SYS_open => ("open", ObjectAt::Path(0)),
        libc::SYS_stat => ("stat", ObjectAt::Path(0)),
        libc::SYS_lstat => ("lstat", ObjectAt::Path(0)),
        libc::SYS_access => ("access", ObjectAt::Path(0)),
        libc::SYS_unlink => ("unlink", ObjectAt::Path(0)),
        libc::SYS_rename => ("rename", ObjectAt::Path(0)),
        libc::SYS_mkdir => ("mkdir", ObjectAt::Path(0)),
        libc::SYS_rmdir => ("rmdir", ObjectAt::Path(0)),
        libc::SYS_fork => ("fork", ObjectAt::Nowhere),
        libc::SYS_vfork => ("vfork", ObjectAt::Nowhere),
        libc::SYS_pause => ("pause", ObjectAt::Nowhere),
        _ => return None,
    })
}

#[cfg(not(target_arch = "x86_64"))]
const fn older(_number: libc::c_long) -> Option<(&'static str, ObjectAt)> {
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_have_names() {
        assert_eq!(known(libc::SYS_recvfrom), Some(("recvfrom", ObjectAt::Descriptor)));
        assert_eq!(known(-7), None);
    }
}
