//! `UpdateGroup`: change the name and the comments of a group.

use domain::ram::RamGroup;

use super::group_view::RamGroupItem;
use super::lookup;
use crate::actions::prelude::*;

/// Changes a group.
pub(crate) struct UpdateGroup;

params!(
    /// Parameters of UpdateGroup.
    pub(crate) struct Params {
        /// The group.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        #[names = "group"]
        group_name: Text<1, 64>,
        /// Its new name.
        #[malformed = NEW_GROUP_NAME_LENGTH]
        #[example = "storage-operators"]
        new_group_name: Option<Text<1, 64>>,
        /// New free text.
        #[malformed = NEW_COMMENTS_LENGTH]
        new_comments: Option<Text<0, 128>>,
    }
);

reply!(
    /// Reply of UpdateGroup.
    pub(crate) struct Reply {
        /// The group as it is now.
        group: RamGroupItem,
    }
);

/// The group, and whether another has the new name.
pub(crate) struct Facts {
    group: RamGroup,
    is_taken: bool,
}

impl Action for UpdateGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "UpdateGroup";
    const SUMMARY: &'static str = "Changes the name and the comments of a group.";
    const DETAILS: &'static str =
        "Properties that are left out stay as they are. Users and policies stay the group's.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&GROUP_NAME_CHARACTERS, &GROUP_NOT_FOUND, &NEW_GROUP_NAME_CHARACTERS];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no other group has the new name", |f| !f.is_taken, &GROUP_EXISTS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let group = lookup::group(tx, call, &params.group_name.0)?;
        let Some(name) = &params.new_group_name else {
            return Ok(Facts { group, is_taken: false });
        };
        if !lookup::is_group_name(&name.0) {
            return Err((&NEW_GROUP_NAME_CHARACTERS).into());
        }
        let has_name = lookup::called::<RamGroup>(tx, call, &name.0)?;
        let is_taken = has_name.is_some_and(|other| other.id != group.id);
        Ok(Facts { group, is_taken })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let mut group = facts.group;
        if let Some(name) = &params.new_group_name {
            group.name.clone_from(&name.0);
        }
        if let Some(comments) = &params.new_comments {
            group.comments.clone_from(&comments.0);
        }
        group.updated_at = call.now;
        Effect::reply(Reply { group: RamGroupItem::of(&group) }).save(group)
    }
}
