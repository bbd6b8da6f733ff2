//! `CreateKeyPair`: make a key pair, and show its private key this once.

use domain::{KeyPair, KeyPairId, UnknownFields};

use super::lookup::{self, KEY_PAIRS};
use super::open_ssh::{PublicKey, new_pair};
use crate::actions::paging::new_plain_tags;
use crate::actions::prelude::*;
use crate::catalog::{KeyPairName, PlainTag};

/// Makes a key pair.
pub(crate) struct CreateKeyPair;

params!(
    /// Parameters of CreateKeyPair.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Its name, unique in the region.
        key_pair_name: KeyPairName,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<PlainTag>,
    }
);

reply!(
    /// Reply of CreateKeyPair.
    pub(crate) struct Reply {
        /// The id.
        key_pair_id: String,
        /// The name.
        key_pair_name: String,
        /// The MD5 of the public key.
        key_pair_finger_print: String,
        /// The private key as PEM, which is shown this once.
        private_key_body: String,
    }
);

/// The place of a new key pair, and whether its name is taken there.
pub(crate) struct NewKeyPair {
    hint: String,
    is_taken: bool,
    pairs: u64,
    tags: Vec<Tag>,
}

impl NewKeyPair {
    pub(super) fn of(
        tx: &dyn ReadTx,
        call: &Call<'_>,
        region: &RegionId,
        name: &str,
        tags: &[PlainTag],
    ) -> Result<NewKeyPair, ActionError> {
        let region = call.environment.inventory.region(&region.0).ok_or(&REGION_NOT_FOUND)?;
        Ok(NewKeyPair {
            hint: region.id_hint.clone(),
            is_taken: lookup::named(tx, call, &region.id, name)?.is_some(),
            pairs: lookup::count(tx, call, &region.id)?,
            tags: new_plain_tags(tags)?,
        })
    }

    pub(super) fn key_pair(
        self,
        call: &Call<'_>,
        region: &RegionId,
        name: &str,
        key: &PublicKey,
        group: Option<&Text<1, 64>>,
    ) -> KeyPair {
        let id: KeyPairId = call.environment.ids.of(&self.hint, call.now);
        KeyPair {
            id,
            account: call.caller.account.clone(),
            region: region.0.clone(),
            name: name.to_owned(),
            public_key: key.line.clone(),
            fingerprint: key.fingerprint.clone(),
            tags: self.tags,
            resource_group: group.map(|group| group.0.clone()).unwrap_or_default(),
            created_at: call.now,
            unknown: UnknownFields::default(),
        }
    }
}

/// Preconditions of everything that adds a key pair.
#[rustfmt::skip]
pub(super) const NEW_KEY_PAIR: &[Precondition<NewKeyPair>] = &[
    must("no key pair of the region has the name",                |f| !f.is_taken, &KEY_PAIR_EXISTS),
    must("the account has fewer than 500 key pairs in the region", |f| f.pairs < KEY_PAIRS, &KEY_PAIR_QUOTA),
];

/// Errors of loading the facts of everything that adds a key pair.
pub(super) const NEW_KEY_PAIR_LOAD_ERRORS: &[&ErrorCode] =
    &[&REGION_NOT_FOUND, &TAG_COUNT, &TAG_MISMATCH, &TAG_DUPLICATE];

impl Action for CreateKeyPair {
    type Params = Params;
    type Facts = NewKeyPair;
    type Reply = Reply;

    const NAME: &'static str = "CreateKeyPair";
    const SUMMARY: &'static str = "Makes a key pair, and shows its private key this once.";
    const DETAILS: &'static str = "\
The pair is one of ECDSA on the curve P-256. Instances that are launched with its name let in the holder of \
the private key: guests with cloud-init read the public one at their first boot.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = NEW_KEY_PAIR_LOAD_ERRORS;
    const PRECONDITIONS: &'static [Precondition<NewKeyPair>] = NEW_KEY_PAIR;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<NewKeyPair, ActionError> {
        NewKeyPair::of(tx, call, &params.region_id, &params.key_pair_name.0, &params.tag.0)
    }

    fn effect(call: &Call<'_>, params: &Params, facts: NewKeyPair) -> Effect<Reply> {
        let made = new_pair();
        let (name, group) = (&params.key_pair_name.0, params.resource_group_id.as_ref());
        let pair = facts.key_pair(call, &params.region_id, name, &made.public, group);
        let reply = Reply {
            key_pair_id: pair.id.to_string(),
            key_pair_name: pair.name.clone(),
            key_pair_finger_print: pair.fingerprint.clone(),
            private_key_body: made.private_pem,
        };
        Effect::reply(reply).save(pair)
    }
}
