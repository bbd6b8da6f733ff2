//! Errors about regions, zones, types and images.

use super::errors;

errors! {
    REGION_NOT_FOUND = 404 "InvalidRegionId.NotFound"
        "The specified RegionId does not exist."
        => "Use a region of DescribeRegions."
        then [List("region")];
    REGION_MALFORMED = 400 "InvalidRegionId.MalFormed"
        "The specified RegionId is not valid."
        => "Use a region of DescribeRegions."
        then [List("region")];
    ZONE_NOT_FOUND = 404 "InvalidZoneId.NotFound"
        "The specified zone does not exist."
        => "Use a zone of DescribeZones."
        then [List("zone")];
    MISSING_REGION = 400 "MissingParamter.RegionId"
        "The regionId should not be null."
        => "Send RegionId.";
    REGION_NOT_VALID = 400 "InvalidRegion.NotFound"
        "The specified parameter RegionId is not valid."
        => "Use a region of DescribeRegions."
        then [List("region")];
    ZONE_NOT_IN_RECORDS = 400 "InvalidZoneId.NotFound"
        "The zoneId provided does not exist in our records."
        => "Use a zone of DescribeZones."
        then [List("zone")];
    MISSING_ZONE = 400 "MissingParameter"
        "The input parameter ZoneId that is mandatory for processing this request is not supplied."
        => "Send ZoneId.";
    ACCEPT_LANGUAGE_UNKNOWN = 404 "InvalidAcceptLanguage.NotFound"
        "Only Chinese (zh-CN), English (en-US), and Japanese (ja) are allowed."
        => "Use zh-CN or en-US; all languages but Chinese are answered in English.";
    CHARGE_TYPE_FOR_REGIONS = 403 "Invalid.InstanceChargeType"
        "The specified instanceChargeType is not valid."
        => "Use PrePaid, PostPaid, SpotWithPriceLimit or SpotAsPriceGo.";
    RESOURCE_TYPE_NOT_FOUND = 404 "InvalidResourceType.NotFound"
        "The ResourceType provided does not exist in our records."
        => "Use one of the types that the action lists.";
    CHARGE_TYPE_FOR_ZONES = 404 "InvalidInstanceChargeType.NotFound"
        "The InstanceChargeType does not exist in our records"
        => "Use PrePaid or PostPaid.";
    MISSING_DESTINATION = 400 "Invalid.Param"
        "The input parameter DestinationResource that is mandatory for processing this request is not supplied."
        => "Say with DestinationResource what is asked for.";
    DESTINATION_NOT_VALID = 404 "Invalid.DestinationResource"
        "The specified DestinationResource is not valid."
        => "Use Zone, IoOptimized, InstanceType, Network, ddh, SystemDisk or DataDisk.";
    REGION_NOT_IN_RECORDS = 404 "InvalidRegionId.NotFound"
        "The RegionId provided does not exist in our records."
        => "Use a region of DescribeRegions."
        then [List("region")];
    CHARGE_TYPE_FOR_RESOURCES = 400 "Invalid.InstanceChargeType"
        "The specified InstanceChargeType is not valid."
        => "Use PrePaid or PostPaid.";
    RESOURCE_TYPE_FOR_RESOURCES = 404 "Invalid.ResourceType"
        "The ResourceType provided does not exist in our records."
        => "Use instance, disk, reservedinstance or ddh.";
    SPOT_STRATEGY_FOR_RESOURCES = 404 "Invalid.SpotStrategy"
        "The specified SpotStrategy is not valid."
        => "Use NoSpot, SpotWithPriceLimit or SpotAsPriceGo.";
    IO_OPTIMIZED_NOT_VALID = 404 "Invalid.IoOptimized"
        "The specified IoOptimized is not valid."
        => "Use none or optimized.";
    NETWORK_CATEGORY_NOT_VALID = 404 "Invalid.NetworkCategory"
        "The specified NetworkCategory is not valid."
        => "Use vpc or classic.";
    IMAGE_NOT_NAMED = 400 "InvalidParamter"
        "Invalid Parameter."
        => "Send ImageId.";
    SCOPE_NOT_VALID = 403 "InvalidParameter.Scope"
        "The specified parameter Scope is invalid."
        => "Use Region or Zone.";
    TYPE_AND_SIZE = 403 "InvalidParam.TypeAndCpuMem.Conflict"
        "The specified 'InstanceType' and 'Cores','Memory' are not blank at the same time."
        => "Send InstanceType, or Cores and Memory.";
    DEDICATED_HOST_NOT_FOUND = 403 "InvalidDedicatedHostId.NotFound"
        "The specified DedicatedHostId does not exist."
        => "Leave DedicatedHostId out; this server has no dedicated hosts.";
    IMAGE_OWNER_NOT_VALID = 400 "InvalidImageOwnerAlias.ValueNotSupported"
        "The specified ImageOwnerAlias value is not supported."
        => "Use system, self, others or marketplace.";
    IMAGE_USAGE_NOT_VALID = 404 "InvalidUsage"
        "The specified Usage is not valid."
        => "Use instance or none.";
    IMAGE_OS_TYPE_NOT_VALID = 404 "InvalidOSType"
        "The specified OSType is not valid."
        => "Use windows or linux.";
    IMAGE_ARCHITECTURE_NOT_VALID = 404 "InvalidArchitecture"
        "The specified Architecture is not valid."
        => "Use i386, x86_64 or arm64.";
    IMAGE_FILTER_KEY_UNKNOWN = 404 "InvalidFilterKey.NotFound"
        "The specified Filter Key is not found."
        => "Use CreationStartTime or CreationEndTime.";
    IMAGE_FILTER_VALUE_NOT_VALID = 404 "InvalidFilterValue"
        "The specified Filter Value is not valid."
        => "Use a time in UTC such as 2026-01-02T03:04Z.";
}
