//! `DeleteSecurityGroup`: delete a group that no instance is in and no other group names.

use domain::{SecurityGroup, SecurityGroupId};

use crate::actions::network_lookups::is_empty;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Deletes a security group.
pub(crate) struct DeleteSecurityGroup;

params!(
    /// Parameters of DeleteSecurityGroup.
    pub(crate) struct Params {
        /// The region of the group.
        region_id: RegionId,
        /// The group.
        security_group_id: SecurityGroupId,
    }
);

/// The group, and what depends on it.
pub(crate) struct Facts {
    group: SecurityGroup,
    has_instances: bool,
    is_referred_to: bool,
}

impl Action for DeleteSecurityGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteSecurityGroup";
    const SUMMARY: &'static str = "Deletes a security group that nothing depends on.";
    const CAUTION: &'static str = "The group is gone for good, with its rules.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &SECURITY_GROUP_TO_DELETE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no instance is in the group",            |f| !f.has_instances, &SECURITY_GROUP_HAS_INSTANCES),
        must("no rule of another group names it",      |f| !f.is_referred_to, &SECURITY_GROUP_IS_REFERRED_TO),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let found = call.find(tx, &params.security_group_id)?;
        let found = found.filter(|group: &SecurityGroup| group.region == *region);
        let group = found.ok_or(&SECURITY_GROUP_TO_DELETE_NOT_FOUND)?;
        let term = ("security_group", group.id.as_str());
        let mut referring = Filter::<SecurityGroup>::all(call.caller.account.clone(), region);
        let id = group.id.clone();
        referring.also.push(Box::new(move |other| other.id != id && other.refers_to(&id)));
        let referring = tx.list(&referring, &Page::After { after: None, most: 1 })?;
        Ok(Facts {
            has_instances: !is_empty::<Instance>(tx, call, region, term)?,
            is_referred_to: !referring.entries.is_empty(),
            group,
        })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.group.id)
    }
}
