//! Policies of users, roles and groups: attached, detached, counted.

use domain::ram::{AttachedPolicies, PolicyHolder, PolicyType, RamGroup, RamRole, RamUser};

use super::lookup::{self, PolicyTypeWord};
use crate::actions::prelude::*;

/// Parameters that name a policy and its holder.
macro_rules! policy_params {
    (
        $(#[doc = $about:literal])*
        $name:ident;
        $(#[doc = $doc:literal])*
        $holder:ident: $example:literal, $kind:literal, $malformed:ident
    ) => {
        params!(
            $(#[doc = $about])*
            pub(crate) struct $name {
                /// The owner: the service (System) or the account (Custom).
                #[malformed = POLICY_TYPE_NOT_VALID]
                policy_type: PolicyTypeWord,
                /// The policy.
                #[malformed = POLICY_NAME_LENGTH]
                #[example = "readers"]
                #[names = "policy"]
                policy_name: Text<1, 128>,
                $(#[doc = $doc])*
                #[malformed = $malformed]
                #[example = $example]
                #[names = $kind]
                $holder: Text<1, 64>,
                /// A resource group that it is limited to. It counts in the whole account here.
                resource_group_id: Ignored<Option<Text<0, 64>>>,
            }
        );
    };
}

policy_params!(
    /// A policy and a user.
    UserPolicyParams;
    /// The user.
    user_name: "alice", "user", USER_NAME_LENGTH
);
policy_params!(
    /// A policy and a role.
    RolePolicyParams;
    /// The role.
    role_name: "operators", "role", ROLE_NAME_LENGTH
);
policy_params!(
    /// A policy and a group.
    GroupPolicyParams;
    /// The group.
    group_name: "operators", "group", GROUP_NAME_LENGTH
);

/// A user, role or group, and a policy that exists.
pub(crate) struct HolderAndPolicy<H> {
    holder: H,
    policy_type: PolicyType,
    policy_name: String,
}

impl<H: PolicyHolder> HolderAndPolicy<H> {
    /// Of this holder; the policy has to exist.
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        holder: H,
        (policy_type, policy_name): (PolicyTypeWord, &str),
    ) -> Result<Self, ActionError> {
        let policy_type = policy_type.of_domain();
        lookup::policy(tx, call, policy_type, policy_name)?;
        Ok(HolderAndPolicy { holder, policy_type, policy_name: policy_name.to_owned() })
    }

    /// Whether the policy is attached.
    pub(super) fn is_attached(&self) -> bool {
        self.holder.policies().contains(self.policy_type, &self.policy_name)
    }

    /// Whether the holder has as many policies as it can have.
    pub(super) fn is_full(&self) -> bool {
        self.holder.policies().is_full()
    }

    /// Attaches the policy.
    pub(super) fn attach(mut self, call: &Call<'_>) -> Effect<()> {
        self.holder.policies_mut().attach(self.policy_type, &self.policy_name, call.now);
        Effect::reply(()).save(self.holder)
    }

    /// Detaches the policy.
    pub(super) fn detach(mut self) -> Effect<()> {
        self.holder.policies_mut().detach(self.policy_type, &self.policy_name);
        Effect::reply(()).save(self.holder)
    }
}

/// All users, roles and groups of an account.
pub(super) struct Holders {
    pub(super) users: Vec<RamUser>,
    pub(super) roles: Vec<RamRole>,
    pub(super) groups: Vec<RamGroup>,
}

impl Holders {
    pub(super) fn all(tx: &dyn ReadTx, call: &Call<'_>) -> Result<Holders, StoreError> {
        Ok(Holders {
            users: lookup::all(tx, call)?,
            roles: lookup::all(tx, call)?,
            groups: lookup::all(tx, call)?,
        })
    }

    /// How many users, roles and groups have this policy.
    pub(super) fn of(&self, policy_type: PolicyType, name: &str) -> usize {
        let users = self.users.iter().map(|user| &user.policies);
        let roles = self.roles.iter().map(|role| &role.policies);
        let has = |policies: &&AttachedPolicies| policies.contains(policy_type, name);
        users.chain(roles).filter(has).count() + self.groups_of(policy_type, name)
    }

    /// How many groups have it.
    pub(super) fn groups_of(&self, policy_type: PolicyType, name: &str) -> usize {
        let has = |group: &&RamGroup| group.policies.contains(policy_type, name);
        self.groups.iter().filter(has).count()
    }
}
