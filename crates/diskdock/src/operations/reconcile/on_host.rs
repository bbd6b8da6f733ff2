//! The comparison of one host's machines with the store. Instances of other hosts are not looked
//! at: what is unknown here is not dead there.

use domain::Moment;

use super::{Difference, MissingInHypervisor, reconcile_instance, visit_all};
use crate::hypervisor::{Hypervisor, ObservedState};
use crate::store::{Store, StoreError, WriteTx};

/// The state of a machine as a driver has seen it, as far as it can tell.
pub(super) fn told(
    hypervisor: &dyn Hypervisor,
    seen: ObservedState,
    expected: &ObservedState,
) -> ObservedState {
    match hypervisor.knows_disks() {
        true => seen,
        false => ObservedState { disks: expected.disks.clone(), ..seen },
    }
}

/// Whether this is a host that was lost, and fenced.
pub(super) fn is_fenced(tx: &dyn WriteTx, host: &str) -> Result<bool, StoreError> {
    Ok(!host.is_empty() && tx.host(host)?.is_some_and(|found| found.host.is_fenced()))
}

/// Compares every instance that is placed on a host, as [`super::reconcile`] does with all.
pub(crate) async fn reconcile_host(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    host: &str,
    if_missing: MissingInHypervisor,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    let visit =
        |instance, disks| reconcile_instance(store, hypervisor, if_missing, instance, disks, now);
    visit_all(store, hypervisor, Some(host), visit).await
}
