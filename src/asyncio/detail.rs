//! Everything else about a wait, for the one look of `dump`.

use super::env::Env;
use super::groups;
use super::held::Held;
use super::wait::{Found, Standing, WaitCache};
use super::watch::Watch;
use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{TimeoutScope, WaitDetail, WaitKind};
use crate::python::objects::{self, flag, types::ObjectKind};

/// Words of a command line that are shown.
const MAX_WORDS: u64 = 64;
/// Deadlines beyond this (in seconds) are no clock's.
const FURTHEST: f64 = 1e10;

/// What a wait's frames and objects say about it; what makes no sense is left out.
pub(super) fn detail<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    (found, future): (&Found, Option<RemoteAddr>),
    held: &Held,
) -> Result<WaitDetail, MemoryError> {
    let mut detail = WaitDetail::default();
    for &scope in &held.timeouts {
        let when = env.attribute(memory, scope, "_when")?;
        let deadline_ns = seconds(memory, env, when)?;
        detail.timeouts.push(TimeoutScope { deadline_ns, remaining_ns: None });
    }
    match leave_out(specific(memory, env, cache, found, future, &mut detail)) {
        Ok(()) => Ok(detail),
        Err(error) => Err(error),
    }
}

fn leave_out(result: Result<(), MemoryError>) -> Result<(), MemoryError> {
    match result {
        Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => Ok(()),
        other => other,
    }
}

fn specific<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    found: &Found,
    future: Option<RemoteAddr>,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    groups::members(memory, env, cache, found, future, detail)?;
    let Some(place) = found.standing else { return Ok(()) };
    match found.reason.kind {
        WaitKind::Sleep => {
            let handle = cache.local(memory, env, place, "h")?;
            detail.deadline_ns = deadline(memory, env, handle)?;
        }
        WaitKind::Wait | WaitKind::WaitFor => {
            let handle = cache.local(memory, env, place, "timeout_handle")?;
            if let Some(deadline_ns) = deadline(memory, env, handle)? {
                let scope = TimeoutScope { deadline_ns: Some(deadline_ns), remaining_ns: None };
                detail.timeouts.push(scope);
            }
        }
        WaitKind::Socket => socket(memory, env, cache, place, detail)?,
        WaitKind::Stream => stream(memory, env, cache, place, detail)?,
        WaitKind::Subprocess => subprocess(memory, env, cache, place, detail)?,
        _ => {}
    }
    Ok(())
}

/// `_when` of a `TimerHandle`.
fn deadline<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    handle: Option<RemoteAddr>,
) -> Result<Option<u64>, MemoryError> {
    let Some(handle) = handle else { return Ok(None) };
    let of = objects::ob_type(memory, env.layout, handle)?;
    if env.types.name(memory.raw(), env.layout, of)? != "TimerHandle" {
        return Ok(None);
    }
    let when = objects::slot(memory, env.layout, handle, "_when")?;
    seconds(memory, env, when)
}

/// A `float` of seconds as nanoseconds.
#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is in range, and below a nanosecond nothing counts"
)]
fn seconds<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    value: Option<RemoteAddr>,
) -> Result<Option<u64>, MemoryError> {
    let Some(value) = value else { return Ok(None) };
    let of = objects::ob_type(memory, env.layout, value)?;
    let seconds = match env.types.name(memory.raw(), env.layout, of)? {
        "float" => objects::float(memory, env.layout, value)?,
        _ => return Ok(None),
    };
    Ok((0.0..FURTHEST).contains(&seconds).then_some((seconds * 1e9) as u64))
}

fn socket<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    place: Standing,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    if let Some(sock) = cache.local(memory, env, place, "sock")? {
        detail.fd = descriptor(memory, env, sock)?;
    }
    if let Some(address) = cache.local(memory, env, place, "address")? {
        detail.peer = self::address(memory, env, address)?;
    }
    Ok(())
}

/// The descriptor of a `socket.socket`, which follows the head of the object.
fn descriptor<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    sock: RemoteAddr,
) -> Result<Option<u32>, MemoryError> {
    let mut of = objects::ob_type(memory, env.layout, sock)?;
    for _ in 0..4 {
        if env.types.name(memory.raw(), env.layout, of)? == "_socket.socket" {
            let fd = memory.u32(sock.offset(env.layout.object.size))?;
            return Ok(u32::try_from(fd.cast_signed()).ok());
        }
        of = memory.raw().pointer(of.offset(env.layout.type_object.tp_base))?;
        if of.plausible().is_none() {
            break;
        }
    }
    Ok(None)
}

fn stream<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    place: Standing,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    let Some(own) = cache.local(memory, env, place, "self")? else { return Ok(()) };
    let Some(transport) = env.attribute(memory, own, "_transport")? else { return Ok(()) };
    detail.fd = super::things::number(memory, env, transport, "_sock_fd")?;
    let Some(extra) = objects::slot(memory, env.layout, transport, "_extra")? else {
        return Ok(());
    };
    if let Some(name) = objects::lookup(memory, env.layout, extra, "sockname")? {
        detail.local = address(memory, env, name)?;
    }
    if let Some(name) = objects::lookup(memory, env.layout, extra, "peername")? {
        detail.peer = address(memory, env, name)?;
    }
    Ok(())
}

/// `(host, port, …)`, or the path of a local socket.
fn address<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    value: RemoteAddr,
) -> Result<Option<String>, MemoryError> {
    if env.kind(memory, value)? == ObjectKind::Str {
        let path = objects::text(memory.raw(), env.layout, value)?;
        return Ok(Some(path).filter(|path| !path.is_empty()));
    }
    if !objects::is_a(memory.raw(), env.layout, value, flag::TUPLE)? {
        return Ok(None);
    }
    let parts = objects::tuple_items(memory, env.layout, value)?;
    let (host, port) = (parts.get(memory, 0)?, parts.get(memory, 1)?);
    if parts.len < 2
        || env.kind(memory, host)? != ObjectKind::Str
        || env.kind(memory, port)? != ObjectKind::Int
    {
        return Ok(None);
    }
    let host = objects::text(memory.raw(), env.layout, host)?;
    let port = objects::int(memory.raw(), env.layout, port)?;
    let shown =
        if host.contains(':') { format!("[{host}]:{port}") } else { format!("{host}:{port}") };
    Ok(Some(shown))
}

fn subprocess<M: Memory>(
    memory: &mut Watch<'_, M>,
    env: &mut Env<'_>,
    cache: &mut WaitCache,
    place: Standing,
    detail: &mut WaitDetail,
) -> Result<(), MemoryError> {
    let Some(own) = cache.local(memory, env, place, "self")? else { return Ok(()) };
    let transport = env.attribute(memory, own, "_transport")?.unwrap_or(own);
    detail.pid = super::things::number(memory, env, transport, "_pid")?;
    let Some(process) = env.attribute(memory, transport, "_proc")? else { return Ok(()) };
    let Some(arguments) = env.attribute(memory, process, "args")? else { return Ok(()) };
    if env.kind(memory, arguments)? == ObjectKind::Str {
        detail.command = Some(objects::text(memory.raw(), env.layout, arguments)?);
        return Ok(());
    }
    let tuple = objects::is_a(memory.raw(), env.layout, arguments, flag::TUPLE)?;
    let items = if tuple {
        objects::tuple_items(memory, env.layout, arguments)?
    } else {
        objects::list_items(memory, env.layout, arguments)?
    };
    let mut words = Vec::new();
    for index in 0..items.len.min(MAX_WORDS) {
        let word = items.get(memory, index)?;
        match env.kind(memory, word)? {
            ObjectKind::Str => words.push(objects::text(memory.raw(), env.layout, word)?),
            _ => words.push("…".to_owned()),
        }
    }
    detail.command = Some(words.join(" ")).filter(|command| !command.is_empty());
    Ok(())
}

/// What a coroutine of asyncio does with its socket or stream.
pub(super) fn operation(kind: WaitKind, function: &str) -> Option<&'static str> {
    if !matches!(kind, WaitKind::Socket | WaitKind::Stream) {
        return None;
    }
    let plain = function.rsplit('.').next().unwrap_or(function).trim_start_matches('_');
    Some(match plain.strip_prefix("sock_").unwrap_or(plain) {
        "accept" => "accept",
        "connect" => "connect",
        "drain" | "drain_helper" | "sendall" | "sendto" | "sendfile" | "wait_closed"
        | "start_tls" => "write",
        name if name.starts_with("read") || name.starts_with("recv") => "read",
        "wait_for_data" | "anext" => "read",
        _ => return None,
    })
}
