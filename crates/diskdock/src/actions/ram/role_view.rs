//! Roles as replies show them.

use domain::ram::RamRole;

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

reply!(
    /// A role as it was made.
    pub(crate) struct MadeRole {
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
        /// The document that says who may assume it.
        assume_role_policy_document: String,
    }
);

reply!(
    /// A role after a change.
    pub(crate) struct ChangedRole {
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
        /// When it was last changed.
        update_date: String,
        /// The document that says who may assume it.
        assume_role_policy_document: String,
    }
);

reply!(
    /// A role.
    pub(crate) struct ShownRole {
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
        /// When it was last changed.
        update_date: String,
        /// The document that says who may assume it.
        assume_role_policy_document: String,
        /// `false`: services make none here for themselves.
        is_service_linked_role: bool,
        /// `<name>@role.<account>.onaliyunservice.com`.
        role_principal_name: String,
        /// Its latest deletion, as roles of services have: none.
        latest_deletion_task: Option<DeletionTask>,
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
    /// A role in a list.
    pub(crate) struct RoleItem {
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
        /// When it was last changed.
        update_date: String,
        /// Its tags.
        tags: RoleTags,
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

/// The name of a role in policies.
fn arn(role: &RamRole) -> String {
    format!("acs:ram::{}:role/{}", role.account, role.name)
}

impl MadeRole {
    pub(super) fn of(role: &RamRole) -> MadeRole {
        MadeRole {
            role_id: role.id.to_string(),
            role_name: role.name.clone(),
            arn: arn(role),
            description: role.description.clone(),
            max_session_duration: role.longest_session_s.into(),
            allow_console_login: role.console_login,
            create_date: with_seconds(role.created_at),
            assume_role_policy_document: role.trust.clone(),
        }
    }
}

impl ChangedRole {
    pub(super) fn of(role: &RamRole) -> ChangedRole {
        ChangedRole {
            role_id: role.id.to_string(),
            role_name: role.name.clone(),
            arn: arn(role),
            description: role.description.clone(),
            max_session_duration: role.longest_session_s.into(),
            allow_console_login: role.console_login,
            create_date: with_seconds(role.created_at),
            update_date: with_seconds(role.updated_at),
            assume_role_policy_document: role.trust.clone(),
        }
    }
}

impl ShownRole {
    pub(super) fn of(role: &RamRole) -> ShownRole {
        ShownRole {
            role_id: role.id.to_string(),
            role_name: role.name.clone(),
            arn: arn(role),
            description: role.description.clone(),
            max_session_duration: role.longest_session_s.into(),
            allow_console_login: role.console_login,
            create_date: with_seconds(role.created_at),
            update_date: with_seconds(role.updated_at),
            assume_role_policy_document: role.trust.clone(),
            is_service_linked_role: false,
            role_principal_name: format!("{}@role.{}.onaliyunservice.com", role.name, role.account),
            latest_deletion_task: None,
        }
    }
}

impl RoleItem {
    pub(super) fn of(role: &RamRole) -> RoleItem {
        let tag = |tag: &Tag| RoleTag { tag_key: tag.key.clone(), tag_value: tag.value.clone() };
        RoleItem {
            role_id: role.id.to_string(),
            role_name: role.name.clone(),
            arn: arn(role),
            description: role.description.clone(),
            max_session_duration: role.longest_session_s.into(),
            allow_console_login: role.console_login,
            create_date: with_seconds(role.created_at),
            update_date: with_seconds(role.updated_at),
            tags: RoleTags { tag: role.tags.iter().map(tag).collect() },
        }
    }
}
