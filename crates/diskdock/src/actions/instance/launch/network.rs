//! Where the instances of a launch lie in the network: in a vSwitch that this server keeps, or in
//! one that is only shown.

use std::net::Ipv4Addr;

use domain::{SecurityGroup, SecurityGroupId, VSwitch, VSwitchId};

use super::params::{Ipv4, Launch};
use crate::actions::prelude::*;
use crate::actions::{cidr, derived, network_lookups};

/// Where the instances of a launch lie.
#[derive(Default)]
pub(crate) struct NetworkPlan {
    /// The vSwitch that is asked for, if this server keeps it.
    pub vswitch: Option<VSwitch>,
    /// The addresses that the instances are to have there; fewer if they cannot have them.
    pub addresses: Vec<Ipv4Addr>,
    /// Whether all addresses that were asked for are addresses of the vSwitch.
    lies_inside: bool,
    /// The security groups that are asked for, of those that this server keeps.
    pub groups: Vec<SecurityGroup>,
}

/// The vSwitch that a launch asks for, if this server keeps it. Any other id is only shown.
pub(super) fn vswitch(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    params: &Launch,
) -> Result<Option<VSwitch>, ActionError> {
    let Some(Text(id)) = &params.v_switch_id else { return Ok(None) };
    let found: Option<VSwitch> = call.find(tx, &VSwitchId::from(id.as_str()))?;
    if found.as_ref().is_some_and(|vswitch| vswitch.region != params.region_id.0) {
        return Err((&VSWITCH_NOT_FOUND).into());
    }
    Ok(found)
}

impl NetworkPlan {
    /// The plan for so many instances in this vSwitch.
    pub(super) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Launch,
        vswitch: Option<VSwitch>,
        amount: u32,
    ) -> Result<NetworkPlan, ActionError> {
        let Some(vswitch) = vswitch else { return Ok(NetworkPlan::default()) };
        let taken = network_lookups::taken_addresses(tx, call, &vswitch)?;
        let range = &vswitch.cidr_block;
        let is_taken = |address: Ipv4Addr| taken.contains(&address);
        let (addresses, lies_inside) = match params.private_ip_address {
            None => (cidr::free(range, amount as usize, is_taken), true),
            Some(Ipv4(first)) => {
                let wanted = (0..amount).map(|index| derived::address_after(first, index));
                let wanted: Vec<_> = wanted.collect();
                let lies_inside = wanted.iter().all(|address| cidr::is_usable(range, *address));
                (wanted.into_iter().filter(|one| !is_taken(*one)).collect(), lies_inside)
            }
        };
        Ok(NetworkPlan { vswitch: Some(vswitch), addresses, lies_inside, groups: Vec::new() })
    }

    /// Looks up the security groups of these ids. Ids of others are only shown.
    pub(crate) fn find_groups(
        &mut self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        ids: &[String],
    ) -> Result<(), StoreError> {
        for id in ids {
            self.groups.extend(call.find(tx, &SecurityGroupId::from(id.as_str()))?);
        }
        Ok(())
    }

    /// Whether the vSwitch can be used.
    pub(super) fn is_available(&self) -> bool {
        self.vswitch.as_ref().is_none_or(VSwitch::is_available)
    }

    /// Whether the vSwitch is in this zone.
    pub(super) fn is_in_zone(&self, zone: Option<&str>) -> bool {
        self.vswitch.as_ref().is_none_or(|vswitch| Some(vswitch.zone.as_str()) == zone)
    }

    /// Whether the addresses that are asked for lie in the vSwitch.
    pub(super) fn lies_inside(&self) -> bool {
        self.vswitch.is_none() || self.lies_inside
    }

    /// Whether every one of so many instances has an address.
    pub(super) fn has_addresses(&self, amount: u32) -> bool {
        self.vswitch.is_none() || self.addresses.len() >= amount as usize
    }

    /// Whether the groups are of the VPC of the vSwitch.
    pub(super) fn groups_fit(&self) -> bool {
        let Some(vswitch) = &self.vswitch else { return true };
        self.groups.iter().all(|group| group.vpc == vswitch.vpc.as_str())
    }
}
