//! Errors about instances.

use super::errors;

errors! {
    INSTANCE_NOT_FOUND = 404 "InvalidInstanceId.NotFound"
        "The specified InstanceId does not exist."
        => "Check the id, and that the instance belongs to the account of the AccessKey."
        then [List("instance")];
    INSTANCE_STATUS = 403 "IncorrectInstanceStatus"
        "The current status of the resource does not support this operation."
        => "Wait until DescribeInstances shows the status that the action needs."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    INSTANCE_LOCKED_FOR_SECURITY = 403 "InstanceLockedForSecurity"
        "The instance is locked due to security."
        => "Have the lock removed; see OperationLocks in DescribeInstances."
        then [Look("instance")];
    INSTANCE_NAME_MALFORMED = 400 "InvalidInstanceName.Malformed"
        "The specified parameter \"InstanceName\" is not valid."
        => "Use 2 to 128 characters that begin with a letter.";
    INSTANCE_STATUS_FOR_ATTACH = 400 "IncorrectInstanceStatus"
        "The current status of the resource does not support this operation."
        => "Wait until the instance is Running or Stopped; for a system disk, stop it."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    INSTANCE_IN_ARREARS = 403 "InstanceExpiredOrInArrears"
        "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode)."
        => "Have the financial lock of the instance removed.";
    INSTANCE_LOCKED_FOR_POWER = 403 "InstanceLockedForSecurity"
        "The specified operation is denied as your instance is locked for security reasons."
        => "Have the lock removed; see OperationLocks in DescribeInstances."
        then [Look("instance")];
    INSTANCE_INITIALIZING = 403 "IncorrectInstanceStatus.Initializing"
        "The specified instance status does not support this operation."
        => "Wait until the instance is no longer Pending or Starting."
        then [Look("instance")];
    INSTANCE_WITHOUT_SYSTEM_DISK = 400 "InvalidInstance.NotFoundSystemDisk"
        "The specified instance does not have system disk."
        => "Attach its system disk again with AttachDisk and Bootable=true.";
    INSTANCE_DISK_IN_TRANSIT = 403 "DiskError"
        "IncorrectDiskStatus."
        => "Wait until no disk of the instance is Attaching, Detaching or ReIniting."
        then [Look("instance")];
    HIBERNATION_NOT_ENABLED = 403 "HibernationConfigured.NotEnabled"
        "The instance hibernation configured option is not enabled."
        => "Leave Hibernate out; this server does not hibernate instances.";
    HIBERNATION_UNSUPPORTED = 400 "HibernationConfigured.InstanceTypeNotSupport"
        "The specified instance type is not support."
        => "Leave HibernationOptions out; this server does not hibernate instances.";
    STOP_CHARGING_PREPAID = 403 "InvalidInstanceId.NotSupport"
        "Pre pay instance does not support this operation."
        => "Leave StoppedMode out, or send KeepCharging.";
    STOP_CHARGING_SPOT = 403 "InvalidInstanceId.NotSupport"
        "Spot instance does not support this operation."
        => "Leave StoppedMode out, or send KeepCharging.";
    STOP_CHARGING_LOCAL_DISKS = 403 "InvalidInstanceId.NotSupport"
        "Local disk instance does not support this operation."
        => "Leave StoppedMode out, or send KeepCharging.";
    DELETION_PROTECTED = 403 "InvalidOperation.DeletionProtection"
        "The operation is not allowed due to deletion protection."
        => "Turn DeletionProtection off with ModifyInstanceAttribute first."
        then [Call("ModifyInstanceAttribute")];
    INSTANCE_CHARGE_TYPE = 403 "ChargeTypeViolation"
        "The operation is not permitted due to charge type of the instance."
        => "Wait until the subscription has ended and send TerminateSubscription=true, or make the \
            instance pay-as-you-go with ModifyInstanceChargeType.";
    NO_INSTANCE_IDS = 403 "InvalidInstanceId.NotFound"
        "InstanceId should not be null."
        => "Send InstanceId.1."
        then [List("instance")];
    TOO_MANY_INSTANCE_IDS = 403 "InvalidParameter.TooManyInstanceIds"
        "Instance ids cannot be more than 100."
        => "Name at most 100 instances.";
    INSTANCE_IDS_MALFORMED = 403 "Abs.InvalidInstanceIds.MalFormed"
        "The specified instanceIds is not valid."
        => "Send ids of instances as InstanceId.1, InstanceId.2 and so on.";
    INSTANCE_IDS_NOT_FOUND = 404 "InvalidInstanceIds.NotFound"
        "The specified InstanceIds does not exist."
        => "Check the ids, and that the instances are in the region and belong to the account."
        then [List("instance")];
    INSTANCE_TYPE_NOT_SUPPORTED = 400 "InvalidInstanceType.ValueNotSupported"
        "The specified InstanceType does not exist or beyond the permitted range."
        => "Use a type of DescribeInstanceTypes."
        then [List("type")];
    MISSING_INSTANCE_TYPE = 400 "MissingParameter"
        "The input parameter InstanceType that is mandatory for processing this request is not supplied."
        => "Send InstanceType.";
    MISSING_IMAGE = 400 "MissingParameter"
        "The input parameter ImageId that is mandatory for processing this request is not supplied."
        => "Send ImageId or ImageFamily.";
    INSTANCE_TYPE_NOT_IN_ZONE = 403 "InvalidInstanceType.ZoneNotSupported"
        "The specified zone does not support this instancetype."
        => "Use a zone that DescribeAvailableResource shows for the type."
        then [List("type")];
    INSTANCE_TYPE_ARCHITECTURE = 400 "InvalidInstanceType.NotSupported"
        "The specified instanceType is not supported by the image architecture."
        => "Use an image of the architecture of the type.";
    INSTANCE_ZONE_NOT_FOUND = 404 "InvalidZoneId.NotFound"
        "The specified zoneId does not exist."
        => "Use a zone of DescribeZones."
        then [List("zone")];
    IMAGE_NOT_FOUND = 404 "InvalidImageId.NotFound"
        "The specified ImageId does not exist."
        => "Use an image of DescribeImages."
        then [List("image")];
    IMAGE_AND_FAMILY = 400 "UnexpectedImageFamily.ImageIdSupplied"
        "The input parameter ImageFamily must be null when image id is set."
        => "Send one of the two.";
    IMAGE_FAMILY_EMPTY = 403 "InvalidImageFamily.MissingAvailableImage"
        "There is no available image related to the specified image family."
        => "Use the ImageFamily of an image of DescribeImages.";
    SYSTEM_CATEGORY_NOT_VALID = 400 "InvalidSystemDiskCategory.ValueNotSupported"
        "The specified parameter \"SystemDisk.Category\" is not valid."
        => "Use a category that can be a system disk and that DescribeAvailableResource shows for the type, such as cloud_essd.";
    SYSTEM_SIZE_NOT_VALID = 404 "InvalidSystemDiskSize"
        "The specified parameter SystemDisk.Size is invalid."
        => "Use a whole number of GiB.";
    SYSTEM_SIZE_BELOW_IMAGE = 404 "InvalidSystemDiskSize.LessThanImageSize"
        "The specified parameter SystemDisk.Size is less than the image size."
        => "Use at least the Size that DescribeImages shows.";
    SYSTEM_SIZE_BELOW_MIN = 404 "InvalidSystemDiskSize.LessThanMinSize"
        "The specified parameter SystemDisk.Size is less than the min size."
        => "Use a size that the category allows.";
    SYSTEM_SIZE_ABOVE_MAX = 404 "InvalidSystemDiskSize.MoreThanMaxSize"
        "The specified parameter SystemDisk.Size is more than the max size."
        => "Use a size that the category allows.";
    DATA_SIZE_NOT_VALID = 400 "InvalidDataDiskSize.ValueNotSupported"
        "The specified DataDisk.n.Size beyond the permitted range, or the capacity of snapshot exceeds the size limit of the specified disk category."
        => "Use a size that the category allows.";
    DATA_CATEGORY_NOT_VALID = 400 "InvalidDataDiskCategory.ValueNotSupported"
        "The specified parameter \"DataDisk.n.Category\" is not valid."
        => "Use a category of cloud disks.";
    DATA_LEVEL_MALFORMED = 400 "InvalidPerformanceLevel.Malformed"
        "The specified parameter DataDisk.n.PerformanceLevel is not valid."
        => "Use PL0, PL1, PL2 or PL3.";
    DATA_LEVEL_SIZE_MISMATCH = 403 "OperationDenied.PerformanceLevelNotMatch"
        "The specified DataDisk.n.PerformanceLevel and DataDisk.n.Size do not match."
        => "PL0 begins at 1 GiB, PL1 at 20, PL2 at 461, PL3 at 1261.";
    DATA_DEVICE_MALFORMED = 400 "InvalidDataDevice.Malformed"
        "The specified parameter \"DataDisk.n.Device\" is not valid."
        => "Use /dev/xvdb to /dev/xvdz, or leave Device out.";
    DATA_SNAPSHOT_NOT_FOUND = 404 "InvalidDataDiskSnapshotId.NotFound"
        "The specified parameter \"DataDisk.n.SnapshotId\" is not valid."
        => "Name a snapshot of DescribeSnapshots."
        then [List("snapshot")];
    DATA_DISKS_EXCEEDED = 400 "InstanceDiskNumber.LimitExceed"
        "The total number of specified disk in an instance exceeds."
        => "Use at most 16 data disks, and no more than the type holds.";
    CATEGORY_NOT_OFFERED = 403 "CategoryNotSupported"
        "The specified zone does not offer the specified disk category."
        => "Use a category that DescribeZones shows for the zone.";
    MIN_AMOUNT_MALFORMED = 400 "InvalidMinAmount.Malformed"
        "The specified parameter MinAmount is not valid."
        => "Use 1 to 100, and no more than Amount.";
    AMOUNT_MALFORMED = 400 "InvalidMaxAmount.Malformed"
        "The specified parameter MaxAmount is not valid."
        => "Use an Amount of 1 to 100.";
    PASSWORD_MALFORMED = 400 "InvalidPassword.Malformed"
        "The specified parameter \"Password\" is not valid."
        => "Use 8 to 30 characters of three kinds.";
    PASSWORD_AND_INHERIT = 400 "InvalidPasswordParam.Mismatch"
        "The input password should be null when passwdInherit is true."
        => "Send one of the two.";
    HOST_NAME_MALFORMED = 400 "InvalidHostName.Malformed"
        "The specified parameter \"HostName\" is not valid."
        => "Use 2 to 64 letters, digits and hyphens; for Windows at most 15.";
    HOST_NAME_AND_LIST = 403 "InvalidHostname.SingleAndMultiConflict"
        "HostName and HostNames cannot be specified at the same time."
        => "Send one of the two.";
    HOST_NAMES_COUNT = 403 "InvalidHostname.SizeInvalid"
        "The number of HostNames must be equal to the number of instances."
        => "Send one HostNames.N for each instance.";
    USER_DATA_TOO_LARGE = 400 "InvalidUserData.SizeExceeded"
        "The specified parameter \"UserData\" exceeds the size."
        => "Use at most 32 KB before encoding.";
    USER_DATA_NOT_BASE64 = 400 "InvalidUserData.Base64FormatInvalid"
        "The specified UserData is not valid."
        => "Encode the user data in Base64.";
    INSTANCE_DESCRIPTION_MALFORMED = 400 "InvalidDescription.Malformed"
        "The specified parameter \"Description\" is not valid."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    RECYCLABLE_NOT_PERMITTED = 400 "InvalidParameter.RecycleBin"
        "You do not have permission to set recyclable properties."
        => "Leave Recyclable out.";
    PASSWORD_NOT_SET = 400 "ImageNotSupportCloudInit"
        "The specified image does not support cloud-init."
        => "Leave Password out, or use an image whose system has cloud-init: that sets it.";
    NEW_USER_DATA_NOT_BASE64 = 403 "InvalidUserData.Base64FormatInvalid"
        "The specified UserData is not valid"
        => "Encode the user data in Base64.";
    CREDITS_NOT_OF_TYPE = 400 "InstanceType.ValueNotSupported"
        "The instance type not supported."
        => "Leave CreditSpecification out: the type is not burstable.";
    SECURITY_GROUP_REPEATED = 404 "InvalidParameter.SecurityGroupIdRepeated"
        "The specified security group ids has repeated."
        => "Name every security group once.";
    NETWORK_ENCRYPTION_UNSUPPORTED = 403 "InvalidOperation.InstanceTypeNotSupportNetworkEncryption"
        "The specified instance type does not support network encryption."
        => "Leave EnableNetworkEncryption out; this server encrypts no networks.";
    INSTANCE_IDS_OF_ROLES_MALFORMED = 400 "InvalidInstanceIds.Malformed"
        "The specified instanceIds are not valid."
        => "Send a JSON array of at most 50 ids, such as [\"i-1\",\"i-2\"].";
    INSTANCES_AND_ROLE_EMPTY = 403 "InvalidParameter.AllEmpty"
        "The parameters InstanceIds and RamRoleName are not allowed to be both empty."
        => "Send InstanceIds or RamRoleName.";
    INSTANCE_ID_LIMIT = 403 "InstanceIdLimitExceeded"
        "The number of InstanceId exceeds the limit."
        => "Name at most 100 instances.";
    PERIOD_NOT_VALID = 400 "InvalidPeriod"
        "The specified period is not valid."
        => "Use 1 to 4 weeks, or 1 to 9, 12, 24, 36, 48 or 60 months.";
    PERIOD_MISSING = 400 "MissingParamter"
        "The specified parameter \"Period\" is not null."
        => "Send Period with InstanceChargeType=PrePaid.";
    PERIOD_UNIT_NOT_VALID = 400 "InvalidPeriodUnit.ValueNotSupported"
        "The specified parameter PeriodUnit is not valid."
        => "Use Week or Month.";
    AUTO_RENEW_PERIOD_NOT_VALID = 400 "InvalidAutoRenewPeriod.ValueNotSupported"
        "The specified autoRenewPeriod is invalid."
        => "Use 1 to 3 weeks, or a number of months.";
    AUTO_PAY_POSTPAID = 400 "InvalidAutoPay.PostPaidUnsupported"
        "The specified parameter AutoPay must be set as true for postpaid instance."
        => "Leave AutoPay out.";
    INSTANCE_CHARGE_TYPE_UNKNOWN = 404 "InvalidInstanceChargeType.NotFound"
        "The InstanceChargeType does not exist in our records."
        => "Use PrePaid or PostPaid.";
    INTERNET_CHARGE_TYPE_UNKNOWN = 400 "InvalidInternetChargeType.ValueNotSupported"
        "The specified InternetChargeType is not valid."
        => "Use PayByTraffic or PayByBandwidth.";
    SPOT_STRATEGY_NOT_VALID = 400 "InvalidSpotStrategy"
        "The specified SpotStrategy is not valid."
        => "Use NoSpot, SpotWithPriceLimit or SpotAsPriceGo.";
    SPOT_PRICE_LIMIT_NOT_VALID = 400 "InvalidSpotPriceLimit"
        "The specified SpotPriceLimitis not valid."
        => "Use a number.";
    SPOT_DURATION_NOT_VALID = 400 "InvalidSpotDuration"
        "The specified SpotDuration is not valid."
        => "Use 0 to 6 hours.";
    SPOT_PREPAID = 400 "InvalidSpotPrepaid"
        "The specified Spot type is not support PrePay Instance."
        => "Use a spot strategy with PostPaid only.";
    PROTECTION_CHARGE_TYPE = 403 "InvalidChargeType.ValueNotSupported"
        "Deletion protection is only valid for postPaid instance, not for prePaid or spot instance."
        => "Leave DeletionProtection out.";
    AUTO_RELEASE_MALFORMED = 400 "InvalidAutoReleaseTime.Malformed"
        "The specified parameter AutoReleaseTime is not valid."
        => "Use a time in UTC that is 30 minutes to 3 years ahead.";
    LAUNCH_KEY_PAIR_NOT_FOUND = 404 "InvalidKeyPairName.NotFound"
        "The specified parameter KeyPairName does not exist in our records."
        => "Use a key pair of DescribeKeyPairs; CreateKeyPair makes one, ImportKeyPair takes yours."
        then [List("key pair"), Call("CreateKeyPair")];
    LAUNCH_SNAPSHOT_POLICY_NOT_FOUND = 404 "InvalidAutoSnapshotPolicyId.NotFound"
        "Specified parameter AutoSnapshotPolicyId not found."
        => "Use a policy of DescribeAutoSnapshotPolicyEx in the region of the instance."
        then [List("snapshot policy")];
    KEY_PAIR_WINDOWS = 403 "DependencyViolation.WindowsInstance"
        "The instance creating is window, cannot use ssh key pair to login."
        => "Use Password for Windows.";
    SECURITY_GROUP_AND_LIST = 400 "InvalidSecurityGroupId.SingleIdAndMultiIdConflict"
        "SecurityGroupId and SecurityGroupIds cannot be specified at the same time."
        => "Send one of the two.";
    PRIVATE_IP_MALFORMED = 400 "InvalidPrivateIpAddress.Malformed"
        "Specified private IP address is malformed."
        => "Use an IPv4 address.";
    BANDWIDTH_OUT_MALFORMED = 400 "InvalidInternetMaxBandwidthOut.Malformed"
        "The specified parameter internetMaxBandwidthOut is not valid."
        => "Use 0 to 100.";
    BANDWIDTH_IN_MALFORMED = 400 "InvalidInternetMaxBandwidthIn.Malformed"
        "The specified parameter internetMaxBandwidthIn is not valid."
        => "Use 1 to 200.";
    LAUNCH_TEMPLATE_NOT_FOUND = 404 "InvalidLaunchTemplate.NotFound"
        "The specified LaunchTemplate is not found."
        => "Send the parameters themselves; this server has no launch templates.";
    CONFIDENTIAL_UNSUPPORTED = 403 "InvalidInstanceType.NotSupported"
        "The specified instance type does not support Enclave."
        => "Leave SecurityOptions.ConfidentialComputingMode out.";
    TRUSTED_UNSUPPORTED = 403 "InvalidInstanceType.NotSupported"
        "The specified instance type does not support trusted system."
        => "Leave SecurityOptions.TrustedSystemMode out.";
    INTERFACE_NOT_FOUND = 403 "InvalidEniId.NotFound"
        "The specified network interface does not exist."
        => "Leave NetworkInterfaceId out; this server has no interfaces of their own.";
    INSTANCE_STATUS_UNKNOWN = 404 "InvalidStatus.NotFound"
        "The specified Status is not found."
        => "Use one of the statuses that the action lists.";
    NETWORK_TYPE_UNKNOWN = 404 "InvalidNetworkType.NotFound"
        "The specified InstanceNetworkType is not found."
        => "Use vpc or classic.";
    INTERNET_CHARGE_FILTER_UNKNOWN = 404 "InvalidInternetChargeType.ValueNotSupported"
        "The specified InternetChargeType is not valid."
        => "Use PayByTraffic or PayByBandwidth.";
    INSTANCE_FILTER_KEY_UNKNOWN = 404 "InvalidFilterKey.NotFound"
        "Invalid filter.key."
        => "Use CreationStartTime, CreationEndTime, ExpiredStartTime or ExpiredEndTime.";
    INSTANCE_FILTER_VALUE_NOT_VALID = 404 "InvalidFilterValue"
        "Invalid filter.value."
        => "Use a time in UTC such as 2026-01-02T03:04Z.";
    KEY_PAIR_UNKNOWN = 400 "InvalidKeyPairName.NotFound"
        "The specified KeyPairName does not exist."
        => "Use a key pair of DescribeKeyPairs; CreateKeyPair makes one, ImportKeyPair takes yours."
        then [List("key pair"), Call("CreateKeyPair")];
    KEY_PAIR_WINDOWS_DISK = 403 "DependencyViolation.WindowsInstance"
        "The instance creating is windows, cannot use ssh key pair to login."
        => "Use Password for Windows.";
    NO_SYSTEM_DISK = 400 "InvalidInstance.NotFoundSystemDisk"
        "The specified instance has no system disk."
        => "Attach its system disk again with AttachDisk and Bootable=true first.";
    INSTANCE_CREATING = 403 "OperationDenied.InstanceCreating"
        "The specified instance is creating."
        => "Wait until the instance is Stopped."
        then [Look("instance")];
    MISSING_IMAGE_FOR_DISK = 400 "MissingParameter"
        "The input parameter \"ImageId\" that is mandatory for processing this request is not supplied."
        => "Send ImageId.";
    NEW_SYSTEM_SIZE_ABOVE_MAX = 404 "InvalidSystemDiskSize.MoreThanMaxSize"
        "The specified SystemDisk.Size parameter exceeds the maximum size."
        => "Use a size that the category allows.";
    INSTANCE_KEY_NOT_FOUND = 403 "InvalidParameter.KMSKeyId.NotFound"
        "The specified KMSKeyId does not exist."
        => "Use disks whose key is there: ListKeys tells those of the region.";
    KMS_WITHOUT_ENCRYPTION = 403 "InvalidEncrypted.NotMatchKmsKeyId"
        "The specified parameter Encrypted must be true when KmsKeyId is not empty."
        => "Send Encrypted=true.";
    REPLACEMENT_SIZE_NOT_VALID = 400 "InvalidSystemDiskSize"
        "The specified parameter SystemDisk.Size is invalid."
        => "Use a whole number of GiB.";
}
