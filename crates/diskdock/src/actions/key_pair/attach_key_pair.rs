//! `AttachKeyPair`: give instances a key pair.

use super::lookup::{KeyPairResult, PairAndInstances, PairParams, PairReply};
use crate::actions::prelude::*;

/// Gives instances a key pair.
pub(crate) struct AttachKeyPair;

impl Action for AttachKeyPair {
    type Params = PairParams;
    type Facts = PairAndInstances;
    type Reply = PairReply;

    const NAME: &'static str = "AttachKeyPair";
    const SUMMARY: &'static str =
        "Gives instances a key pair, in the place of the one that they have.";
    const DETAILS: &'static str = "\
The guest knows of it from its next start, if its cloud-init reads the key then: it does at the first boot \
of an instance.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] =
        &[&REGION_NOT_FOUND, &KEY_PAIR_NOT_FOUND, &KEY_PAIR_INSTANCES_NOT_VALID];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<PairAndInstances>] = &[
        must("a key pair is not for Windows", |f| !f.has_windows, &KEY_PAIR_WINDOWS),
    ];

    fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &PairParams,
    ) -> Result<PairAndInstances, ActionError> {
        PairAndInstances::load(tx, call, params)
    }

    fn effect(_: &Call<'_>, _: &PairParams, facts: PairAndInstances) -> Effect<PairReply> {
        let PairAndInstances { pair, instances, .. } = facts;
        let reply = PairReply::of(&pair, instances.iter().map(KeyPairResult::well).collect());
        instances.into_iter().fold(Effect::reply(reply), |effect, mut instance| {
            instance.key_pair.clone_from(&pair.name);
            instance.public_key.clone_from(&pair.public_key);
            effect.save(instance)
        })
    }
}
