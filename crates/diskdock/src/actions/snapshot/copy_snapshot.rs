//! `CopySnapshot`: copy a snapshot to another region.

use domain::kms::KeyUse;
use domain::snapshot::CopiedFrom;
use domain::{DiskSnapshot, SnapshotCategory, SnapshotId, SnapshotOrigin, SnapshotStatus};

use super::resource::SNAPSHOT;
use crate::actions::derived;
use crate::actions::disk::create_disk::Arn;
use crate::actions::kms_keys::{key_use, use_of_snapshot};
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::actions::snapshot_lookups;
use crate::catalog::{Needs, PlainTag, SnapshotName};
use crate::store::{EntityReads, EntityWrites};

/// Copies a snapshot.
pub(crate) struct CopySnapshot;

params!(
    /// Parameters of CopySnapshot.
    pub(crate) struct Params {
        /// The region of the snapshot.
        region_id: RegionId,
        /// The snapshot, which must be accomplished.
        #[fits = ["accomplished"]]
        snapshot_id: SnapshotId,
        /// The region of the copy, another one.
        destination_region_id: RegionId,
        /// Display name of the copy.
        #[malformed = COPY_NAME_MALFORMED]
        destination_snapshot_name: SnapshotName,
        /// Free text about the copy.
        #[malformed = COPY_DESCRIPTION_MALFORMED]
        destination_snapshot_description: Description,
        /// Days after which the copy is deleted; left out, it is kept until it is deleted.
        #[malformed = COPY_RETENTION_MALFORMED]
        retention_days: Option<Integer<1, 65536>>,
        /// Encrypt the copy; that of an encrypted snapshot always is.
        encrypted: Option<bool>,
        /// The key of KMS in the region of the copy, which has to be Enabled; needs `Encrypted`.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// The resource group of the copy; that of the snapshot if left out.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags of the copy, up to 20.
        tag: Groups<PlainTag>,
        /// Not offered to the public.
        destination_storage_location_arn: Ignored<Option<Text<0, 256>>>,
        /// Not offered to the public.
        arn: Ignored<Groups<Arn>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
    }
);

reply!(
    /// Reply of CopySnapshot.
    pub(crate) struct Reply {
        /// The copy.
        snapshot_id: String,
    }
);

/// The snapshot that the request names.
pub(crate) struct Facts {
    params: Params,
    snapshot: DiskSnapshot,
    tags: Vec<Tag>,
    /// Whether another copy of a snapshot of the disk is being made in that region.
    is_being_copied: bool,
    /// The key of the snapshot or the one that the copy names: the one that can be used less.
    keys: KeyUse,
    /// Whether the storage can encrypt copies.
    encrypts: bool,
}

impl Facts {
    fn is_encrypted(&self) -> bool {
        self.params.encrypted.unwrap_or(self.snapshot.encrypted)
    }
}

/// progressing, accomplished; or failed.
static TRANSITION: Transition = Transition {
    resource: &SNAPSHOT,
    begins: &[Edge::into("progressing", "CopySnapshot")],
    ends: &[
        Edge::between("progressing", "accomplished", "made"),
        Edge::between("progressing", "failed", "refused"),
    ],
    // The copy lies in another region than the request.
    settles: None,
};

impl Action for CopySnapshot {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CopySnapshot";
    const SUMMARY: &'static str = "Copies a snapshot to another region.";
    const DETAILS: &'static str = "\
The copy is progressing, and then a snapshot of that region like any other: disks can be made from it, \
and it lives on when the first one is deleted.\n\n\
With real machines all regions are on one host, where the copy has bytes of its own.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const NEEDS: Needs = Needs::Snapshots;
    const SDK: &'static [SdkParam] = &[SdkParam::long("Arn.AssumeRoleFor")];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &COPY_REGION_NOT_FOUND,
        &SNAPSHOT_TO_COPY_NOT_FOUND,
        &TAG_COUNT,
        &TAG_MISMATCH,
        &TAG_DUPLICATE,
    ];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the regions differ",                                   |f| f.params.region_id.0 != f.params.destination_region_id.0, &COPY_IN_SAME_REGION),
        must("the snapshot is accomplished",                         |f| f.snapshot.is_accomplished(), &SNAPSHOT_NOT_READY),
        must("Encrypted is not false for an encrypted snapshot",     |f| !f.snapshot.encrypted || f.is_encrypted(), &COPY_DECRYPTS),
        must("KMSKeyId comes with Encrypted=true",                   |f| f.params.kms_key_id.is_none() || f.is_encrypted(), &KMS_WITHOUT_ENCRYPTION),
        must("the keys of snapshot and copy are not deleted",        |f| f.keys.is_there(), &INSTANCE_KEY_NOT_FOUND),
        must("the keys of snapshot and copy are Enabled",            |f| f.keys.is_enabled(), &KEY_DISABLED),
        must("the storage can encrypt copies, which Ceph RBD cannot yet", |f| f.encrypts || !f.is_encrypted(), &ENCRYPTED_NOT_SUPPORTED),
        must("no other snapshot of the disk is being copied to the region", |f| !f.is_being_copied, &COPY_UNDER_WAY),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let to = &params.destination_region_id.0;
        for region in [&params.region_id.0, to] {
            call.environment.inventory.region(region).ok_or(&COPY_REGION_NOT_FOUND)?;
        }
        let found = call.find(tx, &params.snapshot_id)?;
        let snapshot = found.filter(|found: &DiskSnapshot| found.region == params.region_id.0);
        let snapshot = snapshot.ok_or(&SNAPSHOT_TO_COPY_NOT_FOUND)?;
        let is_being_copied = snapshot_lookups::is_being_copied(tx, &snapshot, to)?;
        let named = params.kms_key_id.as_ref().map_or("", |key| key.0.as_str());
        let of_copy = key_use(tx, &call.caller.account, to, named, call.now)?;
        Ok(Facts {
            encrypts: call.environment.storage.encrypts,
            keys: of_copy.max(use_of_snapshot(tx, &snapshot, call.now)?),
            tags: new_plain_tags(&params.tag.0)?,
            params: params.clone(),
            snapshot,
            is_being_copied,
        })
    }

    fn effect(call: &Call<'_>, _: &Params, facts: Facts) -> Effect<Reply> {
        let copy = copy_of(call, &facts);
        let copying = Copying {
            from: facts.snapshot.id.clone(),
            to: copy.id.clone(),
            disk: copy.disk.clone(),
            host: copy.host.clone(),
            encrypted: copy.encrypted,
        };
        Effect::reply(Reply { snapshot_id: copy.id.to_string() }).save(copy).start(copying)
    }
}

fn copy_of(call: &Call<'_>, facts: &Facts) -> DiskSnapshot {
    let Facts { params, snapshot, tags, .. } = facts;
    let to = &params.destination_region_id.0;
    let encrypted = facts.is_encrypted();
    let key = params.kms_key_id.as_ref().map(|key| key.0.clone());
    let service_key = || derived::service_key(snapshot.account.as_str(), to);
    let group = params.resource_group_id.as_ref().map(|group| &group.0);
    DiskSnapshot {
        id: call.new_id(to),
        region: to.clone(),
        encrypted,
        kms_key_id: if encrypted { key.unwrap_or_else(service_key) } else { String::new() },
        group: None,
        copied_from: Some(CopiedFrom {
            region: snapshot.region.clone(),
            snapshot: snapshot.id.clone(),
        }),
        origin: SnapshotOrigin::User,
        category: SnapshotCategory::Standard,
        status: SnapshotStatus::Progressing,
        name: params.destination_snapshot_name.0.clone(),
        description: params.destination_snapshot_description.0.clone(),
        tags: tags.clone(),
        resource_group: group.unwrap_or(&snapshot.resource_group).clone(),
        instant_access: false,
        instant_access_days: None,
        retention_days: params.retention_days.and_then(|days| u32::try_from(days.0).ok()),
        created_at: call.now,
        modified_at: call.now,
        ..snapshot.clone()
    }
}

/// Copies the content; then the copy is accomplished.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Copying {
    from: SnapshotId,
    to: SnapshotId,
    disk: DiskId,
    /// The host that has the bytes of both, or empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    host: String,
    /// Whether no byte of the copy is written in plain.
    #[serde(default)]
    encrypted: bool,
}

impl Operation for Copying {
    const KIND: &'static str = "snapshot.copy";
    const TIMEOUT: Timeout = Timeout { give_up_after_s: 300 };

    fn subject(&self) -> Subject {
        // The disk may be gone.
        let snapshot = Some(self.from.clone());
        Subject { disk: Some(self.disk.clone()), snapshot, ..Subject::default() }
    }

    fn phase(&self) -> &'static str {
        "copy"
    }

    async fn advance(&mut self, context: &StepContext<'_>) -> Result<Progress, TransientError> {
        let Copying { from, to, disk, encrypted, .. } = self;
        context.hypervisor.copy_snapshot(from, to, (disk, *encrypted), context.now).await
    }

    /// A copy that was deleted meanwhile stays so.
    fn finish(
        &self,
        outcome: &Outcome,
        tx: &mut dyn WriteTx,
        now: Moment,
    ) -> Result<(), StoreError> {
        let Some(mut copy) = tx.get(&self.to)? else {
            return tx.discard_snapshot(&self.to, &self.host);
        };
        let ended = match outcome {
            Outcome::Done => copy.accomplished(now),
            Outcome::Failed(_) => {
                tx.discard_snapshot(&self.to, &self.host)?;
                copy.failed(now)
            }
        };
        if ended.is_ok() { tx.save(&copy) } else { Ok(()) }
    }
}
