//! Parameters of the disks of a launch: those that both actions take, and those that only
//! RunInstances does.

use domain::{SnapshotId, SnapshotPolicyId};

use crate::actions::disk::attach_disk::Device;
use crate::actions::prelude::*;
use crate::catalog::joined_params;

params!(
    /// The system disk of a new instance.
    pub(crate) struct SystemDiskParams {
        /// Disk category; `cloud_efficiency` if left out, whatever the instance type takes.
        #[malformed = SYSTEM_CATEGORY_NOT_VALID]
        category: Option<Category>,
        /// GiB, at least the size of the image; the larger of 40 and that if left out.
        #[malformed = SYSTEM_SIZE_NOT_VALID]
        size: Option<Integer<1, 65536>>,
        /// Level of a `cloud_essd` disk; PL1 if left out.
        #[malformed = LEVEL_MALFORMED]
        performance_level: Option<PerformanceLevel>,
        /// Display name.
        disk_name: Option<DiskName>,
        /// Free text.
        description: Option<Description>,
        /// A dedicated block storage cluster. There are none here.
        storage_cluster_id: Ignored<Option<Text<0, 64>>>,
    }
);

params!(
    /// Parameters of a system disk that only RunInstances takes.
    pub(crate) struct SystemDiskOfRun {
        /// Encrypt the disk, as CreateDisk does.
        encrypted: Option<bool>,
        /// The key of KMS, which has to be Enabled; needs `Encrypted`. Left out, an encrypted disk
        /// shows the account's service key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// Burst performance of `cloud_auto`.
        bursting_enabled: Option<bool>,
        /// Bought operations a second of `cloud_auto`.
        #[malformed = IOPS_EXCEEDED]
        provisioned_iops: Option<Integer<0, 50000>>,
        /// The automatic snapshot policy that the disk gets.
        auto_snapshot_policy_id: Option<SnapshotPolicyId>,
        /// Not offered to the public.
        encrypt_algorithm: Ignored<Option<Text<0, 64>>>,
    }
);

joined_params!(
    /// The system disk of RunInstances.
    pub(crate) struct RunSystemDisk {
        /// Parameters that CreateInstance has as well.
        common: SystemDiskParams,
        /// Parameters that only RunInstances has.
        run: SystemDiskOfRun,
    }
);

params!(
    /// A data disk of a new instance.
    pub(crate) struct DataDiskParams {
        /// GiB. The limits depend on the category and the level.
        #[malformed = DATA_SIZE_NOT_VALID]
        size: Option<Integer<1, 65536>>,
        /// Disk category; if left out, `cloud_efficiency`, or `cloud` for a type that is not I/O
        /// optimised.
        #[malformed = DATA_CATEGORY_NOT_VALID]
        category: Option<Category>,
        /// Level of a `cloud_essd` disk; PL1 if left out.
        #[malformed = DATA_LEVEL_MALFORMED]
        performance_level: Option<PerformanceLevel>,
        /// Display name.
        disk_name: Option<DiskName>,
        /// Free text.
        description: Option<Description>,
        /// The device name to show; the first free one if left out.
        #[malformed = DATA_DEVICE_MALFORMED]
        device: Option<Device>,
        /// Whether the disk is released together with the instance; true if left out.
        delete_with_instance: Option<bool>,
        /// Encrypt the disk, as CreateDisk does.
        encrypted: Option<bool>,
        /// The key of KMS, which has to be Enabled; needs `Encrypted`. Left out, an encrypted disk
        /// shows the account's service key.
        #[wire = "KMSKeyId"]
        #[offers = "key"]
        kms_key_id: Option<Text<1, 128>>,
        /// The snapshot to make it from. The disk then has its size.
        snapshot_id: Option<SnapshotId>,
        /// Not offered to the public.
        encrypt_algorithm: Ignored<Option<Text<0, 64>>>,
        /// A dedicated block storage cluster. There are none here.
        storage_cluster_id: Ignored<Option<Text<0, 64>>>,
    }
);

params!(
    /// Parameters of a data disk that only RunInstances takes.
    pub(crate) struct DataDiskOfRun {
        /// Burst performance of `cloud_auto`.
        bursting_enabled: Option<bool>,
        /// Bought operations a second of `cloud_auto`.
        #[malformed = IOPS_EXCEEDED]
        provisioned_iops: Option<Integer<0, 50000>>,
        /// The automatic snapshot policy that the disk gets.
        auto_snapshot_policy_id: Option<SnapshotPolicyId>,
    }
);

joined_params!(
    /// A data disk of RunInstances.
    pub(crate) struct RunDataDisk {
        /// Parameters that CreateInstance has as well.
        common: DataDiskParams,
        /// Parameters that only RunInstances has.
        run: DataDiskOfRun,
    }
);

/// Disks that a launch asks for, each with what only RunInstances can say of it.
pub(crate) struct AskedDisks<'a> {
    /// The system disk.
    pub system: (&'a SystemDiskParams, Option<&'a SystemDiskOfRun>),
    /// Data disks, in the order of the request.
    pub data: Vec<(&'a DataDiskParams, Option<&'a DataDiskOfRun>)>,
}

impl<'a> AskedDisks<'a> {
    /// Disks of CreateInstance.
    pub(crate) fn of_create(
        system: &'a Group<SystemDiskParams>,
        data: &'a Groups<DataDiskParams>,
    ) -> AskedDisks<'a> {
        AskedDisks {
            system: (&system.0, None),
            data: data.0.iter().map(|disk| (disk, None)).collect(),
        }
    }

    /// Disks of RunInstances.
    pub(crate) fn of_run(
        system: &'a Group<RunSystemDisk>,
        data: &'a Groups<RunDataDisk>,
    ) -> AskedDisks<'a> {
        AskedDisks {
            system: (&system.0.common, Some(&system.0.run)),
            data: data.0.iter().map(|disk| (&disk.common, Some(&disk.run))).collect(),
        }
    }
}
