//! `DescribeImages`: list images.

use std::borrow::Cow;

use domain::inventory::{Architecture, Image, OsType};
use domain::{AccountId, CustomImage, ImageStatus};

use super::delete_image::is_used;
use super::image_view::ImageItem;
use crate::actions::creation_filter::creation_filter;
use crate::actions::image_lookups::FoundImage;
use crate::actions::paging::{self, Paging};
use crate::actions::prelude::*;
use crate::catalog::{Shape, Time, Value};
use crate::store::{EntityReads, Filter, has_tags, like};

/// Lists images that match all given filters.
pub(crate) struct DescribeImages;

params!(
    /// Parameters of DescribeImages.
    pub(crate) struct Params {
        /// The region. Every region has the same public and imported images.
        #[malformed = REGION_MALFORMED]
        region_id: RegionId,
        /// Only this image.
        #[example = "ubuntu_22_04_x64_20G_alibase_20240926.vhd"]
        #[names = "image"]
        image_id: Option<Text<1, 128>>,
        /// Only images of this name. `*` at either end stands for anything.
        image_name: Option<Text<1, 128>>,
        /// Only images of this family.
        image_family: Option<Text<1, 128>>,
        /// Only images from this source: public ones are `system`, custom and imported ones `self`.
        #[malformed = IMAGE_OWNER_NOT_VALID]
        image_owner_alias: Option<ImageOwner>,
        /// Only images of this account.
        image_owner_id: Option<Integer<0, 9_223_372_036_854_775_807>>,
        /// Only images in this status, or in one of several with commas between them; Available
        /// if left out.
        status: Option<StatusFilters>,
        /// Only images with this kind of system.
        #[wire = "OSType"]
        #[malformed = IMAGE_OS_TYPE_NOT_VALID]
        os_type: Option<OsFilter>,
        /// Only images for processors of this kind.
        #[malformed = IMAGE_ARCHITECTURE_NOT_VALID]
        architecture: Option<ArchitectureFilter>,
        /// Only images that run on this instance type.
        #[example = "ecs.g6.large"]
        #[names = "type"]
        instance_type: Option<Text<1, 64>>,
        /// Only images that instances use (or do not). All but custom images count as used.
        #[malformed = IMAGE_USAGE_NOT_VALID]
        usage: Option<UsageFilter>,
        /// Only images with (or without) cloud-init.
        is_support_cloudinit: Option<bool>,
        /// Only images that are (or are not) for I/O optimised instances. All are.
        is_support_io_optimized: Option<bool>,
        /// Only (or without) published community images, which there are none of.
        is_public: Option<bool>,
        /// Only images that have this snapshot.
        #[offers = "snapshot"]
        snapshot_id: Option<Text<1, 64>>,
        /// Only images of this resource group. Only custom images are in one.
        resource_group_id: Option<Text<1, 64>>,
        /// Only images with all these tags. Only custom images have any.
        tag: Groups<TagFilter>,
        /// Only images created in a span: `CreationStartTime` and `CreationEndTime`.
        filter: Groups<ImageCreationFilter>,
        /// The intended use of the image. All images suit every use.
        action_type: Ignored<Option<ActionType>>,
        /// Whether to list expired images too. None expires.
        show_expired: Ignored<Option<bool>>,
        /// Only images that can (or cannot) be used: those that are Available.
        usable: Option<bool>,
        /// The page, from 1.
        page_number: Option<Integer<1, 1_000_000_000>>,
        /// Entries on a page.
        page_size: Option<Integer<1, 100>>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

creation_filter!(ImageCreationFilter, IMAGE_FILTER_KEY_UNKNOWN, IMAGE_FILTER_VALUE_NOT_VALID);

choice!(
    /// Sources of images.
    pub(crate) enum ImageOwner {
        System = "system",
        Own = "self",
        Others = "others",
        Marketplace = "marketplace",
    }
);

choice!(
    /// Statuses that can be asked for.
    pub(crate) enum StatusFilter {
        Available = "Available",
        Creating = "Creating",
        Waiting = "Waiting",
        Unavailable = "UnAvailable",
        CreateFailed = "CreateFailed",
        Deprecated = "Deprecated",
        All = "ALL",
    }
);

/// Statuses that are asked for: one word, or several with commas between them, as Terraform does.
#[derive(Clone, Debug)]
pub(crate) struct StatusFilters(Vec<StatusFilter>);

impl Value for StatusFilters {
    const SHAPE: Shape = StatusFilter::SHAPE;
    const EXAMPLE: &'static str = StatusFilter::EXAMPLE;

    fn parse(text: &str) -> Option<Self> {
        let words = text.split(',').map(|word| StatusFilter::parse(word.trim()));
        words.collect::<Option<_>>().map(StatusFilters)
    }
}

choice!(
    /// Kinds of system.
    pub(crate) enum OsFilter {
        Linux = "linux",
        Windows = "windows",
    }
);

choice!(
    /// Kinds of processor.
    pub(crate) enum ArchitectureFilter {
        X86 = "x86_64",
        Arm = "arm64",
        OldX86 = "i386",
    }
);

choice!(
    /// Whether instances use an image.
    pub(crate) enum UsageFilter {
        Instance = "instance",
        None = "none",
    }
);

choice!(
    /// Intended uses of an image.
    pub(crate) enum ActionType {
        CreateEcs = "CreateEcs",
        ChangeOs = "ChangeOS",
    }
);

reply!(
    /// Reply of DescribeImages.
    pub(crate) struct Reply {
        /// The region.
        region_id: String,
        /// The page.
        page_number: u32,
        /// Entries on a page.
        page_size: u32,
        /// How many images match.
        total_count: usize,
        /// The images.
        images: ImageList,
    }
);

reply!(
    /// The images of a page.
    pub(crate) struct ImageList {
        /// One image each.
        image: Vec<ImageItem>,
    }
);

impl Query for DescribeImages {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeImages";
    const SUMMARY: &'static str =
        "Lists public, imported and custom images that match all given filters.";
    const SDK: &'static [SdkParam] =
        &[SdkParam::long("ImageOwnerId"), SdkParam::lacking("Usable", TypedSdk::OLDER)];
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[
        &REGION_MALFORMED,
        &INSTANCE_TYPE_NOT_SUPPORTED,
        &IMAGE_FILTER_KEY_UNKNOWN,
        &IMAGE_FILTER_VALUE_NOT_VALID,
        &TAG_MISMATCH,
        &TAG_COUNT,
    ];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_MALFORMED)?;
        let runs_on = match &params.instance_type {
            Some(Text(id)) => {
                Some(inventory.instance_type(id).ok_or(&INSTANCE_TYPE_NOT_SUPPORTED)?.architecture)
            }
            None => None,
        };
        let span = ImageCreationFilter::span(&params.filter.0)?;
        let tags = paging::tags(&params.tag.0)?;
        let paging = Paging::numbered(params.page_number, params.page_size);
        let matching = |one: &Candidate<'_>| {
            one.matches_status(params)
                && one.matches_custom(params, &tags)
                && matches(params, &one.image)
                && is_owned_as_asked(params, &one.image, call.caller)
                && runs_on.is_none_or(|architecture| architecture == one.image.architecture)
                && is_within(span, &one.image)
        };
        let found: Vec<_> =
            candidates(tx, call, &region.id)?.into_iter().filter(matching).collect();
        let image = paging.cut(&found).iter().map(|one| one.item(&call.caller.account));
        Ok(Reply {
            region_id: region.id.clone(),
            page_number: paging.number,
            page_size: paging.size,
            total_count: found.len(),
            images: ImageList { image: image.collect() },
        })
    }
}

/// An image that may be listed.
struct Candidate<'c> {
    image: Cow<'c, Image>,
    custom: Option<CustomImage>,
    is_used: bool,
}

/// The custom images of the caller in a region, newest first; then those of the inventory.
fn candidates<'c>(
    tx: &dyn ReadTx,
    call: &'c Call<'_>,
    region: &str,
) -> Result<Vec<Candidate<'c>>, StoreError> {
    let mut all = Vec::new();
    for custom in tx.all(&Filter::<CustomImage>::all(call.caller.account.clone(), region))? {
        let is_used = is_used(tx, &custom)?;
        let found = FoundImage::custom(custom);
        all.push(Candidate { image: found.image, custom: found.custom, is_used });
    }
    let listed = call.environment.inventory.images().iter();
    all.extend(listed.map(|image| Candidate {
        image: Cow::Borrowed(image),
        custom: None,
        is_used: true,
    }));
    Ok(all)
}

impl Candidate<'_> {
    fn matches_status(&self, params: &Params) -> bool {
        let custom = self.custom.as_ref();
        let status = custom.map_or(ImageStatus::Available.as_str(), CustomImage::shown_status);
        let usable = custom.is_none_or(CustomImage::is_available);
        let asked = |wanted: &StatusFilters| {
            let is_one = |one: &StatusFilter| *one == StatusFilter::All || one.as_str() == status;
            wanted.0.iter().any(is_one)
        };
        params.status.as_ref().map_or(usable, asked)
            && params.usable.is_none_or(|wanted| wanted == usable)
    }

    /// Filters on what only custom images have, and on what is the same for all others.
    fn matches_custom(&self, params: &Params, tags: &[(String, Option<String>)]) -> bool {
        let custom = self.custom.as_ref();
        let has_snapshot = |Text(id): &Text<1, 64>| {
            let mut disks = custom.iter().flat_map(|custom| &custom.disks);
            disks.any(|disk| disk.snapshot.as_ref().is_some_and(|one| one.as_str() == id))
        };
        let in_group =
            |Text(id): &Text<1, 64>| custom.is_some_and(|custom| custom.resource_group == *id);
        let used = match params.usage {
            None => true,
            Some(UsageFilter::Instance) => self.is_used,
            Some(UsageFilter::None) => !self.is_used,
        };
        used && params.is_support_io_optimized != Some(false)
            && params.is_public != Some(true)
            && params.snapshot_id.as_ref().is_none_or(has_snapshot)
            && params.resource_group_id.as_ref().is_none_or(in_group)
            && has_tags(custom.map_or(&[], |custom| &custom.tags), tags)
    }

    fn item(&self, account: &AccountId) -> ImageItem {
        match &self.custom {
            Some(custom) => ImageItem::of_custom(custom, self.is_used),
            None => ImageItem::of(&self.image, account),
        }
    }
}

/// Imported images belong to every account: an operator imports them for all.
fn is_owned_as_asked(params: &Params, image: &Image, caller: &crate::catalog::Caller) -> bool {
    let alias = match params.image_owner_alias {
        None => true,
        Some(ImageOwner::System) => !image.is_own(),
        Some(ImageOwner::Own) => image.is_own(),
        Some(ImageOwner::Others | ImageOwner::Marketplace) => false,
    };
    let is_callers = |id: &Integer<0, { i64::MAX }>| caller.account.as_str() == id.0.to_string();
    alias && params.image_owner_id.as_ref().is_none_or(|id| image.is_own() && is_callers(id))
}

fn matches(params: &Params, image: &Image) -> bool {
    params.image_id.as_ref().is_none_or(|Text(id)| *id == image.id)
        && params.image_name.as_ref().is_none_or(|Text(pattern)| like(pattern, image.name()))
        && params.image_family.as_ref().is_none_or(|Text(family)| *family == image.image_family)
        && params.os_type.is_none_or(|wanted| is_os(wanted, image.os_type))
        && params.architecture.is_none_or(|wanted| is_for(wanted, image.architecture))
        && params.is_support_cloudinit.is_none_or(|wanted| wanted == image.cloud_init)
}

fn is_os(wanted: OsFilter, os: OsType) -> bool {
    match wanted {
        OsFilter::Linux => os == OsType::Linux,
        OsFilter::Windows => os == OsType::Windows,
    }
}

fn is_for(wanted: ArchitectureFilter, architecture: Architecture) -> bool {
    match wanted {
        ArchitectureFilter::X86 => architecture == Architecture::X86,
        ArchitectureFilter::Arm => architecture == Architecture::Arm,
        ArchitectureFilter::OldX86 => false,
    }
}

fn is_within((from, to): (Option<Moment>, Option<Moment>), image: &Image) -> bool {
    let Some(Time(created)) = Time::parse(&image.creation_time) else {
        return from.is_none() && to.is_none();
    };
    from.is_none_or(|from| created >= from) && to.is_none_or(|to| created <= to)
}
