//! Lookups of key pairs and of the instances that have them.

use std::collections::BTreeSet;

use domain::KeyPair;
use domain::inventory::OsType;

use crate::actions::image_lookups;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Key pairs of an account in a region, at most.
pub(super) const KEY_PAIRS: u64 = 500;

/// The key pair of this name in a region, if there is one.
pub(crate) fn named(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    name: &str,
) -> Result<Option<KeyPair>, StoreError> {
    tx.newest(&Filter::with_term(call.caller.account.clone(), region, ("name", name)))
}

/// How many key pairs there are in a region.
pub(super) fn count(tx: &dyn ReadTx, call: &Call<'_>, region: &str) -> Result<u64, StoreError> {
    tx.count(&Filter::<KeyPair>::all(call.caller.account.clone(), region))
}

/// Whether an instance in a region has the key pair of this name.
pub(super) fn is_attached(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    name: &str,
) -> Result<bool, StoreError> {
    let mut filter = Filter::<Instance>::all(call.caller.account.clone(), region);
    let name = name.to_owned();
    filter.also.push(Box::new(move |instance: &Instance| instance.key_pair == name));
    Ok(tx.newest(&filter)?.is_some())
}

params!(
    /// A key pair and instances.
    pub(crate) struct PairParams {
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
    /// The result for each instance.
    pub(crate) struct PairReply {
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

/// A key pair and instances, each once.
pub(crate) struct PairAndInstances {
    pub(super) pair: KeyPair,
    pub(super) instances: Vec<Instance>,
    pub(super) has_windows: bool,
}

impl PairAndInstances {
    /// The key pair of this name and the instances of these ids; all of them are in the region.
    pub(super) fn load(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        params: &PairParams,
    ) -> Result<PairAndInstances, ActionError> {
        let region = params.region_id.0.as_str();
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let pair = named(tx, call, region, &params.key_pair_name.0)?.ok_or(&KEY_PAIR_NOT_FOUND)?;
        let instances = instances(tx, call, region, &params.instance_ids.0)?;
        let mut has_windows = false;
        for one in &instances {
            has_windows |= is_windows(tx, call, one)?;
        }
        Ok(PairAndInstances { pair, instances, has_windows })
    }
}

impl PairReply {
    /// The reply about a key pair with a result for each instance.
    pub(super) fn of(pair: &KeyPair, result: Vec<KeyPairResult>) -> PairReply {
        let failed = result.iter().filter(|result| result.success == "false").count();
        PairReply {
            key_pair_name: pair.name.clone(),
            total_count: result.len().to_string(),
            fail_count: failed.to_string(),
            results: KeyPairResults { result },
        }
    }
}

/// The instances of these ids, each once; all of them are in the region.
pub(super) fn instances(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    region: &str,
    ids: &[InstanceId],
) -> Result<Vec<Instance>, ActionError> {
    let ids: BTreeSet<&InstanceId> = ids.iter().collect();
    let find = |id: &InstanceId| {
        let found = call.instance(tx, id)?.filter(|found| found.region == region);
        Ok(found.ok_or(&KEY_PAIR_INSTANCES_NOT_VALID)?)
    };
    ids.into_iter().map(find).collect()
}

/// Whether the image of an instance has Windows.
pub(super) fn is_windows(
    tx: &dyn ReadTx,
    call: &Call<'_>,
    instance: &Instance,
) -> Result<bool, StoreError> {
    let image = image_lookups::facts(tx, call, &instance.image)?;
    Ok(image.is_some_and(|image| image.os_type == OsType::Windows))
}

reply!(
    /// Results of an action on several instances.
    pub(crate) struct KeyPairResults {
        /// One for each instance.
        result: Vec<KeyPairResult>,
    }
);

reply!(
    /// The result for one instance.
    pub(crate) struct KeyPairResult {
        /// The instance.
        instance_id: String,
        /// `true` or `false`.
        success: &'static str,
        /// `200`, or the code of the error.
        code: &'static str,
        /// `successful`, or the message of the error.
        message: &'static str,
    }
);

impl KeyPairResult {
    pub(super) fn well(instance: &Instance) -> KeyPairResult {
        KeyPairResult {
            instance_id: instance.id.to_string(),
            success: "true",
            code: "200",
            message: "successful",
        }
    }

    pub(super) fn refused(instance: &Instance, error: &'static ErrorCode) -> KeyPairResult {
        KeyPairResult {
            instance_id: instance.id.to_string(),
            success: "false",
            code: error.code,
            message: error.message,
        }
    }
}
