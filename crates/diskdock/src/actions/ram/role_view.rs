//! Roles as replies show them.

use domain::ram::RamRole;

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// The reply that shows a role: what every action shows, then these fields of one of them.
macro_rules! role_reply {
    (
        $(#[doc = $about:literal])*
        struct $name:ident of $role:ident {$(
            $(#[doc = $doc:literal])*
            $field:ident: $ty:ty = $value:expr,
        )*}
    ) => {
        reply!(
            $(#[doc = $about])*
            pub(crate) struct $name {
                /// Its id.
                role_id: String,
                /// Its name.
                role_name: String,
                /// `acs:ram::<account>:role/<name>`.
                arn: String,
                /// Free text.
                description: String,
                /// The longest that it can be assumed for, in seconds.
                max_session_duration: i64,
                /// Whether people may assume it on the vendor's console.
                allow_console_login: bool,
                /// When it was made.
                create_date: String,
                $(
                    $(#[doc = $doc])*
                    $field: $ty,
                )*
            }
        );

        impl $name {
            pub(super) fn of($role: &RamRole) -> $name {
                $name {
                    role_id: $role.id.to_string(),
                    role_name: $role.name.clone(),
                    arn: format!("acs:ram::{}:role/{}", $role.account, $role.name),
                    description: $role.description.clone(),
                    max_session_duration: $role.longest_session_s.into(),
                    allow_console_login: $role.console_login,
                    create_date: with_seconds($role.created_at),
                    $($field: $value,)*
                }
            }
        }
    };
}

role_reply!(
    /// A role as it was made.
    struct MadeRole of role {
        /// The trust policy.
        assume_role_policy_document: String = role.trust.clone(),
    }
);

role_reply!(
    /// A role after a change.
    struct ChangedRole of role {
        /// When it was last changed.
        update_date: String = with_seconds(role.updated_at),
        /// The trust policy.
        assume_role_policy_document: String = role.trust.clone(),
    }
);

role_reply!(
    /// A role.
    struct ShownRole of role {
        /// When it was last changed.
        update_date: String = with_seconds(role.updated_at),
        /// The trust policy.
        assume_role_policy_document: String = role.trust.clone(),
        /// `false`: services make none here for themselves.
        is_service_linked_role: bool = false,
        /// `<name>@role.<account>.onaliyunservice.com`.
        role_principal_name: String =
            format!("{}@role.{}.onaliyunservice.com", role.name, role.account),
        /// Its latest deletion, as roles of services have: none.
        latest_deletion_task: Option<DeletionTask> = None,
    }
);

role_reply!(
    /// A role in a list.
    struct RoleItem of role {
        /// When it was last changed.
        update_date: String = with_seconds(role.updated_at),
        /// Its tags.
        tags: RoleTags = RoleTags { tag: role.tags.iter().map(RoleTag::of).collect() },
    }
);

reply!(
    /// The deletion of a role of a service.
    pub(crate) struct DeletionTask {
        /// Its id.
        deletion_task_id: String,
        /// When it began.
        create_date: String,
    }
);

reply!(
    /// The tags of a role.
    pub(crate) struct RoleTags {
        /// The entries.
        tag: Vec<RoleTag>,
    }
);

reply!(
    /// A tag of a role.
    pub(crate) struct RoleTag {
        /// Its key.
        tag_key: String,
        /// Its value.
        tag_value: String,
    }
);

impl RoleTag {
    fn of(tag: &Tag) -> RoleTag {
        RoleTag { tag_key: tag.key.clone(), tag_value: tag.value.clone() }
    }
}
