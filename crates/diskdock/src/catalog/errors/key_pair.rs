//! Errors of the actions on key pairs.

use super::errors;

errors! {
    KEY_PAIR_NAME_MALFORMED = 400 "InvalidKeyPairName.Malformed"
        "Specified Key Pair name is not valid."
        => "Use 2 to 128 letters, digits, colons, underscores, periods and hyphens, a letter first.";
    PUBLIC_KEY_MALFORMED = 400 "InvalidPublicKeyBody.Malformed"
        "The PublicKeyBody format is not supported."
        => "Send one line as ssh-keygen writes it: ssh-rsa or ecdsa-sha2-…, and the key in Base64.";
    KEY_PAIR_EXISTS = 400 "KeyPair.AlreadyExist"
        "The key pair already exist."
        => "Use another name, or delete the key pair first.";
    KEY_PAIR_NOT_FOUND = 400 "InvalidKeyPairName.NotFound"
        "The specified KeyPairName does not exist in our records."
        => "Use a key pair of DescribeKeyPairs."
        then [List("key pair"), Call("CreateKeyPair")];
    KEY_PAIR_NAMES_NOT_VALID = 400 "InvalidKeyPairNames.ValueNotSupported"
        "The specified parameter \"KeyPairNames\" is not valid."
        => "Send a JSON array of up to 100 names.";
    KEY_PAIR_INSTANCES_NOT_VALID = 400 "InvalidInstanceIds.ValueNotSupported"
        "The specified parameter InstanceIds is not valid."
        => "Send a JSON array of up to 50 instances of the region.";
    KEY_PAIR_IN_USE = 400 "InvalidParameter.KeypairAlreadyAttachedInstance"
        "The specified parameter \"KeyPairNames\" attached to instances can not be deleted."
        => "Detach the key pair from its instances first.";
    KEY_PAIR_QUOTA = 403 "QuotaExceed.KeyPair"
        "The key pair quota exceeds."
        => "Delete key pairs: an account has 500 at most in a region.";
}
