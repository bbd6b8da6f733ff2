//! The comparison of one host's machines with the store. Instances of other hosts are not looked
//! at: what is unknown here is not dead there.

use domain::{InstanceId, Moment};

use super::{Difference, MissingInHypervisor, PAGE, reconcile_instance, visit_page};
use crate::hypervisor::Hypervisor;
use crate::store::{EntityReads, ReadTx, Store, StoreError};

/// Compares every instance that is placed on a host, as [`super::reconcile`] does with all.
pub(crate) async fn reconcile_host(
    store: &Store,
    hypervisor: &dyn Hypervisor,
    host: &str,
    if_missing: MissingInHypervisor,
    now: Moment,
) -> Result<Vec<Difference>, StoreError> {
    let mut differences = Vec::new();
    let mut after: Option<InstanceId> = None;
    loop {
        let (begins, host) = (after.take(), host.to_owned());
        let read = move |tx: &dyn ReadTx| {
            let ids = tx.instances_on(&host, begins.as_ref(), PAGE)?;
            let last = ids.last().cloned();
            let mut page = Vec::with_capacity(ids.len());
            for id in ids {
                if let Some(instance) = tx.get(&id)? {
                    page.push((instance, tx.attached(&id)?));
                }
            }
            Ok::<_, StoreError>((last, page))
        };
        let (last, page) = store.read(read).await?;
        if last.is_none() {
            return Ok(differences);
        }
        after = last;
        let visit = |instance, disks| {
            reconcile_instance(store, hypervisor, if_missing, instance, disks, now)
        };
        visit_page(page, visit, &mut differences).await?;
    }
}
