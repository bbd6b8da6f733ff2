//! `AttachKeyPair`: give instances a key pair.

use super::lookup::{self, KeyPairResult, KeyPairResults, PairAndInstances};
use crate::actions::prelude::*;

/// Gives instances a key pair.
pub(crate) struct AttachKeyPair;

params!(
    /// Parameters of AttachKeyPair.
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
    /// Reply of AttachKeyPair.
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

impl Action for AttachKeyPair {
    type Params = Params;
    type Facts = PairAndInstances;
    type Reply = Reply;

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
        params: &Params,
    ) -> Result<PairAndInstances, ActionError> {
        let pair = (params.region_id.0.as_str(), params.key_pair_name.0.as_str());
        lookup::pair_and_instances(tx, call, pair, &params.instance_ids.0)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: PairAndInstances) -> Effect<Reply> {
        let PairAndInstances { pair, instances, .. } = facts;
        let reply = Reply {
            key_pair_name: pair.name.clone(),
            total_count: instances.len().to_string(),
            fail_count: "0".to_owned(),
            results: KeyPairResults { result: instances.iter().map(KeyPairResult::well).collect() },
        };
        instances.into_iter().fold(Effect::reply(reply), |effect, mut instance| {
            instance.key_pair.clone_from(&pair.name);
            instance.public_key.clone_from(&pair.public_key);
            effect.save(instance)
        })
    }
}
