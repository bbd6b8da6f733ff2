//! Errors about snapshots.

use super::errors;

errors! {
    SNAPSHOT_NOT_FOUND = 404 "InvalidSnapshotId.NotFound"
        "The specified SnapshotId does not exist."
        => "Check the id, the region, and that the snapshot belongs to the account of the AccessKey.";
    SNAPSHOT_NOT_READY = 403 "InvalidSnapshotId.NotReady"
        "The specified snapshot has not completed yet."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished.";
    SNAPSHOT_ENCRYPTED = 403 "InvalidEncrypted.NotMatchSnapshot"
        "The specified parameter Encrypted must be set to true when creating disks with encrypted snapshots."
        => "Leave Encrypted out, or send true: what is encrypted stays so.";
    EPHEMERAL_FROM_SNAPSHOT = 403 "InvalidOperation.CreateFromSnapshotUnsupported"
        "The elastic ephemeral disk cannot be created from snapshot."
        => "Use another category, or leave SnapshotId out.";
    SMALLER_THAN_SNAPSHOT = 403 "InvalidDiskSize.TooSmall"
        "Specified disk size is less than the size of snapshot."
        => "Use at least the SourceDiskSize of the snapshot, or leave Size out.";
    SNAPSHOT_TO_DELETE_NOT_FOUND = 404 "InvalidSnapshotId.NotFound"
        "The specified snapshot is not found."
        => "Nothing to do: there is no such snapshot of the account of the AccessKey.";
    SNAPSHOT_UNKNOWN = 400 "InvalidSnapshot.NotFound"
        "The specified parameter SnapshotId is not valid."
        => "Name a snapshot of DescribeSnapshots.";
    DISK_TO_KEEP_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The specified DiskId does not exist."
        => "Check the id, and that the disk belongs to the account of the AccessKey.";
    SNAPSHOT_NAME_MALFORMED = 400 "InvalidSnapshotName.Malformed"
        "The specified SnapshotName is wrongly formed."
        => "Use 2 to 128 characters that begin with a letter, and not with auto.";
    RETENTION_MALFORMED = 400 "InvalidRetentionDays.Malformed"
        "The specified RetentionDays is not valid."
        => "Use 1 to 65536 days, or leave it out to keep the snapshot for ever.";
    SNAPSHOT_CATEGORY_MALFORMED = 403 "InvalidSnapshotCategory.Malformed"
        "The specified Category is not valid."
        => "Use Standard or Flash, or leave it out.";
    INSTANT_ACCESS_DAYS_MALFORMED = 403 "InvalidInstantAccessRetentionDays.Malformed"
        "The specified InstantAccessRetentionDays is not valid."
        => "Use 1 to 65535 days, or leave it out.";
    SNAPSHOT_TOKEN_MALFORMED = 403 "InvalidClientToken.Malformed"
        "The specified clientToken is improperly formatted. It must contain only ASCII characters and must not exceed 64 characters in length."
        => "Use up to 64 ASCII characters.";
    SNAPSHOT_TOKEN_MISMATCH = 403 "IdempotentParameterMismatch"
        "The specified clientToken is used."
        => "Use a new ClientToken for a new request.";
    CATEGORY_AND_INSTANT_ACCESS = 403 "InvalidCategoryAndInstantAccess.Malformed"
        "The snapshot Category and InstantAccess can't be used together."
        => "Leave one of the two out.";
    NO_SNAPSHOTS_OF_CATEGORY = 400 "DiskCategory.OperationNotSupported"
        "The type of the specified disk does not support creating a snapshot."
        => "Local and elastic ephemeral disks have no snapshots.";
    NEVER_ATTACHED = 403 "IncorrectDiskStatus.NeverAttached"
        "The specified disk has never been attached to any instance."
        => "Attach the disk once; there is nothing on it yet.";
    INSTANCE_OF_DISK_LOCKED = 403 "InstanceLockedForSecurity"
        "The disk attached instance is locked due to security."
        => "Have the lock removed; see OperationLocks in DescribeInstances.";
    SNAPSHOT_UNDER_WAY = 403 "IncorrectDiskStatus.CreatingSnapshot"
        "A previous snapshot creation is in process."
        => "Wait until DescribeSnapshots shows the snapshot before this one as accomplished.";
    SNAPSHOT_QUOTA = 403 "QuotaExceed.Snapshot"
        "The snapshot quota exceeds."
        => "Delete snapshots of the disk; it can have 256.";
    DISK_CREATING_SNAPSHOT = 403 "DiskCreatingSnapshot"
        "The operation is denied due to a snapshot of the specified disk is not completed yet."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished.";
    SNAPSHOT_IN_USE = 403 "SnapshotCreatedDisk"
        "The snapshot has been used to create disk(s)."
        => "Send Force=true, or delete the disks first.";
    SNAPSHOT_FEEDS_DISK = 403 "Operation.Conflict"
        "The operation may conflicts with others, please retry later."
        => "Wait until the disks that are being made from the snapshot are no longer Creating.";
    SNAPSHOT_IDS_EXCEEDED = 403 "InvalidSnapshotIds.Malformed"
        "The amount of specified specified snapshot Ids exceeds the limit."
        => "Name at most 100 snapshots.";
    SNAPSHOT_FILTER_KEY_UNKNOWN = 404 "InvalidFilterKey.NotFound"
        "The specified FilterKey is not found."
        => "Use CreationStartTime or CreationEndTime.";
    SNAPSHOT_FILTER_VALUE_NOT_VALID = 404 "InvalidFilterValue"
        "The specified FilterValue exceeds the limit."
        => "Use a time in UTC such as 2026-01-02T03:04Z.";
    SNAPSHOT_USAGE_NOT_VALID = 404 "InvalidUsage"
        "The specifed Usage is not valid."
        => "Use image, disk, image_disk or none.";
    SOURCE_DISK_TYPE_NOT_VALID = 404 "InvalidSourceDiskType"
        "The specifed SourceDiskType is not valid."
        => "Use system or data.";
    SNAPSHOT_TYPE_NOT_FOUND = 404 "InvalidSnapshotType.NotFound"
        "The specfied SnapshotType is not found."
        => "Use auto, user or all.";
    SNAPSHOT_LINK_NOT_FOUND = 404 "InvalidSnapshotLinkId.NotFound"
        "The specified snapshot link is not found."
        => "Use a SnapshotLinkId of DescribeSnapshots.";
    RETENTION_SHORTENED = 400 "InvalidOperation.DecreaseRetentionDaysUnsupported"
        "The requested operation to decrease retention days for the snapshot is not supported."
        => "Use more days than the snapshot has; one that is kept for ever stays so.";
    RETENTION_OF_UNFINISHED = 400 "InvalidSnapshotId.NotReady"
        "The specified snapshot has not completed yet."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished.";
    DISABLE_INSTANT_ACCESS_MALFORMED = 404 "InvalidSnapshotDisableInstantAccess.Malformed"
        "The specified DisableInstantAccess is not valid!"
        => "Use true or false.";
}
