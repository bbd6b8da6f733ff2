//! Lookups of users, policies and keys by the names that requests give.

use domain::Entity;
use domain::ram::{PolicyType, RamGroup, RamPolicy, RamPolicyId, RamRole, RamUser};

use crate::actions::prelude::*;
use crate::catalog::{CallerIdentity, is_made_of};
use crate::policy::{Policy, SYSTEM_POLICIES};
use crate::store::{AccessKey, EntityReads, Filter};

choice!(
    /// The owner: the service (System) or the account (Custom).
    pub(crate) enum PolicyTypeWord {
        System = "System",
        Custom = "Custom",
    }
);

params!(
    /// Parameters that name a policy, the service's own or one of the account.
    pub(crate) struct AnyPolicy {
        /// The owner: the service (System) or the account (Custom).
        #[malformed = POLICY_TYPE_NOT_VALID]
        policy_type: PolicyTypeWord,
        /// The policy.
        #[malformed = POLICY_NAME_LENGTH]
        #[example = "readers"]
        #[names = "policy"]
        policy_name: Text<1, 128>,
    }
);

impl PolicyTypeWord {
    pub(super) fn of_domain(self) -> PolicyType {
        match self {
            PolicyTypeWord::System => PolicyType::System,
            PolicyTypeWord::Custom => PolicyType::Custom,
        }
    }
}

/// A policy, the service's own or one of the account.
pub(super) enum FoundPolicy {
    /// One of the service: description and document.
    System(&'static str, &'static str),
    /// The account's.
    Custom(RamPolicy),
}

/// Whether a text can be the name of a user.
pub(super) fn is_user_name(text: &str) -> bool {
    is_made_of(text, ".-_")
}

/// Whether a text can be the name of a policy.
pub(super) fn is_policy_name(text: &str) -> bool {
    is_made_of(text, "-")
}

/// The user, role or group of this name, if there is one.
pub(super) fn called<T: Entity>(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    name: &str,
) -> Result<Option<T>, StoreError> {
    tx.newest(&Filter::with_term(call.caller.account.clone(), "", ("name", name)))
}

/// The user of this name.
pub(super) fn user(tx: &dyn ReadTx, call: &Call<'_>, name: &str) -> Result<RamUser, ActionError> {
    if !is_user_name(name) {
        return Err((&USER_NAME_CHARACTERS).into());
    }
    Ok(called(tx, call, name)?.ok_or(&USER_NOT_FOUND)?)
}

/// Whether a text can be the name of a group.
pub(super) fn is_group_name(text: &str) -> bool {
    is_made_of(text, "-")
}

/// The group of this name.
pub(super) fn group(tx: &dyn ReadTx, call: &Call<'_>, name: &str) -> Result<RamGroup, ActionError> {
    if !is_group_name(name) {
        return Err((&GROUP_NAME_CHARACTERS).into());
    }
    Ok(called(tx, call, name)?.ok_or(&GROUP_NOT_FOUND)?)
}

/// Whether a text can be the name of a role.
pub(super) fn is_role_name(text: &str) -> bool {
    is_made_of(text, ".-")
}

/// The role of this name.
pub(super) fn role(tx: &dyn ReadTx, call: &Call<'_>, name: &str) -> Result<RamRole, ActionError> {
    if !is_role_name(name) {
        return Err((&ROLE_NAME_CHARACTERS).into());
    }
    Ok(called(tx, call, name)?.ok_or(&ROLE_NOT_FOUND)?)
}

/// The policy of this type and name.
pub(super) fn policy(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    policy_type: PolicyType,
    name: &str,
) -> Result<FoundPolicy, ActionError> {
    if !is_policy_name(name) {
        return Err((&POLICY_NAME_CHARACTERS).into());
    }
    let found = match policy_type {
        PolicyType::Custom => {
            let id = RamPolicyId::of(&call.caller.account, name);
            call.find(tx, &id)?.map(FoundPolicy::Custom)
        }
        PolicyType::System => {
            let mut known = SYSTEM_POLICIES.iter();
            let found = known.find(|(known, ..)| *known == name);
            found.map(|(_, about, document)| FoundPolicy::System(about, document))
        }
    };
    Ok(found.ok_or(&RAM_POLICY_NOT_FOUND)?)
}

/// The policy of the account of this name.
pub(super) fn own_policy(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    name: &str,
) -> Result<RamPolicy, ActionError> {
    match policy(tx, call, PolicyType::Custom, name)? {
        FoundPolicy::Custom(policy) => Ok(policy),
        FoundPolicy::System(..) => Err((&RAM_POLICY_NOT_FOUND).into()),
    }
}

/// Refuses a document that is no policy.
pub(super) fn refuse_unless_policy(document: &str) -> Result<(), Refusal> {
    let about = |error: crate::policy::PolicyError| error.to_string();
    let read = Policy::read("", document).map(drop);
    read.map_err(|error| Refusal::about(&POLICY_DOCUMENT_MALFORMED, &about(error)))
}

/// All of a kind that the account has.
pub(super) fn all<T: Entity>(tx: &dyn ReadTx, call: &Call<'_>) -> Result<Vec<T>, StoreError> {
    tx.all(&Filter::all(call.caller.account.clone(), ""))
}

/// How many of a kind the account has.
pub(super) fn count<T: Entity>(tx: &dyn ReadTx, call: &Call<'_>) -> Result<u64, StoreError> {
    tx.count(&Filter::<T>::all(call.caller.account.clone(), ""))
}

params!(
    /// The page of a list.
    pub(crate) struct PageParams {
        /// Where the page before ended.
        #[malformed = NEXT_TOKEN_NOT_VALID]
        marker: Option<Text<1, 128>>,
        /// Entries on a page; 100 if left out.
        max_items: Option<Integer<1, 1000>>,
    }
);

/// The page of a list that Marker and MaxItems ask for: 100 entries unless the caller says
/// otherwise.
pub(super) fn page(
    marker: &Option<Text<1, 128>>,
    most: Option<Integer<1, 1000>>,
) -> Result<Page, Refusal> {
    let most = most.map_or(100, |most| u32::try_from(most.0).unwrap_or(u32::MAX));
    let marker = marker.as_ref().map(|marker| crate::actions::paging::parse_token(&marker.0));
    Ok(Page::After { after: marker.transpose()?, most })
}

/// The owner of the keys that a request is about.
pub(super) enum KeyOwner {
    /// The account itself.
    Account,
    /// One of its users.
    User(Box<RamUser>),
}

impl KeyOwner {
    /// The user of this name; without one, the caller.
    pub(super) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        name: Option<&str>,
    ) -> Result<KeyOwner, ActionError> {
        match (name, &call.caller.identity) {
            (Some(name), _) => Ok(KeyOwner::User(Box::new(user(tx, call, name)?))),
            (None, CallerIdentity::Account) => Ok(KeyOwner::Account),
            // Its policies and its end would not count for a key that it makes.
            (None, CallerIdentity::LimitedKey | CallerIdentity::Role(_)) => {
                Err((&USER_NOT_FOUND).into())
            }
            (None, CallerIdentity::User(id)) => {
                let found = call.find(tx, id)?;
                Ok(KeyOwner::User(Box::new(found.ok_or(&USER_NOT_FOUND)?)))
            }
        }
    }

    /// The id of the user; none for the account itself.
    pub(super) fn user_id(&self) -> Option<&domain::ram::RamUserId> {
        match self {
            KeyOwner::Account => None,
            KeyOwner::User(user) => Some(&user.id),
        }
    }

    /// Its keys, oldest first.
    pub(super) fn keys(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
    ) -> Result<Vec<AccessKey>, StoreError> {
        let mut keys = tx.access_keys()?;
        keys.retain(|key| {
            let is_theirs = key.user.as_ref() == self.user_id() && key.session.is_none();
            is_theirs && key.account == call.caller.account
        });
        keys.sort_by(|one, other| (one.created_at, &one.id).cmp(&(other.created_at, &other.id)));
        Ok(keys)
    }

    /// Its key of this id.
    pub(super) fn key(
        &self,
        tx: &dyn ReadTx,
        call: &Call<'_>,
        id: &str,
    ) -> Result<AccessKey, ActionError> {
        let mut keys = self.keys(tx, call)?.into_iter();
        Ok(keys.find(|key| key.id == id).ok_or(&USER_KEY_NOT_FOUND)?)
    }
}
