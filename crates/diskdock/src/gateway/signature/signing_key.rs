//! The secret of an access key, prepared for both schemes: what HMAC makes of its key alone is made
//! once for a key and not once for a request.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::Sha256;

use super::encode::hexadecimal;

/// A secret that signs.
#[derive(Clone)]
pub struct SigningKey {
    rpc: Hmac<Sha1>,
    acs3: Hmac<Sha256>,
}

impl SigningKey {
    /// The key of this secret.
    pub fn new(secret: &str) -> SigningKey {
        SigningKey { rpc: keyed(format!("{secret}&").as_bytes()), acs3: keyed(secret.as_bytes()) }
    }

    /// The signature of version 1.0, in Base64.
    pub(super) fn sign_rpc(&self, to_sign: &[u8]) -> String {
        let mut mac = self.rpc.clone();
        mac.update(to_sign);
        STANDARD.encode(mac.finalize().into_bytes())
    }

    /// The signature of `ACS3-HMAC-SHA256`, in hexadecimal.
    pub(super) fn sign_acs3(&self, to_sign: &[u8]) -> Vec<u8> {
        let mut mac = self.acs3.clone();
        mac.update(to_sign);
        hexadecimal(&mac.finalize().into_bytes())
    }
}

impl fmt::Debug for SigningKey {
    /// Nothing of the secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("SigningKey")
    }
}

fn keyed<M: KeyInit>(key: &[u8]) -> M {
    M::new_from_slice(key).expect("HMAC takes a key of any length")
}
