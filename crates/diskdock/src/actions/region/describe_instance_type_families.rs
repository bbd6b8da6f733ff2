//! `DescribeInstanceTypeFamilies`: list families of instance types.

use crate::actions::prelude::*;

/// Lists families of instance types.
pub(crate) struct DescribeInstanceTypeFamilies;

params!(
    /// Parameters of DescribeInstanceTypeFamilies.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Only families of this generation, such as `ecs-5`.
        generation: Option<Text<1, 64>>,
    }
);

reply!(
    /// Reply of DescribeInstanceTypeFamilies.
    pub(crate) struct Reply {
        /// The families.
        instance_type_families: Families,
    }
);

reply!(
    /// All families that match.
    pub(crate) struct Families {
        /// One family each.
        instance_type_family: Vec<Family>,
    }
);

reply!(
    /// One family.
    pub(crate) struct Family {
        /// Its id.
        instance_type_family_id: String,
        /// Its generation.
        generation: String,
    }
);

impl Query for DescribeInstanceTypeFamilies {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeInstanceTypeFamilies";
    const SUMMARY: &'static str = "Lists families of instance types.";
    const ABOUT: About = About::NamedOnly;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_IN_RECORDS];

    fn answer(_: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        inventory.region(&params.region_id.0).ok_or(&REGION_NOT_IN_RECORDS)?;
        let wanted = params.generation.as_ref().map(|generation| &generation.0);
        let matches = |family: &&domain::inventory::InstanceFamily| {
            wanted.is_none_or(|wanted| *wanted == family.generation)
        };
        let item = |family: &domain::inventory::InstanceFamily| Family {
            instance_type_family_id: family.id.clone(),
            generation: family.generation.clone(),
        };
        let found = inventory.families().iter().filter(matches).map(item).collect();
        Ok(Reply { instance_type_families: Families { instance_type_family: found } })
    }
}
