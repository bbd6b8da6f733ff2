//! A disk as clients see it.

use std::sync::Arc;

use domain::{
    Attachment, ChargeType, Disk, InstanceId, LockReason, PerformanceLevel, Phase, performance,
};
use serde::{Serialize, Serializer};

use crate::catalog::times::{NEVER, or_empty, with_seconds, without_seconds};
use crate::catalog::{ReplyShape, ReplyValue, reply};

reply!(
    /// One disk.
    pub(crate) struct DiskItem<'a> {
        /// The disk's id.
        disk_id: &'a str,
        /// Region.
        region_id: &'a str,
        /// Zone.
        zone_id: &'a str,
        /// Display name.
        disk_name: &'a str,
        /// Free text.
        description: &'a str,
        /// `system` or `data`.
        #[wire = "Type"]
        kind: &'static str,
        /// Disk category.
        category: &'static str,
        /// Level of a `cloud_essd` disk, else empty.
        performance_level: &'static str,
        /// GiB.
        size: u32,
        /// `Creating`, `Available`, `Attaching`, `In_use` or `Detaching`.
        status: &'static str,
        /// The instance, from In_use through Detaching; empty otherwise and with multi-attach.
        instance_id: &'a str,
        /// The device name, under the same rule.
        device: &'a str,
        /// Every attachment, from In_use through Detaching.
        attachments: Attachments<'a>,
        /// The same attachments in the older form.
        mount_instances: MountInstances<'a>,
        /// How many of these there are.
        mount_instance_num: usize,
        /// `Enabled` or `Disabled`.
        multi_attach: &'static str,
        /// The device's serial number in the guest.
        serial_number: &'a str,
        /// Whether the disk can come off its instance.
        portable: bool,
        /// Released together with its instance.
        delete_with_instance: bool,
        /// Its automatic snapshots are released with it.
        delete_auto_snapshot: bool,
        /// The retired automatic-snapshot switch.
        enable_auto_snapshot: bool,
        /// Whether an automatic snapshot policy is bound to it.
        enable_automated_snapshot_policy: bool,
        /// That policy.
        auto_snapshot_policy_id: &'a str,
        /// `PostPaid` or `PrePaid`.
        disk_charge_type: &'static str,
        /// When it was created.
        creation_time: String,
        /// The last attach; empty if there was none.
        attached_time: String,
        /// The last detach; empty if there was none.
        detached_time: String,
        /// When a subscription ends; far in the future for pay-as-you-go.
        expired_time: String,
        /// Whether it was created as encrypted.
        encrypted: bool,
        /// The key it was created with.
        #[wire = "KMSKeyId"]
        kms_key_id: &'a str,
        /// Whether it bursts.
        bursting_enabled: bool,
        /// Bought operations a second.
        provisioned_iops: u32,
        /// Operations a second.
        #[wire = "IOPS"]
        iops: u32,
        /// Reads a second.
        #[wire = "IOPSRead"]
        iops_read: u32,
        /// Writes a second.
        #[wire = "IOPSWrite"]
        iops_write: u32,
        /// Megabytes a second.
        throughput: u32,
        /// Megabytes read a second.
        throughput_read: u32,
        /// Megabytes written a second.
        throughput_write: u32,
        /// The snapshot it was made from.
        source_snapshot_id: &'a str,
        /// The image it was made from.
        image_id: &'a str,
        /// The resource group.
        resource_group_id: &'a str,
        /// The storage set.
        storage_set_id: &'a str,
        /// The partition of the storage set.
        storage_set_partition_number: Option<u32>,
        /// The product code of a marketplace image.
        product_code: &'static str,
        /// Bus, device and function of a bare-metal disk.
        bdf_id: &'static str,
        /// The dedicated block storage cluster.
        storage_cluster_id: &'static str,
        /// Why operations on it are refused.
        operation_locks: OperationLocks,
        /// Its tags.
        tags: Tags<'a>,
        /// Where a regional disk lies, if it was asked for.
        placement: Option<Placement<'a>>,
        /// The bytes of the host's storage that a real disk takes, if they were asked for.
        used_bytes: Option<u64>,
    }
);

reply!(
    /// Attachments of a disk.
    pub(crate) struct Attachments<'a> {
        /// One for each instance.
        attachment: Vec<AttachmentItem<'a>>,
    }
);

reply!(
    /// Attachments in the older form.
    pub(crate) struct MountInstances<'a> {
        /// One for each instance.
        mount_instance: Vec<AttachmentItem<'a>>,
    }
);

reply!(
    /// One attachment.
    pub(crate) struct AttachmentItem<'a> {
        /// The instance.
        instance_id: &'a str,
        /// The device name there.
        device: &'a str,
        /// When the attach was accepted.
        attached_time: String,
    }
);

reply!(
    /// Locks.
    pub(crate) struct OperationLocks {
        /// One for each reason.
        operation_lock: Vec<OperationLock>,
    }
);

reply!(
    /// One lock.
    pub(crate) struct OperationLock {
        /// `financial` or `security`.
        lock_reason: &'static str,
    }
);

reply!(
    /// Tags of a resource.
    pub(crate) struct Tags<'a> {
        /// One for each key.
        tag: Vec<TagItem<'a>>,
    }
);

reply!(
    /// One tag, under the newer and the older names of its members.
    pub(crate) struct TagItem<'a> {
        /// The key.
        tag_key: &'a str,
        /// The value.
        tag_value: &'a str,
        /// The key.
        key: &'a str,
        /// The value.
        value: &'a str,
    }
);

reply!(
    /// Where a regional disk lies.
    pub(crate) struct Placement<'a> {
        /// Zones, separated by commas.
        zone_ids: &'a str,
    }
);

impl<'a> Tags<'a> {
    /// These tags.
    pub(crate) fn of(tags: &'a [domain::Tag]) -> Tags<'a> {
        let item = |tag: &'a domain::Tag| TagItem {
            tag_key: &tag.key,
            tag_value: &tag.value,
            key: &tag.key,
            value: &tag.value,
        };
        Tags { tag: tags.iter().map(item).collect() }
    }
}

impl<'a> AttachmentItem<'a> {
    fn of(at: &'a Attachment) -> AttachmentItem<'a> {
        AttachmentItem {
            instance_id: at.instance.as_str(),
            device: &at.device,
            attached_time: with_seconds(at.attached_at),
        }
    }
}

/// A disk in a reply.
#[derive(Clone, Debug)]
pub(crate) struct DiskView {
    /// The disk.
    pub disk: Arc<Disk>,
    /// Locks that it has because its instance has them.
    pub locks: Vec<LockReason>,
    /// Whether the caller asked where a regional disk lies.
    pub with_placement: bool,
    /// The bytes of storage that it takes, if the caller asked for them and they can be told.
    pub used_bytes: Option<u64>,
}

impl ReplyValue for DiskView {
    const SHAPE: ReplyShape = DiskItem::SHAPE;
}

impl Serialize for DiskView {
    fn serialize<S: Serializer>(&self, out: S) -> Result<S::Ok, S::Error> {
        self.item().serialize(out)
    }
}

fn shown(at: &&Attachment) -> bool {
    at.phase != Phase::Attaching
}

impl DiskView {
    fn item(&self) -> DiskItem<'_> {
        let disk = &self.disk;
        let figures = performance::of_specification(&disk.specification(), disk.size_gib);
        let at = disk.sole_attachment().filter(shown);
        let attachments = self.attachments();
        DiskItem {
            disk_id: disk.id.as_str(),
            region_id: &disk.region,
            zone_id: &disk.zone,
            disk_name: &disk.name,
            description: &disk.description,
            kind: disk.kind.as_str(),
            category: disk.category.as_str(),
            performance_level: disk.performance_level.map_or("", PerformanceLevel::as_str),
            size: disk.size_gib,
            status: disk.status().as_str(),
            instance_id: at.map(|at| &at.instance).map_or("", InstanceId::as_str),
            device: at.map_or("", |at| &at.device),
            mount_instance_num: attachments.len(),
            mount_instances: MountInstances { mount_instance: attachments.clone() },
            attachments: Attachments { attachment: attachments },
            multi_attach: if disk.multi_attach { "Enabled" } else { "Disabled" },
            serial_number: disk.id.serial_number(),
            portable: disk.portable,
            delete_with_instance: disk.delete_with_instance,
            delete_auto_snapshot: disk.delete_auto_snapshot,
            enable_auto_snapshot: disk.enable_auto_snapshot,
            enable_automated_snapshot_policy: !disk.auto_snapshot_policy.is_empty(),
            auto_snapshot_policy_id: &disk.auto_snapshot_policy,
            disk_charge_type: disk.charge_type.as_str(),
            creation_time: with_seconds(disk.created_at),
            attached_time: or_empty(disk.attached_at),
            detached_time: or_empty(disk.detached_at),
            expired_time: self.expired_time(),
            encrypted: disk.encrypted,
            kms_key_id: &disk.kms_key_id,
            bursting_enabled: disk.bursting_enabled,
            provisioned_iops: disk.provisioned_iops.unwrap_or(0),
            iops: figures.iops,
            iops_read: figures.iops,
            iops_write: figures.iops,
            throughput: figures.throughput,
            throughput_read: figures.throughput,
            throughput_write: figures.throughput,
            source_snapshot_id: &disk.source_snapshot,
            image_id: &disk.image,
            resource_group_id: &disk.resource_group,
            storage_set_id: disk.storage_set.as_ref().map_or("", |set| &set.id),
            storage_set_partition_number: disk.storage_set.as_ref().map(|set| set.partition),
            product_code: "",
            bdf_id: "",
            storage_cluster_id: "",
            operation_locks: self.operation_locks(),
            tags: Tags::of(&disk.tags),
            placement: self.with_placement.then_some(Placement { zone_ids: &disk.zone }),
            used_bytes: self.used_bytes,
        }
    }

    fn attachments(&self) -> Vec<AttachmentItem<'_>> {
        self.disk.attachments.iter().filter(shown).map(AttachmentItem::of).collect()
    }

    fn expired_time(&self) -> String {
        match (self.disk.charge_type, self.disk.expires_at) {
            (ChargeType::PrePaid, Some(end)) => without_seconds(end),
            _ => NEVER.to_owned(),
        }
    }

    fn operation_locks(&self) -> OperationLocks {
        let reasons = self.disk.locks.iter().chain(&self.locks);
        let lock = |reason: &LockReason| OperationLock { lock_reason: reason.as_str() };
        OperationLocks { operation_lock: reasons.map(lock).collect() }
    }
}
