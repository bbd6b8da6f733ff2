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
