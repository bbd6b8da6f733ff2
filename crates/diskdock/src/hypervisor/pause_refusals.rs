//! Why a machine is not paused, or not resumed: the same words in every driver.

use super::Progress;

/// Why a machine stands still that an operator has paused.
pub(super) const PAUSED_BY_OPERATOR: &str =
    "the virtual machine was paused by an operator; `diskdock admin resume` lets it go on";
/// Why a machine cannot be paused or resumed that is off.
pub(super) const OFF: &str = "the virtual machine is off";
/// Why a machine cannot be resumed that runs.
pub(super) const NOT_PAUSED: &str = "the virtual machine is not paused";

/// The refusal to pause a machine that stands still for this reason.
pub(super) fn paused_already(why: &str) -> Progress {
    Progress::Failed(format!("cannot be paused once more: {why}"))
}
