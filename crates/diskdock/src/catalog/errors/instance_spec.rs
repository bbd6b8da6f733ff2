//! Errors of the actions on an instance's type, payment and renewal.

use super::errors;

errors! {
    SPEC_TOKEN_MISMATCH = 400 "IdempotenceParamNotMatch"
        "There is a idempotence signature mismatch between this and last request."
        => "Use a new ClientToken for a new request.";
    SPEC_TOO_MUCH = 400 "InvalidParameter.Mismatch"
        "Too many parameters in one request."
        => "Change the type and the bandwidth one after the other.";
    NEW_TYPE_UNKNOWN = 400 "InvalidInstanceType.ValueUnauthorized"
        "The specified InstanceType does not exist or beyond the permitted range."
        => "Use a type of DescribeInstanceTypes."
        then [List("type")];
    INSTANCE_NOT_STOPPED = 400 "InvalidInstanceStatus.NotStopped"
        "The specified Instance status is not stopped."
        => "Stop the instance first."
        then [Look("instance"), Call("StopInstance")];
    INSTANCE_STATUS_FOR_SPEC = 403 "InvalidStatus.ValueNotSupported"
        "The current status of the resource does not support this operation."
        => "Wait until the instance is Running or Stopped."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    TYPE_NOT_IN_ZONE_OF_INSTANCE = 403 "InvalidInstanceType.ValueNotSupported"
        "The specified zone does not offer the specified instancetype."
        => "Use a type that DescribeAvailableResource shows for the zone of the instance.";
    IMAGE_NOT_FOR_TYPE = 403 "ImageNotSupportInstanceType"
        "The specified image do not support the InstanceType instance."
        => "Use a type of the architecture that the image is for.";
    TYPE_CANNOT_CHANGE = 400 "DependencyViolation.InstanceType"
        "The current InstanceType cannot be changed to the specified InstanceType."
        => "Use types without local disks.";
    DISKS_EXCEED_NEW_TYPE = 400 "InstanceTypeNotSupported.TooManyDisksAttached"
        "The instance has more disks than the specified InstanceType supports."
        => "Detach disks first, or use a type that holds more.";
    INSTANCES_TO_CHARGE_NOT_VALID = 400 "InvalidParameter.InstanceIds"
        "The specified InstanceIds are invalid."
        => "Send a JSON array of 1 to 20 instance ids.";
    INSTANCE_EXPIRED_FOR_CHARGE = 400 "ExpiredInstance"
        "The specified instance has expired."
        => "Renew the subscription, or release the instance.";
    INSTANCE_STATUS_FOR_CHARGE = 400 "InvalidStatus.ValueNotSupported"
        "The instance cannot be modified in the specified status."
        => "Wait until the instances are Running or Stopped."
        then [Look("instance"), Call("StartInstance"), Call("StopInstance")];
    RELEASE_TIME_SET = 400 "ReleaseTimeHaveBeenSet"
        "The specified instance has been set released time."
        => "Only instances without a time of release can become subscriptions.";
    SPOT_CANNOT_CHANGE = 400 "InvalidSpotStrategy"
        "The specified spotStrategy is not valid."
        => "Spot instances stay pay-as-you-go.";
    CHARGE_TYPE_UNCHANGED = 400 "InvalidInstanceChargeType.ValueNotSupported"
        "The specified instance is paid for in this way already."
        => "Name instances that are paid for in the other way.";
    LOCAL_DISKS_CANNOT_CHANGE = 400 "InvalidInstanceChargeType.ValueNotSupported"
        "The specified instance has local disks."
        => "Instances with local disks keep the way in which they are paid for.";
    PERIOD_UNIT_MISMATCH = 400 "InvalidPeriod.UnitMismatch"
        "The specified Period must be correlated with the PeriodUnit."
        => "Use 1 to 4 weeks, 1 to 9 or 12, 24, 36, 48 or 60 months, or 1 to 5 years.";
    RENEWAL_NOT_NAMED = 403 "InvalidParameter.RenewalStatusInstanceId"
        "The parameter RenewalStatus and InstanceId can not be both empty."
        => "Send InstanceId or RenewalStatus.";
    RENEWAL_STATUS_NOT_VALID = 403 "InvalidParameter.RenewalStatus"
        "The specified parameter RenewalStatus is not valid."
        => "Use AutoRenewal, Normal or NotRenewal.";
    RENEWAL_TOO_MANY = 403 "InvalidParameter.ToManyInstanceIds"
        "InstanceId should be less than 100."
        => "Name at most 100 instances.";
    RENEWAL_INSTANCE_NOT_FOUND = 403 "InvalidParameter.InvalidInstanceId"
        "The specified instanceId is not valid."
        => "Name instances of DescribeInstances in this region."
        then [List("instance")];
    RENEWAL_OF_PAY_AS_YOU_GO = 403 "ChargeTypeViolation"
        "Pay-As-You-Go instances do not support this operation."
        => "Only subscriptions can be renewed.";
    RENEWAL_PAGE_SIZE = 403 "InvalidParameter.PageSize"
        "The specified parameter PageSize is not valid."
        => "Send a number from 1 to 100.";
    RENEWAL_PAGE_NUMBER = 403 "InvalidParameter.PageNumber"
        "The specified parameter PageNumber is not valid."
        => "Send a number from 1.";
}
