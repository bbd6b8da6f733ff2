//! Errors of the actions of KMS.

use super::errors;

errors! {
    KMS_PARAMETER_NOT_VALID = 400 "InvalidParameter"
        "The specified parameter is not valid."
        => "See the limits of the parameters of the action.";
    KMS_NOT_SUPPORTED = 400 "UnsupportedOperation"
        "This action is not supported."
        => "Make a key whose bytes come from the service, and delete it once.";
    KMS_KEY_LIMIT = 400 "Rejected.LimitExceeded"
        "The request was rejected because user create resource limit was exceeded"
        => "Delete keys: an account has a thousand in a region at most.";
    KMS_INSTANCE_NOT_FOUND = 403 "Forbidden.DKMSInstanceNotFound"
        "The specified DKMS Instance is not found."
        => "Leave DKMSInstanceId out: there are no dedicated instances here.";
    KMS_KEY_NOT_FOUND = 404 "Forbidden.KeyNotFound"
        "The specified Key is not found."
        => "Use a key of ListKeys."
        then [List("key")];
    KMS_ALIAS_NOT_FOUND = 404 "Forbidden.AliasNotFound"
        "The specified Alias is not found."
        => "Use the id of a key: there are no aliases here.";
    KMS_RESOURCE_NOT_FOUND = 404 "InvalidResourceId.NotFound"
        "The specified ResourceId is not found."
        => "Use a key of ListKeys.";
}
