//! `ImportKeyPair`: keep a public key under a name.

use super::create_key_pair::{NEW_KEY_PAIR, NEW_KEY_PAIR_LOAD_ERRORS, NewKeyPair};
use super::open_ssh::PublicKey;
use crate::actions::prelude::*;
use crate::catalog::{KeyPairName, PlainTag, Shape, Value};

/// Keeps a public key under a name.
pub(crate) struct ImportKeyPair;

/// A public key in a request.
#[derive(Clone, Debug)]
pub(crate) struct PublicKeyText(PublicKey);

impl Value for PublicKeyText {
    const SHAPE: Shape = Shape::Text {
        min: 1,
        max: 16_384,
        rule: "one line as ssh-keygen writes it, of the type ssh-rsa, ssh-dss or ecdsa-sha2-…",
    };
    const EXAMPLE: &'static str = "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTYAAAAIbmlzdHAyNTYAAABBBAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4OTo7PD0+P0A=";
    const MALFORMED: &'static ErrorCode = &PUBLIC_KEY_MALFORMED;

    fn parse(text: &str) -> Option<Self> {
        PublicKey::parse(text).map(PublicKeyText)
    }
}

params!(
    /// Parameters of ImportKeyPair.
    pub(crate) struct Params {
        /// The region.
        region_id: RegionId,
        /// Its name, unique in the region.
        key_pair_name: KeyPairName,
        /// The public key, in the form of OpenSSH.
        public_key_body: PublicKeyText,
        /// The resource group to show.
        resource_group_id: Option<Text<1, 64>>,
        /// Tags, up to 20.
        tag: Groups<PlainTag>,
    }
);

reply!(
    /// Reply of ImportKeyPair.
    pub(crate) struct Reply {
        /// The name.
        key_pair_name: String,
        /// The MD5 of the public key.
        key_pair_finger_print: String,
    }
);

impl Action for ImportKeyPair {
    type Params = Params;
    type Facts = NewKeyPair;
    type Reply = Reply;

    const NAME: &'static str = "ImportKeyPair";
    const SUMMARY: &'static str = "Keeps a public key under a name.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const LOAD_ERRORS: &'static [&'static ErrorCode] = NEW_KEY_PAIR_LOAD_ERRORS;
    const PRECONDITIONS: &'static [Precondition<NewKeyPair>] = NEW_KEY_PAIR;

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<NewKeyPair, ActionError> {
        NewKeyPair::of(tx, call, &params.region_id, &params.key_pair_name.0, &params.tag.0)
    }

    fn effect(call: &Call<'_>, params: &Params, facts: NewKeyPair) -> Effect<Reply> {
        let (name, group) = (&params.key_pair_name.0, params.resource_group_id.as_ref());
        let pair = facts.key_pair(call, &params.region_id, name, &params.public_key_body.0, group);
        let reply = Reply {
            key_pair_name: pair.name.clone(),
            key_pair_finger_print: pair.fingerprint.clone(),
        };
        Effect::reply(reply).save(pair)
    }
}
