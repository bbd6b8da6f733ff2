//! Lookups of networks and of what is in them, for several groups of actions.

use std::collections::HashSet;
use std::net::Ipv4Addr;

use domain::{Entity, VSwitch, Vpc};

use super::cidr;
use super::prelude::*;
use crate::store::{EntityReads, Filter};

fn with_term<T: Entity>(call: &Call<'_>, region: &str, term: (&'static str, &str)) -> Filter<T> {
    Filter::with_term(call.caller.account.clone(), region, term)
}

/// How many resources of a kind the caller has in a region under this term.
pub(super) fn count<T: Entity>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    term: (&'static str, &str),
) -> Result<u64, StoreError> {
    tx.count(&with_term::<T>(call, region, term))
}

/// Whether the caller has no resource of a kind in a region under this term.
pub(super) fn is_empty<T: Entity>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    term: (&'static str, &str),
) -> Result<bool, StoreError> {
    Ok(tx.newest(&with_term::<T>(call, region, term))?.is_none())
}

/// All resources of a kind that the caller has in a region under this term.
fn all<T: Entity>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    term: (&'static str, &str),
) -> Result<Vec<T>, StoreError> {
    tx.all(&with_term::<T>(call, region, term))
}

/// The vSwitches of a VPC.
pub(super) fn vswitches_of(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    vpc: &Vpc,
) -> Result<Vec<VSwitch>, StoreError> {
    all(tx, call, &vpc.region, ("vpc", vpc.id.as_str()))
}

/// The addresses of a vSwitch that instances have.
pub(super) fn taken_addresses(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    vswitch: &VSwitch,
) -> Result<HashSet<Ipv4Addr>, StoreError> {
    let instances: Vec<Instance> =
        all(tx, call, &vswitch.region, ("vswitch", vswitch.id.as_str()))?;
    let address = |instance: &Instance| instance.network.private_ip.parse().ok();
    Ok(instances.iter().filter_map(address).collect())
}

/// How many addresses of a vSwitch are free.
pub(super) fn free_addresses(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    vswitch: &VSwitch,
) -> Result<u32, StoreError> {
    let used = count::<Instance>(tx, call, &vswitch.region, ("vswitch", vswitch.id.as_str()))?;
    let used = u32::try_from(used).unwrap_or(u32::MAX);
    Ok(cidr::capacity(&vswitch.cidr_block).saturating_sub(used))
}
