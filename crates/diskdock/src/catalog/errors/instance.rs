//! Errors about instances.

use super::errors;

errors! {
    INSTANCE_NOT_FOUND = 404 "InvalidInstanceId.NotFound"
        "The specified InstanceId does not exist."
        => "Check the id, and that the instance belongs to the account of the AccessKey.";
    INSTANCE_STATUS = 403 "IncorrectInstanceStatus"
        "The current status of the resource does not support this operation."
        => "Wait until DescribeInstances shows the status that the action needs.";
    INSTANCE_LOCKED_FOR_SECURITY = 403 "InstanceLockedForSecurity"
        "The instance is locked due to security."
        => "Have the lock taken off; see OperationLocks in DescribeInstances.";
    INSTANCE_NAME_MALFORMED = 400 "InvalidInstanceName.Malformed"
        "The specified parameter \"InstanceName\" is not valid."
        => "Use 2 to 128 characters that begin with a letter.";
    INSTANCE_STATUS_FOR_ATTACH = 400 "IncorrectInstanceStatus"
        "The current status of the resource does not support this operation."
        => "Wait until the instance is Running or Stopped; for a system disk, stop it.";
    INSTANCE_IN_ARREARS = 403 "InstanceExpiredOrInArrears"
        "The specified operation is denied as your prepay instance is expired (prepay mode) or in arrears (afterpay mode)."
        => "Have the financial lock taken off the instance.";
}
