//! The product KMS: keys, as records. They encrypt nothing themselves; disks that name one can be
//! used while it is Enabled.

pub(crate) mod create_key;
pub(crate) mod describe_key;
pub(crate) mod list_keys;
pub(crate) mod list_tag_resources;
mod lookup;
mod resource;
pub(crate) mod schedule_key_deletion;
mod texts;
mod view;

use crate::catalog::errors::{ACTION_OF_PRODUCT_NOT_HERE, KMS_NO_PERMISSION, UNKNOWN_ACTION};
use crate::catalog::{ActionGroup, Entry, ErrorDialect, Product};

/// Key Management Service.
pub(super) static KMS: Product = Product {
    code: "Kms",
    version: "2016-01-20",
    ram_code: "kms",
    host_prefix: "kms",
    is_regional: true,
    groups: &[&GROUP],
    // Public SDKs list the names; these are those that clients of ECS call.
    known_actions: "\
CancelKeyDeletion
CreateAlias
CreateKey
Decrypt
DeleteAlias
DescribeKey
DisableKey
EnableKey
Encrypt
GenerateDataKey
GetKeyPolicy
ListAliases
ListAliasesByKeyId
ListKeyVersions
ListKeys
ListResourceTags
ListTagResources
ScheduleKeyDeletion
SetDeletionProtection
SetKeyPolicy
TagResource
TagResources
UntagResource
UntagResources
UpdateAlias
UpdateKeyDescription
UpdateRotationPolicy
",
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_OF_PRODUCT_NOT_HERE,
        not_allowed: &KMS_NO_PERMISSION,
    },
    go_sdk: "v3",
};

static GROUP: ActionGroup = ActionGroup {
    title: "Keys",
    resources: &[&resource::KEY],
    actions: &[
        Entry::Action(&create_key::CreateKey),
        Entry::Query(&describe_key::DescribeKey),
        Entry::Query(&list_keys::ListKeys),
        Entry::Query(&list_tag_resources::ListKeyTags),
        Entry::Action(&schedule_key_deletion::ScheduleKeyDeletion),
    ],
};
