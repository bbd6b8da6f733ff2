//! `DescribeVSwitchAttributes`: one vSwitch in detail.

use domain::{VSwitch, VSwitchId};

use super::view::VSwitchItem;
use crate::actions::network_lookups::free_addresses;
use crate::actions::prelude::*;

/// Shows one vSwitch in detail.
pub(crate) struct DescribeVSwitchAttributes;

params!(
    /// Parameters of DescribeVSwitchAttributes.
    pub(crate) struct Params {
        /// The vSwitch.
        v_switch_id: VSwitchId,
        /// The region of the vSwitch.
        region_id: Option<RegionId>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

impl Query for DescribeVSwitchAttributes {
    type Params = Params;
    type Reply = VSwitchItem;

    const NAME: &'static str = "DescribeVSwitchAttributes";
    const SUMMARY: &'static str = "Shows one vSwitch in detail.";
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &VSWITCH_NOT_FOUND];

    fn answer(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &Params,
    ) -> Result<VSwitchItem, ActionError> {
        let region = super::region(call, &params.region_id)?;
        let found = call.find(tx, &params.v_switch_id)?;
        let found = found.filter(|vswitch: &VSwitch| super::is_in(region, &vswitch.region));
        let vswitch = found.ok_or(&VSWITCH_NOT_FOUND)?;
        Ok(VSwitchItem::of(&vswitch, free_addresses(tx, call, &vswitch)?))
    }
}
