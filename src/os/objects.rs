//! What a descriptor of another process stands for.

use std::fs::{self, File};
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _};

use nix::sys::stat::{major, minor};

use crate::model::CallObject;

/// A table of sockets is read up to here.
const MAX_TABLE: u64 = 1 << 20;

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

/// What a link of [`link`] stands for; sockets are looked up among those the thread sees.
#[must_use]
pub fn describe(pid: u32, descriptor: u64, link: &str) -> Object {
    if let Some(inode) = link.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']')) {
        return socket(pid, inode);
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

fn socket(pid: u32, inode: &str) -> Object {
    // The kernel walks a table of all connections there could be for TCP: 20 ms where others take
    // 50 µs. They come last.
    const CHEAP: [(&str, CallObject); 2] = [("udp", CallObject::Udp), ("udp6", CallObject::Udp)];
    const DEAR: [(&str, CallObject); 2] = [("tcp", CallObject::Tcp), ("tcp6", CallObject::Tcp)];
    if let Some(found) = internet(pid, inode, &CHEAP) {
        return found;
    }
    if let Some(path) = read_table(pid, "unix").and_then(|text| unix(&text, inode)) {
        return Object { name: path, ..Object::of(CallObject::Unix) };
    }
    internet(pid, inode, &DEAR).unwrap_or(Object::of(CallObject::Socket))
}

fn internet(pid: u32, inode: &str, tables: &[(&str, CallObject)]) -> Option<Object> {
    tables.iter().find_map(|&(table, kind)| {
        let (local, peer) = inet(&read_table(pid, table)?, inode)?;
        let peer = peer.filter(|peer| peer.port() != 0).map(|peer| peer.to_string());
        Some(Object { kind, name: None, local: local.map(|local| local.to_string()), peer })
    })
}

fn read_table(pid: u32, name: &str) -> Option<String> {
    let mut text = Vec::new();
    let file = File::open(format!("/proc/{pid}/net/{name}")).ok()?;
    file.take(MAX_TABLE).read_to_end(&mut text).ok()?;
    Some(String::from_utf8_lossy(&text).into_owned())
}

type Ends = (Option<SocketAddr>, Option<SocketAddr>);

/// `sl local rem st tx:rx tr:tm retrnsmt uid timeout inode …`
fn inet(table: &str, inode: &str) -> Option<Ends> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let local = fields.nth(1)?;
        let peer = fields.next()?;
        (fields.nth(6)? == inode).then(|| (address(local), address(peer)))
    })
}

/// `0100007F:1F90`, or 32 digits for the address: words in the machine's byte order.
fn address(text: &str) -> Option<SocketAddr> {
    let (host, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |nth: usize| u32::from_str_radix(host.get(nth * 8..nth * 8 + 8)?, 16).ok();
    let host = match host.len() {
        8 => IpAddr::from(word(0)?.to_ne_bytes()),
        32 => {
            let mut bytes = [0; 16];
            for (nth, chunk) in bytes.chunks_exact_mut(4).enumerate() {
                chunk.copy_from_slice(&word(nth)?.to_ne_bytes());
            }
            let host = Ipv6Addr::from(bytes);
            host.to_ipv4_mapped().map_or(IpAddr::V6(host), IpAddr::V4)
        }
        _ => return None,
    };
    Some(SocketAddr::new(host, port))
}

/// `Num RefCount Protocol Flags Type St Inode Path`
fn unix(table: &str, inode: &str) -> Option<Option<String>> {
    table.lines().skip(1).find_map(|line| {
        let mut fields = line.split_ascii_whitespace();
        let found = fields.nth(6)? == inode;
        found.then(|| fields.next().map(str::to_owned))
    })
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
    use std::net::{TcpListener, TcpStream};
    use std::os::fd::AsRawFd as _;

    use super::*;

    fn of(file: &impl std::os::fd::AsRawFd) -> Object {
        let (pid, fd) = (std::process::id(), u64::try_from(file.as_raw_fd()).unwrap());
        describe(pid, fd, &link(pid, fd).unwrap())
    }

    #[test]
    fn sockets_have_addresses() {
        let server = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
        let object = of(&client);
        assert_eq!(object.kind, CallObject::Tcp);
        assert_eq!(object.peer, Some(server.local_addr().unwrap().to_string()));
        assert_eq!(object.local, Some(client.local_addr().unwrap().to_string()));
        assert_eq!(of(&server).peer, None);
        let (left, _right) = std::os::unix::net::UnixStream::pair().unwrap();
        assert_eq!(of(&left).kind, CallObject::Unix);
        assert!(left.as_raw_fd() > 0);
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
        assert_eq!(address("0100007F:1F90").unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(address("0100007F"), None);
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
