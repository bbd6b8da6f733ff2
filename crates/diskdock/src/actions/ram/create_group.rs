//! `CreateGroup`: make a group, which has neither users nor policies yet.

use domain::UnknownFields;
use domain::ram::{AttachedPolicies, RamGroup};

use super::group_view::NewGroup;
use super::lookup;
use crate::actions::prelude::*;

/// Groups of an account, at most (documentation of the limits of RAM).
const GROUPS: u64 = 50;

/// Makes a group.
pub(crate) struct CreateGroup;

params!(
    /// Parameters of CreateGroup.
    pub(crate) struct Params {
        /// Its name, unique in the account.
        #[malformed = GROUP_NAME_LENGTH]
        #[example = "operators"]
        group_name: Text<1, 64>,
        /// Free text.
        #[malformed = COMMENTS_LENGTH]
        comments: Option<Text<1, 128>>,
    }
);

reply!(
    /// Reply of CreateGroup.
    pub(crate) struct Reply {
        /// The new group.
        group: NewGroup,
    }
);

/// Whether the name is taken, and how many groups there are.
pub(crate) struct Facts {
    is_taken: bool,
    groups: u64,
}

impl Action for CreateGroup {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateGroup";
    const SUMMARY: &'static str = "Makes a group of users.";
    const DETAILS: &'static str = "\
AddUserToGroup puts users into it, AttachPolicyToGroup says what they may do besides what their own policies allow.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&GROUP_NAME_CHARACTERS];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no group has the name",                |f| !f.is_taken, &GROUP_EXISTS),
        must("the account has fewer than 50 groups", |f| f.groups < GROUPS, &GROUP_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if !lookup::is_group_name(&params.group_name.0) {
            return Err((&GROUP_NAME_CHARACTERS).into());
        }
        let is_taken = lookup::called::<RamGroup>(tx, call, &params.group_name.0)?.is_some();
        Ok(Facts { is_taken, groups: lookup::count::<RamGroup>(tx, call)? })
    }

    fn effect(call: &Call<'_>, params: &Params, _: Facts) -> Effect<Reply> {
        let group = RamGroup {
            id: call.new_id(""),
            account: call.caller.account.clone(),
            name: params.group_name.0.clone(),
            comments: params.comments.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            policies: AttachedPolicies::default(),
            created_at: call.now,
            updated_at: call.now,
            unknown: UnknownFields::default(),
        };
        Effect::reply(Reply { group: NewGroup::of(&group) }).save(group)
    }
}
