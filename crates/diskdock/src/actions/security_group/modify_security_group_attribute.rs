//! `ModifySecurityGroupAttribute`: change the name and the description of a group.

use domain::{SecurityGroup, SecurityGroupId};

use crate::actions::prelude::*;
use crate::catalog::SecurityGroupName;

/// Changes the name or the description of a security group.
pub(crate) struct ModifySecurityGroupAttribute;

params!(
    /// Parameters of ModifySecurityGroupAttribute.
    pub(crate) struct Params {
        /// The region of the group.
        region_id: RegionId,
        /// The group.
        security_group_id: SecurityGroupId,
        /// The new display name.
        security_group_name: Option<SecurityGroupName>,
        /// The new description.
        #[malformed = SECURITY_GROUP_DESCRIPTION_MALFORMED]
        description: Option<Description>,
    }
);

/// The group, which exists, and whether anything is to change.
pub(crate) struct Facts {
    group: SecurityGroup,
    changes: bool,
}

impl Action for ModifySecurityGroupAttribute {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifySecurityGroupAttribute";
    const SUMMARY: &'static str = "Changes the name or the description of a security group.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &SECURITY_GROUP_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("a name or a description is given",  |f| f.changes, &SECURITY_GROUP_UNCHANGED),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        Ok(Facts {
            group: super::find(tx, call, &params.region_id, &params.security_group_id)?,
            changes: params.security_group_name.is_some() || params.description.is_some(),
        })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let mut group = facts.group;
        if let Some(SecurityGroupName(name)) = &params.security_group_name {
            group.name.clone_from(name);
        }
        if let Some(Description(text)) = &params.description {
            group.description.clone_from(text);
        }
        Effect::reply(()).save(group)
    }
}
