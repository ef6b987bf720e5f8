//! Where the interpreter is inside a process, and which one it is.
//!
//! py-spy's crate finds the binaries (in containers and deleted ones too), their symbols and the
//! version; what it cannot know (free-threaded builds, the published offsets) is read here.

use std::fs::File;
use std::path::PathBuf;

use py_spy::binary_parser::parse_binary;
use py_spy::python_process_info::{PythonProcessInfo, PythonProcessLayout, get_python_version};
use remoteprocess::Process;

use super::attach_error::AttachError;
use super::elf::{Elf, Machine};
use super::layout::published::{self, Difference, Header};
use super::layout::{Build, Layout};
use super::version::Version;
use crate::memory::{LiveMemory, MemoryError, ReadMemory as _, RemoteAddr};
use crate::os::maps::{Mapping, mapped_files};
use crate::os::process::executable;

/// An interpreter that was found, and how it is laid out.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) version: Version,
    pub(super) build: Build,
    pub(super) layout: Layout,
    pub(super) differences: Vec<Difference>,
    /// `_PyRuntime`; null if only the interpreter could be found.
    pub(super) runtime: RemoteAddr,
    /// The first interpreter.
    pub(super) head: RemoteAddr,
    /// The file that holds the interpreter, as the target names it.
    pub(super) binary: PathBuf,
}

/// Finds the interpreter.
pub(super) fn find(pid: u32, memory: &LiveMemory) -> Result<Found, AttachError> {
    check_machine(pid)?;
    let raw = i32::try_from(pid).map_err(|_too_large| AttachError::NoSuchProcess { pid })?;
    let process = Process::new(raw).map_err(|_gone| AttachError::NoSuchProcess { pid })?;
    let not_python = || AttachError::NotPython { pid, executable: executable(pid) };
    let maps = mapped_files(pid).map_err(|_gone| AttachError::Exited { pid })?;
    // It fails where it cannot open a library, as in a target that has changed its root.
    let info = PythonProcessInfo::new(&process).ok();
    let runtime = info.as_ref().and_then(runtime_address);
    let runtime = runtime.or_else(|| runtime_in_libraries(pid, &maps));
    let header = runtime.and_then(|runtime| published_header(memory, runtime));
    let version = match header {
        Some(header) => version_of(header),
        None => info
            .as_ref()
            .and_then(|info| get_python_version(info, &process).ok())
            .and_then(convert)
            .or_else(|| version_of_library(&maps)),
    };
    let Some(version) = version else {
        return Err(match runtime {
            Some(_) => AttachError::NotInitialised { pid },
            None => not_python(),
        });
    };
    let build = header.map_or(Build::Gil, |header| header.build);
    let row = (version.major == 3).then(|| Layout::for_version(version.minor, build)).flatten();
    let Some(row) = row else { return Err(AttachError::UnsupportedVersion { version }) };
    let (layout, differences) = match (header, runtime) {
        (Some(_), Some(runtime)) => overlay(pid, memory, runtime, row, &version)?,
        _ => (row.clone(), Vec::new()),
    };
    let head = match runtime {
        Some(runtime) => memory_pointer(memory, runtime.offset(layout.runtime.interpreters_head))
            .map_err(|source| AttachError::from_memory(pid, source))?,
        // A stripped, static interpreter: py-spy searches the memory for it.
        None => info.and_then(|info| searched(&info, &process)).ok_or_else(not_python)?,
    };
    let runtime = runtime.unwrap_or(RemoteAddr::NULL);
    let binary = binary_at(&maps, if runtime.is_null() { head } else { runtime })
        .or_else(|| executable(pid))
        .unwrap_or_default();
    Ok(Found { version, build, layout, differences, runtime, head, binary })
}

fn check_machine(pid: u32) -> Result<(), AttachError> {
    if !cfg!(all(target_os = "linux", target_endian = "little", target_pointer_width = "64")) {
        return Err(AttachError::UnsupportedSystem);
    }
    let Ok(file) = File::open(format!("/proc/{pid}/exe")) else {
        return Ok(());
    };
    match Elf::open(file).map(|elf| elf.machine()) {
        Some(Machine { wide: true, number }) if number == Machine::OURS => Ok(()),
        _ => Err(AttachError::OtherMachine { pid }),
    }
}

fn runtime_address(info: &PythonProcessInfo) -> Option<RemoteAddr> {
    let symbol = info.get_symbol("_PyRuntime").copied();
    // Stripped binaries keep the section from 3.11 on.
    let section = || {
        let binaries = [&info.libpython_binary, &info.python_binary];
        binaries.into_iter().flatten().map(|binary| binary.pyruntime_addr).find(|&addr| addr != 0)
    };
    symbol.or_else(section).and_then(|addr| RemoteAddr::new(addr).plausible())
}

/// Looks through mapped libraries that py-spy's rule for names does not cover, such as
/// `libpython3.13t.so`.
fn runtime_in_libraries(pid: u32, maps: &[Mapping]) -> Option<RemoteAddr> {
    let mut libraries: Vec<&Mapping> = maps.iter().filter(|m| m.executable).collect();
    libraries.retain(|mapping| {
        let name = mapping.path.file_name().unwrap_or_default().to_string_lossy();
        name.contains("python") && name.contains(".so")
    });
    libraries.dedup_by(|a, b| a.path == b.path);
    libraries.into_iter().find_map(|mapping| {
        let path = mapping.reachable(pid)?;
        let size = mapping.end.saturating_sub(mapping.start);
        let binary = parse_binary(&path, mapping.start, size).ok()?;
        let addr = binary.symbols.get("_PyRuntime").copied().unwrap_or(binary.pyruntime_addr);
        RemoteAddr::new(addr).plausible()
    })
}

/// The minor version in the name of `libpython3.11.so.1.0`; the check of `sys.hexversion` follows.
fn version_of_library(maps: &[Mapping]) -> Option<Version> {
    maps.iter().find_map(|mapping| {
        let name = mapping.path.file_name()?.to_str()?;
        let (minor, _) = name.strip_prefix("libpython3.")?.split_once(".so")?;
        Some(Version { major: 3, minor: minor.parse().ok()?, ..Version::default() })
    })
}

fn published_header(memory: &LiveMemory, runtime: RemoteAddr) -> Option<Header> {
    let mut bytes = [0; published::HEADER_SIZE];
    memory.read_into(runtime, &mut bytes).ok()?;
    Header::read(&bytes)
}

fn version_of(header: Header) -> Option<Version> {
    Version::from_hex(u32::try_from(header.version).ok()?)
}

fn convert(version: impl std::fmt::Display) -> Option<Version> {
    parse_version(&version.to_string())
}

/// Decodes `3.13.0rc1+local`.
fn parse_version(text: &str) -> Option<Version> {
    let text = text.split('+').next()?;
    let mut parts = text.splitn(3, '.');
    let (major, minor) = (parts.next()?.parse().ok()?, parts.next()?.parse().ok()?);
    let rest = parts.next()?;
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (micro, suffix) = rest.split_at(digits);
    Some(Version { major, minor, micro: micro.parse().ok()?, suffix: suffix.to_owned() })
}

fn overlay(
    pid: u32,
    memory: &LiveMemory,
    runtime: RemoteAddr,
    row: &Layout,
    version: &Version,
) -> Result<(Layout, Vec<Difference>), AttachError> {
    let Some(size) = published::size(row.minor) else { return Ok((row.clone(), Vec::new())) };
    let mut bytes = vec![0; size];
    memory
        .read_into(runtime, &mut bytes)
        .map_err(|source| AttachError::from_memory(pid, source))?;
    published::decode(&bytes, row)
        .map_err(|source| AttachError::Published { version: version.clone(), source })
}

fn searched(info: &PythonProcessInfo, process: &Process) -> Option<RemoteAddr> {
    let version = get_python_version(info, process).ok()?;
    let config = py_spy::Config::default();
    let layout = PythonProcessLayout::new(info, process, &version, &config).ok()?;
    RemoteAddr::new(u64::try_from(layout.interpreter_address).ok()?).plausible()
}

fn memory_pointer(memory: &LiveMemory, addr: RemoteAddr) -> Result<RemoteAddr, MemoryError> {
    let mut bytes = [0; 8];
    memory.read_into(addr, &mut bytes)?;
    Ok(RemoteAddr::new(u64::from_le_bytes(bytes)))
}

/// The file that is mapped at an address, or right before it: `.bss` is anonymous memory.
fn binary_at(maps: &[Mapping], addr: RemoteAddr) -> Option<PathBuf> {
    let before = maps.iter().rfind(|mapping| mapping.start <= addr.get())?;
    Some(before.path.clone())
}

/// A mapped file, and what to add to the addresses in it.
pub(super) fn opened(pid: u32, first: &Mapping) -> Option<(Elf, u64)> {
    let elf = Elf::open(File::open(first.reachable(pid)?).ok()?)?;
    let bias = elf.bias(first.start)?;
    Some((elf, bias))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_as_py_spy_writes_them() {
        let shown = |text| parse_version(text).map(|version| version.to_string());
        assert_eq!(shown("3.8.18").as_deref(), Some("3.8.18"));
        assert_eq!(shown("3.13.0rc1+deb").as_deref(), Some("3.13.0rc1"));
        assert_eq!(shown("3.13"), None);
        assert_eq!(shown("3.999.1"), None);
    }
}
