//! `DescribeImageSupportInstanceTypes`: the instance types that an image can run on.

use crate::actions::image_lookups;
use crate::actions::prelude::*;

/// Lists the instance types that an image can run on.
pub(crate) struct DescribeImageSupportInstanceTypes;

params!(
    /// Parameters of DescribeImageSupportInstanceTypes.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// The image. It can be named by a filter as well.
        #[names = "image"]
        image_id: Option<Text<1, 256>>,
        /// The purpose of the image. The types are the same.
        action_type: Ignored<Option<ImageActionType>>,
        /// The retired way to name the image: `imageId` with its id.
        filter: Groups<ImageFilter>,
    }
);

params!(
    /// A condition.
    pub(crate) struct ImageFilter {
        /// The key.
        key: Option<Text<1, 64>>,
        /// The value.
        value: Option<Text<0, 256>>,
    }
);

choice!(
    /// Purposes of an image.
    pub(crate) enum ImageActionType {
        CreateEcs = "CreateEcs",
        ChangeOs = "ChangeOS",
    }
);

reply!(
    /// Reply of DescribeImageSupportInstanceTypes.
    pub(crate) struct Reply {
        /// The image.
        image_id: String,
        /// The region.
        region_id: String,
        /// The types.
        instance_types: SupportedTypes,
    }
);

reply!(
    /// All types that the image can run on.
    pub(crate) struct SupportedTypes {
        /// One type each.
        instance_type: Vec<SupportedType>,
    }
);

reply!(
    /// One type.
    pub(crate) struct SupportedType {
        /// The type's id.
        instance_type_id: String,
        /// Its family.
        instance_type_family: String,
        /// Virtual processors.
        cpu_core_count: u32,
        /// Memory in GiB.
        memory_size: f64,
    }
);

impl Query for DescribeImageSupportInstanceTypes {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeImageSupportInstanceTypes";
    const SUMMARY: &'static str = "Lists the instance types that an image can run on.";
    const DETAILS: &'static str = "Those of the image's architecture.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &IMAGE_NOT_NAMED, &IMAGE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let inventory = &call.environment.inventory;
        let region = inventory.region(&params.region_id.0).ok_or(&REGION_NOT_FOUND)?;
        let id = image_id(params).ok_or(&IMAGE_NOT_NAMED)?;
        let found = image_lookups::find_in(tx, call, &region.id, id)?;
        let image = found.ok_or(&IMAGE_NOT_FOUND)?.image;
        let all = inventory.instance_types().iter();
        let item = |found: &domain::inventory::InstanceType| SupportedType {
            instance_type_id: found.id.clone(),
            instance_type_family: found.family.clone(),
            cpu_core_count: found.cpu,
            memory_size: found.memory_gib,
        };
        let fitting = all.filter(|found| found.architecture == image.architecture).map(item);
        Ok(Reply {
            image_id: image.id.clone(),
            region_id: region.id.clone(),
            instance_types: SupportedTypes { instance_type: fitting.collect() },
        })
    }
}

fn image_id(params: &Params) -> Option<&str> {
    let is_image =
        |filter: &&ImageFilter| filter.key.as_ref().is_some_and(|key| key.0 == "imageId");
    let filtered = || params.filter.0.iter().find(is_image)?.value.as_ref();
    params.image_id.as_ref().map(|id| &*id.0).or_else(|| filtered().map(|id| &*id.0))
}
