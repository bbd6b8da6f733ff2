//! Errors of the actions of STS.

use super::errors;

errors! {
    ROLE_ARN_MALFORMED = 400 "InvalidParameter.RoleArn"
        "The parameter RoleArn is wrongly formed."
        => "Send acs:ram::<account>:role/<name>, as ListRoles shows it.";
    SESSION_NAME_MALFORMED = 400 "InvalidParameter.RoleSessionName"
        "The parameter RoleSessionName is wrongly formed."
        => "Use 2 to 64 letters, digits, full stops, at signs, hyphens and underscores.";
    SESSION_DURATION = 400 "InvalidParameter.DurationSeconds"
        "The Min/Max value of DurationSeconds is 15min/1hr."
        => "Use 900 seconds to the MaxSessionDuration of the role; UpdateRole changes that.";
    EXTERNAL_ID_MALFORMED = 400 "InvalidParameter.ExternalId"
        "The parameter ExternalId is wrongly formed."
        => "Use 2 to 1224 characters.";
    SESSION_POLICY_SIZE = 400 "InvalidParameter.PolicySize"
        "The size of Policy must be smaller than 2048 bytes."
        => "Use at most 2048 characters.";
    SESSION_POLICY_GRAMMAR = 400 "InvalidParameter.PolicyGrammar"
        "The parameter Policy has not passed grammar check."
        => "Send a document in the language of RAM: {\"Version\": \"1\", \"Statement\": […]}.";
    NOT_FOR_THE_ACCOUNT = 403 "NoPermission"
        "Roles may not be assumed by root accounts."
        => "Sign with a key of a user (CreateUser, CreateAccessKey) that may sts:AssumeRole.";
    NOT_AUTHORIZED_BY_RAM = 403 "NoPermission"
        "You are not authorized to do this action. You should be authorized by RAM."
        => "Two documents have to allow it: a policy of the caller has sts:AssumeRole on the role, and the role's \
            AssumeRolePolicyDocument names the caller or its account.";
    ASSUMED_ROLE_NOT_FOUND = 404 "EntityNotExist.Role"
        "The specified Role not exists ."
        => "Use the Arn of a role of ListRoles."
        then [List("role")];
}
