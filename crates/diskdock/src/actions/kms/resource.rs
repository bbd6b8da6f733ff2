//! Keys as a kind of resource: how to list them.

use super::list_keys::ListKeys;
use crate::catalog::{Listing, Query, Resource};

/// Keys of an account.
pub(crate) static KEY: Resource = Resource {
    noun: "key",
    with_article: "a key",
    listing: Listing {
        action: ListKeys::NAME,
        ids: None,
        path: ["Keys", "Key"],
        id: "KeyId",
        texts: &[],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};
