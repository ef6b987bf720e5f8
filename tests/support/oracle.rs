//! Synchronous stacks as py-spy reads them from a paused process.

use py_spy::config::{Config, LockingStrategy};
use py_spy::{Pid, PythonSpy};

use super::look::LookFrame;
use super::target::Target;

/// A stack, outermost first: function, file, line.
pub(crate) type Stack = Vec<(String, String, u32)>;

/// Every thread's stack, sorted; the target must be paused.
pub(crate) fn py_spy_stacks(target: &Target) -> Result<Vec<Stack>, String> {
    let config = Config { blocking: LockingStrategy::NonBlocking, ..Config::default() };
    let pid = Pid::try_from(target.pid()).expect("a process id fits");
    let mut spy = PythonSpy::new(pid, &config).map_err(|error| format!("{error:#}"))?;
    let traces = spy.get_stack_traces().map_err(|error| format!("{error:#}"))?;
    let mut stacks: Vec<Stack> = traces
        .iter()
        .map(|trace| {
            let frames = trace.frames.iter().rev();
            frames
                .map(|frame| {
                    let line = u32::try_from(frame.line).unwrap_or_default();
                    (frame.name.clone(), frame.filename.clone(), line)
                })
                .collect()
        })
        .collect();
    stacks.sort();
    Ok(stacks)
}

/// A stack of ours in the same form. Before 3.11 py-spy knows bare names only, while ours are
/// qualified where an owner (a coroutine, a generator) tells more: there the last part is compared.
pub(crate) fn comparable(stack: &[LookFrame], qualified: bool) -> Stack {
    stack
        .iter()
        .filter(|frame| frame.kind.as_deref() != Some("native"))
        .map(|frame| {
            let full = frame.function.clone().unwrap_or_default();
            let last = full.rsplit('.').next().unwrap_or_default().to_owned();
            let name = if qualified { full } else { last };
            (name, frame.file.clone().unwrap_or_default(), frame.line.unwrap_or_default())
        })
        .collect()
}
