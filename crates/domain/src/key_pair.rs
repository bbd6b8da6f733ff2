//! A key pair: a public key by its name, which guests let in whoever has the private one.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

ids!(
    /// A key pair, `ssh-…`. Requests name it by its name.
    KeyPairId,
);

/// A public key with a name. The private one is never kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeyPair {
    /// `ssh-…`.
    pub id: KeyPairId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Unique in the region.
    pub name: String,
    /// The public key in the form of OpenSSH.
    pub public_key: String,
    /// The MD5 of the public key, as pairs of hexadecimal digits.
    pub fingerprint: String,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// The resource group, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub resource_group: String,
    /// When it was made or imported.
    pub created_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl EntityId for KeyPairId {
    type Entity = KeyPair;
}

impl Entity for KeyPair {
    common_fields!(KeyPairId);

    const KIND: EntityKind = EntityKind::by_name("key pair", "key_pairs", "ssh-");

    fn columns(&self) -> Vec<&str> {
        Vec::new()
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}
