//! `ModifyImageAttribute`: change the name and the like of a custom image, or deprecate it.

use domain::{CustomImage, ImageId};

use super::create_image::BootModeWord;
use super::delete_image::is_used;
use super::resource::IMAGE;
use crate::actions::prelude::*;
use crate::catalog::ImageName;
use crate::store::{EntityReads, Filter};

/// Changes attributes of a custom image.
pub(crate) struct ModifyImageAttribute;

params!(
    /// Parameters of ModifyImageAttribute.
    pub(crate) struct Params {
        /// The region of the image.
        region_id: RegionId,
        /// The image: a custom one. Imported ones are the operator's.
        image_id: ImageId,
        /// The new display name, unique among the custom images of the region.
        image_name: Option<ImageName>,
        /// The new family.
        #[malformed = NEW_IMAGE_FAMILY_MALFORMED]
        image_family: Option<ImageName>,
        /// The new description; empty takes it away.
        #[malformed = IMAGE_DESCRIPTION_MALFORMED]
        description: Option<Description>,
        /// Deprecated: no more instances are made from it. Available: they can be again.
        status: Option<NewImageStatus>,
        /// How the system boots, to show. An image that instances were made from keeps its own.
        #[malformed = NEW_IMAGE_BOOT_MODE]
        boot_mode: Option<BootModeWord>,
        /// The licence of the system. Images here have none to show.
        #[malformed = IMAGE_LICENSE_NOT_SUPPORTED]
        license_type: Ignored<Option<LicenseType>>,
        /// Features of the system.
        features: Group<ChangedFeatures>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

params!(
    /// Features of the system of an image.
    pub(crate) struct ChangedFeatures {
        /// Whether the NVMe driver is installed, to show.
        nvme_support: Option<NvmeDriver>,
        /// The metadata service. Every image shows `v2`.
        imds_support: Ignored<Option<ImdsSupport>>,
    }
);

choice!(
    /// Statuses that an image can be given.
    pub(crate) enum NewImageStatus {
        Deprecated = "Deprecated",
        Available = "Available",
    }
);

choice!(
    /// Licences.
    pub(crate) enum LicenseType {
        Own = "BYOL",
    }
);

choice!(
    /// Whether the NVMe driver is installed.
    pub(crate) enum NvmeDriver {
        Supported = "supported",
        Unsupported = "unsupported",
    }
);

choice!(
    /// Modes of the metadata service.
    pub(crate) enum ImdsSupport {
        V1 = "v1",
        V2 = "v2",
    }
);

/// The image, which exists, and what is to change.
pub(crate) struct Facts {
    image: CustomImage,
    status: Option<NewImageStatus>,
    boot_mode: Option<BootModeWord>,
    /// Whether another image has the new name.
    is_name_taken: bool,
    /// Whether instances were made from it.
    is_used: bool,
}

impl Facts {
    fn boots(&self) -> bool {
        let mut system = self.image.system.clone();
        system.boot_mode = self.boot_mode.map_or(system.boot_mode, Into::into);
        system.boots()
    }

    fn keeps_boot_mode(&self) -> bool {
        self.boot_mode.is_none_or(|mode| self.image.system.boot_mode == mode.into())
    }
}

/// Available, Deprecated, Available.
static TRANSITION: Transition = Transition {
    resource: &IMAGE,
    begins: &[
        Edge::between("Available", "Deprecated", "ModifyImageAttribute"),
        Edge::between("Deprecated", "Available", "ModifyImageAttribute"),
    ],
    ends: &[],
    settles: None,
};

impl Action for ModifyImageAttribute {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "ModifyImageAttribute";
    const SUMMARY: &'static str = "Changes the name and other attributes of a custom image.";
    const DETAILS: &'static str = "\
An image that is Deprecated stays, and so do the instances that were made from it; DescribeImages \
shows it only if Status asks for it.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const SDK: &'static [SdkParam] = &[
        SdkParam::lacking("Features.ImdsSupport", TypedSdk::OLDEST),
        SdkParam::lacking("DryRun", TypedSdk::OLDEST),
    ];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &IMAGE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no other custom image of the region has the name",     |f| !f.is_name_taken, &IMAGE_NAME_TAKEN),
        must("the image is Available, if it is to be Deprecated",    |f| f.status != Some(NewImageStatus::Deprecated) || f.image.is_available(), &IMAGE_STATUS_NOT_AVAILABLE),
        must("the image is Deprecated, if it is to be Available",    |f| f.status != Some(NewImageStatus::Available) || f.image.deprecated, &IMAGE_STATUS_NOT_DEPRECATED),
        must("the processors can boot as BootMode says",             |f| f.boots(), &NEW_IMAGE_BOOT_MODE),
        must("no instance was made from an image whose BootMode is to change", |f| f.keeps_boot_mode() || !f.is_used, &IMAGE_BOOT_MODE_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let found = call.find(tx, &params.image_id)?;
        let image = found.filter(|image: &CustomImage| image.region == *region);
        let image = image.ok_or(&IMAGE_NOT_FOUND)?;
        let is_name_taken = match &params.image_name {
            Some(ImageName(name)) => {
                let term = ("name", name.as_str());
                let named = Filter::<CustomImage>::with_term(image.account.clone(), region, term);
                tx.newest(&named)?.is_some_and(|named| named.id != image.id)
            }
            None => false,
        };
        Ok(Facts {
            is_used: is_used(tx, &image)?,
            is_name_taken,
            status: params.status,
            boot_mode: params.boot_mode,
            image,
        })
    }

    fn effect(_: &Call<'_>, params: &Params, facts: Facts) -> Effect<()> {
        let mut image = facts.image;
        replace(&mut image.name, params.image_name.as_ref().map(|name| &name.0));
        replace(&mut image.family, params.image_family.as_ref().map(|family| &family.0));
        replace(&mut image.description, params.description.as_ref().map(|text| &text.0));
        let features = &params.features.0;
        if let Some(support) = features.nvme_support {
            image.system.nvme_support = support == NvmeDriver::Supported;
        }
        if let Some(mode) = params.boot_mode {
            image.system.boot_mode = mode.into();
        }
        match params.status {
            Some(NewImageStatus::Deprecated) => image.deprecate(true).expect("it is Available"),
            Some(NewImageStatus::Available) => image.deprecate(false).expect("it is Deprecated"),
            None => {}
        }
        Effect::reply(()).save(image)
    }
}

fn replace(text: &mut String, new: Option<&String>) {
    if let Some(new) = new {
        text.clone_from(new);
    }
}
