//! What the commands that gate merges share: budgets, runs, recordings, reports.

pub(super) mod budgets;
pub(super) mod runs;
pub(super) mod take;
pub(super) mod verdict;
