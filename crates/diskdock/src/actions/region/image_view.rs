//! An image as clients see it.

use domain::custom_image::ImageDisk;
use domain::inventory::Image;
use domain::{AccountId, CustomImage, ImageStatus, Tag};

use crate::catalog::reply;
use crate::catalog::times::with_seconds;

reply!(
    /// One image.
    pub(crate) struct ImageItem {
        /// The image's id.
        image_id: String,
        /// Its name; a public image is called as its id.
        image_name: String,
        /// Its family; empty when it is in none.
        image_family: String,
        /// The version of the image.
        image_version: String,
        /// `system` for a public image, `self` for a custom or imported one.
        image_owner_alias: &'static str,
        /// The account that owns it; public images show none.
        image_owner_id: Option<i64>,
        /// Free text.
        description: String,
        /// The system's name in Chinese.
        #[wire = "OSName"]
        os_name: String,
        /// The system's name in English.
        #[wire = "OSNameEn"]
        os_name_en: String,
        /// `linux` or `windows`.
        #[wire = "OSType"]
        os_type: &'static str,
        /// The distribution.
        platform: String,
        /// `x86_64` or `arm64`.
        architecture: &'static str,
        /// `BIOS`, `UEFI` or `UEFI-Preferred`.
        boot_mode: &'static str,
        /// GiB; a system disk cannot be smaller.
        size: u32,
        /// `Available`; a custom image is `Creating` before that, or `CreateFailed`, and may be
        /// `Deprecated` later.
        status: &'static str,
        /// How far it is: `0%` or `100%`.
        progress: &'static str,
        /// `instance`; `none` for a custom image that no instance was made from.
        usage: &'static str,
        /// Whether instances can be made from it.
        usable: bool,
        /// When it was published or made.
        creation_time: String,
        /// Whether it is a published community image.
        is_public: bool,
        /// Whether it was copied from another region.
        is_copied: bool,
        /// Whether the caller has shared it; empty for public images.
        is_self_shared: &'static str,
        /// Whether the caller has subscribed to it.
        is_subscribed: bool,
        /// Whether it has cloud-init.
        is_support_cloudinit: bool,
        /// Whether it runs on I/O optimised instances.
        is_support_io_optimized: bool,
        /// Whether a user other than root can be asked for.
        login_as_non_root_supported: bool,
        /// Licence of the system; empty for public images.
        license_type: &'static str,
        /// Product code of a marketplace image.
        product_code: &'static str,
        /// Seller of a marketplace image.
        supplier_name: &'static str,
        /// The resource group.
        resource_group_id: String,
        /// Features of the operating system.
        features: Features,
        /// Secure boot.
        secure_boot_options: SecureBootOptions,
        /// Findings of the check of an imported image; none for public images.
        detection_options: DetectionOptions,
        /// The disks of a custom image; none for others.
        disk_device_mappings: DiskDeviceMappings,
        /// Its tags; only a custom image has any.
        tags: ImageTags,
    }
);

reply!(
    /// Features of the operating system of an image.
    pub(crate) struct Features {
        /// `supported` when the NVMe driver is installed.
        nvme_support: &'static str,
        /// `v1` or `v2` of the metadata service.
        imds_support: &'static str,
        /// Adding processors while it runs.
        cpu_online_upgrade: &'static str,
        /// Taking processors away while it runs.
        cpu_online_downgrade: &'static str,
        /// Adding memory while it runs.
        memory_online_upgrade: &'static str,
        /// Taking memory away while it runs.
        memory_online_downgrade: &'static str,
    }
);

reply!(
    /// Secure boot.
    pub(crate) struct SecureBootOptions {
        /// Whether it can boot so.
        secure_boot_support: &'static str,
    }
);

reply!(
    /// Findings of the check of an image.
    pub(crate) struct DetectionOptions {
        /// How far the check is; empty without one.
        status: &'static str,
        /// The findings.
        items: DetectionItems,
    }
);

reply!(
    /// Findings.
    pub(crate) struct DetectionItems {
        /// One finding each.
        item: Vec<DetectionItem>,
    }
);

reply!(
    /// One finding.
    pub(crate) struct DetectionItem {
        /// The item that was checked.
        name: String,
        /// How it is.
        value: String,
        /// How grave that is.
        risk_level: String,
        /// The finding's code.
        risk_code: String,
    }
);

reply!(
    /// Disks that are made together with an image.
    pub(crate) struct DiskDeviceMappings {
        /// One disk each.
        disk_device_mapping: Vec<DiskDeviceMapping>,
    }
);

reply!(
    /// One disk of an image.
    pub(crate) struct DiskDeviceMapping {
        /// `system` or `data`.
        #[wire = "Type"]
        kind: String,
        /// The device name.
        device: String,
        /// GiB.
        size: String,
        /// The snapshot it is made from.
        snapshot_id: String,
        /// Whether it is encrypted.
        encrypted: bool,
        /// The format it is imported from.
        format: String,
        /// How far the import is.
        progress: String,
        /// Seconds that the import still needs.
        remain_time: u32,
        /// The bucket it is imported from.
        #[wire = "ImportOSSBucket"]
        import_oss_bucket: String,
        /// The object it is imported from.
        #[wire = "ImportOSSObject"]
        import_oss_object: String,
    }
);

reply!(
    /// Tags of an image.
    pub(crate) struct ImageTags {
        /// One tag each.
        tag: Vec<ImageTag>,
    }
);

reply!(
    /// One tag.
    pub(crate) struct ImageTag {
        /// The key.
        tag_key: String,
        /// The value.
        tag_value: String,
    }
);

impl ImageItem {
    /// The image as this account sees it.
    pub(crate) fn of(image: &Image, account: &AccountId) -> ImageItem {
        ImageItem {
            image_id: image.id.clone(),
            image_name: image.name().to_owned(),
            image_family: image.image_family.clone(),
            image_version: String::new(),
            image_owner_alias: if image.is_own() { "self" } else { "system" },
            image_owner_id: account.as_str().parse().ok().filter(|_| image.is_own()),
            description: image.description.clone(),
            os_name: image.os_name.clone(),
            os_name_en: image.os_name_en.clone(),
            os_type: image.os_type.as_str(),
            platform: image.platform.clone(),
            architecture: image.architecture.as_image_str(),
            boot_mode: image.boot_mode.as_str(),
            size: image.size_gib,
            status: "Available",
            progress: "100%",
            usage: "instance",
            usable: true,
            creation_time: image.creation_time.clone(),
            is_public: false,
            is_copied: false,
            is_self_shared: "",
            is_subscribed: false,
            is_support_cloudinit: image.cloud_init,
            is_support_io_optimized: true,
            login_as_non_root_supported: image.login_as_non_root,
            license_type: "",
            product_code: "",
            supplier_name: "",
            resource_group_id: String::new(),
            features: Features::of(image),
            secure_boot_options: SecureBootOptions { secure_boot_support: UNSUPPORTED },
            detection_options: DetectionOptions {
                status: "",
                items: DetectionItems { item: Vec::new() },
            },
            disk_device_mappings: DiskDeviceMappings { disk_device_mapping: Vec::new() },
            tags: ImageTags { tag: Vec::new() },
        }
    }

    /// A custom image as its owner sees it.
    pub(crate) fn of_custom(custom: &CustomImage, is_used: bool) -> ImageItem {
        let image = custom.as_image(with_seconds(custom.created_at));
        let tag = |tag: &Tag| ImageTag { tag_key: tag.key.clone(), tag_value: tag.value.clone() };
        let disks = custom.disks.iter().map(DiskDeviceMapping::of).collect();
        ImageItem {
            image_version: custom.version.clone(),
            status: custom.shown_status(),
            progress: if custom.status == ImageStatus::Available { "100%" } else { "0%" },
            usage: if is_used { "instance" } else { "none" },
            usable: custom.is_available(),
            resource_group_id: custom.resource_group.clone(),
            disk_device_mappings: DiskDeviceMappings { disk_device_mapping: disks },
            tags: ImageTags { tag: custom.tags.iter().map(tag).collect() },
            ..ImageItem::of(&image, &custom.account)
        }
    }
}

impl DiskDeviceMapping {
    fn of(disk: &ImageDisk) -> DiskDeviceMapping {
        DiskDeviceMapping {
            kind: disk.kind.as_str().to_owned(),
            device: disk.device.clone(),
            size: disk.size_gib.to_string(),
            snapshot_id: disk.snapshot.as_ref().map(ToString::to_string).unwrap_or_default(),
            encrypted: disk.encrypted,
            format: String::new(),
            progress: String::new(),
            remain_time: 0,
            import_oss_bucket: String::new(),
            import_oss_object: String::new(),
        }
    }
}

/// How the API says that an image lacks something.
const UNSUPPORTED: &str = "unsupported";

impl Features {
    fn of(image: &Image) -> Features {
        Features {
            nvme_support: if image.nvme_support { "supported" } else { UNSUPPORTED },
            imds_support: "v2",
            cpu_online_upgrade: UNSUPPORTED,
            cpu_online_downgrade: UNSUPPORTED,
            memory_online_upgrade: UNSUPPORTED,
            memory_online_downgrade: UNSUPPORTED,
        }
    }
}
