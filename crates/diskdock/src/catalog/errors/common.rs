//! Errors that any action can answer: parameters, signatures, limits, our own faults.

use super::errors;

errors! {
    MISSING_PARAMETER = 400 "MissingParameter"
        "The input parameter \"{}\" that is mandatory for processing this request is not supplied."
        => "Send the parameter.";
    EMPTY_PARAMETER = 400 "InvalidParameter"
        "The input parameter is mandatory for processing this request is empty."
        => "Give the parameter a value.";
    INVALID_PARAMETER = 400 "InvalidParameter"
        "The specified parameter \"{}\" is not valid."
        => "Send a value of the kind that the message names.";
    UNKNOWN_PARAMETER = 400 "InvalidParameter"
        "The specified parameter \"{}\" is not known to this action and this server is strict."
        => "Leave the parameter out, or start the server without --strict.";
    MALFORMED_REQUEST = 400 "InvalidParameter"
        "The request cannot be read: {}"
        => "Encode the request as the message says.";
    UNKNOWN_ACTION = 404 "InvalidAction.NotFound"
        "Specified api is not found, please check your url and method."
        => "Check the spelling of Action.";
    ACTION_NOT_HERE = 404 "InvalidAction.NotFound"
        "Specified api is not found: {} is an action of ECS that this server does not have."
        => "See `diskdock catalog` for the actions that are there.";
    ACTION_OF_PRODUCT_NOT_HERE = 404 "InvalidAction.NotFound"
        "Specified api is not found: {} is an action that this server does not have."
        => "See `diskdock catalog` for the actions that are there.";
    INVALID_VERSION = 400 "InvalidVersion"
        "Specified parameter Version is not valid."
        => "Send the version of a product that is here: 2014-05-26 is that of ECS, and `diskdock catalog` lists all.";
    PRODUCT_NOT_HERE = 400 "InvalidVersion"
        "Specified parameter Version is not valid. This server does not have the product {}."
        => "Send the version of a product that is here: 2014-05-26 is that of ECS, and `diskdock catalog` lists all.";
    INVALID_FORMAT = 400 "InvalidParameter.Format"
        "Specified parameter format is not valid."
        => "Send Format=JSON or Format=XML.";
    UNSUPPORTED_METHOD = 403 "UnsupportedHTTPMethod"
        "This http method is not supported."
        => "Use GET or POST.";
    SIGNATURE_MISMATCH = 400 "SignatureDoesNotMatch"
        "{}"
        => "Compare your string to sign with the one in the message; if they are equal, the \
            AccessKey secret is wrong.";
    INCOMPLETE_SIGNATURE = 400 "IncompleteSignature"
        "The request signature does not conform to Aliyun standards. {}"
        => "Sign with HMAC-SHA1 version 1.0 or ACS3-HMAC-SHA256.";
    SIGNATURE_METHOD = 400 "InvalidParamater"
        "The specified parameter \"{}\" is not valid."
        => "Use HMAC-SHA1 with SignatureVersion 1.0, or ACS3-HMAC-SHA256; bearer tokens and key pairs are \
            not known here.";
    TIMESTAMP_EXPIRED = 400 "InvalidTimeStamp.Expired"
        "Specified time stamp or date value is expired."
        => "Set the clock of the client; 15 minutes of difference are tolerated.";
    TIMESTAMP_FORMAT = 400 "InvalidTimeStamp.Format"
        "Specified time stamp or date value is not well formatted."
        => "Send the time in UTC as YYYY-MM-DDThh:mm:ssZ.";
    NONCE_USED = 400 "SignatureNonceUsed"
        "Specified signature nonce was used already."
        => "Send a new SignatureNonce with every request.";
    ACCESS_KEY_NOT_FOUND = 404 "InvalidAccessKeyId.NotFound"
        "Specified access key is not found."
        => "Create the key with `diskdock key create`, or use one of `diskdock key list`.";
    ACCESS_KEY_INACTIVE = 400 "InvalidAccessKeyId.Inactive"
        "Specified access key is disabled."
        => "Use a key that is not disabled.";
    MISSING_SECURITY_TOKEN = 400 "MissingSecurityToken"
        "SecurityToken is mandatory for this action."
        => "Send the token that came with the temporary key.";
    SECURITY_TOKEN = 400 "InvalidSecurityToken.Expired"
        "Specified SecurityToken is expired."
        => "Assume the role again: a temporary key works until its Expiration.";
    SECURITY_TOKEN_MISMATCH = 400 "InvalidSecurityToken.MismatchWithAccessKey"
        "Specified SecurityToken does not match the access key."
        => "Send the SecurityToken that came with the temporary key, and none with a key that lasts.";
    MISSING_HEADER = 400 "MissingHeader"
        "Specified header {} is mandatory for this action."
        => "Send the header.";
    NO_AUTHENTICATION = 400 "MissingParameter"
        "The input parameter \"AccessKeyId\" that is mandatory for processing this request is not supplied"
        => "Sign the request with an AccessKey.";
    NO_PERMISSION = 403 "NoPermission"
        "You are not authorized to do this action."
        => "Use a key whose policies allow the action on what the request names.";
    KMS_NO_PERMISSION = 400 "Forbidden.NoPermission"
        "This operation is forbidden by permission system."
        => "Use a key whose policies allow the action on what the request names.";
    RAM_FORBIDDEN = 403 "Forbidden.RAM"
        "User not authorized to operate on the specified resource, or this API doesn't support RAM."
        => "Use a key whose policies allow the action on what the request names.";
    THROTTLING = 400 "Throttling"
        "Request was denied due to request throttling."
        => "Slow down and try again.";
    THROTTLING_USER = 400 "Throttling.User"
        "Request was denied due to user flow control."
        => "Slow down and try again.";
    TOO_MANY_OPERATIONS = 400 "Throttling.ConcurrentLimitExceeded"
        "Request was denied because too many operations are in flight."
        => "Wait until some of them have finished.";
    DISK_QUOTA = 403 "QuotaExceed.PostPaidDisk"
        "Living postPaid disks quota exceeded."
        => "Delete disks, or start the server with a higher --quota disks=<number>.";
    INSTANCE_QUOTA = 403 "QuotaExceed.ElasticQuota"
        "No additional quota is available for the specified ECS instance type."
        => "Delete instances, or start the server with a higher --quota instances=<number>.";
    NO_STOCK = 403 "OperationDenied.NoStock"
        "The requested resource is sold out in the specified zone; try other types of resources or other regions and zones."
        => "The host has no memory left for this machine, or no host of the zone has room for it: \
            stop or release instances, use a smaller type or another zone, start the server with \
            another --machine-memory, or add a host (`diskdock hosts` lists them).";
    DISK_ELSEWHERE = 403 "IncorrectDiskStatus"
        "The bytes of the disk are on host {}, and those of the instance's disks on another one."
        => "Attach it to an instance of that host (`diskdock hosts` lists them): a disk in a \
            directory stays on its host.";
    SNAPSHOT_ELSEWHERE = 403 "OperationDenied.NoStock"
        "The bytes of a snapshot are on host {}, and the disk would be on another one."
        => "Make the disk without an instance (CreateDisk with ZoneId), which puts it on the host of \
            the snapshot, and attach it there; an instance from such an image has to have room there.";
    IMAGE_NOT_ON_HOST = 403 "OperationDenied.NoStock"
        "The image {} is on no host of the zone that has room for the instance."
        => "Import it on a host: diskdock image import --data-dir <the host's>; `diskdock hosts \
            --output json` lists the images of each.";
    DISK_CAPACITY = 400 "QuotaExceed.DiskCapacity"
        "The used capacity of disk type has exceeded the quota in the zone, {}."
        => "The file system of the server's data directory is full: delete disks, or make room on \
            it.";
    SNAPSHOTS_NOT_HERE = 403 "InvalidAccountStatus.SnapshotServiceUnavailable"
        "Snapshot service has not been opened yet: {}"
        => "Use the simulated hypervisor for what needs snapshots.";
    DRY_RUN = 400 "DryRunOperation"
        "Request validation has been passed with DryRun flag set."
        => "The request would have succeeded. Send it without DryRun.";
    CLIENT_TOKEN_INVALID = 400 "InvalidClientToken.ValueNotSupported"
        "The ClientToken provided is invalid."
        => "Use up to 64 ASCII characters.";
    CLIENT_TOKEN_MISMATCH = 400 "IdempotentParameterMismatch"
        "The request is retried with updated parameters."
        => "Use a new ClientToken for a new request.";
    FORBIDDEN_ORIGIN = 403 "Forbidden.Origin"
        "A web page of another origin cannot use this server: {}"
        => "Call from the server's own address or from outside a browser.";
    REQUEST_TOO_LARGE = 413 "RequestTooLarge"
        "The request is larger than this server reads: {}"
        => "Send less.";
    REQUEST_LINE_TOO_LONG = 414 "RequestTooLarge"
        "The request line is longer than this server reads."
        => "Use at most 64 KiB for the request line; send long parameters in the body.";
    HEAD_TOO_LARGE = 431 "RequestTooLarge"
        "The head of the request is larger than this server reads."
        => "Use at most 100 headers and 128 KiB for the request line and all headers.";
    METHOD_NOT_ALLOWED = 405 "UnsupportedHTTPMethod"
        "This http method is not supported."
        => "Use a method of the Allow header.";
    INTERNAL_ERROR = 500 "InternalError"
        "The request processing has failed due to some unknown error, exception or failure."
        => "Search the server's log for the RequestId.";
    SERVICE_UNAVAILABLE = 503 "ServiceUnavailable"
        "The request has failed due to a temporary failure of the server."
        => "Try again.";
    DESCRIPTION_MALFORMED = 404 "InvalidDescription.Malformed"
        "The specified description is wrongly formed."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    TAG_KEY_MALFORMED = 400 "InvalidTagKey.Malformed"
        "The specified Tag.n.Key is not valid."
        => "Use 1 to 128 characters, not beginning with aliyun or acs:, without a link.";
    TAG_VALUE_MALFORMED = 400 "InvalidTagValue.Malformed"
        "The specified Tag.n.Value is not valid."
        => "Use up to 128 characters without a link.";
    TAG_MISMATCH = 400 "InvalidTag.Mismatch"
        "The specified Tag.n.Key and Tag.n.Value are not match."
        => "Give every Tag.n.Value its Tag.n.Key.";
    TAG_COUNT = 400 "InvalidTagCount"
        "The specified tags are beyond the permitted range."
        => "Use at most 20 tags.";
    TAG_DUPLICATE = 400 "Duplicate.TagKey"
        "The Tag.N.Key contain duplicate key."
        => "Name every tag key once.";
    NEXT_TOKEN_NOT_VALID = 400 "InvalidParameter"
        "The specified parameter \"NextToken\" is not valid."
        => "Send the NextToken of the page before, as it was.";
    FILTER_KEY_UNKNOWN = 404 "InvalidFilterKey.NotFound"
        "The filter key is not found."
        => "Use CreationStartTime or CreationEndTime.";
    FILTER_VALUE_NOT_VALID = 404 "InvalidFilterValue"
        "The filter value is not valid."
        => "Use a time in UTC such as 2026-01-02T03:04Z.";
    LOCK_REASON_UNKNOWN = 404 "InvalidLockReason.NotFound"
        "The specified LockReason is not found."
        => "Use one of the reasons that the action lists.";
    DISK_ID_LIMIT = 403 "DiskIdLimitExceeded"
        "The amount of DiskId specified exceeds limit 100."
        => "Name at most 100 disks.";
    EVENT_ID_LIMIT = 403 "EventIdLimitExceeded"
        "The amount of EventId specified exceeds limit 100."
        => "Name at most 100 events.";
    TIME_END_BEFORE_START = 403 "InvalidParameter.TimeEndBeforeStart"
        "The event time end should be after event time start."
        => "Give a span that ends after it begins.";
    REGION_ID_NULL = 403 "Invalid.Parameter"
        "The required parameter regionId must be not null."
        => "Send RegionId.";
}
