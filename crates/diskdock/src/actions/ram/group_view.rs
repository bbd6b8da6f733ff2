//! Groups as replies show them.

use domain::ram::RamGroup;

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

reply!(
    /// A group as it was made.
    pub(crate) struct NewGroup {
        /// Its id.
        group_id: String,
        /// Its name.
        group_name: String,
        /// Free text.
        comments: String,
        /// When it was made.
        create_date: String,
    }
);

impl NewGroup {
    pub(super) fn of(group: &RamGroup) -> NewGroup {
        NewGroup {
            group_id: group.id.to_string(),
            group_name: group.name.clone(),
            comments: group.comments.clone(),
            create_date: with_seconds(group.created_at),
        }
    }
}

reply!(
    /// A group.
    pub(crate) struct RamGroupItem {
        /// Its id.
        group_id: String,
        /// Its name.
        group_name: String,
        /// Free text.
        comments: String,
        /// When it was made.
        create_date: String,
        /// When it was last changed.
        update_date: String,
    }
);

impl RamGroupItem {
    pub(super) fn of(group: &RamGroup) -> RamGroupItem {
        RamGroupItem {
            group_id: group.id.to_string(),
            group_name: group.name.clone(),
            comments: group.comments.clone(),
            create_date: with_seconds(group.created_at),
            update_date: with_seconds(group.updated_at),
        }
    }
}
