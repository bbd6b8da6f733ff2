//! Errors about automatic snapshot policies.

use super::errors;

errors! {
    POLICY_REGION_NOT_VALID = 403 "ParameterInvalid"
        "The specified RegionId parameter is invalid."
        => "Use a region of DescribeRegions.";
    POLICY_NAME_MALFORMED = 400 "InvalidSnapshotPolicyName.Malformed"
        "The specified autoSnapshotPolicyName is wrongly formed."
        => "Use 2 to 128 characters that begin with a letter, and not with auto.";
    POLICY_HOURS_NOT_VALID = 403 "ParameterInvalid"
        "The specified TimePoints parameter is invalid."
        => "Send a JSON array of hours, such as [\"1\",\"13\"].";
    POLICY_WEEKDAYS_NOT_VALID = 403 "ParameterInvalid"
        "The specified RepeatWeekDays parameter is invalid."
        => "Send a JSON array of days, 1 for Monday, such as [\"1\",\"7\"].";
    POLICY_RETENTION_NOT_VALID = 403 "ParameterInvalid"
        "The specified RetentionDays parameter is invalid."
        => "Use 1 to 65536 days, or -1 to keep snapshots for ever.";
    POLICY_COPY_RETENTION_NOT_VALID = 403 "InvalidParameter.CopiedSnapshotsRetentionDays"
        "The specified CopiedSnapshotsRetentionDays is invalid."
        => "Leave it out; no copies are made here.";
    POLICY_COPIES_NOT_HERE = 403 "Abs.InvalidAction.RegionNotSupport"
        "This region does not support this action."
        => "Leave EnableCrossRegionCopy out: policies make no copies here, CopySnapshot does.";
    POLICY_QUOTA = 403 "AutoSnapshotPolicy.QuotaExceed"
        "The maximum number of automatic snapshot policy has been reached."
        => "Delete a policy; a region can have 100 of an account.";
    POLICY_NOT_FOUND = 404 "ParameterInvalid"
        "The specified automatic snapshot policy does not exist."
        => "Check the id, and that the policy belongs to the account of the AccessKey.";
    POLICY_NOT_IN_REGION = 404 "ParameterInvalid"
        "The specified automatic snapshot policy does not exist in the region."
        => "Send the region that the policy is in.";
    POLICY_DISK_IDS_NOT_VALID = 403 "ParameterInvalid"
        "The specified DiskIds are invalid."
        => "Send a JSON array of 1 to 100 ids.";
    POLICY_DISK_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The specified disk does not exist in the region."
        => "Check the ids, and that the disks are in the region of the policy."
        then [List("disk")];
    POLICY_DISKS_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The specified DiskIds are not found."
        => "Check the ids, and that the disks are in the region."
        then [List("disk")];
    NO_SNAPSHOTS_OF_SOME = 400 "PartofDiskCategory.OperationNotSupported"
        "The types of some disks in the disk list do not support creating snapshots."
        => "Leave local and elastic ephemeral disks out.";
}
