//! A target: a process with an interpreter whose layout is known and proven.

use std::path::PathBuf;

use super::asyncio_library::{self, AsyncioLibrary};
use super::attach_error::AttachError;
use super::discovery;
use super::layout::published::Difference;
use super::layout::{Build, Layout};
use super::objects::{lookup, module_dict};
use super::verify::{self, Check};
use super::version::Version;
use crate::memory::{LiveMemory, Memory, MemoryError, PagedMemory, RemoteAddr};
use crate::os::ids::{stack_start, start_time};
use crate::os::permissions::{Access, probe};

/// More interpreters than this are not walked.
const MAX_INTERPRETERS: usize = 64;
/// A living target may change while a check looks; what fails this often does not fit.
const ATTEMPTS: usize = 5;

/// How to attach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct AttachOptions {
    /// Attach to builds whose layout was never verified on living programs.
    pub force_unverified: bool,
}

/// An interpreter inside a process.
#[derive(Debug, Clone)]
pub struct Interpreter {
    /// The process, as we see it.
    pub pid: u32,
    /// What it runs.
    pub version: Version,
    /// How that was built.
    pub build: Build,
    /// Where everything lies.
    pub layout: Layout,
    /// Where the target differs from the table's row.
    pub differences: Vec<Difference>,
    /// `_PyRuntime`; null where only the interpreters could be found.
    pub runtime: RemoteAddr,
    /// The interpreters, the head of the list first; the main one is the last.
    pub interpreters: Vec<RemoteAddr>,
    /// Where `_asyncio` comes from, once it is loaded.
    pub asyncio_library: Option<AsyncioLibrary>,
    /// The file that holds the interpreter, as the target names it.
    pub binary: PathBuf,
    /// What was checked, all of it passed.
    pub verified: Vec<Check>,
}

/// A process that is attached to. Nothing in it is changed or stopped.
#[derive(Debug)]
pub struct Target {
    /// The process, as we see it.
    pub pid: u32,
    /// Its interpreter.
    pub interpreter: Interpreter,
    start_time: u64,
    stack_start: u64,
}

impl Target {
    /// Finds the interpreter in a process, its layout, and proof that the layout fits.
    ///
    /// # Errors
    /// See [`AttachError`]; each reason has its own variant.
    pub fn attach(pid: u32, options: AttachOptions) -> Result<Self, AttachError> {
        let start_time = start_time(pid).ok_or(AttachError::NoSuchProcess { pid })?;
        let stack_start = stack_start(pid).ok_or(AttachError::NoSuchProcess { pid })?;
        match probe(pid) {
            Access::Granted => {}
            // A zombie has a pid and nothing to read.
            Access::Gone if crate::os::ids::start_time(pid).is_some() => {
                return Err(AttachError::Exited { pid });
            }
            Access::Gone => return Err(AttachError::NoSuchProcess { pid }),
            Access::NoMemory if has_ended(pid) => return Err(AttachError::Exited { pid }),
            // A thread of the kernel.
            Access::NoMemory => return Err(AttachError::NotPython { pid, executable: None }),
            Access::Denied(reasons) => return Err(AttachError::Denied { pid, reasons }),
        }
        let interpreter = Interpreter::find(pid, options).map_err(|error| {
            // Whatever was read from a process that ended meanwhile means nothing.
            if self::start_time(pid) == Some(start_time) && !has_ended(pid) {
                error
            } else {
                AttachError::Exited { pid }
            }
        })?;
        let target = Self { pid, interpreter, start_time, stack_start };
        // An interpreter that executed another program meanwhile was read in two lives.
        if target.still_same() { Ok(target) } else { Err(AttachError::Exited { pid }) }
    }

    /// Whether the pid still means the process that was attached to, whatever it runs by now.
    #[must_use]
    pub fn is_same_process(&self) -> bool {
        start_time(self.pid) == Some(self.start_time)
    }

    /// Whether the pid still means the process and the program that were attached to, and it has
    /// not ended. After an `exec` reads may go on to succeed: an interpreter without address
    /// randomisation lies where the last one lay.
    #[must_use]
    pub fn still_same(&self) -> bool {
        self.is_same_process()
            && stack_start(self.pid) == Some(self.stack_start)
            && !has_ended(self.pid)
    }
}

/// Whether the layout of a version and build was verified on living programs: all with the GIL,
/// and the free-threaded 3.13, which the full test run builds from source.
#[must_use]
pub fn is_verified(minor: u8, build: Build) -> bool {
    build == Build::Gil || minor == 13
}

fn has_ended(pid: u32) -> bool {
    crate::os::process::Status::of(pid).is_none_or(|status| status.is_dead())
}

impl Interpreter {
    fn find(pid: u32, options: AttachOptions) -> Result<Self, AttachError> {
        let live = LiveMemory::new(pid);
        let found = discovery::find(pid, &live)?;
        let verified = is_verified(found.version.minor, found.build);
        if !verified && !options.force_unverified {
            return Err(AttachError::UnverifiedBuild { version: found.version });
        }
        let mut interpreter = Self {
            pid,
            version: found.version,
            build: found.build,
            layout: found.layout,
            differences: found.differences,
            runtime: found.runtime,
            interpreters: Vec::new(),
            asyncio_library: None,
            binary: found.binary,
            verified: Vec::new(),
        };
        let mut memory = PagedMemory::new(LiveMemory::new(pid));
        interpreter.asyncio_library = interpreter.find_asyncio(&live);
        let mut outcome = Ok(());
        for _ in 0..ATTEMPTS {
            memory.begin();
            outcome = interpreter.look(&mut memory, found.head);
            if outcome.is_ok() {
                break;
            }
        }
        outcome.map(|()| interpreter)
    }

    /// Walks the interpreters and checks everything once.
    fn look(&mut self, memory: &mut impl Memory, found: RemoteAddr) -> Result<(), AttachError> {
        let unreadable = |source| AttachError::from_memory(self.pid, source);
        let head = self.head(memory, found).map_err(unreadable)?;
        let interpreters = chain(memory, &self.layout, head).map_err(unreadable)?;
        self.interpreters = interpreters;
        self.check_initialised(memory)?;
        self.verified = self.all_checks(memory);
        match self.verified.iter().find(|check| !check.ok) {
            None => {
                if let Some(version) = verify::version(memory, self) {
                    self.version = version;
                }
                Ok(())
            }
            Some(check) => Err(AttachError::LayoutMismatch {
                version: self.version.clone(),
                check: check.clone(),
            }),
        }
    }

    /// Looks for asyncio again, which a program may import late. Gives whether it is there now;
    /// what it publishes is laid over the layout and checked.
    ///
    /// # Errors
    /// When it does not fit, or the process cannot be read.
    pub fn find_asyncio_late(&mut self) -> Result<bool, AttachError> {
        let live = LiveMemory::new(self.pid);
        self.asyncio_library = self.find_asyncio(&live);
        let mut memory = PagedMemory::new(live);
        let checks = self
            .asyncio_checks(&mut memory)
            .map_err(|source| AttachError::from_memory(self.pid, source))?;
        if let Some(check) = checks.iter().find(|check| !check.ok) {
            let (version, check) = (self.version.clone(), check.clone());
            return Err(AttachError::LayoutMismatch { version, check });
        }
        let found = !checks.is_empty();
        self.verified.extend(checks);
        Ok(found)
    }

    /// Walks the interpreters again: a program may start and end subinterpreters.
    ///
    /// # Errors
    /// When the list cannot be read; the one known before is kept.
    pub fn refresh_interpreters(&mut self, memory: &mut impl Memory) -> Result<(), MemoryError> {
        let Some(&known) = self.interpreters.first() else { return Ok(()) };
        let head = self.head(memory, known)?;
        self.interpreters = chain(memory, &self.layout, head)?;
        Ok(())
    }

    fn find_asyncio(&mut self, live: &LiveMemory) -> Option<AsyncioLibrary> {
        let binary = self.binary.clone();
        asyncio_library::find(self.pid, live, &binary, &mut self.layout, &mut self.differences)
    }

    /// The head of the list of interpreters as it stands now.
    fn head(&self, memory: &mut impl Memory, found: RemoteAddr) -> Result<RemoteAddr, MemoryError> {
        if self.runtime.is_null() {
            return Ok(found);
        }
        memory.pointer(self.runtime.offset(self.layout.runtime.interpreters_head))
    }

    /// Whether the program's own code may be running: threads are there, and `__main__`, which
    /// comes late when the interpreter starts and goes early when it ends.
    fn check_initialised(&self, memory: &mut impl Memory) -> Result<(), AttachError> {
        let not_yet = AttachError::NotInitialised { pid: self.pid };
        let unreadable = |source| AttachError::from_memory(self.pid, source);
        let Some(&main) = self.interpreters.last() else { return Err(not_yet) };
        let at = |offset| main.offset(offset);
        let threads = memory.pointer(at(self.layout.interpreter.threads_head));
        let modules = memory.pointer(at(self.layout.interpreter.modules)).map_err(unreadable)?;
        if threads.map_err(unreadable)?.is_null() || modules.is_null() {
            return Err(not_yet);
        }
        match lookup(memory, &self.layout, modules, "__main__") {
            Ok(None) => Err(not_yet),
            // What cannot be read is named by the checks.
            _ => Ok(()),
        }
    }

    fn all_checks(&self, memory: &mut impl Memory) -> Vec<Check> {
        let mut checks = verify::verify(memory, self);
        match self.asyncio_checks(memory) {
            Ok(more) => checks.extend(more),
            Err(error) => {
                checks.push(Check::new("asyncio's types", "readable", error.to_string(), false));
            }
        }
        checks
    }

    fn asyncio_checks(&self, memory: &mut impl Memory) -> Result<Vec<Check>, MemoryError> {
        let layout = &self.layout;
        let Some(&main) = self.interpreters.last() else { return Ok(Vec::new()) };
        let modules = memory.pointer(main.offset(layout.interpreter.modules))?;
        let Some(module) = lookup(memory, layout, modules, "_asyncio")? else {
            return Ok(Vec::new());
        };
        let dict = module_dict(memory, layout, module)?;
        let task = lookup(memory, layout, dict, "Task")?;
        let future = lookup(memory, layout, dict, "Future")?;
        match (task, future) {
            (Some(task), Some(future)) => verify::verify_asyncio(memory, layout, task, future),
            // The module is being imported at this moment.
            _ => Ok(Vec::new()),
        }
    }
}

/// The interpreters from `head` on.
fn chain(
    memory: &mut impl Memory,
    layout: &Layout,
    head: RemoteAddr,
) -> Result<Vec<RemoteAddr>, MemoryError> {
    let mut all: Vec<RemoteAddr> = Vec::new();
    let mut at = head;
    while !at.is_null() {
        let nonsense = MemoryError::Nonsense { addr: at };
        let interp = at.plausible().ok_or(nonsense)?;
        if all.contains(&interp) || all.len() == MAX_INTERPRETERS {
            return Err(nonsense);
        }
        all.push(interp);
        at = memory.pointer(interp.offset(layout.interpreter.next))?;
    }
    Ok(all)
}
