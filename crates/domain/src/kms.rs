//! A key of the key management service, as a record: it says whether the disks that name it can be
//! used, and encrypts nothing itself.

use serde::{Deserialize, Serialize};

use crate::entity::{Entity, EntityId, EntityKind, plain_fields};
use crate::ids::AccountId;
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

ids!(
    /// A key, `key-…`.
    KmsKeyId,
);

/// A key of an account.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KmsKey {
    /// `key-…`.
    pub id: KmsKeyId,
    /// The owner.
    pub account: AccountId,
    /// The region it lies in.
    pub region: String,
    /// Free text, possibly empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub description: String,
    /// `KeySpec`, such as `Aliyun_AES_256`.
    pub spec: String,
    /// `KeyUsage`: `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
    pub usage: String,
    /// `ProtectionLevel`: `SOFTWARE` or `HSM`.
    pub protection_level: String,
    /// The id of its only version.
    pub version: String,
    /// Seconds between two rotations, if it is said to rotate by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rotates_every_s: Option<i64>,
    /// From then on it is gone, if it is to be deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_at: Option<Moment>,
    /// Keys are unique.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<Tag>,
    /// When it was made.
    pub created_at: Moment,
    /// Fields of a newer version.
    #[serde(flatten)]
    pub unknown: UnknownFields,
}

impl KmsKeyId {
    /// The key that a request names by its id or by its ARN, `acs:kms:<region>:<account>:key/<id>`.
    pub fn named_by(text: &str) -> KmsKeyId {
        let id = match text.strip_prefix("acs:kms:") {
            Some(arn) => arn.rsplit_once(":key/").map_or("", |(_, id)| id),
            None => text,
        };
        KmsKeyId::from(id)
    }
}

impl KmsKey {
    /// Whether it is there at this moment.
    pub fn exists(&self, now: Moment) -> bool {
        self.deleted_at.is_none_or(|end| now < end)
    }

    /// `KeyState`.
    pub fn state(&self) -> &'static str {
        if self.deleted_at.is_some() { "PendingDeletion" } else { "Enabled" }
    }
}

/// Whether what names a key can be used, the best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum KeyUse {
    /// It can, or KMS knows no such key.
    Usable,
    /// The key is to be deleted.
    Disabled,
    /// The key was deleted, or lies in another region.
    Gone,
}

impl KeyUse {
    /// The use of the key that was found under an id, by what an account has in a region. A key
    /// of another account is not known to this one.
    pub fn of(found: Option<&KmsKey>, account: &AccountId, region: &str, now: Moment) -> KeyUse {
        match found.filter(|key| key.account == *account) {
            Some(key) if key.region != region || !key.exists(now) => KeyUse::Gone,
            Some(key) if key.deleted_at.is_some() => KeyUse::Disabled,
            Some(_) | None => KeyUse::Usable,
        }
    }

    /// Whether there is such a key, or nothing is known of it.
    pub fn is_there(self) -> bool {
        self != KeyUse::Gone
    }

    /// Whether it is not to be deleted.
    pub fn is_enabled(self) -> bool {
        self != KeyUse::Disabled
    }
}

impl EntityId for KmsKeyId {
    type Entity = KmsKey;
}

impl Entity for KmsKey {
    plain_fields!(KmsKeyId);

    const KIND: EntityKind = EntityKind {
        name: "key",
        plural: "kms_keys",
        id_prefix: "key-",
        by_name: false,
        columns: &[],
    };

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn tags_mut(&mut self) -> Option<&mut Vec<Tag>> {
        Some(&mut self.tags)
    }

    fn resource_group(&self) -> &str {
        ""
    }

    fn columns(&self) -> Vec<&str> {
        Vec::new()
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        Vec::new()
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(deleted_at: Option<i64>) -> KmsKey {
        KmsKey {
            id: KmsKeyId::from("key-1"),
            account: AccountId::from("1"),
            region: "here".to_owned(),
            description: String::new(),
            spec: String::new(),
            usage: String::new(),
            protection_level: String::new(),
            version: String::new(),
            rotates_every_s: None,
            deleted_at: deleted_at.map(Moment),
            tags: Vec::new(),
            created_at: Moment(0),
            unknown: UnknownFields::default(),
        }
    }

    #[test]
    fn use_of_a_key_ends_with_it_and_at_the_border_of_its_region() {
        let of = |found: Option<&KmsKey>, account: &str, region: &str| {
            KeyUse::of(found, &AccountId::from(account), region, Moment(10))
        };
        let (enabled, pending, deleted) = (key(None), key(Some(11)), key(Some(10)));
        assert_eq!(of(Some(&enabled), "1", "here"), KeyUse::Usable);
        assert_eq!(of(Some(&pending), "1", "here"), KeyUse::Disabled);
        assert_eq!(of(Some(&deleted), "1", "here"), KeyUse::Gone);
        assert_eq!(of(Some(&enabled), "1", "elsewhere"), KeyUse::Gone);
        assert_eq!(of(Some(&deleted), "2", "here"), KeyUse::Usable);
        assert_eq!(of(None, "1", "here"), KeyUse::Usable);
        assert!(KeyUse::Usable < KeyUse::Disabled && KeyUse::Disabled < KeyUse::Gone);
    }
}
