//! The models of the typed SDKs: which type a parameter has there, and what they lack.
//!
//! The catalog says what the server takes; the models of the SDKs differ from it in the few places
//! that are listed here, for the versions that `tests/samples` compiles against.

use super::Language;
use crate::catalog::{ParamSpec, Repeat, Shape};

/// The type of a parameter in the models.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Text; also JSON lists, which the models take as text.
    Text,
    /// A whole number of 32 bits.
    Integer,
    /// A whole number of 64 bits.
    Long,
    /// `true` or `false`.
    Boolean,
    /// A number with a fraction, of 32 bits.
    Float,
}

/// Text in the models, although the server wants something narrower.
const TEXTS: &[(&str, &str)] = &[
    ("RunInstances", "SystemDisk.Size"),
    ("RunInstances", "SystemDisk.Encrypted"),
    ("RunInstances", "DataDisk.Encrypted"),
    ("RevokeSecurityGroupEgress", "Permissions.DestGroupOwnerId"),
];

/// Whole numbers of 64 bits.
const LONGS: &[(&str, &str)] = &[
    ("CreateDisk", "ProvisionedIops"),
    ("CreateDisk", "Arn.AssumeRoleFor"),
    ("ModifyDiskSpec", "ProvisionedIops"),
    ("ReplaceSystemDisk", "Arn.AssumeRoleFor"),
    ("CopySnapshot", "Arn.AssumeRoleFor"),
    ("CreateAutoSnapshotPolicy", "CopyEncryptionConfiguration.Arn.AssumeRoleFor"),
    ("ModifyAutoSnapshotPolicyEx", "CopyEncryptionConfiguration.Arn.AssumeRoleFor"),
    ("RunInstances", "SystemDisk.ProvisionedIops"),
    ("RunInstances", "DataDisk.ProvisionedIops"),
    ("RunInstances", "Arn.AssumeRoleFor"),
    ("RunInstances", "NetworkInterface.Ipv6AddressCount"),
    ("RunInstances", "NetworkInterface.QueuePairNumber"),
    ("RunInstances", "LaunchTemplateVersion"),
    ("CreateInstance", "Arn.AssumeRoleFor"),
    ("DescribeInstanceTypes", "MinimumLocalStorageCapacity"),
    ("DescribeInstanceTypes", "MinimumInstancePpsRx"),
    ("DescribeInstanceTypes", "MinimumInstancePpsTx"),
    ("DescribeInstanceTypes", "MaxResults"),
    ("DescribeImages", "ImageOwnerId"),
    ("DescribeInstanceMaintenanceAttributes", "PageNumber"),
    ("DescribeInstanceMaintenanceAttributes", "PageSize"),
    ("DescribeInstanceHistoryEvents", "MaxResults"),
    ("AuthorizeSecurityGroup", "SourceGroupOwnerId"),
    ("AuthorizeSecurityGroup", "Permissions.SourceGroupOwnerId"),
    ("AuthorizeSecurityGroupEgress", "DestGroupOwnerId"),
    ("AuthorizeSecurityGroupEgress", "Permissions.DestGroupOwnerId"),
    ("RevokeSecurityGroup", "SourceGroupOwnerId"),
    ("RevokeSecurityGroup", "Permissions.SourceGroupOwnerId"),
    ("RevokeSecurityGroupEgress", "DestGroupOwnerId"),
    ("DescribeVpcs", "VpcOwnerId"),
    ("CreateRole", "MaxSessionDuration"),
    ("AssumeRole", "DurationSeconds"),
    ("UpdateRole", "NewMaxSessionDuration"),
    ("DescribeVSwitches", "VSwitchOwnerId"),
];

use Language::{CSharp, Go, Java, Python, TypeScript};

const EVERY: &[Language] = &[Python, Java, Go, TypeScript, CSharp];
/// Those whose pinned version is older.
const OLDER: &[Language] = &[Java, Go, CSharp];

/// Old spellings of `Key` and `Value` of tags, which no model has.
const LEGACY: &[&str] = &["key", "value"];
/// Parameters that a model does not have, and where.
const LACKING: &[(&str, &str, &[Language])] = &[
    ("CreateInstance", "SystemDisk.Encrypted", EVERY),
    ("CreateInstance", "SystemDisk.KMSKeyId", EVERY),
    ("CreateInstance", "SystemDisk.BurstingEnabled", EVERY),
    ("CreateInstance", "SystemDisk.ProvisionedIops", EVERY),
    ("CreateInstance", "SystemDisk.AutoSnapshotPolicyId", EVERY),
    ("CreateInstance", "SystemDisk.EncryptAlgorithm", EVERY),
    ("CreateInstance", "DataDisk.BurstingEnabled", EVERY),
    ("CreateInstance", "DataDisk.ProvisionedIops", EVERY),
    ("CreateInstance", "DataDisk.AutoSnapshotPolicyId", EVERY),
    ("CancelAutoSnapshotPolicy", "autoSnapshotPolicyId", &[Java, CSharp]),
    ("CreateAutoSnapshotPolicy", "AssociationType", OLDER),
    ("CreateAutoSnapshotPolicy", "TargetTags", OLDER),
    ("CreateAutoSnapshotPolicy", "TargetTags.Key", OLDER),
    ("CreateAutoSnapshotPolicy", "TargetTags.Value", OLDER),
    ("ModifyAutoSnapshotPolicyEx", "TargetTags", OLDER),
    ("ModifyAutoSnapshotPolicyEx", "TargetTags.Key", OLDER),
    ("ModifyAutoSnapshotPolicyEx", "TargetTags.Value", OLDER),
    ("CreateInstance", "ManagedHostId", OLDER),
    ("DescribeDisks", "PerformanceLevel", &[TypeScript, Java, Go, CSharp]),
    ("DescribeImages", "Usable", OLDER),
    ("AuthorizeSecurityGroup", "Permissions.PortRangeListId", OLDER),
    ("AuthorizeSecurityGroupEgress", "Permissions.PortRangeListId", OLDER),
    ("RevokeSecurityGroup", "Permissions.PortRangeListId", OLDER),
    ("RevokeSecurityGroupEgress", "Permissions.PortRangeListId", OLDER),
    ("DescribeSecurityGroupAttribute", "Attribute", OLDER),
    ("DescribeInstanceHistoryEvents", "MaxResults", OLDER),
    ("DescribeInstanceHistoryEvents", "NextToken", OLDER),
    ("DescribeSnapshotLinks", "MaxResults", &[Java, CSharp]),
    ("DescribeSnapshotLinks", "NextToken", &[Java, CSharp]),
    ("DescribeTasks", "TaskGroupId", &[Java, CSharp]),
    ("ModifyDiskSpec", "DestinationZoneId", &[Java, CSharp]),
    ("ModifyInstanceAttribute", "CpuOptions.Core", &[Java, CSharp]),
    ("ModifyInstanceAttribute", "CpuOptions.ThreadsPerCore", &[Java, CSharp]),
    ("ModifyInstanceAttribute", "CpuOptions.NestedVirtualization", OLDER),
    ("ModifyInstanceAttribute", "EnableNetworkEncryption", &[Java, CSharp]),
    ("RunInstances", "ManagedHostId", OLDER),
    ("RunInstances", "SecurityOptions.EnableSecureBoot", OLDER),
    ("RunInstances", "CpuOptions.NestedVirtualization", OLDER),
    ("RunInstances", "NetworkInterface.SecondaryPrivateIpAddressCount", &[Java, CSharp]),
    ("RunInstances", "NetworkInterface.SourceDestCheck", &[Java, CSharp]),
    ("RunInstances", "ClockOptions.PtpStatus", &[Java, CSharp]),
    ("RunInstances", "NetworkOptions.BandwidthWeighting", &[Java, CSharp]),
    ("RunInstances", "NetworkOptions.EnableNetworkEncryption", &[Java, CSharp]),
    ("DeleteInstance", "ForceStop", &[Java, CSharp]),
    ("DeleteInstances", "ForceStop", &[Java, CSharp]),
    ("DescribeInstanceTypes", "AdditionalAttributes", &[Java, CSharp]),
    ("AssumeRole", "SourceIdentity", OLDER),
    ("CreateRole", "AllowConsoleLogin", EVERY),
    ("UpdateRole", "NewAllowConsoleLogin", EVERY),
    ("AttachPolicyToRole", "ResourceGroupId", EVERY),
    ("DetachPolicyFromRole", "ResourceGroupId", EVERY),
    ("AttachPolicyToGroup", "ResourceGroupId", EVERY),
    ("DetachPolicyFromGroup", "ResourceGroupId", EVERY),
];

/// The type of a parameter in the language's model, or none if the model does not have it. The
/// path is the wire name without numbers.
pub(super) fn kind(language: Language, action: &str, path: &str, spec: &ParamSpec) -> Option<Kind> {
    let is_legacy = LEGACY.contains(&spec.name);
    let is_lacking = LACKING.iter().any(|(known, lacking, languages)| {
        *known == action && *lacking == path && languages.contains(&language)
    });
    if is_legacy || is_lacking {
        return None;
    }
    let place = (action, path);
    Some(match spec.shape {
        _ if spec.repeat == Repeat::JsonArray || TEXTS.contains(&place) => Kind::Text,
        Shape::Integer { .. } if LONGS.contains(&place) => Kind::Long,
        Shape::Integer { .. } => Kind::Integer,
        Shape::Boolean => Kind::Boolean,
        Shape::Number => Kind::Float,
        Shape::Text { .. } | Shape::Id(_) | Shape::Choice(..) | Shape::Time | Shape::Group => {
            Kind::Text
        }
    })
}
