//! The service's own policies, by their names.

/// Name, what it is for, and the document, of each.
pub const SYSTEM_POLICIES: &[(&str, &str, &str)] = &[
    (
        "AdministratorAccess",
        "May do everything.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
    ),
    (
        "AliyunECSFullAccess",
        "May do everything with instances, disks and the like.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:*","vpc:DescribeVpcs","vpc:DescribeVSwitches"],"Resource":"*"}]}"#,
    ),
    (
        "AliyunECSReadOnlyAccess",
        "May look at instances, disks and the like.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ecs:Describe*","ecs:List*","ecs:Get*","vpc:DescribeVpcs","vpc:DescribeVSwitches"],"Resource":"*"}]}"#,
    ),
    (
        "AliyunKMSFullAccess",
        "May do everything with keys for encryption.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"kms:*","Resource":"*"}]}"#,
    ),
    (
        "AliyunRAMFullAccess",
        "May do everything with users and policies.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"ram:*","Resource":"*"}]}"#,
    ),
    (
        "AliyunRAMReadOnlyAccess",
        "May look at users and policies.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["ram:Get*","ram:List*"],"Resource":"*"}]}"#,
    ),
    (
        "AliyunSTSAssumeRoleAccess",
        "May take on roles.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"sts:AssumeRole","Resource":"*"}]}"#,
    ),
    (
        "AliyunVPCFullAccess",
        "May do everything with networks.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"vpc:*","Resource":"*"}]}"#,
    ),
    (
        "ReadOnlyAccess",
        "May look at everything.",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["*:Describe*","*:List*","*:Get*","*:Query*"],"Resource":"*"}]}"#,
    ),
];

/// The document of the service's policy of this name.
pub fn system_policy(name: &str) -> Option<&'static str> {
    SYSTEM_POLICIES.iter().find(|(known, ..)| *known == name).map(|(.., document)| *document)
}
