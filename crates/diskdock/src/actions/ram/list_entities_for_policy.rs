//! `ListEntitiesForPolicy`: list the users, groups and roles that have a policy.

use domain::ram::{PolicyHolder, PolicyType};

use super::lookup::{self, AnyPolicy};
use super::policy_holder::Holders;
use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// Lists the users, groups and roles that have a policy.
pub(crate) struct ListEntitiesForPolicy;

reply!(
    /// Reply of ListEntitiesForPolicy.
    pub(crate) struct Reply {
        /// The users that have it.
        users: UsersWithPolicy,
        /// The groups that have it.
        groups: GroupsWithPolicy,
        /// The roles that have it.
        roles: RolesWithPolicy,
    }
);

reply!(
    /// The users that have a policy.
    pub(crate) struct UsersWithPolicy {
        /// The entries.
        user: Vec<UserWithPolicy>,
    }
);

reply!(
    /// A user that has a policy.
    pub(crate) struct UserWithPolicy {
        /// Its id.
        user_id: String,
        /// Its name.
        user_name: String,
        /// Its name for people.
        display_name: String,
        /// Since when it has the policy.
        attach_date: String,
    }
);

reply!(
    /// The groups that have a policy.
    pub(crate) struct GroupsWithPolicy {
        /// The entries.
        group: Vec<GroupWithPolicy>,
    }
);

reply!(
    /// A group that has a policy.
    pub(crate) struct GroupWithPolicy {
        /// Its name.
        group_name: String,
        /// Free text.
        comments: String,
        /// Since when it has the policy.
        attach_date: String,
    }
);

reply!(
    /// The roles that have a policy.
    pub(crate) struct RolesWithPolicy {
        /// The entries.
        role: Vec<RoleWithPolicy>,
    }
);

reply!(
    /// A role that has a policy.
    pub(crate) struct RoleWithPolicy {
        /// Its id.
        role_id: String,
        /// Its name.
        role_name: String,
        /// Its name for all products.
        arn: String,
        /// Free text.
        description: String,
        /// Since when it has the policy.
        attach_date: String,
    }
);

impl Query for ListEntitiesForPolicy {
    type Params = AnyPolicy;
    type Reply = Reply;

    const NAME: &'static str = "ListEntitiesForPolicy";
    const SUMMARY: &'static str = "Lists the users, groups and roles that have a policy.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&POLICY_NAME_CHARACTERS, &RAM_POLICY_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &AnyPolicy) -> Result<Reply, ActionError> {
        let policy = (params.policy_type.of_domain(), &*params.policy_name.0);
        lookup::policy(tx, call, policy.0, policy.1)?;
        let holders = Holders::all(tx, call)?;
        let users = holders.users.iter().filter_map(|user| {
            Some(UserWithPolicy {
                user_id: user.id.to_string(),
                user_name: user.name.clone(),
                display_name: user.display_name.clone(),
                attach_date: since(user, policy)?,
            })
        });
        let groups = holders.groups.iter().filter_map(|group| {
            Some(GroupWithPolicy {
                group_name: group.name.clone(),
                comments: group.comments.clone(),
                attach_date: since(group, policy)?,
            })
        });
        let roles = holders.roles.iter().filter_map(|role| {
            Some(RoleWithPolicy {
                role_id: role.id.to_string(),
                role_name: role.name.clone(),
                arn: format!("acs:ram::{}:role/{}", role.account, role.name),
                description: role.description.clone(),
                attach_date: since(role, policy)?,
            })
        });
        Ok(Reply {
            users: UsersWithPolicy { user: users.collect() },
            groups: GroupsWithPolicy { group: groups.collect() },
            roles: RolesWithPolicy { role: roles.collect() },
        })
    }
}

/// Since when the policy is attached, if it is.
fn since(holder: &impl PolicyHolder, (policy_type, name): (PolicyType, &str)) -> Option<String> {
    let found = holder.policies().iter().find(|one| one.is(policy_type, name))?;
    Some(with_seconds(found.attached_at))
}
