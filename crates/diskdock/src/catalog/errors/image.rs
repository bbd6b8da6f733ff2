//! Errors about custom images.

use super::errors;

errors! {
    IMAGE_TOKEN_MISMATCH = 400 "IdempotenceParamNotMatch"
        "Request uses a client token in a previous request but is not identical to that request."
        => "Use a new ClientToken for a new request.";
    IMAGE_NAME_MALFORMED = 400 "InvalidImageName.Malformed"
        "The specified Image name is wrongly formed."
        => "Use 2 to 128 characters that begin with a letter, and neither with aliyun nor with acs:.";
    IMAGE_NAME_TAKEN = 400 "InvalidImageName.Duplicated"
        "The specified Image name has already bean used."
        => "Use another name, or delete the image that has it.";
    IMAGE_DESCRIPTION_MALFORMED = 400 "InvalidDescription.Malformed"
        "The specified description is wrongly formed."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    IMAGE_VERSION_MALFORMED = 400 "InvalidImageVersion.Malformed"
        "The specified ImageVersion is wrongly formed."
        => "Use up to 40 characters.";
    IMAGE_FAMILY_MALFORMED = 400 "InvalidImageFamily.Malformed"
        "The format of the specified image family is invalid."
        => "Use 2 to 128 characters that begin with a letter, and neither with aliyun nor with acs:.";
    NEW_IMAGE_FAMILY_MALFORMED = 400 "InvalidImageFamily.Malformed"
        "The specified parameter \"ImageFamily\" is malformed."
        => "Use 2 to 128 characters that begin with a letter, and neither with aliyun nor with acs:.";
    NEW_IMAGE_BOOT_MODE = 400 "InvalidBootMode.NotSupport"
        "The specified parameter BootMode is not supported."
        => "Use UEFI for arm64; of x86_64, BIOS, UEFI or UEFI-Preferred.";
    IMAGE_BOOT_MODE_IN_USE = 403 "OperationDeined.ImageUsingByInstance"
        "The boot mode of the image cannot be modified because it has associated instances."
        => "Leave BootMode out, or release the instances that were made from the image.";
    IMAGE_LICENSE_NOT_SUPPORTED = 400 "InvalidLicenseType.NotSupported"
        "The specified parameter LicenseType is not supported."
        => "Use BYOL, or leave LicenseType out.";
    IMAGE_STATUS_NOT_AVAILABLE = 403 "ImageStatus.NotAvailable"
        "The specified image status is not available."
        => "Only an image that DescribeImages shows as Available can be deprecated.";
    IMAGE_STATUS_NOT_DEPRECATED = 403 "ImageStatus.NotDeprecated"
        "The specified image status is not deprecated."
        => "Only a Deprecated image can be made Available.";
    IMAGE_PLATFORM_MALFORMED = 400 "InvalidPlatform.Malformed"
        "The specified Platform is wrongly formed."
        => "Use a platform such as Debian, Ubuntu or Windows Server 2022.";
    NEW_IMAGE_ARCHITECTURE_MALFORMED = 400 "InvalidArchitecture.Malformed"
        "The specified Architecture is wrongly formed."
        => "Use x86_64 or arm64; no instance type runs i386.";
    IMAGE_BOOT_MODE = 400 "InvalidBootMode.NotSupport"
        "The specified parameter BootMode is not supported for current image architecture."
        => "Use UEFI for arm64; of x86_64, BIOS, UEFI or UEFI-Preferred.";
    IMAGE_OF_NOTHING = 400 "MissingParameter"
        "The input parameter SnapshotId or InstanceId or DiskDeviceMapping that is mandatory for processing this request is not supplied."
        => "Send one of them.";
    IMAGE_QUOTA = 403 "QuotaExceed.Image"
        "The Image Quota exceeds."
        => "Delete custom images that are not needed; there can be 100 in a region.";
    IMAGE_INSTANCE_LOCKED = 400 "InstanceLockedForSecurity"
        "The specified operation is denied as your instance is locked for security reasons."
        => "Have the lock removed; see OperationLocks in DescribeInstances.";
    IMAGE_INSTANCE_STATUS = 400 "IncorrectInstanceStatus"
        "The current status of the instance does not support this operation."
        => "Wait until the instance is Running or Stopped."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    IMAGE_SHARED_DISK = 403 "IncorrectDiskStatus.Invalid"
        "Device status is invalid, please restart instance and try again."
        => "Real machines make a snapshot of a disk only while one of them has it: detach it from its other instances first.";
    IMAGE_SNAPSHOT_NOT_READY = 403 "InvalidSnapshotId.NotReady"
        "The current status of the DiskDeviceMapping.n.SnapshotId or SnapshotId does not support this operation."
        => "Wait until DescribeSnapshots shows the snapshot as accomplished."
        then [Look("snapshot")];
    IMAGE_SNAPSHOT_UNFIT = 403 "OperationDenied"
        "The specified snapshot is not allowed to create image."
        => "SnapshotId has to be that of a system disk. That of a data disk becomes the system disk by DiskDeviceMapping with DiskType system, Platform and Architecture. With real machines, the imported image that the system came from has to be there: make the image from the instance, or import that one again.";
    IMAGE_WITHOUT_SYSTEM_SNAPSHOT = 400 "OperationDenied"
        "The specified parameter DiskDeviceMapping.n.SnapshotId does not contain system disk snapshot."
        => "Name the snapshot of a system disk in one of the DiskDeviceMappings.";
    IMAGE_WITH_SEVERAL_SYSTEMS = 400 "OperationDenied"
        "The specified parameter DiskDeviceMapping.n.SnapshotId contains two or more system disk snapshots."
        => "Send DiskType data for all but one of them.";
    IMAGE_DEVICE_MALFORMED = 400 "InvalidDevice.Malformed"
        "The specified parameter DiskDeviceMapping.n.Device is not valid."
        => "Use /dev/xvda for the system disk, /dev/xvdb to /dev/xvdz for data disks, or leave it out.";
    IMAGE_DEVICE_IN_USE = 400 "InvalidDevice.InUse"
        "The specified parameter DiskDeviceMapping.n.Device has been occupied."
        => "Use every device name once.";
    IMAGE_SIZE_NOT_SUPPORTED = 400 "InvalidSize.ValueNotSupported"
        "The specified parameter DiskDeviceMapping.n.Size beyond the permitted range."
        => "Use at least the size of the snapshot; 20 to 32768 GiB, or up to 2048 GiB for the system disk.";
    IMAGE_NOT_AVAILABLE = 403 "OperationDenied.ImageNotValid"
        "The specified image is not available, please check the status of the image."
        => "Wait until DescribeImages shows the image as Available."
        then [List("image")];
    IMAGE_WITH_DATA_DISKS = 400 "OperationDenied"
        "The specified image contains the snapshot of the data disk,does not support this operation."
        => "Use an image of a system disk alone.";
    IMAGE_IN_USE = 403 "ImageUsingByInstance"
        "The specified image has been used to create instances."
        => "Send Force=true, or release the instances first.";
    IMAGE_CREATING = 403 "ImageIsCreating"
        "The specified image is being created."
        => "Wait until DescribeImages shows it as Available or CreateFailed."
        then [List("image")];
    SNAPSHOT_OF_IMAGE = 403 "SnapshotCreatedImage"
        "The snapshot has been used to create user defined image(s)."
        => "Delete the images first.";
}
