//! Regions, zones, types and images.

use serde_json::Value;

use super::Bench;

/// The texts under `name` of every entry of a list.
fn texts<'a>(list: &'a Value, name: &str) -> Vec<&'a str> {
    list.as_array().unwrap().iter().map(|entry| entry[name].as_str().unwrap()).collect()
}

#[test]
fn describe_regions_names_regions_in_the_requested_language() {
    let bench = Bench::new();
    let name = |pairs: &[(&str, &str)]| {
        let reply = bench.ask("DescribeRegions", pairs).unwrap();
        let regions = reply["Regions"]["Region"].as_array().unwrap().clone();
        let found = regions.iter().find(|region| region["RegionId"] == "cn-hangzhou").unwrap();
        found["LocalName"].as_str().unwrap().to_owned()
    };
    assert_eq!(name(&[]), "华东1（杭州）");
    assert_eq!(name(&[("AcceptLanguage", "en-US")]), "China (Hangzhou)");
    let refused = bench.ask("DescribeRegions", &[("AcceptLanguage", "xx")]);
    assert_eq!(refused, Err("InvalidAcceptLanguage.NotFound"));
}

#[test]
fn describe_zones_lists_the_zones_of_the_region() {
    let bench = Bench::new();
    let reply = bench.ask("DescribeZones", &[("RegionId", "cn-hangzhou")]).unwrap();
    let zones = &reply["Zones"]["Zone"];
    assert!(texts(zones, "ZoneId").iter().all(|id| id.starts_with("cn-hangzhou-")));
    let resources = &zones[0]["AvailableResources"]["ResourcesInfo"][0];
    let types = &resources["InstanceTypes"]["supportedInstanceType"];
    assert!(!types.as_array().unwrap().is_empty());
    let system = &resources["SystemDiskCategories"]["supportedSystemDiskCategory"];
    let local = |word: &Value| word.as_str().unwrap().starts_with("local");
    assert!(!system.as_array().unwrap().iter().any(local));
    let unknown = bench.ask("DescribeZones", &[("RegionId", "mars-1")]);
    assert_eq!(unknown, Err("InvalidRegionId.NotFound"));
}

#[test]
fn describe_instance_types_filters_by_every_bound() {
    let bench = Bench::new();
    let pairs = [("InstanceTypeFamily", "ecs.g6"), ("MaximumCpuCoreCount", "4")];
    let reply = bench.ask("DescribeInstanceTypes", &pairs).unwrap();
    let types = reply["InstanceTypes"]["InstanceType"].as_array().unwrap();
    assert!(!types.is_empty());
    assert!(types.iter().all(|one| one["CpuCoreCount"].as_i64().unwrap() <= 4));
    let none = bench.ask("DescribeInstanceTypes", &[("MinimumEriQuantity", "1")]).unwrap();
    assert_eq!(none["InstanceTypes"]["InstanceType"], serde_json::json!([]));
}

#[test]
fn describe_instance_types_by_token_gives_each_type_once() {
    let bench = Bench::new();
    let (mut seen, mut token) = (Vec::new(), String::new());
    loop {
        let pairs = [("MaxResults", "7"), ("NextToken", token.as_str())];
        let reply = bench.ask("DescribeInstanceTypes", &pairs).unwrap();
        let page = texts(&reply["InstanceTypes"]["InstanceType"], "InstanceTypeId");
        assert!(!page.is_empty() && page.len() <= 7);
        seen.extend(page.into_iter().map(str::to_owned));
        token = reply["NextToken"].as_str().unwrap().to_owned();
        if token.is_empty() {
            break;
        }
    }
    let all: Vec<_> =
        bench.environment.inventory.instance_types().iter().map(|one| &one.id).collect();
    assert_eq!(seen.iter().collect::<Vec<_>>(), all);
    let odd = bench.ask("DescribeInstanceTypes", &[("NextToken", "odd")]);
    assert_eq!(odd, Err("InvalidParameter"));
}

#[test]
fn describe_available_resource_gives_the_sizes_of_each_category() {
    let bench = Bench::new();
    let pairs = [("RegionId", "cn-hangzhou"), ("DestinationResource", "SystemDisk")];
    let reply = bench.ask("DescribeAvailableResource", &pairs).unwrap();
    let resource = &reply["AvailableZones"]["AvailableZone"][0]["AvailableResources"];
    let resource = &resource["AvailableResource"][0];
    assert_eq!(resource["Type"], "SystemDisk");
    let disks = resource["SupportedResources"]["SupportedResource"].as_array().unwrap();
    let essd = disks.iter().find(|disk| disk["Value"] == "cloud_essd").unwrap();
    let range = (&essd["Min"], &essd["Max"], &essd["Unit"]);
    assert_eq!(range, (&20.into(), &2048.into(), &"GiB".into()));
}

#[test]
fn describe_available_resource_gives_types_that_take_the_disk() {
    let bench = Bench::new();
    let base = [("RegionId", "cn-hangzhou"), ("DestinationResource", "InstanceType")];
    let with = |more: &[(&'static str, &'static str)]| {
        bench.ask("DescribeAvailableResource", &[&base[..], more].concat())
    };
    let one = with(&[("InstanceType", "ecs.g6.large"), ("ZoneId", "cn-hangzhou-i")]).unwrap();
    let zones = &one["AvailableZones"]["AvailableZone"];
    assert_eq!(texts(zones, "ZoneId"), ["cn-hangzhou-i"]);
    let none = with(&[("SystemDiskCategory", "ephemeral")]).unwrap();
    assert_eq!(none["AvailableZones"]["AvailableZone"], serde_json::json!([]));
    let both = with(&[("InstanceType", "ecs.g6.large"), ("Cores", "2")]);
    assert_eq!(both, Err("InvalidParam.TypeAndCpuMem.Conflict"));
}

#[test]
fn describe_available_resource_for_zones_lists_no_resources() {
    let bench = Bench::new();
    let pairs = [("RegionId", "cn-hangzhou"), ("DestinationResource", "Zone")];
    let reply = bench.ask("DescribeAvailableResource", &pairs).unwrap();
    let zone = &reply["AvailableZones"]["AvailableZone"][0];
    assert_eq!(zone["AvailableResources"]["AvailableResource"], serde_json::json!([]));
}

#[test]
fn describe_images_filters_public_images() {
    let bench = Bench::new();
    let with = |more: &[(&'static str, &'static str)]| {
        let base = [("RegionId", "cn-hangzhou"), ("PageSize", "100")];
        bench.ask("DescribeImages", &[&base[..], more].concat())
    };
    let count = |reply: Result<Value, _>| reply.unwrap()["TotalCount"].as_u64().unwrap();
    let all = count(with(&[]));
    let linux = count(with(&[("OSType", "linux")]));
    let windows = count(with(&[("OSType", "windows")]));
    assert!(linux > 0 && windows > 0 && linux + windows == all);
    assert_eq!(count(with(&[("ImageOwnerAlias", "self")])), 0);
    let ubuntu = with(&[("ImageName", "ubuntu_*")]).unwrap();
    let names = texts(&ubuntu["Images"]["Image"], "ImageName");
    assert!(!names.is_empty() && names.iter().all(|name| name.starts_with("ubuntu_")));
    assert_eq!(with(&[("InstanceType", "ecs.none")]), Err("InvalidInstanceType.ValueNotSupported"));
    assert_eq!(with(&[("OSType", "plan9")]), Err("InvalidOSType"));
}
