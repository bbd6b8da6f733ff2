//! Every number that bounds something in the rules, with its name and where it comes from.

/// Detaches in flight on one instance at a time. Authors of the Kubernetes CSI driver observed
/// five on the real cloud.
pub const DETACHING_PER_INSTANCE: usize = 5;

/// Attaches in flight on one instance at a time, from the same source.
pub const ATTACHING_PER_INSTANCE: usize = 32;

/// Instances that a multi-attach disk can be on at a time (documentation of NVMe disks).
pub const ATTACHMENTS_PER_DISK: usize = 16;

/// Letters of data disks: `/dev/xvdb` to `/dev/xvdz`, then `/dev/xvdaa` to `/dev/xvdzz`.
pub const DEVICE_NAMES: usize = 25 + 26 * 26;

/// Tags on one resource (documentation of TagResources).
pub const TAGS_PER_RESOURCE: usize = 20;

/// Ids in one JSON array parameter such as `DiskIds` (documentation of DescribeDisks).
pub const IDS_PER_LIST: usize = 100;

/// Snapshots of one disk (documentation of CreateSnapshot).
pub const SNAPSHOTS_PER_DISK: u64 = 256;

/// Data disks in one RunInstances or CreateInstance call (documentation of RunInstances).
pub const DATA_DISKS_PER_REQUEST: usize = 16;

/// Instances that one RunInstances call makes at most (documentation of RunInstances).
pub const INSTANCES_PER_REQUEST: u32 = 100;

/// Seconds between two switches of a disk's billing method (documentation of
/// ModifyDiskChargeType).
pub const CHARGE_TYPE_REST_S: i64 = 300;

/// VPCs of an account in a region (documentation of CreateVpc).
pub const VPCS_PER_REGION: u64 = 10;

/// Security groups of an account in a region: what the cloud gives an account at first.
pub const SECURITY_GROUPS_PER_REGION: u64 = 100;

/// Disks that a snapshot group takes, at most (documentation of CreateSnapshotGroup).
pub const DISKS_PER_SNAPSHOT_GROUP: usize = 16;

/// GiB of all disks of a snapshot group, at most (documentation of CreateSnapshotGroup).
pub const SNAPSHOT_GROUP_GIB: u64 = 32 * 1024;

/// Automatic snapshot policies of an account in a region (documentation of
/// CreateAutoSnapshotPolicy).
pub const SNAPSHOT_POLICIES: u64 = 100;

/// Custom images of an account in a region: what the cloud gives an account at first.
pub const IMAGES_PER_REGION: u64 = 100;
