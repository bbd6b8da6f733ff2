//! Users, groups, roles and policies as kinds of resource: how to list them.

use super::list_groups::ListGroups;
use super::list_policies::ListPolicies;
use super::list_roles::ListRoles;
use super::list_users::ListUsers;
use crate::catalog::{Listing, Query, Resource};

/// Users of an account.
pub(crate) static USER: Resource = Resource {
    noun: "user",
    with_article: "a user",
    listing: Listing {
        action: ListUsers::NAME,
        ids: None,
        path: ["Users", "User"],
        id: "UserName",
        texts: &["{DisplayName}", "{Comments}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Groups of users of an account.
pub(crate) static GROUP: Resource = Resource {
    noun: "group",
    with_article: "a group",
    listing: Listing {
        action: ListGroups::NAME,
        ids: None,
        path: ["Groups", "Group"],
        id: "GroupName",
        texts: &["{Comments}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Roles of an account.
pub(crate) static ROLE: Resource = Resource {
    noun: "role",
    with_article: "a role",
    listing: Listing {
        action: ListRoles::NAME,
        ids: None,
        path: ["Roles", "Role"],
        id: "RoleName",
        texts: &["{Description}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};

/// Policies that users and roles can have.
pub(crate) static POLICY: Resource = Resource {
    noun: "policy",
    with_article: "a policy",
    listing: Listing {
        action: ListPolicies::NAME,
        ids: None,
        path: ["Policies", "Policy"],
        id: "PolicyName",
        texts: &["{PolicyType}", "{Description}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};
