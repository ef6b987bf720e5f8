//! One precondition of attaching.

use serde::Serialize;

/// What came out of a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Verdict {
    /// As needed.
    Ok,
    /// Attaching works, but something is lost or unverified.
    Warning,
    /// Attaching does not work.
    Failed,
    /// Could not be checked.
    Unknown,
}

/// One precondition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) verdict: Verdict,
    /// What was found.
    pub(super) present: String,
    /// What attaching needs.
    pub(super) needed: String,
    /// What mends it, where it needs mending.
    pub(super) fixes: Vec<String>,
}

impl Check {
    pub(super) fn new(
        name: &'static str,
        verdict: Verdict,
        present: impl Into<String>,
        needed: impl Into<String>,
    ) -> Self {
        Self { name, verdict, present: present.into(), needed: needed.into(), fixes: Vec::new() }
    }

    pub(super) fn fix(mut self, fix: impl Into<String>) -> Self {
        if self.verdict != Verdict::Ok {
            self.fixes.push(fix.into());
        }
        self
    }
}
