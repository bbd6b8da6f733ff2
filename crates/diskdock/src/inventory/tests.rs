//! Tests of the built-in table and of files over it.
#![allow(clippy::unwrap_used)]

use std::io::Write;

use domain::inventory::{Architecture, BootMode, NvmeSupport, OfferTables, OsType};

use super::*;

fn builtin() -> Inventory {
    load(None).unwrap()
}

fn over_builtin(text: &str) -> Inventory {
    load_text("mine.toml", text).unwrap()
}

fn refusal(text: &str) -> String {
    let message = load_text("mine.toml", text).unwrap_err().to_string();
    assert!(message.starts_with("mine.toml: "), "{message}");
    message
}

/// Checks that `text` is refused with a message that has all the `parts`.
fn assert_refused(text: &str, parts: &[&str]) {
    let message = refusal(text);
    for part in parts {
        assert!(message.contains(part), "no {part:?} in: {message}");
    }
}

#[test]
fn builtin_loads_and_is_not_small() {
    let inventory = builtin();
    assert_eq!(inventory.regions().len(), 26);
    assert!(inventory.zones().count() > 80);
    assert!(inventory.families().len() > 60);
    assert!(inventory.instance_types().len() > 500);
    assert!(inventory.images().len() > 180);
}

#[test]
fn builtin_has_the_names_in_real_configurations() {
    let inventory = builtin();
    for zone in ["cn-hangzhou-b", "cn-hangzhou-k", "cn-beijing-l", "us-west-1a", "me-central-1b"] {
        assert!(inventory.zone(zone).is_some(), "{zone}");
    }
    for id in ["ecs.t5-lc2m1.nano", "ecs.t6-c4m1.large", "ecs.u1-c1m2.large", "ecs.e-c1m1.large"] {
        assert!(inventory.instance_type(id).is_some(), "{id}");
    }
    for id in ["ecs.g6.26xlarge", "ecs.n4.small", "ecs.xn4.small", "ecs.g8y.large", "ecs.n1.tiny"] {
        assert!(inventory.instance_type(id).is_some(), "{id}");
    }
    assert!(inventory.image("ubuntu_22_04_x64_20G_alibase_20240926.vhd").is_some());
    assert!(inventory.image("aliyun_3_x64_20G_alibase_20240819.vhd").is_some());
}

#[test]
fn builtin_ids_follow_their_parents() {
    let inventory = builtin();
    let mut hints: Vec<_> = inventory.regions().iter().map(|region| &region.id_hint).collect();
    hints.sort();
    hints.dedup();
    assert_eq!(hints.len(), inventory.regions().len(), "two regions share an id_hint");
    for zone in inventory.zones() {
        assert!(zone.id.starts_with(&zone.region_id), "{}", zone.id);
        assert_eq!(inventory.region(&zone.region_id).unwrap().id, zone.region_id);
    }
    for each in inventory.instance_types() {
        assert!(each.id.starts_with(&each.family), "{}", each.id);
    }
}

#[test]
fn a_sized_type_takes_figures_from_its_scale() {
    let inventory = builtin();
    let xlarge = inventory.instance_type("ecs.g7.xlarge").unwrap();
    assert_eq!((xlarge.cpu, xlarge.memory_gib, xlarge.disk_quantity), (4, 16.0, 17));
    assert_eq!(xlarge.network.bandwidth_kbps, 3_072_000);
    assert_eq!(xlarge.network.packets_per_second, 1_100_000);
    assert_eq!((xlarge.network.interfaces, xlarge.network.total_queues()), (4, 16));
    assert_eq!(xlarge.nvme_support, NvmeSupport::Unsupported);
    assert!(inventory.instance_type("ecs.g8i.xlarge").unwrap().multi_attach);
    assert_eq!(inventory.instance_type("ecs.g6.13xlarge").unwrap().memory_gib, 192.0);
    assert_eq!(inventory.instance_type("ecs.u1-c1m4.xlarge").unwrap().disk_quantity, 9);
    assert_eq!(
        inventory.instance_type("ecs.i2.xlarge").unwrap().local_storage.as_ref().unwrap().amount,
        1
    );
    assert_eq!(inventory.instance_type("ecs.g8y.large").unwrap().architecture, Architecture::Arm);
}

#[test]
fn every_hot_plug_rule_can_be_met() {
    let inventory = builtin();
    let flags = |id: &str| {
        let each = inventory.instance_type(id).unwrap();
        (each.hot_attach, each.hot_detach)
    };
    assert_eq!(flags("ecs.g6.large"), (true, true));
    assert_eq!(flags("ecs.t1.small"), (true, true));
    assert_eq!(flags("ecs.m1.medium"), (true, false));
    assert_eq!(flags("ecs.c1.small"), (false, false));
}

#[test]
fn an_image_is_named_and_dated_by_its_series() {
    let inventory = builtin();
    let ubuntu = inventory.image("ubuntu_22_04_x64_20G_alibase_20240926.vhd").unwrap();
    assert_eq!(ubuntu.os_name, "Ubuntu  22.04 64位");
    assert_eq!(ubuntu.os_name_en, "Ubuntu  22.04 64 bit");
    assert_eq!(ubuntu.creation_time, "2024-09-26T00:00:00Z");
    let arm = inventory.image("ubuntu_22_04_arm64_20G_alibase_20250625.vhd").unwrap();
    assert_eq!(arm.os_name_en, "Ubuntu  22.04 64 bit ARM Edition");
    assert_eq!((arm.architecture, arm.boot_mode), (Architecture::Arm, BootMode::Uefi));
    let windows = inventory.image("win2022_21H2_x64_dtc_en-us_40G_alibase_20230915.vhd").unwrap();
    assert_eq!((windows.os_type, windows.size_gib), (OsType::Windows, 40));
}

#[test]
fn tables_survive_writing_and_reading() {
    let inventory = builtin();
    let json = serde_json::to_string(&inventory).unwrap();
    assert_eq!(serde_json::from_str::<Inventory>(&json).unwrap(), inventory);
    let mut tables = OfferTables::from(inventory);
    tables.regions[0].zones.clear();
    let json = serde_json::to_string(&tables).unwrap();
    assert!(
        serde_json::from_str::<Inventory>(&json).unwrap_err().to_string().contains("has no zone")
    );
}

#[test]
fn an_empty_file_changes_nothing() {
    assert_eq!(over_builtin(""), builtin());
}

#[test]
fn a_file_adds_and_replaces_entries() {
    let inventory = over_builtin(
        r#"
        [zones]
        cn-hangzhou-x = { region = "cn-hangzhou", disk_categories = ["cloud_essd"] }
        [regions]
        cn-qingdao = { local_name = "Qingdao", id_hint = "qd1", endpoint = "localhost" }
        [instance_types]
        "ecs.g6.large" = { cpu = 2, memory = 8, hot_detach = false }
        "ecs.g6.tiny" = { cpu = 1, memory = 0.25 }
        [images.mine]
        name = "Mine"
        platform = "Others Linux"
        creation_time = "2026-01-01T00:00:00Z"
        ids = ["mine.vhd", "aliyun_3_x64_20G_alibase_20240819.vhd"]
        "#,
    );
    assert_eq!(inventory.zone("cn-hangzhou-x").unwrap().local_name, "cn-hangzhou-x");
    let qingdao = inventory.region("cn-qingdao").unwrap();
    assert_eq!((qingdao.endpoint.as_str(), qingdao.zones.len()), ("localhost", 2));
    assert!(!inventory.instance_type("ecs.g6.large").unwrap().hot_detach);
    assert!(inventory.instance_type("ecs.g6.xlarge").unwrap().hot_detach);
    assert_eq!(inventory.instance_type("ecs.g6.tiny").unwrap().memory_gib, 0.25);
    let image = inventory.image("aliyun_3_x64_20G_alibase_20240819.vhd").unwrap();
    assert_eq!(image.platform, "Others Linux");
    assert_eq!(inventory.images().len(), builtin().images().len() + 1);
}

#[test]
fn a_replaced_family_makes_its_types_anew() {
    let inventory = over_builtin(
        "[families.\"ecs.g6\"]\nscale = \"sixth\"\nmemory_per_cpu = 1.0\nsizes = [\"large\"]",
    );
    assert_eq!(inventory.instance_type("ecs.g6.large").unwrap().memory_gib, 2.0);
    assert!(inventory.instance_type("ecs.g6.xlarge").is_none());
}

const ALONE: &str = r#"
    replace = true
    [regions]
    lab = { local_name = "Lab", id_hint = "lab" }
    [zones]
    lab-a = { region = "lab", instance_families = ["ecs.lab"] }
    [families."ecs.lab"]
    [instance_types]
    "ecs.lab.small" = { cpu = 1, memory = 1 }
    [images.lab]
    name = "Lab"
    platform = "Others Linux"
    ids = ["lab_20260101.vhd"]
"#;

#[test]
fn a_file_can_stand_alone() {
    let inventory = over_builtin(ALONE);
    assert_eq!(inventory.regions().len(), 1);
    assert_eq!(inventory.region("lab").unwrap().endpoint, "ecs.lab.aliyuncs.com");
    assert_eq!(inventory.instance_types().len(), 1);
    assert_eq!(inventory.images()[0].os_name_en, "Lab 64 bit");
    let small = inventory.instance_type("ecs.lab.small").unwrap();
    assert!(inventory.sells(inventory.zone("lab-a").unwrap(), small));
}

#[test]
fn a_file_that_stands_alone_needs_everything() {
    assert_refused("replace = true", &["regions: there is none", "replace"]);
    assert_refused(&ALONE.replace("lab-a =", "lap-a ="), &["zones.lap-a", "must begin with lab"]);
}

#[test]
fn invalid_places_are_refused() {
    assert_refused(
        "[zones]\ncn-mars-a = { region = \"cn-mars\" }",
        &["zones.cn-mars-a", "region cn-mars is not declared", "[regions.cn-mars]"],
    );
    assert_refused(
        "[zones]\ncn-hangzhou-x = { region = \"cn-hangzhou\", disk_categories = [\"ssd\"] }",
        &["zones.cn-hangzhou-x", "\"ssd\" is no disk category", "cloud_essd"],
    );
    assert_refused(
        "[regions]\ncn-mars = { local_name = \"Mars\", id_hint = \"mar\" }",
        &["regions.cn-mars", "has no zone", "[zones.cn-mars-a]"],
    );
}

#[test]
fn invalid_instance_types_are_refused() {
    let row = |fields: &str| format!("[instance_types]\n\"ecs.g6.huge\" = {{ {fields} }}");
    assert_refused(&row("cpu = 2"), &["instance_types.ecs.g6.huge", "memory is missing"]);
    assert_refused(&row("memory = 2"), &["instance_types.ecs.g6.huge", "cpu is missing"]);
    assert_refused(&row("cpu = 2, memory = -1"), &["memory must be", "above 0"]);
    assert_refused(&row("cpu = 2, memory = 8, family = \"ecs.zz\""), &["family ecs.zz", "add"]);
    let family = |fields: &str| format!("[families.\"ecs.lab\"]\n{fields}");
    assert_refused(&family("sizes = [\"large\"]"), &["families.ecs.lab", "need a scale"]);
    assert_refused(
        &family("scale = \"sixth\"\nsizes = [\"large\"]"),
        &["families.ecs.lab", "memory_per_cpu or variants"],
    );
    assert_refused(
        &family("scale = \"sixth\"\nsizes = [\"vast\"]\nmemory_per_cpu = 2.0"),
        &["size \"vast\" is not in the scale \"sixth\""],
    );
    assert_refused(
        &family("scale = \"sixth\"\nsizes = [\"large\", \"large\"]\nmemory_per_cpu = 2.0"),
        &["instance_types.ecs.lab.large", "declared twice"],
    );
}

#[test]
fn invalid_images_are_refused() {
    let series = |fields: &str| format!("[images.mine]\nname = \"M\"\nplatform = \"M\"\n{fields}");
    assert_refused(
        &series("ids = [\"a_20260101.vhd\", \"a_20260101.vhd\"]"),
        &["images.mine", "a_20260101.vhd is listed twice"],
    );
    for id in ["mine.vhd", "mine_20261301.vhd", "mine_2026.vhd", "mine_2026010\u{e9}.vhd"] {
        assert_refused(&series(&format!("ids = [\"{id}\"]")), &["images.mine", "creation_time"]);
    }
}

#[test]
fn malformed_tables_are_refused_with_the_line() {
    assert_refused("[zones]\na = 1", &["line 2"]);
    assert_refused("[zone]", &["unknown field `zone`", "zones"]);
    assert_refused("[zones]\na = { region = \"a\" }\na = { region = \"a\" }", &["line 3", "a"]);
}

#[test]
fn a_file_is_read_from_disk() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(ALONE.as_bytes()).unwrap();
    assert_eq!(load(Some(file.path())).unwrap().regions().len(), 1);
    let missing = load(Some(Path::new("/nowhere/inventory.toml"))).unwrap_err().to_string();
    assert!(missing.starts_with("/nowhere/inventory.toml: cannot be read: "), "{missing}");
}

/// The block after "A complete example".
fn documented_example() -> &'static str {
    let page = include_str!("../../../../docs/inventory.md");
    let (_, rest) = page.split_once("```toml\n").unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_documented_example_loads() {
    let inventory = over_builtin(documented_example());
    assert_eq!(inventory.region("lab").unwrap().zones.len(), 1);
    assert_eq!(inventory.instance_type("ecs.lab.xlarge").unwrap().memory_gib, 15.5);
    assert!(!inventory.instance_type("ecs.lab.large").unwrap().hot_detach);
    assert!(inventory.instance_type("ecs.mix-c1m8.large").unwrap().multi_attach);
    assert_eq!(inventory.instance_type("ecs.lab.small").unwrap().disk_quantity, 3);
    assert_eq!(inventory.image("lab-windows").unwrap().creation_time, "2026-02-03T04:05:06Z");
    assert_eq!(inventory.image("lab_linux_1_20260301.vhd").unwrap().image_family, "acs:lab_linux");
}

#[test]
fn invalid_table_gives_the_documented_message() {
    let message =
        refusal("[families.\"ecs.lab\"]\n[instance_types]\n\"ecs.lab.small\" = { cpu = 1 }");
    let documented = include_str!("../../../../docs/inventory.md");
    assert!(documented.contains(message.strip_prefix("mine.toml").unwrap()), "{message}");
}
