//! Errors of the actions on security groups.

use super::errors;

errors! {
    SECURITY_GROUP_NAME_MALFORMED = 400 "InvalidSecurityGroupName.Malformed"
        "Specified security group name is not valid."
        => "Use 2 to 128 characters that begin with a letter.";
    SECURITY_GROUP_DESCRIPTION_MALFORMED = 400 "InvalidSecurityGroupDiscription.Malformed"
        "Specified security group description is not valid."
        => "Use 2 to 256 characters that do not begin with http:// or https://.";
    SECURITY_GROUP_TYPE_NOT_VALID = 400 "InvalidParams.GroupType"
        "The specified security group type is not valid."
        => "Use normal or enterprise.";
    SECURITY_GROUP_TYPE_FILTER = 400 "InvalidParameter.SecurityGroupType"
        "The specified SecurityGroupType is not valid."
        => "Use normal or enterprise.";
    ENTERPRISE_WITHOUT_VPC = 400 "InvalidParams.VpcIdGroupType"
        "Only VPC instance supports enterprise level security group."
        => "Send VpcId, or make a normal group.";
    SECURITY_GROUP_QUOTA = 403 "QuotaExceed.SecurityGroup"
        "The maximum number of security groups is reached."
        => "Delete security groups of the region: an account has 100 at most in each.";
    SECURITY_GROUP_NOT_FOUND = 404 "InvalidSecurityGroupId.NotFound"
        "The specified SecurityGroupId does not exist."
        => "Use a group of DescribeSecurityGroups."
        then [List("security group")];
    SECURITY_GROUP_TO_DELETE_NOT_FOUND = 404 "InvalidSecurityGroup.NotFound"
        "The specified security group is not found."
        => "Use a group of DescribeSecurityGroups."
        then [List("security group")];
    SECURITY_GROUP_HAS_INSTANCES = 403 "DependencyViolation"
        "There is still instance(s) in the specified security group."
        => "Let the instances leave the group first, or release them.";
    SECURITY_GROUP_IS_REFERRED_TO = 403 "DependencyViolation"
        "The specified security group has been authorized in another one."
        => "Revoke the rules of other groups that name it first.";
    SECURITY_GROUP_UNCHANGED = 400 "InvalidParameter"
        "Invalid Parameter."
        => "Send SecurityGroupName or Description.";
    SECURITY_GROUP_TOKEN = 400 "InValidParameter.NextToken"
        "The parameter NextToken is invalid."
        => "Send the NextToken of the page before, as it was.";
    NIC_TYPE_NOT_VALID = 400 "InvalidNicType.ValueNotSupported"
        "The specified NicType does not exist."
        => "Use internet or intranet.";
    INSTANCE_AND_INTERFACE = 403 "InvalidParam.EniIdAndInstanceId.Conflict"
        "Exactly one of InstanceId and NetworkInterfaceId must be specified."
        => "Send InstanceId.";
    INTERFACE_FOR_GROUP_NOT_FOUND = 404 "InvalidEniId.NotFound"
        "The specified network interface does not exist."
        => "Send InstanceId: the only interfaces here are those of instances.";
    INSTANCE_IN_OTHER_VPC = 400 "InvalidInstanceId.Mismatch"
        "Specified instance and security group are not in the same VPC."
        => "Use a group of the VPC of the instance.";
    INSTANCE_IN_GROUP_ALREADY = 403 "InvalidInstanceId.AlreadyExists"
        "The specified instance already exists in the specified security group."
        => "Nothing is left to do.";
    GROUPS_OF_INSTANCE_EXCEEDED = 400 "InstanceSecurityGroupLimitExceeded"
        "Exceeding the allowed amount of security groups that an instance can be in."
        => "Let the instance leave another group first: it is in five at most.";
    GROUP_IS_LAST = 403 "InstanceLastSecurityGroup"
        "The specified security group is the last security group for the instance."
        => "Let the instance join another group first.";
    INSTANCE_NOT_IN_GROUP = 403 "InstanceNotInSecurityGroup"
        "The instance not in the group."
        => "Use a group that DescribeInstances shows for the instance.";
    PROTOCOL_NOT_VALID = 400 "InvalidIpProtocol.ValueNotSupported"
        "The parameter IpProtocol must be specified with case insensitive TCP, UDP, ICMP, GRE or All."
        => "Send one of these, or ICMPv6.";
    PORT_RANGE_MISSING = 400 "InvalidPortRange.Malformed"
        "The specified parameter PortRange must set."
        => "Send PortRange, such as 22/22, or -1/-1 for protocols without ports.";
    PORT_RANGE_NOT_VALID = 400 "InvalidParam.PortRange"
        "Please specify the PortRange or SourcePortRange in integer, less than 65535, and separate the range with ?/?."
        => "Use two numbers from 1 to 65535, such as 22/22.";
    PORT_RANGE_OF_PROTOCOL = 400 "InvalidIpProtocol.Malformed"
        "The specified parameter PortRange is not valid."
        => "Use -1/-1 for ICMP, ICMPv6, GRE and ALL.";
    SOURCE_RANGE_NOT_VALID = 400 "InvalidSourceCidrIp.Malformed"
        "The specified parameter SourceCidrIp is not valid."
        => "Use an IPv4 address or a range such as 10.0.0.0/8.";
    DEST_RANGE_NOT_VALID = 400 "InvalidDestCidrIp.Malformed"
        "The specified parameter DestCidrIp is not valid."
        => "Use an IPv4 address or a range such as 10.0.0.0/8.";
    IPV6_SOURCE_NOT_VALID = 400 "InvalidParam.Ipv6SourceCidrIp"
        "The specified parameter Ipv6SourceCidrIp is not valid."
        => "Use an IPv6 address or a range such as 2001:db8::/32.";
    IPV6_DEST_NOT_VALID = 400 "InvalidParam.Ipv6DestCidrIp"
        "The specified parameter Ipv6DestCidrIp is not valid."
        => "Use an IPv6 address or a range such as 2001:db8::/32.";
    TWO_SOURCES = 400 "InvalidParam.SourceIp"
        "The Parameters SourceCidrIp and Ipv6SourceCidrIp cannot be set at the same time."
        => "Send one of them.";
    TWO_DESTINATIONS = 400 "InvalidParam.DestIp"
        "The Parameters DestCidrIp and Ipv6DestCidrIp cannot be set at the same time."
        => "Send one of them.";
    SOURCE_MISSING = 400 "MissingParameter.Source"
        "One of the parameters SourceCidrIp, SourceGroupId or SourcePrefixListId must be specified."
        => "Say where the traffic comes from.";
    DESTINATION_MISSING = 400 "MissingParameter.Dest"
        "One of the parameters DestCidrIp, DestGroupId or DestPrefixListId must be specified."
        => "Say where the traffic goes to.";
    PREFIX_LIST_NOT_FOUND = 404 "InvalidPrefixListId.NotFound"
        "The specified prefix list was not found."
        => "Use a range of addresses: this server has no prefix lists.";
    SOURCE_GROUP_NOT_FOUND = 404 "InvalidSourceGroupId.NotFound"
        "The SourceGroupId provided does not exist in our records."
        => "Use a group of DescribeSecurityGroups, or name its owner."
        then [List("security group")];
    DEST_GROUP_NOT_FOUND = 404 "InvalidDestGroupId.NotFound"
        "The DestGroupId provided does not exist in our records."
        => "Use a group of DescribeSecurityGroups, or name its owner."
        then [List("security group")];
    SOURCE_GROUP_ELSEWHERE = 400 "InvalidSourceGroupId.Mismatch"
        "Specified security group and source group are not in the same VPC."
        => "Use a group of the same VPC.";
    DEST_GROUP_ELSEWHERE = 400 "InvalidDestGroupId.Mismatch"
        "Specified security group and destination group are not in the same VPC."
        => "Use a group of the same VPC.";
    POLICY_NOT_VALID = 400 "InvalidPolicy.Malformed"
        "The specified parameter Policy is not valid."
        => "Use accept or drop.";
    PRIORITY_NOT_VALID = 400 "InvalidPriority.ValueNotSupported"
        "The parameter Priority is invalid."
        => "Use a number from 1 to 100.";
    RULE_DESCRIPTION_MALFORMED = 400 "InvalidSecurityGroupDiscription.Malformed"
        "The specified security group rule description is not valid."
        => "Use up to 512 characters that do not begin with http:// or https://.";
    RULES_IN_TWO_WAYS = 400 "InvalidParam.Permissions"
        "The specified parameter Permissions cannot coexist with other parameters."
        => "Describe all rules in Permissions, or one rule without.";
    RULES_REPEATED = 400 "InvalidParam.DuplicatePermissions"
        "There are duplicate permissions in the specified parameter Permissions."
        => "Describe every rule once.";
    RULES_EXCEEDED = 403 "AuthorizationLimitExceed"
        "The limit of authorization records in the security group reaches."
        => "Revoke rules first: a group has 200 at most.";
    RULE_NOT_FOUND = 404 "InvalidSecurityGroupRuleId.NotFound"
        "The specified SecurityGroupRuleId is not exists."
        => "Use the ids of DescribeSecurityGroupAttribute.";
    RULE_REPEATED = 400 "InvalidParam.SecurityGroupRuleIdRepeated"
        "The specified parameter SecurityGroupRuleId is repeated."
        => "Name every rule once.";
}
