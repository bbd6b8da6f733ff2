//! Every error of a launch, by RunInstances and by CreateInstance.

use crate::harness::{Changes, TestServer, launch};

type Row<'a> = (Changes<'a>, u16, &'a str);

const WINDOWS: &str = "win2022_21H2_x64_dtc_zh-cn_40G_alibase_20240110.vhd";
const ARM: &str = "ubuntu_22_04_arm64_20G_alibase_20250625.vhd";

async fn both_refuse(server: &TestServer, rows: &[Row<'_>]) {
    for action in ["RunInstances", "CreateInstance"] {
        for (changes, status, code) in rows {
            server.expect_code(action, &launch(changes), (*status, code)).await;
        }
    }
}

#[tokio::test]
async fn launches_refuse_resources_that_do_not_exist() {
    let server = TestServer::new().await;
    let names: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let many: Vec<_> = names.iter().map(|name| (name.as_str(), Some(name.as_str()))).collect();
    let no_image = ("ImageId", None);
    both_refuse(
        &server,
        &[
            (&[("RegionId", None)], 400, "MissingParameter"),
            (&[("RegionId", Some("nowhere"))], 404, "InvalidRegionId.NotFound"),
            (&[("ZoneId", Some("nowhere"))], 404, "InvalidZoneId.NotFound"),
            (&[("ZoneId", Some("cn-shanghai-b"))], 404, "InvalidZoneId.NotFound"),
            (&[("InstanceType", None)], 400, "MissingParameter"),
            (
                &[("InstanceType", Some("ecs.nothing.large"))],
                400,
                "InvalidInstanceType.ValueNotSupported",
            ),
            (&[no_image], 400, "MissingParameter"),
            (
                &[("ImageFamily", Some("acs:ubuntu_22_04_x64"))],
                400,
                "UnexpectedImageFamily.ImageIdSupplied",
            ),
            (
                &[no_image, ("ImageFamily", Some("acs:nothing"))],
                403,
                "InvalidImageFamily.MissingAvailableImage",
            ),
            (&[("ImageId", Some("nothing.vhd"))], 404, "InvalidImageId.NotFound"),
            (&[("Tag.1.Value", Some("storage"))], 400, "InvalidTag.Mismatch"),
            (&[("Tag.1.Key", Some("a")), ("Tag.2.Key", Some("a"))], 400, "Duplicate.TagKey"),
            (&many, 400, "InvalidTagCount"),
        ],
    )
    .await;
}

#[tokio::test]
async fn launches_refuse_system_disks_that_image_or_type_do_not_take() {
    let server = TestServer::new().await;
    let essd = ("SystemDisk.Category", Some("cloud_essd"));
    let old_zone = ("ZoneId", Some("cn-hangzhou-b"));
    let windows = ("ImageId", Some(WINDOWS));
    let category = |category| ("SystemDisk.Category", Some(category));
    let size = |size| ("SystemDisk.Size", Some(size));
    let not_a_system_disk = "InvalidSystemDiskCategory.ValueNotSupported";
    both_refuse(
        &server,
        &[
            (&[("ImageId", Some(ARM))], 400, "InvalidInstanceType.NotSupported"),
            (&[category("cloud_regional_disk_auto")], 400, not_a_system_disk),
            (&[category("local_ssd_pro")], 400, not_a_system_disk),
            (&[category("floppy")], 400, not_a_system_disk),
            (
                &[
                    old_zone,
                    ("DataDisk.1.Category", Some("elastic_ephemeral_disk_standard")),
                    ("DataDisk.1.Size", Some("64")),
                ],
                403,
                "CategoryNotSupported",
            ),
            (&[category("cloud_essd_entry")], 400, not_a_system_disk),
            // The default is cloud_efficiency, whether the type takes it or not.
            (&[("InstanceType", Some("ecs.g8i.large"))], 400, not_a_system_disk),
            (
                &[("InstanceType", Some("ecs.g8i.large")), essd, ("DataDisk.1.Size", Some("20"))],
                400,
                "InvalidDataDiskCategory.ValueNotSupported",
            ),
            (&[windows, essd, size("39")], 404, "InvalidSystemDiskSize.LessThanImageSize"),
            (
                &[essd, ("SystemDisk.PerformanceLevel", Some("PL2")), size("460")],
                404,
                "InvalidSystemDiskSize.LessThanMinSize",
            ),
            (&[essd, size("2049")], 404, "InvalidSystemDiskSize.MoreThanMaxSize"),
            (&[category("cloud"), size("501")], 404, "InvalidSystemDiskSize.MoreThanMaxSize"),
        ],
    )
    .await;
}

#[tokio::test]
async fn launches_refuse_a_type_that_the_zone_does_not_sell() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let zone = "[zones]\ncn-hangzhou-i = { region = \"cn-hangzhou\", local_name = \"I\", \
                local_name_en = \"I\", instance_families = [\"ecs.r6\"] }\n";
    std::fs::write(file.path(), zone).unwrap();
    let inventory = diskdock::inventory::load(Some(file.path())).unwrap();
    let server = TestServer::with(|plan| plan.inventory = inventory.into()).await;
    both_refuse(&server, &[(&[], 403, "InvalidInstanceType.ZoneNotSupported")]).await;
    server.run_one(&[("InstanceType", Some("ecs.r6.large"))]).await;
}

#[tokio::test]
async fn launches_refuse_invalid_data_disks() {
    let server = TestServer::new().await;
    let size = |size| ("DataDisk.1.Size", Some(size));
    let category = |category| ("DataDisk.1.Category", Some(category));
    let essd = category("cloud_essd");
    let device = |name| (name, Some("/dev/xvdc"));
    let sizes: Vec<String> = (1..=17).map(|n| format!("DataDisk.{n}.Size")).collect();
    let many: Vec<_> = sizes.iter().map(|name| (name.as_str(), Some("20"))).collect();
    let mut small = many[..5].to_vec();
    small.push(("InstanceType", Some("ecs.s1.small")));
    let bad_size = "InvalidDataDiskSize.ValueNotSupported";
    let bad_category = "InvalidDataDiskCategory.ValueNotSupported";
    both_refuse(
        &server,
        &[
            (&many, 400, "InstanceDiskNumber.LimitExceed"),
            (&small, 400, "InstanceDiskNumber.LimitExceed"),
            (
                &[size("20"), ("DataDisk.1.SnapshotId", Some("s-1"))],
                404,
                "InvalidDataDiskSnapshotId.NotFound",
            ),
            (&[size("20"), category("floppy")], 400, bad_category),
            (&[size("20"), category("local_ssd_pro")], 400, bad_category),
            (&[essd], 400, bad_size),
            (&[category("cloud"), size("4")], 400, bad_size),
            (&[essd, size("65537")], 400, bad_size),
            (
                &[essd, size("460"), ("DataDisk.1.PerformanceLevel", Some("PL2"))],
                403,
                "OperationDenied.PerformanceLevelNotMatch",
            ),
            (
                &[
                    size("20"),
                    ("DataDisk.2.Size", Some("20")),
                    device("DataDisk.1.Device"),
                    device("DataDisk.2.Device"),
                ],
                403,
                "InvalidDevice.InUse",
            ),
            (
                &[size("20"), ("DataDisk.1.KMSKeyId", Some("key-1"))],
                400,
                "InvalidParameter.EncryptedIllegal",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn run_instances_refuses_performance_and_policies_that_do_not_fit() {
    const POLICY: &str = "InvalidAutoSnapshotPolicyId.NotFound";
    let server = TestServer::new().await;
    let size = |size| ("DataDisk.1.Size", Some(size));
    let category = |category| ("DataDisk.1.Category", Some(category));
    let iops = |iops| ("DataDisk.1.ProvisionedIops", Some(iops));
    let (essd, auto) = (category("cloud_essd"), category("cloud_auto"));
    let burst = ("DataDisk.1.BurstingEnabled", Some("true"));
    let policy = |name| (name, Some("sp-gone"));
    let rows: &[Row<'_>] = &[
        (&[essd, size("20"), iops("1")], 400, "ProvisionedIopsForDiskCategoryUnsupported"),
        (&[auto, size("40"), iops("40000")], 400, "InvalidProvisionedIops.LimitExceed"),
        (&[essd, size("20"), burst], 400, "BurstingEnabledForDiskCategoryUnsupported"),
        (&[auto, size("3"), burst], 400, "InvalidBurstingEnabled.DiskSizeTooSmall"),
        (&[policy("SystemDisk.AutoSnapshotPolicyId")], 404, POLICY),
        (&[size("20"), policy("DataDisk.1.AutoSnapshotPolicyId")], 404, POLICY),
    ];
    for (changes, status, code) in rows {
        server.expect_code("RunInstances", &launch(changes), (*status, code)).await;
    }
}

#[tokio::test]
async fn launches_refuse_invalid_guest_and_payment_options() {
    let server = TestServer::new().await;
    server.key_pair("mine").await;
    let windows = ("ImageId", Some(WINDOWS));
    let prepaid = ("InstanceChargeType", Some("PrePaid"));
    let period = |period| ("Period", Some(period));
    let spot = ("SpotStrategy", Some("SpotAsPriceGo"));
    let protected = ("DeletionProtection", Some("true"));
    let password = ("Password", Some("Example-1234"));
    // 32769 bytes, one too many.
    let data = "AAAA".repeat(10_923);
    let unprotectable = "InvalidChargeType.ValueNotSupported";
    both_refuse(
        &server,
        &[
            (&[password, ("PasswordInherit", Some("true"))], 400, "InvalidPasswordParam.Mismatch"),
            (&[("KeyPairName", Some("gone"))], 404, "InvalidKeyPairName.NotFound"),
            (&[windows, ("KeyPairName", Some("mine"))], 403, "DependencyViolation.WindowsInstance"),
            (&[("HostName", Some("ends-in."))], 400, "InvalidHostName.Malformed"),
            (&[windows, ("HostName", Some("a-name-of-16-chr"))], 400, "InvalidHostName.Malformed"),
            (&[("UserData", Some("no base64"))], 400, "InvalidUserData.Base64FormatInvalid"),
            (&[("UserData", Some(&data))], 400, "InvalidUserData.SizeExceeded"),
            (&[prepaid], 400, "MissingParamter"),
            (&[prepaid, period("10")], 400, "InvalidPeriod"),
            (&[prepaid, period("61")], 400, "InvalidPeriod"),
            (&[prepaid, period("5"), ("PeriodUnit", Some("Week"))], 400, "InvalidPeriod"),
            (&[prepaid, period("1"), spot], 400, "InvalidSpotPrepaid"),
            (&[prepaid, period("1"), protected], 403, unprotectable),
            (&[spot, protected], 403, unprotectable),
            (
                &[("HibernationOptions.Configured", Some("true"))],
                400,
                "HibernationConfigured.InstanceTypeNotSupport",
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn run_instances_refuses_invalid_values_of_its_own_parameters() {
    let server = TestServer::new().await;
    let several = ("HostNames.1", Some("web-1"));
    let release = |time| ("AutoReleaseTime", Some(time));
    let unsupported = "InvalidInstanceType.NotSupported";
    let rows: &[Row] = &[
        (&[("LaunchTemplateId", Some("lt-1"))], 404, "InvalidLaunchTemplate.NotFound"),
        (&[("LaunchTemplateName", Some("mine"))], 404, "InvalidLaunchTemplate.NotFound"),
        (&[("Amount", Some("0"))], 400, "InvalidMaxAmount.Malformed"),
        (&[("Amount", Some("101"))], 400, "InvalidMaxAmount.Malformed"),
        (&[("MinAmount", Some("2"))], 400, "InvalidMinAmount.Malformed"),
        (&[("HostName", Some("web")), several], 403, "InvalidHostname.SingleAndMultiConflict"),
        (&[("Amount", Some("2")), several], 403, "InvalidHostname.SizeInvalid"),
        (
            &[("SecurityGroupId", Some("sg-1")), ("SecurityGroupIds.1", Some("sg-2"))],
            400,
            "InvalidSecurityGroupId.SingleIdAndMultiIdConflict",
        ),
        (&[release("2026-01-02T03:20:00Z")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[release("2029-02-02T03:20:00Z")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[release("tomorrow")], 400, "InvalidAutoReleaseTime.Malformed"),
        (&[("AutoPay", Some("false"))], 400, "InvalidAutoPay.PostPaidUnsupported"),
        (&[("SecurityOptions.ConfidentialComputingMode", Some("Enclave"))], 403, unsupported),
        (&[("SecurityOptions.TrustedSystemMode", Some("vTPM"))], 403, unsupported),
        (&[("NetworkInterface.1.NetworkInterfaceId", Some("eni-1"))], 403, "InvalidEniId.NotFound"),
    ];
    for (changes, status, code) in rows {
        server.expect_code("RunInstances", &launch(changes), (*status, code)).await;
    }
}

#[tokio::test]
async fn launches_refuse_a_forward_tag_that_lists_no_ports() {
    let server = TestServer::new().await;
    let forwards = |value| [("Tag.1.Key", Some("diskdock:forward")), ("Tag.1.Value", value)];
    let kept_for_the_host = [Some("22:22"), Some("2222:22,1023:80")];
    let nonsense = [None, Some("22"), Some("2222:0"), Some("2222:22,"), Some("a:b")];
    for nonsense in nonsense.into_iter().chain(kept_for_the_host) {
        both_refuse(&server, &[(&forwards(nonsense), 400, "InvalidTagValue.Malformed")]).await;
    }
    for action in ["RunInstances", "CreateInstance"] {
        for value in ["2222:22", "2222:22,8080:80"] {
            server.ok(action, &launch(&forwards(Some(value)))).await;
        }
        let other = [("Tag.1.Key", Some("forward")), ("Tag.1.Value", Some("22"))];
        server.ok(action, &launch(&other)).await;
    }
}
