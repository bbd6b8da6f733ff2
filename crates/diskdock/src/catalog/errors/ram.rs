//! Errors of the actions on users, policies and access keys.

use super::errors;

errors! {
    USER_NAME_LENGTH = 400 "InvalidParameter.UserName.Length"
        "The parameter - \"UserName\" beyond the length limit."
        => "Use 1 to 64 characters.";
    USER_NAME_CHARACTERS = 400 "InvalidParameter.UserName.InvalidChars"
        "The parameter - \"UserName\" contains invalid chars."
        => "Use letters, digits, full stops, hyphens and underscores.";
    NEW_USER_NAME_LENGTH = 400 "InvalidParameter.NewUserName.Length"
        "The parameter - \"NewUserName\" beyond the length limit."
        => "Use 1 to 64 characters.";
    NEW_USER_NAME_CHARACTERS = 400 "InvalidParameter.NewUserName.InvalidChars"
        "The parameter - \"NewUserName\" contains invalid chars."
        => "Use letters, digits, full stops, hyphens and underscores.";
    DISPLAY_NAME_LENGTH = 400 "InvalidParameter.DisplayName.Length"
        "The parameter - \"DisplayName\" beyond the length limit."
        => "Use 1 to 128 characters.";
    NEW_DISPLAY_NAME_LENGTH = 400 "InvalidParameter.NewDisplayName.Length"
        "The parameter - \"NewDisplayName\" beyond the length limit."
        => "Use at most 128 characters.";
    COMMENTS_LENGTH = 400 "InvalidParameter.Comments.Length"
        "The parameter - \"Comments\" beyond the length limit."
        => "Use 1 to 128 characters.";
    NEW_COMMENTS_LENGTH = 400 "InvalidParameter.NewComments.Length"
        "The parameter - \"NewComments\" beyond the length limit."
        => "Use at most 128 characters.";
    EMAIL_FORMAT = 400 "InvalidParameter.Email.Format"
        "The format of the parameter - \"Email\" is incorrect."
        => "Use an address such as alice@example.com.";
    NEW_EMAIL_FORMAT = 400 "InvalidParameter.NewEmail.Format"
        "The format of the parameter - \"NewEmail\" is incorrect."
        => "Use an address such as alice@example.com.";
    MOBILE_PHONE_FORMAT = 400 "InvalidParameter.MobilePhone.Format"
        "The format of the parameter - \"MobilePhone\" is incorrect."
        => "Use the code of the country, a hyphen and the number: 86-18600000000.";
    NEW_MOBILE_PHONE_FORMAT = 400 "InvalidParameter.NewMobilePhone.Format"
        "The format of the parameter - \"NewMobilePhone\" is incorrect."
        => "Use the code of the country, a hyphen and the number: 86-18600000000.";
    POLICY_NAME_LENGTH = 400 "InvalidParameter.PolicyName.Length"
        "The parameter - \"PolicyName\" beyond the length limit."
        => "Use 1 to 128 characters.";
    POLICY_NAME_CHARACTERS = 400 "InvalidParameter.PolicyName.InvalidChars"
        "The parameter - \"PolicyName\" contains invalid chars."
        => "Use letters, digits and hyphens.";
    POLICY_TYPE_NOT_VALID = 400 "InvalidParameter.PolicyType"
        "The parameter - \"PolicyType\" is incorrect."
        => "Send System or Custom.";
    POLICY_DOCUMENT_LENGTH = 400 "InvalidParameter.PolicyDocument.Length"
        "The parameter - \"PolicyDocument\" beyond the length limit."
        => "Use at most 6144 characters.";
    POLICY_DESCRIPTION_LENGTH = 400 "InvalidParameter.Description.Length"
        "The parameter - \"Description\" beyond the length limit."
        => "Use 1 to 1024 characters.";
    POLICY_DOCUMENT_MALFORMED = 400 "MalformedPolicyDocument"
        "The policy document is malformed: {}."
        => "Send a document in the language of RAM: {\"Version\": \"1\", \"Statement\": […]}. In that of a role, \
            each statement has a Principal: {\"RAM\": [\"acs:ram::<account>:root\"]}.";
    POLICY_VERSION_FORMAT = 400 "InvalidParameter.VersionId.Format"
        "The format of the parameter - \"VersionId\" is incorrect."
        => "Use a VersionId of ListPolicyVersions, such as v1.";
    POLICY_VERSION_NOT_FOUND = 404 "EntityNotExist.Policy.Version"
        "The policy version does not exist."
        => "Use a VersionId of ListPolicyVersions.";
    POLICY_VERSION_LIMIT = 409 "LimitExceeded.Policy.Version"
        "The count of policy version beyond the current limits."
        => "Delete a version, or send RotateStrategy=DeleteOldestNonDefaultVersionWhenLimitExceeded: a policy has five at most.";
    POLICY_VERSION_COUNTS = 409 "DeleteConflict.Policy.Version.Default"
        "The default policy version CAN NOT been deleted directly."
        => "Let another version count first, with SetDefaultPolicyVersion.";
    POLICY_HAS_VERSIONS = 409 "DeleteConflict.Policy.Version"
        "The policy CAN NOT has any version except the default version."
        => "Delete the others with DeletePolicyVersion first, or send CascadingDelete=true.";
    USER_NOT_FOUND = 404 "EntityNotExist.User"
        "The user does not exist."
        => "Use a user of ListUsers."
        then [List("user")];
    RAM_POLICY_NOT_FOUND = 404 "EntityNotExist.Policy"
        "The policy does not exist."
        => "Use a policy of ListPolicies."
        then [List("policy")];
    ROLE_NAME_LENGTH = 400 "InvalidParameter.RoleName.Length"
        "The parameter - \"RoleName\" beyond the length limit."
        => "Use 1 to 64 characters.";
    ROLE_NAME_CHARACTERS = 400 "InvalidParameter.RoleName.InvalidChars"
        "The parameter - \"RoleName\" contains invalid chars."
        => "Use letters, digits, full stops and hyphens.";
    TRUST_LENGTH = 400 "InvalidParameter.AssumeRolePolicyDocument.Length"
        "The parameter - \"AssumeRolePolicyDocument\" beyond the length limit."
        => "Use at most 2048 characters.";
    NEW_TRUST_LENGTH = 400 "InvalidParameter.NewAssumeRolePolicyDocument.Length"
        "The parameter - \"NewAssumeRolePolicyDocument\" beyond the length limit."
        => "Use at most 2048 characters.";
    ROLE_NOT_FOUND = 404 "EntityNotExist.Role"
        "The role does not exist."
        => "Use a role of ListRoles."
        then [List("role")];
    ROLE_EXISTS = 409 "EntityAlreadyExists.Role"
        "The role does already EXIST."
        => "Use another name.";
    ROLE_LIMIT = 409 "LimitExceeded.Role"
        "The count of roles beyond the current limits."
        => "Delete roles: an account has a thousand at most.";
    ROLE_HAS_POLICIES = 409 "DeleteConflict.Role.Policy"
        "The role CAN NOT has any attached policy while deleting the role."
        => "Detach the role's policies first.";
    ROLE_POLICY_ATTACHED_ALREADY = 409 "EntityAlreadyExists.Role.Policy"
        "The role has already been attached this policy."
        => "Nothing is left to do.";
    ROLE_POLICY_NOT_ATTACHED = 404 "EntityNotExist.Role.Policy"
        "The policy of the role does not exist."
        => "Use a policy of ListPoliciesForRole.";
    ROLE_POLICY_LIMIT = 409 "LimitExceeded.Role.Policy"
        "The count of policies attached to the role beyond the current limits."
        => "Detach policies: a role has twenty at most.";
    GROUP_NAME_LENGTH = 400 "InvalidParameter.GroupName.Length"
        "The parameter - \"GroupName\" beyond the length limit."
        => "Use 1 to 64 characters.";
    GROUP_NAME_CHARACTERS = 400 "InvalidParameter.GroupName.InvalidChars"
        "The parameter - \"GroupName\" contains invalid chars."
        => "Use letters, digits and hyphens.";
    NEW_GROUP_NAME_LENGTH = 400 "InvalidParameter.NewGroupName.Length"
        "The parameter - \"NewGroupName\" beyond the length limit."
        => "Use 1 to 64 characters.";
    NEW_GROUP_NAME_CHARACTERS = 400 "InvalidParameter.NewGroupName.InvalidChars"
        "The parameter - \"NewGroupName\" contains invalid chars."
        => "Use letters, digits and hyphens.";
    GROUP_NOT_FOUND = 404 "EntityNotExist.Group"
        "The group does not exist."
        => "Use a group of ListGroups."
        then [List("group")];
    GROUP_EXISTS = 409 "EntityAlreadyExists.Group"
        "The group does already EXIST."
        => "Use another name.";
    GROUP_LIMIT = 409 "LimitExceeded.Group"
        "The count of groups beyond the current limits."
        => "Delete groups: an account has 50 at most.";
    GROUP_HAS_USERS = 409 "DeleteConflict.Group.User"
        "The group CAN NOT has any user member while deleting the group."
        => "Take the users out of the group first.";
    GROUP_HAS_POLICIES = 409 "DeleteConflict.Group.Policy"
        "The entity CAN NOT has any attached policy while deleting the group."
        => "Detach the group's policies first.";
    USER_IN_GROUP_ALREADY = 409 "EntityAlreadyExists.User.Group"
        "The user has already joined the group."
        => "Nothing is left to do.";
    USER_NOT_IN_GROUP = 404 "EntityNotExist.User.Group"
        "The user has not joined the group."
        => "Use a group of ListGroupsForUser.";
    USER_GROUP_LIMIT = 409 "LimitExceeded.User.Group"
        "The count of groups the target user joined beyond the current limits."
        => "Take the user out of groups: a user is in ten at most.";
    USER_IS_IN_GROUP = 409 "DeleteConflict.User.Group"
        "The user CAN NOT be in any group while deleting the user."
        => "Take the user out of its groups first.";
    GROUP_POLICY_ATTACHED_ALREADY = 409 "EntityAlreadyExists.Group.Policy"
        "The group has already been attached this policy."
        => "Nothing is left to do.";
    GROUP_POLICY_NOT_ATTACHED = 404 "EntityNotExist.Group.Policy"
        "The indicate policy attached to the group does not exist."
        => "Use a policy of ListPoliciesForGroup.";
    GROUP_POLICY_LIMIT = 409 "LimitExceeded.Group.Policy"
        "The policy count of the group beyond the current limits."
        => "Detach policies: a group has twenty at most.";
    POLICY_IN_USE_BY_GROUP = 409 "DeleteConflict.Policy.Group"
        "The policy CAN NOT been attached to any group while deleting the policy."
        => "Detach the policy from its groups first.";
    POLICY_NOT_ATTACHED = 404 "EntityNotExist.User.Policy"
        "The indicate policy of the user does not exist."
        => "Use a policy of ListPoliciesForUser.";
    USER_KEY_NOT_FOUND = 404 "EntityNotExist.User.AccessKey"
        "The user access key does not exist."
        => "Use a key of ListAccessKeys.";
    LOGIN_PROFILE_NOT_FOUND = 404 "EntityNotExist.User.LoginProfile"
        "The user login profile does not exist."
        => "Make one with CreateLoginProfile.";
    LOGIN_PROFILE_EXISTS = 409 "EntityAlreadyExists.User.LoginProfile"
        "The user login profile does already EXIST."
        => "Delete it with DeleteLoginProfile first.";
    CONSOLE_PASSWORD_TOO_WEAK = 400 "InvalidParameter.Password.TooWeak"
        "The parameter - \"Password\" is not compliant with the password policy."
        => "Use 8 to 128 characters.";
    USER_WITHOUT_MFA_DEVICE = 404 "EntityNotExist.User.MFADevice"
        "The user has not bound any MFA device."
        => "There is nothing to do: users have no second factor here.";
    USER_HAS_LOGIN_PROFILE = 409 "DeleteConflict.User.LoginProfile"
        "The user CAN NOT has any login profile while deleting the user."
        => "Delete it with DeleteLoginProfile first.";
    USER_EXISTS = 409 "EntityAlreadyExists.User"
        "The user does already EXIST."
        => "Use another name.";
    POLICY_EXISTS = 409 "EntityAlreadyExists.Policy"
        "The group does already EXIST."
        => "Use another name.";
    POLICY_ATTACHED_ALREADY = 409 "EntityAlreadyExists.User.Policy"
        "The user has already been attached this policy."
        => "Nothing is left to do.";
    USER_LIMIT = 409 "LimitExceeded.User"
        "The count of users beyond the current limits."
        => "Delete users: an account has a thousand at most.";
    POLICY_LIMIT = 409 "LimitExceeded.Policy"
        "The count of policy beyond the current limits."
        => "Delete policies: an account has 1500 at most.";
    USER_POLICY_LIMIT = 409 "LimitExceeded.User.Policy"
        "The policy count of the user attached policies beyond the current limits."
        => "Detach policies: a user has twenty at most.";
    USER_KEY_LIMIT = 409 "LimitExceeded.User.AccessKey"
        "The access key count of the user access keys beyond the current limits."
        => "Delete a key: a user has two at most.";
    USER_HAS_KEYS = 409 "DeleteConflict.User.AccessKey"
        "The user CAN NOT has any access key while deleting the user."
        => "Delete the user's keys first.";
    USER_HAS_POLICIES = 409 "DeleteConflict.User.Policy"
        "The user CAN NOT has any attached policy while deleting the user."
        => "Detach the user's policies first.";
    POLICY_IN_USE = 409 "DeleteConflict.Policy.User"
        "The policy CAN NOT been attached to any user while deleting the policy."
        => "Detach the policy from its users and roles first.";
}
