//! `DeleteImage`: delete a custom image.

use domain::{CustomImage, ImageId, ImageStatus};

use super::resource::IMAGE;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Deletes a custom image.
pub(crate) struct DeleteImage;

params!(
    /// Parameters of DeleteImage.
    pub(crate) struct Params {
        /// The region of the image.
        region_id: RegionId,
        /// The image to delete: a custom one. Imported ones are the operator's.
        image_id: ImageId,
        /// Deletes it even if instances were made from it. They go on, but their system disks
        /// cannot be set back to it any more.
        force: Option<bool>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// The image, and whether instances were made from it.
pub(crate) struct Facts {
    image: CustomImage,
    is_used: bool,
    force: bool,
}

/// Whatever it is but Creating, gone.
static TRANSITION: Transition = Transition {
    resource: &IMAGE,
    begins: &[
        Edge::out_of("Available", "DeleteImage"),
        Edge::out_of("Deprecated", "DeleteImage"),
        Edge::out_of("CreateFailed", "DeleteImage"),
    ],
    ends: &[],
    settles: None,
};

impl Action for DeleteImage {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteImage";
    const SUMMARY: &'static str = "Deletes a custom image. Its snapshots stay.";
    const DETAILS: &'static str = "\
Public images stay, and imported ones are the operator's: `diskdock image delete`.";
    const CAUTION: &'static str =
        "The image is gone for good: no instance can be made from it any more.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &IMAGE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the image is not Creating",                              |f| f.image.status != ImageStatus::Creating, &IMAGE_CREATING),
        must("no instance was made from the image, or Force is true",  |f| f.force || !f.is_used, &IMAGE_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let found = call.find(tx, &params.image_id)?;
        let image = found.filter(|image: &CustomImage| image.region == *region);
        let image = image.ok_or(&IMAGE_NOT_FOUND)?;
        let is_used = is_used(tx, &image)?;
        Ok(Facts { image, is_used, force: params.force.unwrap_or(false) })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.image.id)
    }
}

/// Whether instances made from this image exist.
pub(super) fn is_used(tx: &dyn ReadTx, image: &CustomImage) -> Result<bool, StoreError> {
    let made = ("image", image.id.as_str());
    let made = Filter::<Instance>::with_term(image.account.clone(), &image.region, made);
    Ok(tx.newest(&made)?.is_some())
}
