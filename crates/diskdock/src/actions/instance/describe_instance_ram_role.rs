//! `DescribeInstanceRamRole`: which role instances have.

use super::lookup::all_there;
use crate::actions::paging::Paging;
use crate::actions::prelude::*;

/// Lists instances with the role that they have.
pub(crate) struct DescribeInstanceRamRole;

params!(
    /// Parameters of DescribeInstanceRamRole.
    pub(crate) struct Params {
        /// The region of the instances.
        region_id: RegionId,
        /// The instances, up to 50. This or `RamRoleName` is needed.
        #[malformed = INSTANCE_IDS_OF_ROLES_MALFORMED]
        instance_ids: Option<JsonList<InstanceId, 50>>,
        /// Only instances that have this role.
        ram_role_name: Option<Text<1, 64>>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 50>>,
    }
);

reply!(
    /// Reply of DescribeInstanceRamRole.
    pub(crate) struct Reply {
        /// The region.
        region_id: String,
        /// How many instances match.
        total_count: u64,
        /// The instances.
        instance_ram_role_sets: RoleSets,
    }
);

reply!(
    /// The instances of a page.
    pub(crate) struct RoleSets {
        /// One instance each.
        instance_ram_role_set: Vec<RoleSet>,
    }
);

reply!(
    /// An instance and its role.
    pub(crate) struct RoleSet {
        /// The instance.
        instance_id: String,
        /// Its role; empty without one.
        ram_role_name: String,
    }
);

impl Query for DescribeInstanceRamRole {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceRamRole";
    const SUMMARY: &'static str =
        "Lists which role instances have, or which instances have a role.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &INSTANCES_AND_ROLE_EMPTY, &INSTANCE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        if params.instance_ids.is_none() && params.ram_role_name.is_none() {
            return Err((&INSTANCES_AND_ROLE_EMPTY).into());
        }
        let mut filter = InstanceFilter::all(call.caller.account.clone(), region);
        if let Some(JsonList(ids)) = &params.instance_ids {
            filter.ids = Some(all_there(tx, call, region, ids, &INSTANCE_NOT_FOUND)?);
        }
        if let Some(Text(role)) = params.ram_role_name.clone() {
            filter.also.push(Box::new(move |instance| instance.ram_role == role));
        }
        let paging = Paging::numbered(params.page_number, params.page_size);
        let found = tx.instances(&filter, &paging.page)?;
        let item = |instance: Instance| RoleSet {
            instance_id: instance.id.to_string(),
            ram_role_name: instance.ram_role,
        };
        Ok(Reply {
            region_id: region.clone(),
            total_count: found.total.unwrap_or(0),
            instance_ram_role_sets: RoleSets {
                instance_ram_role_set: found.entries.into_iter().map(item).collect(),
            },
        })
    }
}
