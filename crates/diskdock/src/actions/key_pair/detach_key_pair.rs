//! `DetachKeyPair`: take a key pair from instances.

use super::lookup::{KeyPairResult, PairAndInstances, PairParams, PairReply};
use crate::actions::prelude::*;

/// Takes a key pair from instances.
pub(crate) struct DetachKeyPair;

impl Action for DetachKeyPair {
    type Params = PairParams;
    type Facts = PairAndInstances;
    type Reply = PairReply;

    const NAME: &'static str = "DetachKeyPair";
    const SUMMARY: &'static str = "Takes a key pair from instances.";
    const DETAILS: &'static str = "\
An instance that does not have it is a result that failed, and nothing changes for it. A guest that has read \
the public key keeps it.";
    const CAUTION: &'static str = "Instances that start for the first time from now on do not get the key: see that there is another way into them.";
    const RISK: Risk = Risk::TakesAway;
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
        let has_pair = |instance: &Instance| instance.key_pair == pair.name;
        let result = |instance: &Instance| match has_pair(instance) {
            true => KeyPairResult::well(instance),
            false => KeyPairResult::refused(instance, &KEY_PAIR_INSTANCES_NOT_VALID),
        };
        let reply = PairReply::of(&pair, instances.iter().map(result).collect());
        let having = instances.iter().filter(|instance| has_pair(instance));
        having.fold(Effect::reply(reply), |effect, instance| {
            let (key_pair, public_key) = (String::new(), String::new());
            effect.save(Instance { key_pair, public_key, ..instance.clone() })
        })
    }
}
