//! `DetachKeyPair`: take a key pair from instances.

use super::lookup::{self, KeyPairResult, KeyPairResults, PairAndInstances};
use crate::actions::prelude::*;

/// Takes a key pair from instances.
pub(crate) struct DetachKeyPair;

params!(
    /// Parameters of DetachKeyPair.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// The key pair.
        #[example = "ops"]
        #[names = "key pair"]
        key_pair_name: Text<1, 128>,
        /// The instances, up to 50.
        #[malformed = KEY_PAIR_INSTANCES_NOT_VALID]
        instance_ids: JsonList<InstanceId, 50>,
    }
);

reply!(
    /// Reply of DetachKeyPair.
    pub(crate) struct Reply {
        /// The key pair.
        key_pair_name: String,
        /// How many instances were named.
        total_count: String,
        /// For how many it failed.
        fail_count: String,
        /// The result for each instance.
        results: KeyPairResults,
    }
);

impl Action for DetachKeyPair {
    type Params = Params;
    type Facts = PairAndInstances;
    type Reply = Reply;

    const NAME: &'static str = "DetachKeyPair";
    const SUMMARY: &'static str = "Takes a key pair from instances.";
    const DETAILS: &'static str = "\
An instance that does not have it is a result that failed, and nothing changes for it. A guest that has read \
the public key keeps it.";
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
        params: &Params,
    ) -> Result<PairAndInstances, ActionError> {
        let pair = (params.region_id.0.as_str(), params.key_pair_name.0.as_str());
        lookup::pair_and_instances(tx, call, pair, &params.instance_ids.0)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: PairAndInstances) -> Effect<Reply> {
        let PairAndInstances { pair, instances, .. } = facts;
        let has_pair = |instance: &Instance| instance.key_pair == pair.name;
        let result = |instance: &Instance| match has_pair(instance) {
            true => KeyPairResult::well(instance),
            false => KeyPairResult::refused(instance, &KEY_PAIR_INSTANCES_NOT_VALID),
        };
        let failed = instances.iter().filter(|instance| !has_pair(instance)).count();
        let reply = Reply {
            key_pair_name: pair.name.clone(),
            total_count: instances.len().to_string(),
            fail_count: failed.to_string(),
            results: KeyPairResults { result: instances.iter().map(result).collect() },
        };
        let having = instances.iter().filter(|instance| has_pair(instance));
        having.fold(Effect::reply(reply), |effect, instance| {
            let (key_pair, public_key) = (String::new(), String::new());
            effect.save(Instance { key_pair, public_key, ..instance.clone() })
        })
    }
}
