//! Key pairs as a kind of resource: how to list them.

use super::describe_key_pairs::DescribeKeyPairs;
use crate::catalog::{Listing, Query, Resource};

/// Key pairs.
pub(crate) static KEY_PAIR: Resource = Resource {
    noun: "key pair",
    with_article: "a key pair",
    listing: Listing {
        action: DescribeKeyPairs::NAME,
        ids: None,
        path: ["KeyPairs", "KeyPair"],
        id: "KeyPairName",
        texts: &["{KeyPairFingerPrint}"],
        holder: None,
    },
    statuses: &[],
    unasked: &[],
};
