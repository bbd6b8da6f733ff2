//! The memory of the host: all machines that are on together may not take more than it has for
//! them. Every action that starts one is checked, in every account.

use domain::inventory::Inventory;
use domain::{Instance, InstanceStatus};

use crate::catalog::errors::NO_STOCK;
use crate::catalog::{ActionError, StoreChange};
use crate::store::{EntityReads, ReadTx, StoreError};

/// Instances that are read at a time.
const PAGE: u32 = 500;
/// MiB in a GiB.
const MIB: f64 = 1_024.0;

/// Refuses changes that turn instances on beyond so many MiB.
pub(super) fn check(
    most_mib: u64,
    tx: &dyn ReadTx,
    inventory: &Inventory,
    changes: &[StoreChange],
) -> Result<(), ActionError> {
    let mut wanted_mib = 0_u64;
    for change in changes {
        let Some(instance) = change.saved::<Instance>() else { continue };
        let was_on = tx.instance(&instance.id)?.is_some_and(|before| is_on(&before));
        if is_on(instance) && !was_on {
            wanted_mib = wanted_mib.saturating_add(memory_mib(inventory, instance));
        }
    }
    if wanted_mib == 0 || used_mib(tx, inventory)?.saturating_add(wanted_mib) <= most_mib {
        return Ok(());
    }
    Err((&NO_STOCK).into())
}

/// MiB of all instances that are on.
fn used_mib(tx: &dyn ReadTx, inventory: &Inventory) -> Result<u64, StoreError> {
    let (mut used, mut after) = (0_u64, None);
    loop {
        let page = tx.walk::<Instance>(after.as_ref(), PAGE)?;
        let Some(last) = page.last() else { return Ok(used) };
        after = Some(last.id.clone());
        let on = page.iter().filter(|instance| is_on(instance));
        used = on.map(|instance| memory_mib(inventory, instance)).fold(used, u64::saturating_add);
    }
}

/// Whether its machine is on, or may be.
fn is_on(instance: &Instance) -> bool {
    match instance.status {
        InstanceStatus::Starting | InstanceStatus::Running | InstanceStatus::Stopping => true,
        InstanceStatus::Pending | InstanceStatus::Stopped => false,
    }
}

fn memory_mib(inventory: &Inventory, instance: &Instance) -> u64 {
    let found = inventory.instance_type(&instance.instance_type);
    found.map_or(0, |found| (found.memory_gib * MIB).round() as u64)
}
