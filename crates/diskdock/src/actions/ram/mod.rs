//! The product RAM: the users, groups and roles of an account, what they may do, and access keys
//! of users.

pub(crate) mod add_user_to_group;
pub(crate) mod attach_policy_to_group;
pub(crate) mod attach_policy_to_role;
pub(crate) mod attach_policy_to_user;
pub(crate) mod create_access_key;
pub(crate) mod create_group;
pub(crate) mod create_login_profile;
pub(crate) mod create_policy;
pub(crate) mod create_policy_version;
pub(crate) mod create_role;
pub(crate) mod create_user;
pub(crate) mod delete_access_key;
pub(crate) mod delete_group;
pub(crate) mod delete_login_profile;
pub(crate) mod delete_policy;
pub(crate) mod delete_policy_version;
pub(crate) mod delete_role;
pub(crate) mod delete_user;
pub(crate) mod detach_policy_from_group;
pub(crate) mod detach_policy_from_role;
pub(crate) mod detach_policy_from_user;
pub(crate) mod get_group;
pub(crate) mod get_login_profile;
pub(crate) mod get_policy;
pub(crate) mod get_policy_version;
pub(crate) mod get_role;
pub(crate) mod get_user;
pub(crate) mod get_user_mfa_info;
mod group_view;
pub(crate) mod list_access_keys;
pub(crate) mod list_entities_for_policy;
pub(crate) mod list_groups;
pub(crate) mod list_groups_for_user;
pub(crate) mod list_policies;
pub(crate) mod list_policies_for_group;
pub(crate) mod list_policies_for_role;
pub(crate) mod list_policies_for_user;
pub(crate) mod list_policy_versions;
pub(crate) mod list_roles;
pub(crate) mod list_tag_resources;
pub(crate) mod list_users;
pub(crate) mod list_users_for_group;
mod login_profile;
mod lookup;
mod membership;
mod policy_holder;
pub(crate) mod remove_user_from_group;
mod resource;
mod role_view;
pub(crate) mod set_default_policy_version;
pub(crate) mod tag_resources;
mod tagged;
mod tags_text;
pub(crate) mod unbind_mfa_device;
pub(crate) mod untag_resources;
pub(crate) mod update_access_key;
pub(crate) mod update_group;
pub(crate) mod update_policy_description;
pub(crate) mod update_role;
pub(crate) mod update_user;
mod version_id;
mod view;

use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, NO_PERMISSION, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, Entry, ErrorDialect, Product};

/// Resource Access Management.
pub(super) static RAM: Product = Product {
    code: "Ram",
    version: "2015-05-01",
    ram_code: "ram",
    host_prefix: "ram",
    is_regional: false,
    groups: &[&USERS, &GROUPS, &ROLES, &POLICIES, &TAGS],
    // Public SDKs list the names; these are those that clients of ECS call.
    known_actions: "\
AddUserToGroup
AttachPolicyToGroup
AttachPolicyToRole
AttachPolicyToUser
CreateAccessKey
CreateGroup
CreateLoginProfile
CreatePolicy
CreatePolicyVersion
CreateRole
CreateUser
DeleteAccessKey
DeleteGroup
DeleteLoginProfile
DeletePolicy
DeletePolicyVersion
DeleteRole
DeleteUser
DetachPolicyFromGroup
DetachPolicyFromRole
DetachPolicyFromUser
GetAccessKeyLastUsed
GetGroup
GetLoginProfile
GetPolicy
GetPolicyVersion
GetRole
GetUser
GetUserMFAInfo
ListAccessKeys
ListEntitiesForPolicy
ListGroups
ListGroupsForUser
ListPolicies
ListPoliciesForGroup
ListPoliciesForRole
ListPoliciesForUser
ListPolicyVersions
ListRoles
ListTagResources
ListUsers
ListUsersForGroup
RemoveUserFromGroup
SetDefaultPolicyVersion
TagResources
UnbindMFADevice
UntagResources
UpdateAccessKey
UpdateGroup
UpdatePolicyDescription
UpdateRole
UpdateUser
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &NO_PERMISSION,
    },
    go_sdk: "v2",
};

static USERS: ActionGroup = ActionGroup {
    title: "Users",
    resources: &[&resource::USER],
    actions: &[
        Entry::Action(&create_user::CreateUser),
        Entry::Query(&get_user::GetUser),
        Entry::Query(&list_users::ListUsers),
        Entry::Action(&update_user::UpdateUser),
        Entry::Action(&delete_user::DeleteUser),
        Entry::Action(&attach_policy_to_user::AttachPolicyToUser),
        Entry::Query(&list_policies_for_user::ListPoliciesForUser),
        Entry::Action(&detach_policy_from_user::DetachPolicyFromUser),
        Entry::Action(&create_access_key::CreateAccessKey),
        Entry::Query(&list_access_keys::ListAccessKeys),
        Entry::Action(&update_access_key::UpdateAccessKey),
        Entry::Action(&delete_access_key::DeleteAccessKey),
        Entry::Action(&create_login_profile::CreateLoginProfile),
        Entry::Query(&get_login_profile::GetLoginProfile),
        Entry::Action(&delete_login_profile::DeleteLoginProfile),
        Entry::Query(&get_user_mfa_info::GetUserMfaInfo),
        Entry::Action(&unbind_mfa_device::UnbindMfaDevice),
    ],
};

static GROUPS: ActionGroup = ActionGroup {
    title: "Groups",
    resources: &[&resource::GROUP],
    actions: &[
        Entry::Action(&create_group::CreateGroup),
        Entry::Query(&get_group::GetGroup),
        Entry::Query(&list_groups::ListGroups),
        Entry::Action(&update_group::UpdateGroup),
        Entry::Action(&delete_group::DeleteGroup),
        Entry::Action(&add_user_to_group::AddUserToGroup),
        Entry::Query(&list_groups_for_user::ListGroupsForUser),
        Entry::Query(&list_users_for_group::ListUsersForGroup),
        Entry::Action(&remove_user_from_group::RemoveUserFromGroup),
        Entry::Action(&attach_policy_to_group::AttachPolicyToGroup),
        Entry::Query(&list_policies_for_group::ListPoliciesForGroup),
        Entry::Action(&detach_policy_from_group::DetachPolicyFromGroup),
    ],
};

static ROLES: ActionGroup = ActionGroup {
    title: "Roles",
    resources: &[&resource::ROLE],
    actions: &[
        Entry::Action(&create_role::CreateRole),
        Entry::Query(&get_role::GetRole),
        Entry::Query(&list_roles::ListRoles),
        Entry::Action(&update_role::UpdateRole),
        Entry::Action(&delete_role::DeleteRole),
        Entry::Action(&attach_policy_to_role::AttachPolicyToRole),
        Entry::Query(&list_policies_for_role::ListPoliciesForRole),
        Entry::Action(&detach_policy_from_role::DetachPolicyFromRole),
    ],
};

static POLICIES: ActionGroup = ActionGroup {
    title: "Policies",
    resources: &[&resource::POLICY],
    actions: &[
        Entry::Action(&create_policy::CreatePolicy),
        Entry::Query(&get_policy::GetPolicy),
        Entry::Query(&list_policies::ListPolicies),
        Entry::Action(&update_policy_description::UpdatePolicyDescription),
        Entry::Query(&list_entities_for_policy::ListEntitiesForPolicy),
        Entry::Action(&delete_policy::DeletePolicy),
        Entry::Action(&create_policy_version::CreatePolicyVersion),
        Entry::Query(&get_policy_version::GetPolicyVersion),
        Entry::Query(&list_policy_versions::ListPolicyVersions),
        Entry::Action(&set_default_policy_version::SetDefaultPolicyVersion),
        Entry::Action(&delete_policy_version::DeletePolicyVersion),
    ],
};

static TAGS: ActionGroup = ActionGroup {
    title: "Tags of roles and policies",
    resources: &[],
    actions: &[
        Entry::Action(&tag_resources::TagRamResources),
        Entry::Query(&list_tag_resources::ListRamTags),
        Entry::Action(&untag_resources::UntagRamResources),
    ],
};
