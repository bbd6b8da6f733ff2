//! `CreateKey`: make a key.

use domain::UnknownFields;
use domain::kms::KmsKey;

use super::texts::{KeyTags, RotationInterval};
use super::view::NewKmsKey;
use crate::actions::prelude::*;
use crate::store::{EntityReads, Filter};

/// Keys of an account in a region, at most. The vendor gives no number.
const KEYS: u64 = 1_000;

/// Makes a key.
pub(crate) struct CreateKey;

choice!(
    /// Kinds of key.
    pub(crate) enum KeySpec {
        Aes256 = "Aliyun_AES_256",
        Aes128 = "Aliyun_AES_128",
        Aes192 = "Aliyun_AES_192",
        Sm4 = "Aliyun_SM4",
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        EcP256 = "EC_P256",
        EcP256K = "EC_P256K",
        EcSm2 = "EC_SM2",
    }
);

impl KeySpec {
    /// Whether it can only sign, both, or only encrypt: the first is what it does unless told.
    fn usages(self) -> &'static [KeyUsage] {
        match self {
            KeySpec::Aes256 | KeySpec::Aes128 | KeySpec::Aes192 | KeySpec::Sm4 => {
                &[KeyUsage::Encrypt]
            }
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 | KeySpec::EcSm2 => {
                &[KeyUsage::Encrypt, KeyUsage::Sign]
            }
            KeySpec::EcP256 | KeySpec::EcP256K => &[KeyUsage::Sign],
        }
    }
}

choice!(
    /// Purposes of keys.
    pub(crate) enum KeyUsage {
        Encrypt = "ENCRYPT/DECRYPT",
        Sign = "SIGN/VERIFY",
    }
);

choice!(
    /// Where the bytes of a key come from.
    pub(crate) enum KeyOrigin {
        Service = "Aliyun_KMS",
        External = "EXTERNAL",
    }
);

choice!(
    /// Protection of keys.
    pub(crate) enum ProtectionLevel {
        Software = "SOFTWARE",
        Hsm = "HSM",
    }
);

params!(
    /// Parameters of CreateKey.
    pub(crate) struct Params {
        /// Free text.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        description: Option<Text<0, 8192>>,
        /// The kind of key; `Aliyun_AES_256` if left out.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        key_spec: Option<KeySpec>,
        /// The purpose; the first that the kind allows if left out.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        key_usage: Option<KeyUsage>,
        /// The origin of its bytes. Those of others cannot be imported here.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        origin: Option<KeyOrigin>,
        /// The protection; `SOFTWARE` if left out. It is kept and shown.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        protection_level: Option<ProtectionLevel>,
        /// Whether it is said to rotate by itself. It is kept and shown.
        #[malformed = KMS_PARAMETER_NOT_VALID]
        enable_automatic_rotation: Option<bool>,
        /// Time between two rotations; needed with EnableAutomaticRotation.
        rotation_interval: Option<RotationInterval>,
        /// Tags, up to 20, as a JSON array of structures with TagKey and TagValue.
        tags: Option<KeyTags>,
        /// A dedicated instance, of which there are none here.
        #[wire = "DKMSInstanceId"]
        dkms_instance_id: Option<Text<1, 128>>,
        /// The policy of the key: nothing asks for it here.
        policy: Ignored<Option<Text<0, 32768>>>,
        /// How a dedicated instance stores it.
        key_storage_mechanism: Ignored<Option<Text<0, 64>>>,
    }
);

reply!(
    /// Reply of CreateKey.
    pub(crate) struct Reply {
        /// The new key.
        key_metadata: NewKmsKey,
    }
);

/// The region of the new key, its purpose, and how many keys there are.
pub(crate) struct Facts {
    region: String,
    usage: Option<KeyUsage>,
    is_external: bool,
    has_interval: bool,
    keys: u64,
}

impl Action for CreateKey {
    type Params = Params;
    type Facts = Facts;
    type Reply = Reply;

    const NAME: &'static str = "CreateKey";
    const SUMMARY: &'static str = "Makes a key.";
    const DETAILS: &'static str = "\
The key is a record with an id that disks can name: unless it is Enabled, they are not attached. \
The bytes of real disks are encrypted with a key of each disk, which this server keeps beside \
them. It lies in the region that RegionId names, else in that of the host that the request was sent to, \
else in the first one of this server.";
    const RISK: Risk = Risk::Low;
    const TRANSITION: Option<&'static Transition> = None;
    const ABOUT: About = About::Other("key");
    const LOAD_ERRORS: &'static [&'static ErrorCode] = &[&KMS_INSTANCE_NOT_FOUND];

    /// Checked in this order; the first that does not hold is the error.
    #[rustfmt::skip]
    const PRECONDITIONS: &'static [Precondition<Facts>] = &[
        must("the kind of key has the purpose",                       |f| f.usage.is_some(), &KMS_PARAMETER_NOT_VALID),
        must("RotationInterval comes with EnableAutomaticRotation",   |f| f.has_interval, &KMS_PARAMETER_NOT_VALID),
        must("the bytes are made by the service",                     |f| !f.is_external, &KMS_NOT_SUPPORTED),
        must("the account has fewer than 1000 keys in the region",    |f| f.keys < KEYS, &KMS_KEY_LIMIT),
    ];

    fn load(tx: &dyn ReadTx, call: &Call<'_>, params: &Params) -> Result<Facts, ActionError> {
        if params.dkms_instance_id.is_some() {
            return Err((&KMS_INSTANCE_NOT_FOUND).into());
        }
        let region = call.region();
        let usages = params.key_spec.unwrap_or(KeySpec::Aes256).usages();
        let wanted = |usage: &&KeyUsage| params.key_usage.is_none_or(|wanted| wanted == **usage);
        let rotates = params.enable_automatic_rotation == Some(true);
        Ok(Facts {
            usage: usages.iter().find(wanted).copied(),
            is_external: params.origin == Some(KeyOrigin::External),
            has_interval: !rotates || params.rotation_interval.is_some(),
            keys: tx.count(&Filter::<KmsKey>::all(call.caller.account.clone(), &region))?,
            region,
        })
    }

    fn effect(call: &Call<'_>, params: &Params, facts: Facts) -> Effect<Reply> {
        let protection = params.protection_level.unwrap_or(ProtectionLevel::Software);
        let interval = params.rotation_interval.map(|interval| interval.0);
        let key = KmsKey {
            id: call.new_id(&facts.region),
            account: call.caller.account.clone(),
            region: facts.region,
            description: params.description.as_ref().map(|text| text.0.clone()).unwrap_or_default(),
            spec: params.key_spec.unwrap_or(KeySpec::Aes256).as_str().to_owned(),
            usage: facts.usage.unwrap_or(KeyUsage::Encrypt).as_str().to_owned(),
            protection_level: protection.as_str().to_owned(),
            version: call.environment.ids.request().to_ascii_lowercase(),
            rotates_every_s: interval.filter(|_| params.enable_automatic_rotation == Some(true)),
            deleted_at: None,
            tags: params.tags.as_ref().map(|tags| tags.0.clone()).unwrap_or_default(),
            created_at: call.now,
            unknown: UnknownFields::default(),
        };
        Effect::reply(Reply { key_metadata: NewKmsKey::of(&key) }).save(key)
    }
}
