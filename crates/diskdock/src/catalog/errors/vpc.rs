//! Errors of the actions on VPCs and vSwitches.

use super::errors;

errors! {
    VPC_NAME_MALFORMED = 400 "InvalidVpcName.Malformed"
        "Specified VPC name is not valid."
        => "Use 1 to 128 characters that do not begin with http:// or https://.";
    VPC_DESCRIPTION_MALFORMED = 400 "InvalidVpcDiscription.Malformed"
        "Specified VPC description is not valid."
        => "Use 1 to 256 characters that do not begin with http:// or https://.";
    VPC_RANGE_NOT_VALID = 400 "InvalidParameter"
        "Specified CIDR block is not valid"
        => "Use a range such as 192.168.0.0/16, with a mask of 8 to 28 bits and no bit set behind it; \
            not 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16 or one beyond 224.0.0.0.";
    USER_RANGES_EXCEEDED = 400 "InvalidUserCidr.Quota"
        "Specified  UserCidr number is greater than 3."
        => "Name at most three ranges.";
    USER_RANGE_NOT_VALID = 400 "IllegalParam.UserCidr"
        "UserCidr is not a valid or strict address."
        => "Use ranges such as 203.0.113.0/24, with no bit set behind the mask.";
    USER_RANGE_OVERLAPS = 400 "InvalidUserCidr.Malformed"
        "Specified  UserCidr  overlapping in of 100.64.0.0/10."
        => "Use ranges outside of 100.64.0.0/10.";
    IPV6_NOT_HERE = 400 "OperationUnsupported.Ipv6Feature"
        "IPv6 is not supported by this server."
        => "Leave EnableIpv6 out, or send false.";
    ADDRESS_POOLS_NOT_HERE = 400 "UnsupportedFeature.Ipam"
        "IPAM is not supported in this region."
        => "Send CidrBlock instead of a pool and a mask.";
    VPC_QUOTA = 400 "QuotaExceeded.Vpc"
        "VPC quota exceeded."
        => "Delete VPCs of the region: an account has ten at most in each.";
    VPC_NOT_FOUND = 404 "InvalidVpcId.NotFound"
        "Specified VPC does not exist."
        => "Use a VPC of DescribeVpcs."
        then [List("vpc")];
    VPC_STATUS = 400 "IncorrectVpcStatus"
        "Current VPC status does not support this operation."
        => "Wait until the VPC is Available."
        then [List("vpc")];
    VPC_HAS_VSWITCHES = 400 "DependencyViolation.VSwitch"
        "Specified object has dependent resources"
        => "Delete the vSwitches of the VPC first.";
    VPC_HAS_SECURITY_GROUPS = 400 "DependencyViolation.SecurityGroup"
        "Specified object has dependent resources SecurityGroup."
        => "Delete the security groups of the VPC first.";
    VPC_IDS_EXCEEDED = 400 "InvalidVpcIdNumber.NotSupported"
        "The number of vpcIds exceeds the limit."
        => "Name at most 20 VPCs.";
    VSWITCH_NAME_MALFORMED = 400 "InvalidVSwitchName.Malformed"
        "Specified virtual switch name is not valid."
        => "Use 1 to 128 characters that do not begin with http:// or https://.";
    VSWITCH_DESCRIPTION_MALFORMED = 400 "InvalidVSwitchDiscription.Malformed"
        "Specified  virtual switch description is not valid."
        => "Use 1 to 256 characters that do not begin with http:// or https://.";
    VSWITCH_RANGE_NOT_VALID = 400 "InvalidCidrBlock.Malformed"
        "Specified CIDR block is not valid."
        => "Use a range such as 192.168.1.0/24, with no bit set behind the mask.";
    VSWITCH_MASK = 400 "InvalidCirdrBlock.MaskLength"
        "Specified CIDR block is not valid ."
        => "Use a mask of 16 to 29 bits.";
    VSWITCH_OUTSIDE_VPC = 400 "IllegalParam.CidrBlock"
        "The param of CidrBlock [{}] is illegal."
        => "Use a part of the addresses of the VPC.";
    VSWITCH_OVERLAPS = 400 "InvalidCidrBlock.Overlapped"
        "Specified CIDR block overlapped with other subnets."
        => "Use addresses that no other vSwitch of the VPC has.";
    VSWITCH_TOKEN_MISMATCH = 400 "Duplicated.ClientToken"
        "The ClientToken was used for another request."
        => "Use a new ClientToken for a new request.";
    VSWITCH_IPV6_NOT_HERE = 400 "OperationFailed.VpcIpv6Disabled"
        "The VPC has no IPv6 addresses."
        => "Leave the IPv6 parameters out.";
    VSWITCH_NOT_FOUND = 404 "InvalidVSwitchId.NotFound"
        "VSwitch not exist."
        => "Use a vSwitch of DescribeVSwitches."
        then [List("vswitch")];
    VSWITCH_STATUS = 400 "IncorrectVSwitchStatus"
        "vpc subnet is in middle status."
        => "Wait until the vSwitch is Available."
        then [List("vswitch")];
    VSWITCH_IN_USE = 400 "DependencyViolation"
        "Resources deployed in the vSwitch have not been deleted."
        => "Release the instances in the vSwitch first.";
    VSWITCH_PLACE_MISSING = 400 "MissingParameter"
        "Miss mandatory parameter."
        => "Send RegionId or VpcId.";
    LAUNCH_VSWITCH_STATUS = 400 "IncorrectVSwitchStatus"
        "The current status of virtual switch does not support this operation."
        => "Wait until the vSwitch is Available."
        then [List("vswitch")];
    LAUNCH_VSWITCH_ZONE = 400 "InvalidParameter.VSwitchId"
        "The specified virtual switch is not in the specified zone."
        => "Leave ZoneId out, or name the zone of the vSwitch.";
    LAUNCH_ADDRESS_OUTSIDE = 400 "InvalidPrivateIpAddress"
        "Specified private IP address is not in the CIDR block of virtual switch."
        => "Use an address of the vSwitch; its first and its last three are the service's own.";
    LAUNCH_ADDRESS_TAKEN = 400 "InvalidPrivateIpAddress.Duplicated"
        "The specified private IP address is already in use."
        => "Use an address that no other instance in the vSwitch has.";
    LAUNCH_ADDRESSES_EXHAUSTED = 400 "QuotaExceeded.PrivateIpAddress"
        "Don't have enough private IPs in this switch."
        => "Use a vSwitch that has more free addresses, or launch fewer instances.";
    LAUNCH_GROUP_ELSEWHERE = 400 "InvalidParameter.Mismatch"
        "Specified security group and virtual switch are not in the same VPC."
        => "Use a security group of the VPC of the vSwitch.";
}
