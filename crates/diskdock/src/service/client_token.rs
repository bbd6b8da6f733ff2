//! Idempotency: a request that is repeated with its ClientToken has its effect once.

use domain::Moment;
use sha2::{Digest, Sha256};

use super::Request;
use super::parameters::COMMON;
use crate::actions::PRODUCTS;
use crate::catalog::Listed;
use crate::store::TokenRecord;

/// The token of a request that has one, with a digest of the request's own parameters.
pub(super) fn token_of(listed: Listed, request: &Request, now: Moment) -> Option<TokenRecord> {
    if !listed.spec().takes("ClientToken") {
        return None;
    }
    let token = request.input.get("ClientToken").filter(|token| !token.is_empty())?;
    let own = |name: &str| !COMMON.contains(&name) && name != "ClientToken";
    let mut digest = Sha256::new();
    for (name, value) in request.input.pairs().iter().filter(|(name, _)| own(name)) {
        for part in [name, value] {
            digest.update(part.len().to_le_bytes());
            digest.update(part.as_bytes());
        }
    }
    let parameters = digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    Some(TokenRecord {
        account: request.caller.account.clone(),
        action: listed.key(PRODUCTS),
        token: token.to_owned(),
        parameters,
        reply: String::new(),
        created_at: now,
    })
}
