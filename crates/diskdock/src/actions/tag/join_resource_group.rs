//! `JoinResourceGroup`: move a resource to a resource group.

use super::tagged::{self, FoundResource, ResourceType};
use crate::actions::prelude::*;

/// Moves a resource to a resource group.
pub(crate) struct JoinResourceGroup;

params!(
    /// Parameters of JoinResourceGroup.
    pub(crate) struct Params {
        /// The region of the resource. Left out, any will do.
        region_id: Option<RegionId>,
        /// The kind of resource.
        #[malformed = RESOURCE_TYPE_NOT_FOUND]
        resource_type: Option<ResourceType>,
        /// The resource.
        #[example = "d-bp1000q5z8v3k0hc7w2m"]
        resource_id: Option<Text<1, 128>>,
        /// The resource group to show. Groups are not kept here, so that any id will do that begins
        /// with `rg-`.
        resource_group_id: Option<Text<1, 64>>,
    }
);

/// A resource that exists, and the group that it is to be in.
pub(crate) struct Facts {
    resource: FoundResource,
    group: String,
}

impl Action for JoinResourceGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "JoinResourceGroup";
    const SUMMARY: &'static str = "Moves a resource to a resource group.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_NOT_FOUND,
        &MISSING_RESOURCE_ID,
        &RESOURCE_TYPE_NOT_FOUND,
        &RESOURCE_GROUP_NOT_FOUND,
        &RESOURCE_NOT_IN_RECORDS,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the resource is not in the group yet", |f| f.resource.resource_group() != f.group, &RESOURCE_GROUP_DUPLICATE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        tagged::check_region(call, params.region_id.as_ref())?;
        let id = params.resource_id.as_ref().ok_or(&MISSING_RESOURCE_ID)?;
        let kind = params.resource_type.ok_or(&RESOURCE_TYPE_NOT_FOUND)?;
        let group = params.resource_group_id.as_ref().filter(|group| group.0.starts_with("rg-"));
        let group = group.ok_or(&RESOURCE_GROUP_NOT_FOUND)?.0.clone();
        let found = tagged::find(tx, call, kind, &id.0, params.region_id.as_ref())?;
        Ok(Facts { resource: found.ok_or(&RESOURCE_NOT_IN_RECORDS)?, group })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        let moved = facts.resource.with_resource_group(&facts.group);
        moved
            .into_iter()
            .fold(Effect::reply(()), |effect, one| effect.change(StoreChange::Save(one)))
    }
}
