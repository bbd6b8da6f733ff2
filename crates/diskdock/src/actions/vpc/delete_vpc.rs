//! `DeleteVpc`: delete a network that nothing is left in.

use domain::{SecurityGroup, VSwitch, Vpc, VpcId};

use super::resource::VPC;
use crate::actions::network_lookups::is_empty;
use crate::actions::prelude::*;

/// Deletes a VPC.
pub(crate) struct DeleteVpc;

params!(
    /// Parameters of DeleteVpc.
    pub(crate) struct Params {
        /// The VPC. It must be Available, without vSwitches and security groups.
        #[fits = ["Available"]]
        vpc_id: VpcId,
        /// The region of the VPC.
        region_id: Option<RegionId>,
        /// Delete small leftovers as well. Nothing is left over here.
        force_delete: Ignored<Option<bool>>,
        /// Makes a repeated request have its effect once.
        client_token: Option<ClientToken>,
        /// Only check the request.
        dry_run: Option<bool>,
    }
);

/// The VPC, and whether anything is in it.
pub(crate) struct Facts {
    vpc: Vpc,
    has_vswitches: bool,
    has_security_groups: bool,
}

/// Available, gone.
static TRANSITION: Transition = Transition {
    resource: &VPC,
    begins: &[Edge::out_of("Available", "DeleteVpc")],
    ends: &[],
    settles: None,
};

impl Action for DeleteVpc {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteVpc";
    const SUMMARY: &'static str = "Deletes a VPC that nothing is left in.";
    const CAUTION: &'static str = "The VPC is gone for good, and its id is not given again.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = Some(&TRANSITION);
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND, &VPC_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the VPC is Available",                 |f| f.vpc.is_available(), &VPC_STATUS),
        must("the VPC has no vSwitches",             |f| !f.has_vswitches, &VPC_HAS_VSWITCHES),
        must("the VPC has no security groups",       |f| !f.has_security_groups, &VPC_HAS_SECURITY_GROUPS),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = super::region(call, &params.region_id)?;
        let found = call.find(tx, &params.vpc_id)?;
        let vpc: Vpc =
            found.filter(|vpc| super::is_in(region, &vpc.region)).ok_or(&VPC_NOT_FOUND)?;
        let (region, term) = (&vpc.region, ("vpc", vpc.id.as_str()));
        Ok(Facts {
            has_vswitches: !is_empty::<VSwitch>(tx, call, region, term)?,
            has_security_groups: !is_empty::<SecurityGroup>(tx, call, region, term)?,
            vpc,
        })
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        Effect::reply(()).remove(&facts.vpc.id)
    }
}
