//! Errors about disks.

use super::errors;

errors! {
    DISK_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The specified disk does not exist."
        => "Check the id, and that the disk belongs to the account of the AccessKey."
        then [List("disk")];
    DISK_STATUS = 403 "IncorrectDiskStatus"
        "The current disk status does not support this operation."
        => "Wait until DescribeDisks shows the status that the action needs."
        then [Look("disk")];
    DISK_MUST_BE_AVAILABLE = 403 "IncorrectDiskStatus"
        "The current status of the disk does not support this operation. The expected disk status is Available."
        => "Wait until DescribeDisks shows Available; detach the disk first if it is In_use."
        then [Look("disk"), Call("DetachDisk")];
    DISK_INITIALIZING = 403 "IncorrectDiskStatus.Initializing"
        "The current disk status does not support this operation."
        => "Wait until the disk is no longer Creating."
        then [Look("disk")];
    DISK_DETACHING_FROM_THIS = 403 "InvalidOperation.DiskDetachingFromThisEcs"
        "The specified disk is detaching from this ecs."
        => "Nothing to do: the detach is under way. Wait for Available."
        then [Look("disk")];
    DISK_ALREADY_DETACHED = 404 "InvalidDisk.AlreadyDetached"
        "The specified disk has been detached."
        => "Nothing to do: the disk is Available."
        then [Look("disk")];
    DISK_NOT_PORTABLE = 403 "DiskNotPortable"
        "The specified disk is not a portable disk."
        => "Turn a subscription disk into pay-as-you-go with ModifyDiskChargeType; local disks stay where they are."
        then [Look("disk"), Call("ModifyDiskChargeType")];
    DISK_NOT_ON_INSTANCE = 403 "DependencyViolation"
        "The specified disk has not been attached on the specified instance."
        => "Name the instance that DescribeDisks shows for the disk."
        then [Look("disk")];
    DISK_IS_SYSTEM = 403 "DiskTypeViolation"
        "The specified disk is a system disk and cannot support the operation."
        => "Use a data disk, or stop the instance first."
        then [Call("StopInstance")];
    DISKS_DETACHING_EXCEEDED = 400 "DisksDetachingOnEcsExceeded"
        "The number of disks detaching on the instance exceeds the limit."
        => "Wait until one of the instance's detaches has finished."
        then [Look("instance")];
    DISKS_ATTACHING_EXCEEDED = 400 "OperationConflict.DisksAttachingParallellyExceed"
        "The number of disks attaching parallelly exceeds the limit."
        => "Wait until one of the instance's attaches has finished."
        then [Look("instance")];
    MULTI_ATTACH_DELETE_WITH_INSTANCE = 403 "DeleteWithInstance.Conflict"
        "Multi attach disk cannot be set to DeleteWithInstance attribute."
        => "Leave DeleteWithInstance out for a multi-attach disk; it does not go with any instance.";
    EPHEMERAL_DELETE_WITH_INSTANCE = 403 "InvalidParameter.DeleteWithInstance"
        "The DeleteWithInstance for the elastic ephemeral disk must be set to true."
        => "Send DeleteWithInstance=true for an elastic ephemeral disk.";
    SYSTEM_DISK_IMAGE_GONE = 404 "InvalidDiskId.OperationNotSupported"
        "The operation is not supported due to base image not exist."
        => "The image of the instance is gone; its system disk has to stay.";
    HOT_DETACH_UNSUPPORTED = 400 "InvalidOperation.InstanceTypeNotSupport"
        "The instance type of the specified instance does not support hot detach disk."
        => "Stop the instance, then detach."
        then [Call("StopInstance")];
    HOT_ATTACH_UNSUPPORTED = 400 "InvalidOperation.InstanceTypeNotSupport"
        "The instance type of the specified instance does not support hot attach disk."
        => "Stop the instance, then attach."
        then [Call("StopInstance")];
    DISK_NAME_MALFORMED = 400 "InvalidDiskName.Malformed"
        "The specified disk name is wrongly formed."
        => "Use 2 to 128 characters that begin with a letter.";
    DISKS_EXCEEDED = 403 "InstanceDiskLimitExceeded"
        "The amount of the disk on instance in question reach its limits."
        => "Detach a disk first, or use an instance type that holds more disks."
        then [Look("instance"), Call("DetachDisk")];
    DEVICE_MALFORMED = 400 "InvalidDevice.Malformed"
        "The specified device is not valid."
        => "Use /dev/xvdb to /dev/xvdz, or leave Device out.";
    DEVICE_IN_USE = 403 "InvalidDevice.InUse"
        "The specified device has been occupied."
        => "Use another device name, or leave Device out.";
    NOT_IN_SAME_ZONE = 403 "ResourcesNotInSameZone"
        "The specified instance and disk are not in the same zone."
        => "Use a disk of the instance's zone."
        then [Look("disk"), Look("instance")];
    CATEGORY_UNSUPPORTED_BY_TYPE = 403 "InvalidInstanceType.NotSupportDiskCategory"
        "The instanceType of the specified instance does not support this disk category."
        => "Use a category that DescribeAvailableResource shows for the instance type.";
    MULTI_ATTACH_UNSUPPORTED_BY_TYPE = 403 "InvalidInstanceType.NotSupportMultiAttachDisk"
        "The instanceType of the specified instance does not support multi attach disk."
        => "Use an instance type with NVMe, such as one of the 8th generation.";
    ATTACHMENTS_EXCEEDED = 403 "DiskAttachedNumberExceeded"
        "The attaching times of the specified disk exceeded."
        => "Detach the disk from one of its instances first."
        then [Look("disk"), Call("DetachDisk")];
    MULTI_ATTACH_AS_SYSTEM = 403 "InvalidOperation.CanNotAttachMultiAttachDiskAsSystemDisk"
        "Multi attach disk can not be attached as system disk."
        => "Leave Bootable out.";
    DISK_NOT_BOOTABLE = 400 "InvalidDisk.DiskNotBootable"
        "The specified disk is not a bootable disk, can not be attached as system disk."
        => "Only a disk that was a system disk can be one again.";
    NOT_ORIGIN_INSTANCE = 400 "InvalidInstance.NotOriginInstance"
        "The specified disk can not attached to other instance as system disk."
        => "Attach it with Bootable=true to the instance that it came from.";
    LOGIN_NEEDED = 403 "InvalidParameter.AllEmpty"
        "The current operation requires either a password or a keyPairName to must be provided. Please ensure that at least one of them is not empty."
        => "Send Password or KeyPairName with Bootable=true.";
    EPHEMERAL_ELSEWHERE = 403 "InvalidOperation.OtherInstanceUnsupported"
        "The elastic ephemeral disk can only be attached to the instance it was last mounted on, please check the disk's system tag to get the last associated instance."
        => "Attach it to the instance that it came from.";
    FORCE_CATEGORY = 400 "InvalidParameterForce.DiskCategoryNotSupported"
        "The specified disk category does not support force attach operation."
        => "Leave Force out; detach the disk first.";
    FORCE_PREPAID = 400 "InvalidParameterForce.PrepaidDiskNotSupported"
        "The prepaid disk does not support force attach operation."
        => "Leave Force out; detach the disk first.";
    FORCE_MULTI_ATTACH = 400 "InvalidParameterForce.MultiAttachDiskNotSupported"
        "The multi attach disk does not support force attach operation."
        => "Leave Force out: a multi-attach disk can be on several instances.";
    FORCE_SAME_ZONE = 403 "InvalidInstance.ZoneConflict"
        "The force attach operation is not supported when both the current and target instances are in the same zone."
        => "Attach it to an instance of another zone, or detach it first.";
    DISK_IN_ARREARS = 403 "DiskInArrears"
        "The specified operation is denied as your disk owing fee."
        => "Have the financial lock of the disk removed.";
    DISK_IDS_NOT_VALID = 400 "InvalidParameter.DiskIds"
        "The specified parameter diskIds is not valid."
        => "Send a JSON array of ids, such as [\"d-1\",\"d-2\"].";
    DISK_IDS_EXCEEDED = 403 "InvalidDiskIds.Malformed"
        "The amount of specified disk Ids exceeds the limit."
        => "Name at most 100 disks.";
    DISK_STATUS_UNKNOWN = 400 "InvalidStatus.ValueNotSupported"
        "The specified disk status is not supported."
        => "Use one of the statuses of DescribeDisks.";
    DISK_TYPE_UNKNOWN = 400 "InvalidDiskType.ValueNotSupported"
        "The specified disk type is not supported."
        => "Use all, system or data.";
    DISK_CATEGORY_UNKNOWN = 400 "InvalidCategory.ValueNotSupported"
        "The specified disk category is not supported."
        => "Use one of the categories of DescribeDisks, or all.";
    DISK_CHARGE_TYPE_UNKNOWN = 404 "InvalidDiskChargeType.NotFound"
        "The DiskChargeType does not exist in our records."
        => "Use PrePaid or PostPaid.";
    MULTI_ATTACH_NOT_VALID = 403 "InvalidParameter.MultiAttach"
        "The specified param MultiAttach is not valid."
        => "Use Disabled or Enabled. Disks in Ceph RBD are on one instance each: leave it out for them.";
    SIZE_OR_SNAPSHOT = 400 "MissingParameter"
        "The input parameter either \"SnapshotId\" or \"Size\" should be specified."
        => "Send Size.";
    SIZE_NOT_SUPPORTED = 400 "InvalidDiskSize.NotSupported"
        "The specified parameter size is not valid."
        => "Use a size that the category allows.";
    LEVEL_SIZE_MISMATCH = 403 "OperationDenied.PerformanceLevelNotMatch"
        "The specified PerformanceLevel and Size do not match."
        => "PL0 begins at 1 GiB, PL1 at 20, PL2 at 461, PL3 at 1261.";
    LEVEL_MALFORMED = 400 "InvalidPerformanceLevel.Malformed"
        "The specified parameter PerformanceLevel is not valid."
        => "Use PL0, PL1, PL2 or PL3.";
    CATEGORY_MALFORMED = 400 "InvalidDiskCategory.ValueNotSupported"
        "The specified parameter \"DiskCategory\" is not valid."
        => "Use one of the categories of CreateDisk.";
    CATEGORY_NOT_SOLD = 400 "InvalidDataDiskCategory.NotSupported"
        "Specified disk category is not supported."
        => "Use a category that DescribeZones shows for the zone.";
    ZONE_AND_INSTANCE = 403 "InvalidParam.ZoneIdAndInstanceId.Conflict"
        "The specified parameter 'ZoneId' and 'InstanceId' are not blank at the same time."
        => "Send one of the two.";
    INSTANCE_NOT_SUBSCRIPTION = 403 "InvalidInstanceChargeType.ValueNotSupported"
        "The InstanceChargeType does not support this action."
        => "Leave InstanceId out for a pay-as-you-go disk.";
    MULTI_ATTACH_AND_INSTANCE = 403 "InvalidParameter.MultiAttachAndInstanceIdConflict"
        "The parameter MultiAttach and InstanceId are conflict."
        => "Send one of the two.";
    MULTI_ATTACH_CATEGORY = 403 "InvalidParameter.DiskCategoryAndMultiAttachNotMatch"
        "The specified disk category does not support multi attach enabled."
        => "Use an ESSD category.";
    KMS_WITHOUT_ENCRYPTED = 400 "InvalidParameter.EncryptedIllegal"
        "The specified parameter Encrypted must be true when kmsKeyId is not empty."
        => "Send Encrypted=true.";
    KEY_DISABLED = 403 "InvalidParameter.KMSKeyId.CMKNotEnabled"
        "The CMK needs to be enabled."
        => "Use a key that is Enabled: this one is to be deleted.";
    KEY_NOT_FOUND = 404 "InvalidParameter.KMSKeyId.NotFound"
        "The specified KMSKeyId does not exist."
        => "Use a key of the region that ListKeys tells, or disks and snapshots with such a key."
        then [List("key")];
    ENCRYPTED_NOT_SUPPORTED = 403 "InvalidParameter.EncryptedNotSupported"
        "The current disk category does not support encryption. If encryption is required, please switch to a different disk category."
        => "Leave out Encrypted or MultiAttach: an encrypted disk of real machines is on one of them, \
            and disks in Ceph RBD are not encrypted.";
    SPEC_KEY_DISABLED = 403 "InvalidOperation.CMKNotEnabled"
        "The CMK (Customer Master Key) must be in an active state."
        => "Leave the disk as it is: its key is to be deleted, or gone.";
    DISK_KEY_NOT_FOUND = 404 "InvalidKMSKeyId.NotFound"
        "The KMS key used by the disk does not exist."
        => "Use a disk whose key is there: that of this one was deleted.";
    IOPS_CATEGORY = 400 "ProvisionedIopsForDiskCategoryUnsupported"
        "The specified disk category does not support provisioned iops."
        => "Use cloud_auto.";
    IOPS_EXCEEDED = 400 "InvalidProvisionedIops.LimitExceed"
        "The provisioned iops exceeds the limit."
        => "At most 50000, and at most 1000 a GiB less the baseline.";
    BURSTING_CATEGORY = 400 "BurstingEnabledForDiskCategoryUnsupported"
        "The specified disk category does not support bursting enabled."
        => "Use cloud_auto.";
    BURSTING_MULTI_ATTACH = 400 "BurstingEnabledForMultiAttachDiskUnsupported"
        "The multi attach disk does not support bursting enabled."
        => "Leave one of the two out.";
    BURSTING_SIZE = 400 "InvalidBurstingEnabled.DiskSizeTooSmall"
        "The disk size must be greater than 3 GiB to enable burst."
        => "Use at least 4 GiB.";
    DISK_DELETE_PROTECTED = 403 "InvalidDiskStatus.DeleteProtection"
        "The specified disk is under delete protection, can not be deleted."
        => "It was the system disk of an instance that still exists; release that first."
        then [Look("disk"), Call("DetachDisk")];
    DISK_ID_OR_IDS = 400 "MissingParameter.DiskIdOrDiskIds"
        "Specified parameter DiskId or DiskIds is missing."
        => "Send DiskId or DiskIds.";
    DISK_ID_AND_IDS = 400 "ParameterConflict.DiskIdAndDiskIds"
        "Specified parameter DiskId and DiskIds conflict, only one can be chosen."
        => "Send one of the two.";
    NOTHING_TO_MODIFY = 400 "NoAttributeToModify"
        "No attribute to be modified in this request."
        => "Send at least one attribute to change.";
    DISK_STATUS_UNSUPPORTED = 403 "IncorrectDiskStatus"
        "The operation is not supported in this status."
        => "Wait until the disk is no longer Creating. AttachDisk with Force: the instance that has the disk may \
            still write to it; stop it, or make sure with `diskdock admin instances fence`."
        then [Look("disk")];
    MISSING_REGION_ID = 400 "MissingParameter.RegionId"
        "RegionId should not be null."
        => "Send RegionId.";
    REGION_NOT_PROVIDED = 404 "InvalidRegionId.NotFound"
        "The RegionId provided does not exist."
        => "Use a region of DescribeRegions."
        then [List("region")];
    MISSING_INSTANCE_ID = 400 "MissingParameter.InstanceIdNotSupported"
        "InstanceId should not be null."
        => "Send InstanceId.";
    INSTANCE_ID_NOT_FOUND = 400 "InvalidInstanceId.NotFound"
        "The specified InstanceId does not exist."
        => "Check the id, the region, and that the instance belongs to the account of the AccessKey."
        then [List("instance")];
    DISKS_NOT_FOUND = 404 "InvalidDiskIds.NotFound"
        "Some of the specified data disks do not exist."
        => "Check the ids, and that the disks belong to the account of the AccessKey."
        then [List("disk")];
    CHARGE_TYPE_OF_INSTANCE = 400 "ChargeTypeViolation"
        "The operation is not permitted due to charge type of the instance."
        => "Use a subscription instance.";
    CHARGE_TYPE_OF_DISK = 400 "ChargeTypeViolation"
        "The operation is not permitted due to charge type of the disk."
        => "Nothing to do: the disk is paid for so already.";
    CHARGE_TYPE_REST = 400 "Throttling"
        "Request was denied due to request throttling, please try again after 5 minutes."
        => "Switch the disk again five minutes after its last switch.";
    INSTANCE_EXPIRED = 400 "InstanceExpiredOrInArrears"
        "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode)."
        => "Renew the instance, or have its financial lock removed.";
    INSTANCE_STATUS_INVALID = 404 "InvalidInstanceStatus.NotSupported"
        "The status of the specified instance is invalid."
        => "Wait until the instance is Running or Stopped."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    MULTI_ATTACH_NOT_HERE = 403 "InvalidOperation.MultiAttachDisk"
        "Multi attach disk does not support this operation."
        => "Leave multi-attach disks out; they stay pay-as-you-go.";
    DISK_IS_DETACHED_SYSTEM = 400 "InvalidDisk.DetachedSystemDisk"
        "The specified disk is a detached system disk, does not support this operation."
        => "Leave the disk out, or attach it as a system disk again first.";
    DISK_GROWING = 403 "InvalidOperation.Conflict"
        "The operation conflicts with another one of the disk that is still processing."
        => "Wait until the resize or the snapshot of the disk has ended, then try again."
        then [Look("disk")];
    LAST_ORDER_PROCESSING = 400 "LastOrderProcessing"
        "The previous order is still processing, please try again later."
        => "Wait a moment until the resize before this one has ended, then try again."
        then [Look("disk")];
    RESIZE_TYPE_UNKNOWN = 400 "InvalidParam.Type"
        "The specified type is not supported."
        => "Use offline or online.";
    DISK_TYPE_UNSUPPORTED = 403 "OperationDenied"
        "The type of the disk does not support the operation."
        => "Local disks keep the size that comes with the instance type.";
    NEW_SIZE_TOO_SMALL = 400 "InvalidParameter"
        "The specified parameter \"NewSize\" is not valid."
        => "Use at least what the category allows, and more than the Size that DescribeDisks shows.";
    NEW_SIZE_NOT_LARGER = 403 "InvalidDiskSize"
        "Specified new disk size is less than or equal the original disk size."
        => "Use more than the Size that DescribeDisks shows; a disk does not shrink."
        then [Look("disk")];
    NEW_SIZE_TOO_LARGE = 403 "InvalidDiskSize.TooLarge"
        "Specified new disk size is beyond the permitted range."
        => "Use at most what the category allows.";
    MULTI_ATTACH_ONLINE = 403 "InvalidOperation.MultiAttachDiskNotSupportResizeOnline"
        "Multi attach disk does not support resize online."
        => "Use Type=offline.";
    NOT_RUNNING_FOR_ONLINE = 403 "InvalidInstanceStatus.NotRunning"
        "The status of instance to which the disk attachs must be running when resizing online."
        => "Use Type=offline, or start the instance first."
        then [Call("StartInstance")];
    DISKS_NOT_ON_INSTANCE = 400 "InvalidOperation.DiskMustAttachedToInstance"
        "The specified data disks must have been attached to this instance."
        => "Attach the disks to the instance first, and leave its system disk out.";
    DISKS_NOT_PORTABLE = 404 "InvalidDiskIds.NotPortable"
        "The specified disk is not portable."
        => "Leave local disks out; they are paid for together with their instance.";
    LEVEL_FOR_CATEGORY = 400 "InvalidPerformanceLevelParam.Mismatch"
        "The specified parameter PerformanceLevel should be null when DiskCategory is not cloud_essd."
        => "Leave PerformanceLevel out, or send DiskCategory=cloud_essd.";
    NO_CONTROL_OPTIONS = 403 "InvalidPerformanceParameter.DiskNotInDedicatedStorageCluster"
        "The specified disk not in dedicated storage cluster, can not modify performance control options."
        => "Leave PerformanceControlOptions out; there are no dedicated clusters here.";
    NO_DESTINATION_ZONE = 400 "InvalidDestinationZoneId.DiskCategoryUnsupported"
        "The specified disk category does not allow the DestinationZoneId parameter for this operation."
        => "Leave DestinationZoneId out; a disk stays in its zone.";
    DISK_NOT_READY = 403 "InvalidStatus.DiskNotReady"
        "This specified disk is not ready, status needs to be either In_use or Available."
        => "Wait until DescribeDisks shows Available or In_use."
        then [Look("disk")];
    INSTANCE_NOT_STABLE = 400 "InvalidOperation.InstanceStatusUnsupported"
        "The specified instance status is not supported for this operation, expect status is Running or Stopped."
        => "Wait until the instance is Running or Stopped."
        then [Look("instance")];
    CATEGORY_STAYS = 403 "InvalidDiskCategory.ValueNotSupported"
        "The current disk category of the resource does not support this operation."
        => "Basic, regional, elastic ephemeral and local disks stay what they are.";
    NEW_CATEGORY_NOT_SOLD = 403 "InvalidDiskCategory.NotSupported"
        "The specified disk category is not supported."
        => "Use a category that DescribeZones shows for the zone, and that allows the disk's size.";
    NEW_LEVEL_SIZE_MISMATCH = 403 "OperationDenied.PerformanceLevelNotMatch"
        "The specified PerformanceLevel and disk size do not match."
        => "PL0 begins at 1 GiB, PL1 at 20, PL2 at 461, PL3 at 1261; resize the disk first.";
    DOWNGRADE = 403 "Downgrade.NotSupported"
        "Downgrade operation for prepay resource is not supported."
        => "Turn the disk into pay-as-you-go with ModifyDiskChargeType first.";
    LEVEL_TOO_LOW = 403 "InvalidPerformanceLevel.TooLow"
        "Specified new performance level is lower than the original performance level."
        => "A subscription disk only rises; a pay-as-you-go disk does not fall to PL0.";
    SPEC_UNCHANGED = 403 "NoChangeInDiskCategoryAndPerformanceLevel"
        "There is no change between the parameters transmitted and the current."
        => "Nothing to do: the disk is as asked for.";
    DETACHED_SYSTEM_DISK = 403 "InvalidDisk.DetachedSystemDisk"
        "The specified resource is/has a detached system disk {} , not support current operation."
        => "Attach the disk as a system disk again first.";
    TOKEN_SIGNATURE_MISMATCH = 400 "Idempotence.SignatureMismatch"
        "There is a idempotence signature mismatch between this and last request."
        => "Use a new ClientToken for a new request.";
    CATEGORY_NOT_FOR_THIS = 400 "DiskCategory.OperationNotSupported"
        "The operation is not supported to the specified disk due to its disk category."
        => "Use a cloud disk that is not elastic ephemeral; for a snapshot group, an ESSD of any kind.";
    INSTANT_ACCESS_SNAPSHOTS = 400 "DiskHasSnapshotsWithInstantAccessEnabled.OperationNotSupported"
        "The operation is not supported to the specified disk that have snapshots with InstantAccess enabled."
        => "Turn the instant access of its snapshots off with ModifySnapshotAttribute first.";
    SOURCE_SNAPSHOT_GONE = 403 "InvalidSourceSnapshot"
        "The source snapshot of the disk has been deleted and cannot support the current operation."
        => "Set the disk back to one of its own snapshots with ResetDisk instead.";
    IMAGE_OF_DISK_GONE = 404 "InvalidDiskId.OperationNotSupported"
        "The operation is not supported due to image not exist."
        => "Set the disk back to one of its own snapshots, or replace it with ReplaceSystemDisk.";
    SNAPSHOT_OF_OTHER_DISK = 403 "InvalidParameter.Mismatch"
        "The specified snapshot is not created from the specified disk."
        => "Use a snapshot whose SourceDiskId is the disk; make a new disk from any other.";
    SNAPSHOT_ENCRYPTED_DISK_NOT = 403 "InvalidParameter.Mismatch"
        "Non-encrypted disk can not be reset by encrypted snapshot."
        => "Make a new disk from the snapshot.";
    DISK_RESET_IN_PROGRESS = 403 "InvalidOperation.DiskResetInProgress"
        "The operation cannot be performed because the disk has an ongoing reset task, please try again later."
        => "Wait until the disk is no longer ReIniting."
        then [Look("disk")];
    DISK_HAS_UNFINISHED_SNAPSHOT = 403 "IncorrectDiskStatus.HasUnfinishedSnapshot"
        "The current disk has unfinished snapshot."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished."
        then [Look("disk"), List("snapshot")];
    RESET_CONFLICT = 403 "Operation.Conflict"
        "The operation may conflicts with others."
        => "Wait a moment until the resize or change of spec of the disk has ended.";
    DISK_FOR_SYSTEM_DISK = 400 "InvalidDatadisk.DiskCategoryViolation"
        "The operation is not permitted due to category of the Datadisk."
        => "Leave DiskId out and send ImageId: data disks do not become system disks here.";
    MONITOR_DISK_NOT_FOUND = 404 "InvalidDiskId.NotFound"
        "The DiskId provided does not exist in our records."
        => "Check the id, and that the disk belongs to the account of the AccessKey."
        then [List("disk")];
    MONITOR_START_MALFORMED = 400 "InvalidStartTime.Malformed"
        "The specified parameter \"StartTime\" is not valid."
        => "Use a time in UTC such as 2026-01-02T03:04:05Z.";
    MONITOR_END_MALFORMED = 400 "InvalidEndTime.Malformed"
        "The specified parameter \"EndTime\" is not valid."
        => "Use a time in UTC such as 2026-01-02T03:04:05Z.";
    MONITOR_PERIOD_NOT_VALID = 400 "InvalidPeriod.ValueNotSupported"
        "The specified parameter \"Period\" is not valid."
        => "Use 60, 600 or 3600.";
    MONITOR_START_TOO_EARLY = 400 "InvalidStartTime.TooEarly"
        "The specified parameter \"StartTime\" is too early."
        => "Use a time of the last 30 days.";
    MONITOR_END_BEFORE_START = 400 "InvalidParameter.EndTime"
        "The specified parameter EndTime is earlier than StartTime."
        => "Use an EndTime that is not before StartTime.";
    MONITOR_TOO_MUCH = 400 "InvalidParameter.TooManyDataQueried"
        "Too many data queried."
        => "Ask for at most 400 periods at a time.";
}
