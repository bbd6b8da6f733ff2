//! Regions, zones, types, images and what can be had where: what clients ask before they launch.

use crate::harness::{IMAGE, Pairs, REGION, TestServer, ZONE};

const REGIONS: (&str, &str, &str) = ("Regions", "Region", "RegionId");
const ZONES: (&str, &str, &str) = ("Zones", "Zone", "ZoneId");
const AVAILABLE: (&str, &str, &str) = ("AvailableZones", "AvailableZone", "ZoneId");
const TYPES: (&str, &str, &str) = ("InstanceTypes", "InstanceType", "InstanceTypeId");
const IMAGES: (&str, &str, &str) = ("Images", "Image", "ImageId");

/// The way of a wizard: region, zone, type, image, disk; and then the launch goes well.
#[tokio::test]
async fn every_listed_type_image_and_zone_can_be_launched() {
    let server = TestServer::new().await;
    let regions = server.list("DescribeRegions", &[], REGIONS).await;
    assert!(regions.contains(&REGION.to_owned()));
    let region = ("RegionId", REGION);
    let zones = server.list("DescribeZones", &[region], ZONES).await;
    let zone = zones.last().unwrap();
    let ask = [region, ("DestinationResource", "InstanceType"), ("ZoneId", zone)];
    let answer = server.ok("DescribeAvailableResource", &ask).await;
    let resources = &answer.json["AvailableZones"]["AvailableZone"][0]["AvailableResources"];
    let supported = &resources["AvailableResource"][0]["SupportedResources"]["SupportedResource"];
    let sold =
        |wanted: &str| supported.as_array().unwrap().iter().any(|entry| entry["Value"] == wanted);
    let ask = [("InstanceTypeFamily", "ecs.g7")];
    let types = server.list("DescribeInstanceTypes", &ask, TYPES).await;
    assert!(types.iter().all(|found| sold(found)), "{types:?}");
    let ask = [region, ("InstanceType", &*types[0]), ("OSType", "linux")];
    let images = server.list("DescribeImages", &ask, IMAGES).await;
    let system = [
        region,
        ("DestinationResource", "SystemDisk"),
        ("ZoneId", zone),
        ("InstanceType", &*types[0]),
    ];
    assert_eq!(server.list("DescribeAvailableResource", &system, AVAILABLE).await, [&**zone]);
    let changes = [
        ("ZoneId", Some(zone.as_str())),
        ("InstanceType", Some(&*types[0])),
        ("ImageId", Some(&*images[0])),
        ("SystemDisk.Category", Some("cloud_essd")),
    ];
    let id = server.run_one(&changes).await;
    let shown = server.show(&id).await;
    assert_eq!((&shown["ZoneId"], &shown["ImageId"]), (&(**zone).into(), &(*images[0]).into()));
}

/// Without a zone the first that sells everything is taken.
#[tokio::test]
async fn run_instances_without_zone_takes_the_first_that_sells_everything() {
    let server = TestServer::new().await;
    let zones = server.list("DescribeZones", &[("RegionId", REGION)], ZONES).await;
    let id = server.run_one(&[("ZoneId", None)]).await;
    assert!(zones.contains(&server.show(&id).await["ZoneId"].as_str().unwrap().to_owned()));
    let ephemeral = [
        ("ZoneId", None),
        ("InstanceType", Some("ecs.g8i.large")),
        ("SystemDisk.Category", Some("cloud_essd")),
        ("DataDisk.1.Category", Some("elastic_ephemeral_disk_standard")),
        ("DataDisk.1.Size", Some("64")),
    ];
    let id = server.run_one(&ephemeral).await;
    assert_eq!(server.disks_of(&id).await[1]["Category"], "elastic_ephemeral_disk_standard");
}

#[tokio::test]
async fn inventory_queries_refuse_invalid_parameters() {
    let server = TestServer::new().await;
    let (region, nowhere) = (("RegionId", REGION), ("RegionId", "nowhere"));
    let zones = ("DestinationResource", "Zone");
    let of_type = ("InstanceType", "ecs.g6.large");
    let names: Vec<String> = (1..=21).map(|n| format!("Tag.{n}.Key")).collect();
    let mut many: Vec<_> = names.iter().map(|name| (name.as_str(), "team")).collect();
    many.push(region);
    let key = ("Filter.1.Key", "CreationStartTime");
    let conflict = "InvalidParam.TypeAndCpuMem.Conflict";
    type Row<'a> = (&'a str, Pairs<'a>, u16, &'a str);
    let rows: &[Row] = &[
        ("DescribeRegions", &[("AcceptLanguage", "xx")], 404, "InvalidAcceptLanguage.NotFound"),
        ("DescribeZones", &[], 400, "MissingParameter"),
        ("DescribeZones", &[nowhere], 404, "InvalidRegionId.NotFound"),
        ("DescribeAvailableResource", &[region], 400, "Invalid.Param"),
        ("DescribeAvailableResource", &[nowhere, zones], 404, "InvalidRegionId.NotFound"),
        ("DescribeAvailableResource", &[region, zones, of_type, ("Cores", "2")], 403, conflict),
        ("DescribeAvailableResource", &[region, zones, of_type, ("Memory", "8")], 403, conflict),
        (
            "DescribeAvailableResource",
            &[region, zones, ("DedicatedHostId", "dh-1")],
            403,
            "InvalidDedicatedHostId.NotFound",
        ),
        ("DescribeInstanceTypes", &[("NextToken", "no token")], 400, "InvalidParameter"),
        ("DescribeImages", &[nowhere], 400, "InvalidRegionId.MalFormed"),
        (
            "DescribeImages",
            &[region, ("InstanceType", "ecs.nothing.large")],
            400,
            "InvalidInstanceType.ValueNotSupported",
        ),
        ("DescribeImages", &[region, key], 404, "InvalidFilterValue"),
        ("DescribeImages", &[region, key, ("Filter.1.Value", "now")], 404, "InvalidFilterValue"),
        (
            "DescribeImages",
            &[region, ("Filter.1.Value", "2024-01-01T00:00Z")],
            404,
            "InvalidFilterKey.NotFound",
        ),
        ("DescribeImages", &[region, ("Tag.1.Value", "a")], 400, "InvalidTag.Mismatch"),
        ("DescribeImages", &many, 400, "InvalidTagCount"),
    ];
    for (action, parameters, status, code) in rows {
        server.expect_code(action, parameters, (*status, code)).await;
    }
}

#[tokio::test]
async fn describe_images_applies_every_filter() {
    let server = TestServer::new().await;
    let total = async |filter: &[(&str, &str)]| {
        let ask = [&[("RegionId", REGION)], filter].concat();
        server.ok("DescribeImages", &ask).await.json["TotalCount"].as_u64().unwrap()
    };
    let all = total(&[]).await;
    assert_eq!(total(&[("ImageId", IMAGE)]).await, 1);
    assert_eq!(total(&[("ImageOwnerAlias", "self")]).await, 0);
    assert_eq!(total(&[("Tag.1.Key", "team")]).await, 0);
    let (linux, windows) =
        (total(&[("OSType", "linux")]).await, total(&[("OSType", "windows")]).await);
    assert_eq!(linux + windows, all);
    let (x86, arm) =
        (total(&[("Architecture", "x86_64")]).await, total(&[("Architecture", "arm64")]).await);
    assert_eq!(x86 + arm, all);
    assert_eq!(total(&[("InstanceType", "ecs.g6.large")]).await, x86);
    let day = ("Filter.1.Value", "2024-01-01T12:00Z");
    let before = total(&[("Filter.1.Key", "CreationEndTime"), day]).await;
    let after = total(&[("Filter.1.Key", "CreationStartTime"), day]).await;
    assert!(before > 0 && after > 0);
    assert_eq!(before + after, all);

    let mut seen = std::collections::BTreeSet::new();
    for number in 1..=all.div_ceil(50) {
        let number = number.to_string();
        let ask = [("RegionId", REGION), ("PageNumber", &*number), ("PageSize", "50")];
        seen.extend(server.list("DescribeImages", &ask, IMAGES).await);
    }
    assert_eq!(seen.len() as u64, all);
}

#[tokio::test]
async fn describe_available_resource_lists_zones_that_sell_the_resource() {
    let server = TestServer::new().await;
    let ask = [
        ("RegionId", REGION),
        ("DestinationResource", "DataDisk"),
        ("DataDiskCategory", "elastic_ephemeral_disk_standard"),
    ];
    let zones = server.list("DescribeAvailableResource", &ask, AVAILABLE).await;
    assert!(zones.contains(&ZONE.to_owned()));
    assert!(!zones.contains(&"cn-hangzhou-b".to_owned()));
    let classic = [ask[0], ask[1], ("NetworkCategory", "classic")];
    assert_eq!(server.list("DescribeAvailableResource", &classic, AVAILABLE).await, [""; 0]);
}

#[tokio::test]
async fn describe_available_resource_reads_scope_in_any_case() {
    let server = TestServer::new().await;
    let ask =
        |scope| [("RegionId", REGION), ("DestinationResource", "InstanceType"), ("Scope", scope)];
    for scope in ["Region", "region", "ZONE"] {
        server.ok("DescribeAvailableResource", &ask(scope)).await;
    }
    let answer = server.call("DescribeAvailableResource", &ask("planet")).await;
    assert_eq!(answer.refusal(), (403, "InvalidParameter.Scope"));
    assert!(answer.message().ends_with("Expected one of Region, Zone, in any case."), "{answer:?}");
    let exact = [ask("Zone")[0], ("DestinationResource", "instancetype")];
    let refusal = (404, "Invalid.DestinationResource");
    server.expect_code("DescribeAvailableResource", &exact, refusal).await;
}
