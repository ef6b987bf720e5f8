//! Coroutines that were never awaited: they die at once, but the warning that Python gives for them
//! stays in the `__warningregistry__` of the module that dropped them.

use rustc_hash::FxHashSet;

use crate::memory::{Memory, MemoryError, RemoteAddr};
use crate::model::{Dictionary, Event, ProcessId};
use crate::python::layout::Layout;
use crate::python::objects::{self, DictCursor, flag};

/// Modules that are looked at.
const MAX_MODULES: usize = 1 << 14;
/// Warnings of one module that are looked at.
const MAX_WARNINGS: usize = 1 << 10;

/// The warnings already told.
#[derive(Debug, Default)]
pub(super) struct Unawaited {
    told: FxHashSet<(String, u32, String)>,
    looks: u32,
}

/// Censuses between two looks.
const EVERY: u32 = 64;

impl Unawaited {
    /// Looks through all modules now and then, and tells what is new.
    pub(super) fn look(
        &mut self,
        memory: &mut impl Memory,
        layout: &Layout,
        (interpreter, process): (RemoteAddr, ProcessId),
        dictionary: &mut Dictionary,
        events: &mut Vec<Event>,
    ) -> Result<(), MemoryError> {
        let due = self.looks.is_multiple_of(EVERY);
        self.looks = self.looks.wrapping_add(1);
        if !due {
            return Ok(());
        }
        let modules = memory.pointer(interpreter.offset(layout.interpreter.modules))?;
        let mut cursor = DictCursor::new(memory, layout, modules)?;
        let mut namespaces = Vec::new();
        while let Some((_, module)) = cursor.next(memory)?
            && namespaces.len() < MAX_MODULES
        {
            namespaces.push(module);
        }
        for module in namespaces {
            let found = of_module(memory, layout, module);
            for (text, line, file) in found.unwrap_or_default() {
                if self.told.insert((text.clone(), line, file.clone()))
                    && let (Some(text), Some(file)) =
                        (dictionary.string(&text), dictionary.string(&file))
                {
                    events.push(Event::Warned { process, text, file, line });
                }
            }
        }
        Ok(())
    }
}

/// Text, line and file of the warnings of one module.
fn of_module(
    memory: &mut impl Memory,
    layout: &Layout,
    module: RemoteAddr,
) -> Result<Vec<(String, u32, String)>, MemoryError> {
    let mut found = Vec::new();
    let of = objects::ob_type(memory, layout, module)?;
    if !objects::type_name_is(memory, layout, of, b"module")? {
        return Ok(found);
    }
    let namespace = objects::module_dict(memory, layout, module)?;
    let Some(registry) = objects::lookup(memory, layout, namespace, "__warningregistry__")? else {
        return Ok(found);
    };
    let mut cursor = DictCursor::new(memory, layout, registry)?;
    for _ in 0..MAX_WARNINGS {
        let Some((key, _)) = cursor.next(memory)? else { break };
        if !objects::is_a(memory, layout, key, flag::TUPLE)? {
            continue;
        }
        let parts = objects::tuple_items(memory, layout, key)?;
        let (text, line) = (parts.get(memory, 0)?, parts.get(memory, 2)?);
        if parts.len != 3 || !objects::is_a(memory, layout, text, flag::STR)? {
            continue;
        }
        let text = objects::text(memory, layout, text)?;
        let first = text.lines().next().unwrap_or_default();
        if first.starts_with("coroutine '") && first.ends_with("was never awaited") {
            let line = u32::try_from(objects::int(memory, layout, line)?).unwrap_or(0);
            found.push((first.to_owned(), line, String::new()));
        }
    }
    if !found.is_empty()
        && let Some(file) = objects::lookup(memory, layout, namespace, "__file__")?
        && objects::is_a(memory, layout, file, flag::STR)?
    {
        let file = objects::text(memory, layout, file)?;
        found.iter_mut().for_each(|warning| warning.2.clone_from(&file));
    }
    Ok(found)
}
