//! Errors about regions, zones, types and images.

use super::errors;

errors! {
    REGION_NOT_FOUND = 404 "InvalidRegionId.NotFound"
        "The specified RegionId does not exist."
        => "Use a region of DescribeRegions.";
    REGION_MALFORMED = 400 "InvalidRegionId.MalFormed"
        "The specified RegionId is not valid."
        => "Use a region of DescribeRegions.";
    ZONE_NOT_FOUND = 404 "InvalidZoneId.NotFound"
        "The specified zone does not exist."
        => "Use a zone of DescribeZones.";
    MISSING_REGION = 400 "MissingParamter.RegionId"
        "The regionId should not be null."
        => "Send RegionId.";
    REGION_NOT_VALID = 400 "InvalidRegion.NotFound"
        "The specified parameter RegionId is not valid."
        => "Use a region of DescribeRegions.";
    ZONE_NOT_IN_RECORDS = 400 "InvalidZoneId.NotFound"
        "The zoneId provided does not exist in our records."
        => "Use a zone of DescribeZones.";
    MISSING_ZONE = 400 "MissingParameter"
        "The input parameter ZoneId that is mandatory for processing this request is not supplied."
        => "Send ZoneId.";
}
