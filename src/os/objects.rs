//! What a descriptor of another process stands for.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use nix::sys::stat::{major, minor};

use crate::model::CallObject;

/// What a system call works on, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Object {
    /// Its kind.
    pub kind: CallObject,
    /// Its path, command, or the kernel's name for it.
    pub name: Option<String>,
    /// A socket's own address.
    pub local: Option<String>,
    /// A socket's other end.
    pub peer: Option<String>,
}

impl Object {
    /// One of this kind of which nothing more is known.
    #[must_use]
    pub const fn of(kind: CallObject) -> Self {
        Self { kind, name: None, local: None, peer: None }
    }

    fn named(kind: CallObject, name: &str) -> Self {
        Self { name: Some(name.to_owned()), ..Self::of(kind) }
    }
}

/// What the kernel calls the file behind a descriptor. One system call.
#[must_use]
pub fn link(pid: u32, descriptor: u64) -> Option<String> {
    let target = fs::read_link(format!("/proc/{pid}/fd/{descriptor}")).ok()?;
    Some(target.to_string_lossy().into_owned())
}

/// What a link of [`link`] stands for. Whom a socket is connected to takes longer to find out: see
/// [`sockets`](super::sockets).
#[must_use]
pub fn describe(pid: u32, descriptor: u64, link: &str) -> Object {
    if super::sockets::inode(link).is_some() {
        return Object::named(super::sockets::protocol(pid, descriptor).object(), link);
    }
    if link.starts_with("pipe:[") {
        return Object::of(CallObject::Pipe);
    }
    if let Some(name) = link.strip_prefix("anon_inode:") {
        return match name.trim_matches(['[', ']']) {
            "eventpoll" => Object::of(CallObject::Poll),
            "pidfd" => {
                Object { name: child_of_pidfd(pid, descriptor), ..Object::of(CallObject::Child) }
            }
            name => Object::named(CallObject::Other, name),
        };
    }
    let kind = fs::metadata(format!("/proc/{pid}/fd/{descriptor}"));
    if link.starts_with('/') && kind.as_ref().is_ok_and(is_terminal) {
        return Object::named(CallObject::Terminal, link);
    }
    if link.starts_with("/dev/") {
        return Object::named(CallObject::Device, link);
    }
    if kind.is_ok_and(|kind| kind.file_type().is_fifo()) {
        return Object::named(CallObject::Pipe, link);
    }
    if link.starts_with('/') {
        return Object::named(CallObject::File, link);
    }
    Object::named(CallObject::Other, link)
}

/// By its number: what a terminal is called depends on the root directory of its process.
fn is_terminal(kind: &fs::Metadata) -> bool {
    // Virtual consoles and serial lines, `/dev/tty` and `/dev/console`, pseudo terminals.
    const MAJORS: [std::ops::RangeInclusive<u64>; 2] = [4..=5, 136..=143];
    /// `/dev/ptmx`, the other end of a terminal.
    const MASTER: (u64, u64) = (5, 2);
    let number = (major(kind.rdev()), minor(kind.rdev()));
    kind.file_type().is_char_device()
        && number != MASTER
        && MAJORS.iter().any(|majors| majors.contains(&number.0))
}

fn child_of_pidfd(pid: u32, descriptor: u64) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).ok()?;
    let child = text.lines().find_map(|line| line.strip_prefix("Pid:"))?.trim().parse().ok()?;
    command(child)
}

/// The command of a child of `parent`: of the one with this pid, or, where that is −1 (or 0), of
/// the only one there is. A process that is no child of `parent` is not taken for one.
#[must_use]
pub fn child(parent: u32, pid: i32) -> Option<String> {
    let pid = match u32::try_from(pid).ok().filter(|&pid| pid > 0) {
        Some(pid) => pid,
        None => only_child(parent)?,
    };
    let status = super::process::Status::of(pid)?;
    (status.parent == parent).then(|| command(pid))?
}

fn only_child(parent: u32) -> Option<u32> {
    let mut found = None;
    for task in fs::read_dir(format!("/proc/{parent}/task")).ok()?.flatten().take(256) {
        let text = fs::read_to_string(task.path().join("children")).ok()?;
        for child in text.split_ascii_whitespace() {
            if found.replace(child.parse().ok()?).is_some() {
                return None;
            }
        }
    }
    found
}

fn command(pid: u32) -> Option<String> {
    let words = super::process::command_line(pid);
    (!words.is_empty()).then(|| words.join(" "))
}

/// The peer in the bytes of a `sockaddr`.
#[must_use]
pub fn sockaddr(bytes: &[u8]) -> Option<(CallObject, String)> {
    let family = u16::from_ne_bytes(*bytes.first_chunk()?);
    let port = || Some(u16::from_be_bytes(*bytes.get(2..)?.first_chunk()?));
    match i32::from(family) {
        nix::libc::AF_INET => {
            let host = Ipv4Addr::from(*bytes.get(4..)?.first_chunk::<4>()?);
            Some((CallObject::Socket, SocketAddr::new(host.into(), port()?).to_string()))
        }
        nix::libc::AF_INET6 => {
            let host = Ipv6Addr::from(*bytes.get(8..)?.first_chunk::<16>()?);
            let host = host.to_ipv4_mapped().map_or(IpAddr::V6(host), IpAddr::V4);
            Some((CallObject::Socket, SocketAddr::new(host, port()?).to_string()))
        }
        nix::libc::AF_UNIX => {
            let path = bytes.get(2..)?;
            let end = path.iter().position(|&byte| byte == 0).unwrap_or(path.len());
            let path = String::from_utf8_lossy(path.get(..end)?).into_owned();
            Some((CallObject::Unix, path))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::fs::File;

    use super::*;

    fn of(file: &impl std::os::fd::AsRawFd) -> Object {
        let (pid, fd) = (std::process::id(), u64::try_from(file.as_raw_fd()).unwrap());
        describe(pid, fd, &link(pid, fd).unwrap())
    }

    #[test]
    fn files_and_pipes_are_told_apart() {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml");
        let object = of(&File::open(path).unwrap());
        assert_eq!((object.kind, object.name.as_deref()), (CallObject::File, Some(path)));
        let null = of(&File::open("/dev/null").unwrap());
        assert_eq!((null.kind, null.name.as_deref()), (CallObject::Device, Some("/dev/null")));
        let (reader, _writer) = std::io::pipe().unwrap();
        assert_eq!(of(&reader).kind, CallObject::Pipe);
        assert_eq!(of(&File::open("/dev/null").unwrap()).kind, CallObject::Device);
    }

    #[test]
    fn addresses_of_all_families() {
        let v4 = [2, 0, 0, 53, 8, 8, 4, 4];
        assert_eq!(sockaddr(&v4), Some((CallObject::Socket, "8.8.4.4:53".to_owned())));
        let path = [1, 0, b'/', b'x', 0, b'y'];
        assert_eq!(sockaddr(&path), Some((CallObject::Unix, "/x".to_owned())));
        assert_eq!(sockaddr(&[2, 0, 0]), None);
        assert_eq!(sockaddr(&[99, 0, 0, 0]), None);
    }

    #[test]
    fn a_child_is_known_by_its_command() {
        let mut child_process = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let pid = i32::try_from(child_process.id()).unwrap();
        // Between fork and exec it still is this program.
        let mut seen = child(std::process::id(), pid);
        while seen.as_deref() != Some("sleep 60") {
            seen = child(std::process::id(), pid);
        }
        assert_eq!(child(1, pid), None);
        child_process.kill().unwrap();
        child_process.wait().unwrap();
    }
}
