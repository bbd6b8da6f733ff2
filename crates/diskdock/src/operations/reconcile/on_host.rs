//! The comparison of one host's machines with the store. Instances of other hosts are not looked
//! at: what is unknown here is not dead there.

use domain::Moment;

use super::{Difference, MissingInHypervisor, reconcile_instance, visit_all};
use crate::hypervisor::Hypervisor;
use crate::store::{Store, StoreError};

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
