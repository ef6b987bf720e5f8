//! The causes that budgets can select by.

use crate::model::CauseKind;

/// The words for all causes.
#[must_use]
pub(super) fn causes() -> Vec<&'static str> {
    CauseKind::ALL.iter().map(|kind| kind.name()).collect()
}
