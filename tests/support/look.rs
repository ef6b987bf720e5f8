//! What `looptrace dump --format json` says, as far as the tests compare it.

use std::process::{Command, Output};

use serde::Deserialize;

use super::target::Target;
use super::truth::TruthFrame;

/// `looptrace.dump/1`.
#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Look {
    pub(crate) schema: String,
    pub(crate) threads: Vec<LookThread>,
    pub(crate) loops: Vec<LookLoop>,
    pub(crate) tasks: Vec<LookTask>,
    pub(crate) cycles: Vec<Vec<u32>>,
    pub(crate) rejected: LookRejected,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LookThread {
    pub(crate) native_id: Option<u32>,
    pub(crate) name: Option<String>,
    pub(crate) stack: Vec<LookFrame>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LookLoop {
    pub(crate) id: u32,
    pub(crate) thread: Option<u32>,
    pub(crate) kind: String,
    pub(crate) current_task: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LookTask {
    pub(crate) id: u32,
    pub(crate) name: Option<String>,
    pub(crate) coroutine: Option<String>,
    #[serde(rename = "loop")]
    pub(crate) event_loop: Option<u32>,
    pub(crate) state: String,
    pub(crate) await_chain: Option<Vec<LookFrame>>,
    pub(crate) waiting_on: Option<LookWait>,
    pub(crate) awaited_by: Vec<u32>,
    pub(crate) cancel_requests: Option<u32>,
}

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct LookWait {
    pub(crate) kind: String,
}

#[derive(Debug, Clone, Deserialize, PartialEq, Eq)]
pub(crate) struct LookFrame {
    pub(crate) function: Option<String>,
    pub(crate) file: Option<String>,
    pub(crate) line: Option<u32>,
    pub(crate) kind: Option<String>,
}

#[derive(Debug, Clone, Deserialize, PartialEq, Eq, Default)]
pub(crate) struct LookRejected {
    pub(crate) torn: u64,
    pub(crate) unreadable: u64,
    pub(crate) partial_census: u64,
}

impl LookFrame {
    /// The frame as a sample would tell it; `None` for native frames, which no Python code sees.
    pub(crate) fn told(&self) -> Option<TruthFrame> {
        (self.kind.as_deref() != Some("native")).then(|| TruthFrame {
            function: self.function.clone().unwrap_or_default(),
            file: self.file.clone().unwrap_or_default(),
            line: self.line.unwrap_or_default(),
            kind: self.kind.clone().unwrap_or_default(),
        })
    }
}

/// The program under test.
pub(crate) fn looptrace() -> Command {
    Command::new(env!("CARGO_BIN_EXE_looptrace"))
}

/// Takes one look at a target; the error is what was printed instead.
pub(crate) fn look_at(target: &Target) -> Result<Look, String> {
    let pid = target.pid().to_string();
    // Free-threaded builds are read only when it is asked for.
    let forced = target.free_threaded.then_some("--force-unverified");
    let output: Output = looptrace()
        .args(["dump", "--format", "json", "--pid", &pid])
        .args(forced)
        .output()
        .expect("looptrace can be started");
    if !output.status.success() {
        let words = String::from_utf8_lossy(&output.stderr);
        return Err(format!("dump failed with {}: {words}", output.status));
    }
    let look: Look = serde_json::from_slice(&output.stdout).map_err(|error| error.to_string())?;
    assert_eq!(look.schema, "looptrace.dump/1");
    Ok(look)
}
