//! Tests of custom images.

use super::*;

fn disk(kind: DiskKind, device: &str) -> ImageDisk {
    ImageDisk { kind, device: device.to_owned(), size_gib: 20, snapshot: None, encrypted: false }
}

#[test]
fn device_fits_takes_one_name_for_system_disks_and_25_for_data_disks() {
    for device in ["/dev/xvda", "/dev/vda", "/dev/sda"] {
        assert!(device_fits(DiskKind::System, device), "{device}");
        assert!(!device_fits(DiskKind::Data, device), "{device}");
    }
    for device in ["/dev/xvdb", "/dev/vdz"] {
        assert!(device_fits(DiskKind::Data, device), "{device}");
        assert!(!device_fits(DiskKind::System, device), "{device}");
    }
    for odd in ["", "/dev/xvd", "/dev/xvdaa", "/dev/xvd1", "xvdb", "/dev/nvme0n1", "/dev/xvdé"] {
        assert!(!device_fits(DiskKind::System, odd), "{odd}");
        assert!(!device_fits(DiskKind::Data, odd), "{odd}");
    }
}

#[test]
fn name_devices_takes_the_first_free_name() {
    let mut disks = [
        disk(DiskKind::Data, ""),
        disk(DiskKind::Data, "/dev/xvdb"),
        disk(DiskKind::System, ""),
        disk(DiskKind::Data, ""),
    ];
    name_devices(&mut disks);
    let names: Vec<_> = disks.iter().map(|disk| disk.device.as_str()).collect();
    assert_eq!(names, ["/dev/xvdc", "/dev/xvdb", "/dev/xvda", "/dev/xvdd"]);
}

#[test]
fn boots_refuses_arm_with_a_bios() {
    let arm = GuestSystem::unknown("Debian", Architecture::Arm);
    assert!(arm.boots());
    assert!(!GuestSystem { boot_mode: BootMode::Bios, ..arm }.boots());
    let windows = GuestSystem::unknown("Windows Server 2022", Architecture::X86);
    assert!(windows.boots() && windows.os_type == OsType::Windows);
}

#[test]
fn custom_image_ends_once_and_is_deprecated_only_then() {
    let mut image = CustomImage {
        id: ImageId::from("m-1"),
        account: AccountId::from("1"),
        region: "cn-hangzhou".to_owned(),
        name: "golden".to_owned(),
        family: String::new(),
        version: String::new(),
        description: String::new(),
        status: ImageStatus::Creating,
        deprecated: false,
        system: GuestSystem::unknown("Debian", Architecture::X86),
        disks: vec![disk(DiskKind::System, "/dev/xvda")],
        base: String::new(),
        tags: Vec::new(),
        resource_group: String::new(),
        created_at: Moment(0),
        unknown: UnknownFields::default(),
    };
    assert_eq!(image.deprecate(true), Err(IllegalTransition));
    assert_eq!(image.available(), Ok(()));
    assert_eq!(image.failed(), Err(IllegalTransition));
    assert!(image.is_available());
    assert_eq!(image.deprecate(false), Err(IllegalTransition));
    assert_eq!(image.deprecate(true), Ok(()));
    assert_eq!((image.shown_status(), image.is_available()), ("Deprecated", false));
    assert_eq!(image.deprecate(true), Err(IllegalTransition));
    assert_eq!(image.deprecate(false), Ok(()));
    assert_eq!((image.shown_status(), image.is_available()), ("Available", true));
    assert_eq!(image.as_image("t".to_owned()).size_gib, 20);
}
