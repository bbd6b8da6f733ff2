//! Actions on key pairs.

pub(crate) mod attach_key_pair;
pub(crate) mod create_key_pair;
pub(crate) mod delete_key_pairs;
pub(crate) mod describe_key_pairs;
pub(crate) mod detach_key_pair;
pub(crate) mod import_key_pair;
mod lookup;
mod open_ssh;
mod resource;

pub(crate) use lookup::named;

use crate::catalog::{ActionGroup, Entry};

/// The actions on key pairs, in the order of the explorer's list.
pub(crate) static GROUP: ActionGroup = ActionGroup {
    title: "Key pairs",
    resources: &[&resource::KEY_PAIR],
    actions: &[
        Entry::Action(&create_key_pair::CreateKeyPair),
        Entry::Action(&import_key_pair::ImportKeyPair),
        Entry::Query(&describe_key_pairs::DescribeKeyPairs),
        Entry::Action(&attach_key_pair::AttachKeyPair),
        Entry::Action(&detach_key_pair::DetachKeyPair),
        Entry::Action(&delete_key_pairs::DeleteKeyPairs),
    ],
};
