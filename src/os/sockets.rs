//! Whom the sockets of another process are connected to, as its network namespace lists them.
//!
//! To list TCP's connections the kernel walks a table of all there could be: 10 to 20 ms, however
//! few there are. So only the table of a socket's own protocol is read, and never where somebody
//! waits.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use crate::model::CallObject;

use super::objects::Object;

/// A table of sockets is read up to here.
const MAX_TABLE: u64 = 16 << 20;

/// What a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// TCP over IPv4.
    Tcp,
    /// TCP over IPv6.
    Tcp6,
    /// UDP over IPv4.
    Udp,
    /// UDP over IPv6.
    Udp6,
    /// A Unix socket of any type.
    Unix,
    /// Something else, or the kernel does not tell.
    Other,
}

impl Protocol {
    /// The kind of object that such a socket is.
    #[must_use]
    pub const fn object(self) -> CallObject {
        match self {
            Self::Tcp | Self::Tcp6 => CallObject::Tcp,
            Self::Udp | Self::Udp6 => CallObject::Udp,
            Self::Unix => CallObject::Unix,
            Self::Other => CallObject::Socket,
        }
    }

    /// The table under `/proc/PID/net` that lists its sockets.
    const fn table(self) -> Option<&'static str> {
        Some(match self {
            Self::Tcp => "tcp",
            Self::Tcp6 => "tcp6",
            Self::Udp => "udp",
            Self::Udp6 => "udp6",
            Self::Unix => "unix",
            Self::Other => return None,
        })
    }
}

/// The number in the kernel's name for a socket, `socket:[4711]`.
#[must_use]
pub fn inode(link: &str) -> Option<u64> {
    link.strip_prefix("socket:[")?.strip_suffix(']')?.parse().ok()
}

/// The protocol of the socket behind a descriptor. One system call.
#[must_use]
pub fn protocol(pid: u32, descriptor: u64) -> Protocol {
    let mut name = [0; 32];
    let path = format!("/proc/{pid}/fd/{descriptor}");
    let length = rustix::fs::getxattr(path, "system.sockprotoname", &mut name).unwrap_or(0);
    match name.get(..length).unwrap_or_default() {
        b"TCP\0" => Protocol::Tcp,
        b"TCPv6\0" => Protocol::Tcp6,
        b"UDP\0" => Protocol::Udp,
        b"UDPv6\0" => Protocol::Udp6,
        name if name.starts_with(b"UNIX") => Protocol::Unix,
        _ => Protocol::Other,
    }
}

/// Looks sockets of one protocol up, all at once, in the network namespace of a process; `found` is
/// told of each that is there.
pub fn look_up(
    pid: u32,
    protocol: Protocol,
    wanted: &[u64],
    found: &mut dyn FnMut(u64, Object),
) -> std::io::Result<()> {
    let Some(table) = protocol.table() else { return Ok(()) };
    let file = File::open(format!("/proc/{pid}/net/{table}"))?;
    let mut lines = BufReader::with_capacity(1 << 16, file.take(MAX_TABLE));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line)? > 0 {
        let text = String::from_utf8_lossy(&line);
        let entry = match protocol {
            Protocol::Unix => unix(&text),
            _ => internet(&text, protocol.object()),
        };
        if let Some((inode, object)) = entry.filter(|(inode, _)| wanted.contains(inode)) {
            found(inode, object);
        }
        line.clear();
    }
    Ok(())
}

/// `sl local rem st tx:rx tr:tm retrnsmt uid timeout inode …`
fn internet(line: &str, kind: CallObject) -> Option<(u64, Object)> {
    let mut fields = line.split_ascii_whitespace();
    let local = address(fields.nth(1)?).map(|local| local.to_string());
    let peer = address(fields.next()?).filter(|peer| peer.port() != 0);
    let inode = fields.nth(6)?.parse().ok()?;
    let peer = peer.map(|peer| peer.to_string());
    Some((inode, Object { local, peer, ..Object::of(kind) }))
}

/// `Num RefCount Protocol Flags Type St Inode Path`
fn unix(line: &str) -> Option<(u64, Object)> {
    let mut fields = line.split_ascii_whitespace();
    let inode = fields.nth(6)?.parse().ok()?;
    let name = fields.next().map(str::to_owned);
    Some((inode, Object { name, ..Object::of(CallObject::Unix) }))
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

#[cfg(test)]
mod tests {
    use std::net::{TcpListener, TcpStream, UdpSocket};
    use std::os::fd::AsRawFd;
    use std::os::unix::net::{UnixListener, UnixStream};

    use super::*;
    use crate::os::objects;

    fn of(socket: &impl AsRawFd) -> (Protocol, Option<Object>) {
        let (pid, fd) = (std::process::id(), u64::try_from(socket.as_raw_fd()).unwrap());
        let inode = inode(&objects::link(pid, fd).unwrap()).unwrap();
        let protocol = protocol(pid, fd);
        let mut found = None;
        look_up(pid, protocol, &[inode, 1], &mut |which, object| {
            assert_eq!(which, inode);
            assert_eq!(found.replace(object), None);
        })
        .unwrap();
        (protocol, found)
    }

    #[test]
    fn sockets_have_addresses() {
        for (host, expected) in [("127.0.0.1:0", Protocol::Tcp), ("[::1]:0", Protocol::Tcp6)] {
            let Ok(server) = TcpListener::bind(host) else { continue };
            let client = TcpStream::connect(server.local_addr().unwrap()).unwrap();
            let (protocol, object) = of(&client);
            let object = object.unwrap();
            assert_eq!((protocol, object.kind), (expected, CallObject::Tcp));
            assert_eq!(object.peer, Some(server.local_addr().unwrap().to_string()));
            assert_eq!(object.local, Some(client.local_addr().unwrap().to_string()));
            assert_eq!(of(&server).1.unwrap().peer, None);
        }
        let udp = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (protocol, object) = of(&udp);
        assert_eq!(protocol, Protocol::Udp);
        assert_eq!(object.unwrap().local, Some(udp.local_addr().unwrap().to_string()));
    }

    #[test]
    fn unix_sockets_have_paths() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("socket");
        let server = UnixListener::bind(&path).unwrap();
        let (protocol, object) = of(&server);
        assert_eq!(protocol, Protocol::Unix);
        assert_eq!(object.unwrap().name.as_deref(), path.to_str());
        let (left, _right) = UnixStream::pair().unwrap();
        assert_eq!(of(&left), (Protocol::Unix, Some(Object::of(CallObject::Unix))));
    }

    #[test]
    fn what_is_no_socket_has_no_protocol() {
        let file = File::open("/dev/null").unwrap();
        let fd = u64::try_from(file.as_raw_fd()).unwrap();
        assert_eq!(protocol(std::process::id(), fd), Protocol::Other);
        assert_eq!(
            (inode("pipe:[3]"), inode("socket:[x]"), inode("socket:[3]")),
            (None, None, Some(3))
        );
    }

    #[test]
    fn lines_that_make_no_sense_are_left_out() {
        assert_eq!(address("0100007F:1F90").unwrap().to_string(), "127.0.0.1:8080");
        assert_eq!(address("0100007F"), None);
        for line in ["", "sl local_address rem_address st", "0: 1:2 3 4 5 6 x 8 x"] {
            assert_eq!(internet(line, CallObject::Tcp), None, "{line}");
            assert_eq!(unix(line), None, "{line}");
        }
    }
}
