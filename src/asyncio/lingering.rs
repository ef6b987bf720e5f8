//! Tasks that asyncio has forgotten but the program has not.
//!
//! From 3.14 on asyncio keeps its tasks in lists that they leave when they are done. One that failed
//! is looked at for as long as it is there and nobody has asked for its exception.

use super::census::{Census, InterpreterState};
use super::env::Env;
use super::notes;
use super::record::Record;
use super::watch::Watch;
use crate::memory::{Memory as _, MemoryError, ReadMemory, RemoteAddr};
use crate::python::layout::Build;
use crate::python::objects::types::{ObjectKind, Types};

/// Tasks that are followed like this at most.
const MOST: usize = 4096;
/// `FINISHED` of `fut_state`.
const FINISHED: u32 = 2;
/// More references than this are none: where an object was freed, another number lies there.
const MOST_REFERENCES: u32 = 1 << 24;

impl<M: ReadMemory> Census<'_, M> {
    /// Looks at known tasks that the walk over `tasks` did not find; those that failed unheard are
    /// added.
    pub(super) fn lingering(
        &mut self,
        state: &mut InterpreterState,
        threads: &[RemoteAddr],
        tasks: &mut Vec<RemoteAddr>,
        order: &mut Vec<usize>,
    ) -> Result<(), MemoryError> {
        if self.layout.asyncio.node.is_none() || self.layout.build != Build::Gil {
            return Ok(());
        }
        let epoch = self.lasting.epoch;
        let unseen = |record: &&Record| record.seen != epoch && record.id.is_some();
        let missed: Vec<(RemoteAddr, RemoteAddr)> = self
            .lasting
            .records
            .iter()
            .filter(unseen)
            .map(|record| (record.addr, record.identity.context))
            .take(MOST)
            .collect();
        let walked = tasks.len();
        for (addr, context) in missed {
            match self.lingers(&mut state.types, addr, context) {
                Ok(true) => tasks.push(addr),
                Ok(false) | Err(MemoryError::Unreadable { .. } | MemoryError::Nonsense { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        if tasks.len() == walked {
            return Ok(());
        }
        order.resize(tasks.len(), usize::MAX);
        for (place, &addr) in tasks.iter().enumerate().skip(walked) {
            self.task(&mut state.types, addr, false, place, order)?;
        }
        self.settle(state, threads, order)
    }

    /// Whether the task that had this context is still there, and failed unheard. One that is freed
    /// has neither references nor an exception nor a context left.
    fn lingers(
        &mut self,
        types: &mut Types,
        addr: RemoteAddr,
        context: RemoteAddr,
    ) -> Result<bool, MemoryError> {
        let row = self.layout.asyncio;
        let mut spans = Vec::new();
        let mut watch = Watch::new(self.memory, &mut spans);
        let mut env = Env { layout: self.layout, types };
        // `ob_refcnt` is the first field of every object.
        let references = watch.raw().u32(addr)?;
        if references == 0
            || references > MOST_REFERENCES
            || context.is_null()
            || env.kind(&mut watch, addr)? != ObjectKind::Task
            || watch.u32(addr.offset(row.state))? != FINISHED
            || watch.pointer(addr.offset(row.context))? != context
        {
            return Ok(false);
        }
        notes::is_unretrieved(&mut watch, &mut env, addr)
    }
}
