//! Errors about snapshots.

use super::errors;

errors! {
    SNAPSHOT_NOT_FOUND = 404 "InvalidSnapshotId.NotFound"
        "The specified SnapshotId does not exist."
        => "Check the id, the region, and that the snapshot belongs to the account of the AccessKey."
        then [List("snapshot")];
    SNAPSHOT_NOT_READY = 403 "InvalidSnapshotId.NotReady"
        "The specified snapshot has not completed yet."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished."
        then [Look("snapshot")];
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
        => "Nothing to do: there is no such snapshot of the account of the AccessKey."
        then [List("snapshot")];
    SNAPSHOT_UNKNOWN = 400 "InvalidSnapshot.NotFound"
        "The specified parameter SnapshotId is not valid."
        => "Name a snapshot of DescribeSnapshots."
        then [List("snapshot")];
    SNAPSHOT_DISK_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The specified DiskId does not exist."
        => "Check the id, and that the disk belongs to the account of the AccessKey."
        then [List("disk")];
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
        => "Attach the disk once: there is nothing on it yet. `serve --snapshot-new-disks` accepts it."
        then [Call("AttachDisk")];
    INSTANCE_OF_DISK_LOCKED = 403 "InstanceLockedForSecurity"
        "The disk attached instance is locked due to security."
        => "Have the lock removed; see OperationLocks in DescribeInstances.";
    SNAPSHOT_UNDER_WAY = 403 "IncorrectDiskStatus.CreatingSnapshot"
        "A previous snapshot creation is in process."
        => "Wait until DescribeSnapshots shows the snapshot before this one as accomplished."
        then [Look("disk"), List("snapshot")];
    SNAPSHOT_OF_SHARED_DISK = 403 "IncorrectVolumeStatus"
        "The current volume status does not support this operation."
        => "Real machines make a snapshot of a disk only while one of them has it: detach it from its other instances first.";
    SNAPSHOT_KEY_NOT_FOUND = 400 "InvalidParameter.KMSKeyId.NotFound"
        "The specified KMSKeyId does not exist."
        => "Leave the disk as it is, or delete it: its key was deleted.";
    SNAPSHOT_QUOTA = 403 "QuotaExceed.Snapshot"
        "The snapshot quota exceeds."
        => "Delete snapshots of the disk; it can have 256."
        then [List("snapshot"), Call("DeleteSnapshot")];
    DISK_CREATING_SNAPSHOT = 403 "DiskCreatingSnapshot"
        "The operation is denied due to a snapshot of the specified disk is not completed yet."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished."
        then [Look("disk"), List("snapshot")];
    SNAPSHOT_IN_USE = 403 "SnapshotCreatedDisk"
        "The snapshot has been used to create disk(s)."
        => "Send Force=true, or delete the disks first."
        then [Look("snapshot")];
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
        => "Wait until DescribeSnapshots shows the snapshot as accomplished."
        then [Look("snapshot")];
    DISABLE_INSTANT_ACCESS_MALFORMED = 404 "InvalidSnapshotDisableInstantAccess.Malformed"
        "The specified DisableInstantAccess is not valid!"
        => "Use true or false.";
    COPY_REGION_NOT_FOUND = 403 "InvalidRegionId.NotExists"
        "Region not exists."
        => "Use a region of DescribeRegions."
        then [List("region")];
    SNAPSHOT_TO_COPY_NOT_FOUND = 403 "InvalidSnapshotId.NotFound"
        "The specified snapshot is not exists."
        => "Check the id, and that RegionId is the region of the snapshot."
        then [List("snapshot")];
    COPY_NAME_MALFORMED = 403 "InvalidSnapshotName.Malformed"
        "The specified SnapshotName is wrongly formed."
        => "Use 2 to 128 characters that begin with a letter, and not with auto.";
    COPY_DESCRIPTION_MALFORMED = 403 "InvalidDescription.Malformed"
        "The specified description is wrongly formed."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    COPY_RETENTION_MALFORMED = 403 "InvalidRetentionDays.Malformed"
        "The specified RetentionDays is not valid."
        => "Use 1 to 65536 days, or leave it out to keep the copy for ever.";
    COPY_IN_SAME_REGION = 403 "InvalidOperation.NotSupportCopyInSameRegion"
        "Copying snapshot in the same region is not supported."
        => "Send another region as DestinationRegionId.";
    COPY_DECRYPTS = 403 "InvalidEncrypted.NotSupportDecrypt"
        "Encrypted snapshot not support copy to decrypt snapshot."
        => "Leave Encrypted out: what is encrypted stays so.";
    COPY_UNDER_WAY = 403 "InvalidOperation.UnfinishedCrossRegionCopy"
        "This disk has unfinished cross-region copy snapshots in the target region."
        => "Wait until DescribeSnapshots of that region shows the copy before this one as accomplished.";
    USAGE_REGION_NOT_FOUND = 403 "InvalidParam.RegionId"
        "The specified region is not exist."
        => "Use a region of DescribeRegions.";
    LINKS_REGION_NOT_VALID = 400 "InvalidRegionId"
        "The specified regionId is invalid."
        => "Use a region of DescribeRegions.";
    LINKS_INSTANCE_NOT_FOUND = 400 "InvalidInstanceId.NotFound"
        "The specified instanceId is not exists."
        => "Check the id, and that the instance belongs to the account of the AccessKey."
        then [List("instance")];
    LINKS_DISK_IDS_NOT_VALID = 400 "InvalidDiskIds"
        "The specified diskIds is invalid."
        => "Send a JSON array of up to 100 ids.";
    LINKS_IDS_NOT_VALID = 400 "InvalidSnapshotLinkIds"
        "The specified snapshotLinkIds is invalid."
        => "Send a JSON array of up to 100 ids.";
    SNAPSHOT_GROUP_NOT_FOUND = 404 "InvalidSnapshotGroup.NotFound"
        "The SnapshotGroupId provided does not exist in our records."
        => "Check the id, the region, and that the group belongs to the account of the AccessKey."
        then [List("snapshot group")];
    GROUP_NAME_NOT_VALID = 400 "InvalidParameter.Name"
        "The specified Name is invalid."
        => "Use 2 to 128 characters that begin with a letter.";
    GROUP_DESCRIPTION_NOT_VALID = 400 "InvalidParameter.Description"
        "The specified Description is invalid."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    GROUP_SNAPSHOT_IN_USE = 403 "SnapshotCreatedDisk"
        "The snapshot that you are trying to delete is in use by one or more Disks."
        => "Delete the disks that were made from snapshots of the group first.";
    GROUP_DISKS_AND_EXCLUDED = 400 "InvalidParam.ExcludeDiskIdsAndDiskIds.Conflict"
        "The use of parameter 'ExcludeDiskIds' and 'DiskIds' at the same time is not supported."
        => "Send DiskId.N, or InstanceId with ExcludeDiskId.N.";
    GROUP_OF_NOTHING = 400 "MissingParamter.InstanceId"
        "The specified InstanceId should not be null."
        => "Send InstanceId or DiskId.N.";
    GROUP_WITHOUT_DISKS = 403 "InvalidInstance.NoDisk"
        "There is no disk mounted on the instance."
        => "Name disks that are on the instance, and leave one of them in.";
    GROUP_TOO_MANY_DISKS = 403 "NumberExceed.TooManyDisks"
        "The number of all disks in the request exceeds."
        => "Use at most 16 disks at a time.";
    GROUP_TOO_LARGE = 403 "CapacityExceed.TooManyDisks"
        "The capacity of all disks in the request exceeds."
        => "Use at most 32 TiB of disks at a time.";
    GROUP_IN_SEVERAL_ZONES = 400 "InvalidDiskIds.NotInSameZone"
        "The specified disks are not in the same availability zone."
        => "Make one group for each zone.";
    GROUP_OF_RUNNING = 400 "IncorrectInstanceStatus"
        "The current status of the instances does not support this operation."
        => "Stop the instances first, or take a snapshot of each disk: Ceph RBD takes none of several \
            disks at one moment yet."
        then [Look("instance"), Call("StopInstance")];
    GROUP_DISK_IN_ARREARS = 403 "DiskInArrears"
        "The specified operation is denied as your disk has expired."
        => "Have the financial lock of the disk removed.";
}
