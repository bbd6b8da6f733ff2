//! Roles and policies as what can have tags.

use std::collections::BTreeSet;

use domain::limits::TAGS_PER_RESOURCE;
use domain::ram::{PolicyType, RamPolicy, RamRole};

use super::lookup::{self, FoundPolicy};
use crate::actions::prelude::*;

choice!(
    /// Kinds of resource that can have tags.
    pub(crate) enum TaggedKind {
        Role = "role",
        Policy = "policy",
    }
);

/// Names in a request, as a JSON array.
pub(super) type Names = JsonList<Text<1, 128>, 50>;

/// Roles and policies that a request names, each once.
pub(crate) struct TaggedOnes {
    pub(super) roles: Vec<RamRole>,
    pub(super) policies: Vec<RamPolicy>,
}

impl TaggedOnes {
    /// The roles or policies of these names.
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        kind: TaggedKind,
        names: &Names,
    ) -> Result<TaggedOnes, ActionError> {
        let mut found = TaggedOnes { roles: Vec::new(), policies: Vec::new() };
        for name in names.0.iter().map(|name| name.0.as_str()).collect::<BTreeSet<_>>() {
            match kind {
                TaggedKind::Role => found.roles.push(lookup::role(tx, call, name)?),
                TaggedKind::Policy => match lookup::policy(tx, call, PolicyType::Custom, name)? {
                    FoundPolicy::Custom(policy) => found.policies.push(policy),
                    FoundPolicy::System(..) => return Err((&RAM_POLICY_NOT_FOUND).into()),
                },
            }
        }
        Ok(found)
    }

    /// All roles or policies of the account.
    pub(super) fn all(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        kind: TaggedKind,
    ) -> Result<TaggedOnes, StoreError> {
        let (mut roles, mut policies) = (Vec::new(), Vec::new());
        match kind {
            TaggedKind::Role => roles = lookup::all(tx, call)?,
            TaggedKind::Policy => policies = lookup::all(tx, call)?,
        }
        Ok(TaggedOnes { roles, policies })
    }

    /// Their names and tags.
    pub(super) fn each(&self) -> impl Iterator<Item = (&str, &[Tag])> {
        let roles = self.roles.iter().map(|role| (role.name.as_str(), &role.tags[..]));
        let policies = self.policies.iter().map(|policy| (policy.name.as_str(), &policy.tags[..]));
        roles.chain(policies)
    }

    /// Whether none has more than 20 tags.
    pub(super) fn fits(&self) -> bool {
        self.each().all(|(_, tags)| tags.len() <= TAGS_PER_RESOURCE)
    }

    /// The same with changed tags.
    pub(super) fn change(mut self, change: impl Fn(&mut Vec<Tag>)) -> TaggedOnes {
        self.roles.iter_mut().for_each(|role| change(&mut role.tags));
        self.policies.iter_mut().for_each(|policy| change(&mut policy.tags));
        self
    }

    /// Saves them.
    pub(super) fn save(self) -> Effect<()> {
        let roles = self.roles.into_iter().fold(Effect::reply(()), Effect::save);
        self.policies.into_iter().fold(roles, Effect::save)
    }
}
