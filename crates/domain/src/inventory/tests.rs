//! Tests of the inventory: lookups and every rule.

#![allow(clippy::unwrap_used)]

use super::*;

fn zone(id: &str) -> Zone {
    Zone {
        id: id.into(),
        region_id: "cn-test".into(),
        local_name: "甲".into(),
        local_name_en: "A".into(),
        disk_categories: vec!["cloud_essd".into()],
        instance_families: Vec::new(),
    }
}

fn family(id: &str) -> InstanceFamily {
    InstanceFamily {
        id: id.into(),
        generation: "ecs-5".into(),
        level: FamilyLevel::EnterpriseLevel,
        category: "General-purpose".into(),
        processor: String::new(),
        clock_ghz: 2.5,
        turbo_ghz: 3.2,
        io_optimized: true,
        jumbo_frames: false,
        interface_trunking: false,
        boot_modes: vec![BootMode::Bios],
        disk_categories: vec!["cloud_essd".into()],
    }
}

fn instance_type(id: &str) -> InstanceType {
    InstanceType {
        id: id.into(),
        family: "ecs.g6".into(),
        architecture: Architecture::X86,
        cpu: 2,
        threads_per_core: 2,
        memory_gib: 8.0,
        hot_attach: true,
        hot_detach: true,
        nvme_support: NvmeSupport::Unsupported,
        multi_attach: false,
        disk_quantity: 17,
        network: NetworkPerformance {
            queues_per_interface: 2,
            interfaces: 3,
            ..NetworkPerformance::default()
        },
        local_storage: None,
        credits: None,
        gpu: None,
    }
}

fn image(id: &str) -> Image {
    Image {
        id: id.into(),
        own_name: None,
        os_name: "Test".into(),
        os_name_en: "Test".into(),
        os_type: OsType::Linux,
        architecture: Architecture::X86,
        platform: "Others Linux".into(),
        size_gib: 20,
        creation_time: "2024-01-01T00:00:00Z".into(),
        image_family: String::new(),
        boot_mode: BootMode::Bios,
        description: String::new(),
        nvme_support: true,
        cloud_init: true,
        login_as_non_root: false,
    }
}

fn tables() -> OfferTables {
    let region = Region {
        id: "cn-test".into(),
        local_name: "试".into(),
        local_name_en: "Test".into(),
        endpoint: "ecs.cn-test.example".into(),
        id_hint: "te1".into(),
        zones: vec![zone("cn-test-b"), zone("cn-test-a")],
    };
    OfferTables {
        regions: vec![region],
        families: vec![family("ecs.r6"), family("ecs.g6")],
        instance_types: vec![instance_type("ecs.g6.xlarge"), instance_type("ecs.g6.large")],
        images: vec![image("test_b.vhd"), image("test_a.vhd")],
    }
}

/// Breaks one thing and returns what is said about it.
fn fault_of(spoil: impl FnOnce(&mut OfferTables)) -> String {
    let mut tables = tables();
    spoil(&mut tables);
    Inventory::new(tables).unwrap_err().to_string()
}

#[test]
fn lookups_find_existing_entries_only() {
    let inventory = Inventory::new(tables()).unwrap();
    assert_eq!(inventory.region("cn-test").unwrap().id_hint, "te1");
    assert_eq!(inventory.zone("cn-test-b").unwrap().region_id, "cn-test");
    assert_eq!(inventory.family("ecs.r6").unwrap().generation, "ecs-5");
    assert_eq!(inventory.instance_type("ecs.g6.large").unwrap().cores(), 1);
    assert_eq!(inventory.instance_type("ecs.g6.large").unwrap().network.total_queues(), 6);
    assert_eq!(inventory.image("test_a.vhd").unwrap().size_gib, 20);
    assert!(inventory.region("cn-tes").is_none());
    assert!(inventory.zone("cn-test-c").is_none());
    assert!(inventory.instance_type("ecs.g6").is_none());
    assert!(inventory.image("").is_none());
}

#[test]
fn lists_are_sorted() {
    let inventory = Inventory::new(tables()).unwrap();
    let zones: Vec<_> = inventory.zones().map(|zone| zone.id.as_str()).collect();
    assert_eq!(zones, ["cn-test-a", "cn-test-b"]);
    assert_eq!(inventory.instance_types()[0].id, "ecs.g6.large");
    assert_eq!(inventory.images()[0].id, "test_a.vhd");
}

#[test]
fn a_zone_without_family_list_sells_every_family() {
    let mut zone = zone("cn-test-a");
    assert!(zone.sells_family("ecs.g6"));
    zone.instance_families = vec!["ecs.r6".into()];
    assert!(!zone.sells_family("ecs.g6"));
    assert!(zone.sells_category("cloud_essd"));
    assert!(!zone.sells_category("cloud"));
}

#[test]
fn entries_that_are_declared_twice_are_refused() {
    let twice = |entry: &str| format!("{entry}: is declared twice; keep one");
    let fault = fault_of(|tables| tables.regions.push(tables.regions[0].clone()));
    assert_eq!(fault, twice("regions.cn-test"));
    let fault = fault_of(|tables| tables.regions[0].zones.push(zone("cn-test-a")));
    assert_eq!(fault, twice("zones.cn-test-a"));
    let fault = fault_of(|tables| tables.families.push(family("ecs.g6")));
    assert_eq!(fault, twice("families.ecs.g6"));
    let fault = fault_of(|tables| tables.instance_types.push(instance_type("ecs.g6.large")));
    assert_eq!(fault, twice("instance_types.ecs.g6.large"));
    let fault = fault_of(|tables| tables.images.push(image("test_a.vhd")));
    assert_eq!(fault, twice("images.test_a.vhd"));
}

#[test]
fn empty_tables_are_refused() {
    assert!(fault_of(|tables| tables.regions.clear()).starts_with("regions: there is none"));
    assert!(fault_of(|tables| tables.instance_types.clear()).contains("instance_types: there"));
    assert!(fault_of(|tables| tables.images.clear()).starts_with("images: there is none"));
    assert!(fault_of(|tables| tables.regions[0].zones.clear()).contains("[zones.cn-test-a]"));
}

#[test]
fn ill_formed_ids_are_refused() {
    assert!(fault_of(|tables| tables.regions[0].id = "CN".into()).contains("a-z, 0-9 and -"));
    assert!(fault_of(|tables| tables.regions[0].id_hint = "bp".into()).contains("three"));
    let fault = fault_of(|tables| tables.regions[0].zones[0].id = "cn-other-a".into());
    assert!(fault.contains("must begin with cn-test"), "{fault}");
    assert!(fault_of(|tables| tables.families[0].id = "r6".into()).contains("ecs.<name>"));
    let fault = fault_of(|tables| tables.instance_types[0].id = "ecs.g6xlarge".into());
    assert!(fault.contains("ecs.g6.<size>"), "{fault}");
    assert!(fault_of(|tables| tables.images[0].id = "a b".into()).contains("underscores"));
}

#[test]
fn references_to_unknown_entries_are_refused() {
    let fault = fault_of(|tables| tables.instance_types[0].family = "ecs.g9".into());
    assert!(fault.contains("its family ecs.g9 is not declared"), "{fault}");
    let fault =
        fault_of(|tables| tables.regions[0].zones[0].instance_families = vec!["ecs.g9".into()]);
    assert!(fault.contains("sells the family ecs.g9"), "{fault}");
    let fault = fault_of(|tables| tables.regions[0].zones[0].disk_categories = vec!["ssd".into()]);
    assert!(fault.contains("\"ssd\" is no disk category; use some of cloud, "), "{fault}");
    let fault = fault_of(|tables| tables.families[0].disk_categories = vec!["ssd".into()]);
    assert!(fault.starts_with("families.ecs.r6: \"ssd\""), "{fault}");
}

#[test]
fn figures_must_be_above_zero() {
    assert!(fault_of(|tables| tables.instance_types[0].cpu = 0).contains("cpu"));
    assert!(fault_of(|tables| tables.instance_types[0].memory_gib = 0.0).contains("memory"));
    assert!(fault_of(|tables| tables.instance_types[0].memory_gib = f64::NAN).contains("memory"));
    assert!(fault_of(|tables| tables.instance_types[0].disk_quantity = 0).contains("disks"));
    assert!(fault_of(|tables| tables.images[0].size_gib = 0).contains("size"));
}

#[test]
fn every_category_of_disks_can_be_sold_in_a_zone() {
    let mut words = crate::Category::WORDS.iter();
    assert!(words.all(|word| DISK_CATEGORIES.contains(word)));
}
