//! `DescribeUserData`: the user data of an instance.

use crate::actions::prelude::*;

/// Shows the user data of an instance.
pub(crate) struct DescribeUserData;

params!(
    /// Parameters of DescribeUserData.
    pub(crate) struct Params {
        /// The region of the instance.
        region_id: RegionId,
        /// The instance.
        instance_id: InstanceId,
    }
);

reply!(
    /// Reply of DescribeUserData.
    pub(crate) struct Reply {
        /// The instance.
        instance_id: String,
        /// Its region.
        region_id: String,
        /// The user data in Base64, as it was sent; empty if there is none.
        user_data: String,
    }
);

impl Query for DescribeUserData {
    type Params = Params;
    type Reply = Reply;

    const NAME: &'static str = "DescribeUserData";
    const SUMMARY: &'static str = "Shows the user data of an instance.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&INSTANCE_NOT_FOUND];

    fn answer(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Reply, ActionError> {
        let found = call.instance(tx, &params.instance_id)?;
        let instance =
            found.filter(|one| one.region == params.region_id.0).ok_or(&INSTANCE_NOT_FOUND)?;
        Ok(Reply {
            user_data: tx.user_data(&instance.id)?.unwrap_or_default(),
            instance_id: instance.id.to_string(),
            region_id: instance.region,
        })
    }
}
