//! Users and policies as replies show them.

use domain::ram::{PolicyVersion, RamPolicy, RamUser, version_id};

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

reply!(
    /// A user.
    pub(crate) struct UserItem {
        /// Its id.
        user_id: String,
        /// Its name.
        user_name: String,
        /// Its name for people.
        display_name: String,
        /// Its mail address.
        email: String,
        /// Its phone.
        mobile_phone: String,
        /// Free text.
        comments: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
    }
);

impl UserItem {
    pub(super) fn of(user: &RamUser) -> UserItem {
        UserItem {
            user_id: user.id.to_string(),
            user_name: user.name.clone(),
            display_name: user.display_name.clone(),
            email: user.email.clone(),
            mobile_phone: user.mobile_phone.clone(),
            comments: user.comments.clone(),
            create_date: with_seconds(user.created_at),
            update_date: with_seconds(user.updated_at),
        }
    }
}

/// The version of every policy of the service.
pub(super) const VERSION: &str = "v1";

reply!(
    /// A version of a policy.
    pub(crate) struct VersionItem {
        /// `v1`.
        version_id: String,
        /// Whether it counts.
        is_default_version: bool,
        /// The document, a JSON text.
        policy_document: String,
        /// When it was made.
        create_date: String,
    }
);

impl VersionItem {
    /// A version of this policy.
    pub(super) fn of(policy: &RamPolicy, version: &PolicyVersion) -> VersionItem {
        VersionItem {
            version_id: version.id(),
            is_default_version: version.number == policy.default_version,
            policy_document: version.document.clone(),
            create_date: with_seconds(version.created_at),
        }
    }

    /// The only version of a policy of the service.
    pub(super) fn of_system(document: &str) -> VersionItem {
        VersionItem {
            version_id: VERSION.to_owned(),
            is_default_version: true,
            policy_document: document.to_owned(),
            create_date: with_seconds(Moment(0)),
        }
    }
}

reply!(
    /// A policy as it was made.
    pub(crate) struct MadePolicy {
        /// Its name.
        policy_name: String,
        /// `Custom`.
        policy_type: &'static str,
        /// Free text.
        description: String,
        /// The version that counts: `v1`.
        default_version: String,
        /// When it was made.
        create_date: String,
    }
);

impl MadePolicy {
    pub(super) fn of(policy: &RamPolicy) -> MadePolicy {
        MadePolicy {
            policy_name: policy.name.clone(),
            policy_type: "Custom",
            description: policy.description.clone(),
            default_version: version_id(policy.default_version),
            create_date: with_seconds(policy.created_at),
        }
    }
}
