//! `DeleteKeyPairs`: delete key pairs that no instance has.

use domain::KeyPair;

use super::lookup;
use crate::actions::prelude::*;
use crate::catalog::Text;

/// Deletes key pairs.
pub(crate) struct DeleteKeyPairs;

params!(
    /// Parameters of DeleteKeyPairs.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// The key pairs, up to 100. A name that none has does not count.
        #[malformed = KEY_PAIR_NAMES_NOT_VALID]
        #[example = "ops"]
        #[names = "key pair"]
        key_pair_names: JsonList<Text<1, 128>>,
    }
);

/// The pairs that are there, and whether an instance has one of them.
pub(crate) struct Facts {
    pairs: Vec<KeyPair>,
    is_used: bool,
}

impl Action for DeleteKeyPairs {
    type Params = Params;
    type Facts = Facts;
    type Reply = ();

    const NAME: &'static str = "DeleteKeyPairs";
    const SUMMARY: &'static str = "Deletes key pairs that no instance has: all of them, or none.";
    const CAUTION: &'static str =
        "The key pairs are gone for good; their private keys stay with those who have them.";
    const RISK: Risk = Risk::TakesAway;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&REGION_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("no instance has one of the key pairs", |f| !f.is_used, &KEY_PAIR_IN_USE),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        let region = &params.region_id.0;
        call.environment.inventory.region(region).ok_or(&REGION_NOT_FOUND)?;
        let mut facts = Facts { pairs: Vec::new(), is_used: false };
        for Text(name) in &params.key_pair_names.0 {
            let Some(pair) = lookup::named(tx, call, region, name)? else { continue };
            facts.is_used |= lookup::is_attached(tx, call, region, name)?;
            facts.pairs.push(pair);
        }
        Ok(facts)
    }

    fn effect(_: &Call<'_>, _: &Params, facts: Facts) -> Effect<()> {
        facts.pairs.iter().fold(Effect::reply(()), |effect, pair| effect.remove(&pair.id))
    }
}
