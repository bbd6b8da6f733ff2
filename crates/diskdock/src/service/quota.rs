//! Quotas: how many disks and instances an account may have. They hold for every action that
//! creates one, because the effect of the action is checked.

use std::fmt;
use std::str::FromStr;

use domain::entity::Entity;
use domain::{Disk, Instance};

use super::{free_space, host_memory};
use crate::catalog::errors::{DISK_QUOTA, INSTANCE_QUOTA};
use crate::catalog::{ActionError, Call, Environment, StoreChange};
use crate::store::{EntityReads, ReadTx, StoreError};

/// The most disks and instances of one account, and the memory of all; `None` is no limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Quotas {
    /// Disks in all regions, including system disks and disks that are Creating.
    pub disks: Option<u64>,
    /// Instances in all regions.
    pub instances: Option<u64>,
    /// MiB of the machines of all accounts that are on.
    pub machine_memory_mib: Option<u64>,
}

impl Quotas {
    /// Refuses changes that create a disk or an instance beyond the quota, or beyond what the host
    /// has room for. An account that is beyond it already, because the quota was lowered, can still
    /// change and delete.
    pub(super) fn check(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        changes: &[StoreChange],
    ) -> Result<(), ActionError> {
        let Environment { inventory, has_free_space, .. } = call.environment;
        if let Some(most_mib) = self.machine_memory_mib {
            host_memory::check(most_mib, tx, inventory, changes)?;
        }
        free_space::check(has_free_space, tx, changes)?;
        if self.disks.is_none() && self.instances.is_none() {
            return Ok(());
        }
        let (mut new_disks, mut new_instances) = (0, 0);
        for change in changes {
            new_disks += u64::from(is_new::<Disk>(tx, change)?);
            new_instances += u64::from(is_new::<Instance>(tx, change)?);
        }
        if new_disks == 0 && new_instances == 0 {
            return Ok(());
        }
        let has = tx.amounts(&call.caller.account)?;
        let exceeds = |quota: Option<u64>, has: u64, new: u64| {
            new > 0 && quota.is_some_and(|quota| has.saturating_add(new) > quota)
        };
        if exceeds(self.instances, has.instances, new_instances) {
            return Err((&INSTANCE_QUOTA).into());
        }
        if exceeds(self.disks, has.disks, new_disks) {
            return Err((&DISK_QUOTA).into());
        }
        Ok(())
    }
}

/// Whether a change makes a resource of the kind.
fn is_new<T: Entity>(tx: &dyn ReadTx, change: &StoreChange) -> Result<bool, StoreError> {
    let Some(saved) = change.saved::<T>() else { return Ok(false) };
    Ok(tx.get(saved.id())?.is_none())
}

/// One quota as it is written on the command line: `disks=1000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quota {
    /// `disks=N`
    Disks(u64),
    /// `instances=N`
    Instances(u64),
}

/// Why the text of a quota is refused.
#[derive(Debug, PartialEq, Eq)]
pub struct QuotaError;

impl fmt::Display for QuotaError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("give disks=<number> or instances=<number>")
    }
}

impl std::error::Error for QuotaError {}

impl FromStr for Quota {
    type Err = QuotaError;

    fn from_str(text: &str) -> Result<Quota, QuotaError> {
        let (what, most) = text.split_once('=').ok_or(QuotaError)?;
        let most = most.parse().map_err(|_| QuotaError)?;
        match what {
            "disks" => Ok(Quota::Disks(most)),
            "instances" => Ok(Quota::Instances(most)),
            _ => Err(QuotaError),
        }
    }
}

impl FromIterator<Quota> for Quotas {
    /// Combines quotas; for each kind, the last one counts.
    fn from_iter<I: IntoIterator<Item = Quota>>(quotas: I) -> Quotas {
        let mut all = Quotas::default();
        for quota in quotas {
            match quota {
                Quota::Disks(most) => all.disks = Some(most),
                Quota::Instances(most) => all.instances = Some(most),
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn from_str_reads_the_resource_and_its_limit() {
        assert_eq!("disks=10".parse(), Ok(Quota::Disks(10)));
        assert_eq!("instances=0".parse(), Ok(Quota::Instances(0)));
        for wrong in ["disks", "disks=", "disks=-1", "disks=many", "snapshots=1", "=1", ""] {
            assert_eq!(wrong.parse::<Quota>(), Err(QuotaError), "{wrong}");
        }
    }
}
