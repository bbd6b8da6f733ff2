//! `ModifySnapshotGroup`: change name and description of a snapshot group.

use domain::{SnapshotGroup, SnapshotGroupId};

use crate::actions::prelude::*;

/// Changes a snapshot group.
pub(crate) struct ModifySnapshotGroup;

params!(
    /// Parameters of ModifySnapshotGroup.
    pub(crate) struct Params {
        /// The region of the group.
        #[malformed = REGION_NOT_IN_RECORDS]
        region_id: RegionId,
        /// The group to change.
        snapshot_group_id: SnapshotGroupId,
        /// The new display name.
        #[malformed = GROUP_NAME_NOT_VALID]
        name: Option<InstanceName>,
        /// The new description; empty takes it away.
        #[malformed = GROUP_DESCRIPTION_NOT_VALID]
        description: Option<Description>,
    }
);

/// The group.
pub(crate) struct Facts {
    group: SnapshotGroup,
}

impl Action for ModifySnapshotGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifySnapshotGroup";
    const SUMMARY: &'static str = "Changes name or description of a snapshot group.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_IN_RECORDS, &SNAPSHOT_GROUP_NOT_FOUND];

    /// None: what is left out stays.
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        call.environment.inventory.region(&params.region_id.0).ok_or(&REGION_NOT_IN_RECORDS)?;
        let found = call.find(tx, &params.snapshot_group_id)?;
        let group = found.filter(|group: &SnapshotGroup| group.region == params.region_id.0);
        Ok(Facts { group: group.ok_or(&SNAPSHOT_GROUP_NOT_FOUND)? })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let mut group = facts.group;
        if let Some(InstanceName(name)) = &params.name {
            group.name.clone_from(name);
        }
        if let Some(Description(text)) = &params.description {
            group.description.clone_from(text);
        }
        Effect::reply(()).save(group)
    }
}
