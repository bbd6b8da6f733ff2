//! Errors about tags and resource groups.

use super::errors;

errors! {
    MISSING_REGION_FOR_TAGS = 404 "MissingParameter.RegionId"
        "The parameter - RegionId should not be null."
        => "Send RegionId.";
    MISSING_RESOURCE_TYPE = 404 "MissingParameter.ResourceType"
        "The parameter - ResourceType should not be null."
        => "Send ResourceType, such as disk.";
    MISSING_RESOURCE_IDS = 404 "MissingParameter.ResourceIds"
        "The parameter - ResourceIds.N should not be null."
        => "Send ResourceId.1.";
    MISSING_TAGS = 404 "MissingParameter.Tags"
        "The parameter - Tags should not be null."
        => "Send Tag.1.Key with Tag.1.Value, or TagKey.1 to take one off.";
    RESOURCE_IDS_EXCEEDED = 400 "NumberExceed.ResourceIds"
        "The ResourceIds parameter's number is exceed , Valid : 50."
        => "Name at most 50 resources.";
    TAGS_EXCEEDED = 400 "NumberExceed.Tags"
        "The Tags parameter's number is exceed , Valid : 20."
        => "Send at most 20 tags.";
    TAG_QUOTA = 400 "OperationDenied.QuotaExceed"
        "The quota of tags on resource is beyond permitted range."
        => "Take tags off first: a resource has at most 20.";
    RESOURCE_IDS_NOT_FOUND = 404 "InvalidResourceId.NotFound"
        "The specified ResourceIds are not found in our records."
        => "Check the ids, their kind and region, and that they belong to the account of the AccessKey.";
    RESOURCE_ID_NOT_FOUND = 404 "InvalidResourceId.NotFound"
        "The specified ResourceId is not found in our records."
        => "Check the id, its kind and region, and that it belongs to the account of the AccessKey.";
    RESOURCE_NOT_IN_RECORDS = 404 "InvalidResourceId.NotFound"
        "The ResourceId provided does not exist in our records."
        => "Check the id, its kind and region, and that it belongs to the account of the AccessKey.";
    ALL_AND_TAG_KEYS = 403 "Param.Conflict"
        "The specified all is true, but the specified TagKey.N is not empty."
        => "Send one of the two.";
    TAGS_AND_IDS_EMPTY = 403 "BothEmpty.TagsAndResources"
        "The specified Tags and ResourcesIds are not allow to both empty."
        => "Send ResourceId.1, Tag.1.Key or TagFilter.1.TagKey.";
    TAGS_AND_FILTERS = 400 "InvalidTags.MalFormed"
        "The tags must be empty, when the tagFilters is not empty."
        => "Send Tag or TagFilter.";
    TAG_FILTER_MALFORMED = 403 "InvalidTagFilter.Malformed"
        "The specified TagFilter is not valid."
        => "Send at most 5 filters, each with a TagKey.";
    TAG_VALUES_EXCEEDED = 403 "NumberExceed.TagValues"
        "The number of the specified TagValues is beyond permitted range, the max is 5."
        => "Send at most 5 values in a filter.";
    TAG_TOKEN_NOT_VALID = 403 "Invalid.NextToken"
        "The specified NextToken is not valid."
        => "Send the NextToken of the page before, as it was.";
    MISSING_RESOURCE_ID = 403 "MissingParameter"
        "The input parameter \"ResourceId\" that is mandatory for processing this request is not supplied."
        => "Send ResourceId.";
    RESOURCE_GROUP_NOT_FOUND = 404 "InvalidResourceGroup.NotFound"
        "The ResourceGroup provided does not exist in our records."
        => "Send the id of a resource group, which begins with rg-.";
    RESOURCE_GROUP_DUPLICATE = 403 "InvalidResourceGroup.Duplicate"
        "The ResourceId provided has a ResourceGroup in our records."
        => "Nothing to do: the resource is in that group.";
}
