//! `DeleteVSwitch`: delete a vSwitch that no instance is in.

use domain::{Instance, VSwitch, VSwitchId};

use super::resource::VSWITCH;
use crate::actions::network_lookups::is_empty;
use crate::actions::prelude::*;

/// Deletes a vSwitch.
pub(crate) struct DeleteVSwitch;

params!(
    /// Parameters of DeleteVSwitch.
    pub(crate) struct Params {
        /// The vSwitch. It must be Available, and no instance may be in it.
        #[fits = ["Available"]]
        v_switch_id: VSwitchId,
        /// The region of the vSwitch.
        region_id: Option<RegionId>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// The vSwitch, and whether an instance is in it.
pub(crate) struct Facts {
    vswitch: VSwitch,
    is_used: bool,
}

/// Available, gone.
static TRANSITION: Transition = Transition {
    resource: &VSWITCH,
    begins: &[Edge::out_of("Available", "DeleteVSwitch")],
    ends: &[],
    settles: None,
};

impl Action for DeleteVSwitch {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteVSwitch";
    const SUMMARY: &'static str = "Deletes a vSwitch that no instance is in.";
    const CAUTION: &'static str = "The vSwitch is gone for good, and its id is not given again.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &VSWITCH_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the vSwitch is Available",       |f| f.vswitch.is_available(), &VSWITCH_STATUS),
        must("no instance is in the vSwitch",  |f| !f.is_used, &VSWITCH_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = super::region(call, &params.region_id)?;
        let found = call.find(tx, &params.v_switch_id)?;
        let found = found.filter(|vswitch: &VSwitch| super::is_in(region, &vswitch.region));
        let vswitch = found.ok_or(&VSWITCH_NOT_FOUND)?;
        let term = ("vswitch", vswitch.id.as_str());
        let is_used = !is_empty::<Instance>(tx, call, &vswitch.region, term)?;
        Ok(Facts { vswitch, is_used })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.vswitch.id)
    }
}
