//! Keys as replies show them.

use domain::kms::KmsKey;

use crate::actions::prelude::*;
use crate::catalog::times::with_seconds;

/// The reply that shows a key: the fields that every action shows, then those of one of them.
macro_rules! key_reply {
    (
        $(#[doc = $about:literal])*
        struct $name:ident {$(
            $(#[doc = $doc:literal])*
            $field:ident: $ty:ty = $value:expr,
        )*}
    ) => {
        reply!(
            $(#[doc = $about])*
            pub(crate) struct $name {
                /// Its id.
                key_id: String,
                /// `acs:kms:<region>:<account>:key/<id>`.
                arn: String,
                /// `Enabled`, or `PendingDeletion` after ScheduleKeyDeletion.
                key_state: &'static str,
                /// The kind of key.
                key_spec: String,
                /// The purpose: `ENCRYPT/DECRYPT` or `SIGN/VERIFY`.
                key_usage: String,
                /// The protection: `SOFTWARE` or `HSM`. It is kept and shown.
                protection_level: String,
                /// The origin of its bytes: `Aliyun_KMS`.
                origin: &'static str,
                /// The account that made it.
                creator: String,
                /// When it was made.
                creation_date: String,
                /// When it is deleted, if it is to be.
                delete_date: Option<String>,
                /// Free text.
                description: String,
                /// The version that encrypts.
                primary_key_version: String,
                /// `Enabled` or `Disabled`. It is kept and shown: no key rotates here.
                automatic_rotation: &'static str,
                /// Time between two rotations, in seconds with an `s`.
                rotation_interval: Option<String>,
                /// When it rotated last: when it was made.
                last_rotation_date: String,
                /// When it would rotate next.
                next_rotation_date: Option<String>,
                /// Absent: keys of this server do not end by themselves.
                material_expire_time: Option<String>,
                /// Absent: there are no dedicated instances.
                #[wire = "DKMSInstanceId"]
                dkms_instance_id: Option<String>,
                $(
                    $(#[doc = $doc])*
                    $field: $ty,
                )*
            }
        );

        impl $name {
            pub(super) fn of(key: &KmsKey) -> $name {
                let every = key.rotates_every_s;
                $name {
                    key_id: key.id.to_string(),
                    arn: arn(key),
                    key_state: key.state(),
                    key_spec: key.spec.clone(),
                    key_usage: key.usage.clone(),
                    protection_level: key.protection_level.clone(),
                    origin: "Aliyun_KMS",
                    creator: key.account.to_string(),
                    creation_date: with_seconds(key.created_at),
                    delete_date: key.deleted_at.map(with_seconds),
                    description: key.description.clone(),
                    primary_key_version: key.version.clone(),
                    automatic_rotation: if every.is_some() { "Enabled" } else { "Disabled" },
                    rotation_interval: every.map(|seconds| format!("{seconds}s")),
                    last_rotation_date: with_seconds(key.created_at),
                    next_rotation_date: every
                        .map(|seconds| with_seconds(key.created_at.plus_s(seconds))),
                    material_expire_time: None,
                    dkms_instance_id: None,
                    $($field: $value,)*
                }
            }
        }
    };
}

key_reply!(
    /// A key as it was made.
    struct NewKmsKey {}
);

key_reply!(
    /// A key.
    struct ShownKmsKey {
        /// `Disabled`: no key is protected here.
        deletion_protection: &'static str = "Disabled",
        /// Empty.
        deletion_protection_description: &'static str = "",
    }
);

/// `acs:kms:<region>:<account>:key/<id>`.
pub(super) fn arn(key: &KmsKey) -> String {
    format!("acs:kms:{}:{}:key/{}", key.region, key.account, key.id)
}
