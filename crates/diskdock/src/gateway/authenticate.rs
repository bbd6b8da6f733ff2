//! Authentication: time, key, signature and nonce, in this order; and the guard of the development
//! key.

use domain::Moment;
use http::request::Parts;

use super::keys::{KeyEntry, SessionToken};
use super::nonce::{NonceCheck, Signed, WINDOW_S};
use super::signature::{self, Claims, Intent, Received, SignatureFault, SigningKey};
use super::{Gateway, host};
use crate::catalog::errors::{
    ACCESS_KEY_INACTIVE, ACCESS_KEY_NOT_FOUND, FORBIDDEN_ORIGIN, INCOMPLETE_SIGNATURE,
    MISSING_HEADER, MISSING_PARAMETER, MISSING_SECURITY_TOKEN, NO_AUTHENTICATION, NONCE_USED,
    SECURITY_TOKEN, SECURITY_TOKEN_MISMATCH, SIGNATURE_METHOD, SIGNATURE_MISMATCH, THROTTLING,
    TIMESTAMP_EXPIRED, TIMESTAMP_FORMAT,
};
use crate::catalog::{Caller, Entry, Origin, Refusal};
use crate::service::Rights;
use crate::store::{SESSION_KEY_PREFIX, StoredNonce};

/// A caller whose signature is right.
pub(super) struct Authenticated {
    /// The account and key of the request.
    pub caller: Caller,
    /// The rights of the key.
    pub rights: Rights,
    /// The nonce that is stored, if the action writes.
    pub nonce: Option<StoredNonce>,
}

impl Gateway {
    /// The caller of this request, if the signature proves it; and the nonce that is stored if the
    /// action writes.
    pub(super) fn authenticate(
        &self,
        received: &Received<'_>,
        intent: Intent<'_>,
        parts: &Parts,
        entry: Entry,
    ) -> Result<Authenticated, Refusal> {
        let claims = signature::claims_of(received, intent).map_err(|fault| refusal(&fault))?;
        check_kind(received)?;
        let (Some(id), Some(nonce), Some(timestamp_s)) =
            (claims.access_key_id, claims.nonce, claims.timestamp_s)
        else {
            return Err((&NO_AUTHENTICATION).into());
        };
        let now_s = self.services.clock.now_for_signatures().seconds();
        if (now_s - timestamp_s).abs() > WINDOW_S {
            return Err((&TIMESTAMP_EXPIRED).into());
        }
        let found = self.keys.find(id);
        let session = found.as_deref().map(|key| key.session.as_ref());
        check_token(received, id, session, self.services.clock.now())?;
        let found = found.ok_or(&ACCESS_KEY_NOT_FOUND)?;
        self.check_key(&found, parts)?;
        check_signature(received, &claims, &found.signs)?;
        let signed = Signed { account: &found.account, access_key_id: id, nonce, timestamp_s };
        match self.nonces.remember(&signed, now_s) {
            NonceCheck::Fresh => {}
            NonceCheck::Used => return Err((&NONCE_USED).into()),
            NonceCheck::Expired | NonceCheck::Future => return Err((&TIMESTAMP_EXPIRED).into()),
            NonceCheck::Full => return Err((&THROTTLING).into()),
        }
        let caller = Caller {
            account: found.account.clone(),
            access_key_id: id.to_owned(),
            host: host(parts).to_owned(),
            region: received.filled("RegionId").map(str::to_owned),
            identity: found.identity.clone(),
            origin: parts.extensions.get::<Origin>().copied().unwrap_or_default(),
        };
        let is_stored = self.stores_nonces && matches!(entry, Entry::Action(_));
        let nonce = is_stored.then(|| signed.to_store());
        Ok(Authenticated { caller, rights: found.rights.clone(), nonce })
    }

    /// Refuses a disabled key, and the well-known development key in requests from web pages of
    /// other origins.
    fn check_key(&self, found: &KeyEntry, parts: &Parts) -> Result<(), Refusal> {
        if !found.active {
            return Err((&ACCESS_KEY_INACTIVE).into());
        }
        if found.development {
            let refused = |reason: &str| Refusal::about(&FORBIDDEN_ORIGIN, reason);
            self.guard.check_call(parts).map_err(|reason| refused(&reason))?;
        }
        Ok(())
    }
}

/// Refuses bearer tokens and key pairs, which are not supported, instead of ignoring them.
fn check_kind(received: &Received<'_>) -> Result<(), Refusal> {
    for (parameter, header) in
        [("BearerToken", Some("x-acs-bearer-token")), ("SignatureType", None)]
    {
        let in_header = header.and_then(|header| received.header(header));
        if received.filled(parameter).or(in_header).is_some() {
            return Err(Refusal::about(&SIGNATURE_METHOD, parameter));
        }
    }
    Ok(())
}

/// Refuses a temporary key without its token or after its end, and a token that is not the key's.
/// `session` is that of the key, if there is such a key. A temporary key that is not known may be
/// one that was forgotten after its end.
fn check_token(
    received: &Received<'_>,
    access_key_id: &str,
    session: Option<Option<&SessionToken>>,
    now: Moment,
) -> Result<(), Refusal> {
    let in_header = received.header("x-acs-security-token");
    let token = received.filled("SecurityToken").or(in_header);
    let is_temporary =
        access_key_id.starts_with(SESSION_KEY_PREFIX) || matches!(session, Some(Some(_)));
    match (token, session) {
        (None, _) if is_temporary => Err((&MISSING_SECURITY_TOKEN).into()),
        (None, _) => Ok(()),
        (Some(token), Some(Some(session))) if !session.is(token) => {
            Err((&SECURITY_TOKEN_MISMATCH).into())
        }
        (Some(_), Some(Some(session))) if session.expires_at > now => Ok(()),
        (Some(_), Some(None)) => Err((&SECURITY_TOKEN_MISMATCH).into()),
        (Some(_), Some(Some(_)) | None) => Err((&SECURITY_TOKEN).into()),
    }
}

fn check_signature(
    received: &Received<'_>,
    claims: &Claims<'_>,
    key: &SigningKey,
) -> Result<(), Refusal> {
    signature::verify(received, claims, key)
        .map_err(|mismatch| Refusal::about(&SIGNATURE_MISMATCH, &mismatch.to_string()))
}

/// The ECS error for a fault that is found before the secret is known.
fn refusal(fault: &SignatureFault) -> Refusal {
    match fault {
        SignatureFault::MissingParameter(name) => Refusal::about(&MISSING_PARAMETER, name),
        SignatureFault::MissingHeader(name) => Refusal::about(&MISSING_HEADER, name),
        SignatureFault::MalformedTimestamp => (&TIMESTAMP_FORMAT).into(),
        SignatureFault::UnsupportedMethod(_) => {
            Refusal::about(&SIGNATURE_METHOD, "SignatureMethod")
        }
        SignatureFault::UnsupportedVersion(_) => {
            Refusal::about(&SIGNATURE_METHOD, "SignatureVersion")
        }
        SignatureFault::UnsignedHeader(_)
        | SignatureFault::RepeatedHeader(_)
        | SignatureFault::MalformedAuthorization(_)
        | SignatureFault::UnsupportedAlgorithm(_)
        | SignatureFault::ContentHash
        | SignatureFault::Disagreement { .. } => {
            Refusal::about(&INCOMPLETE_SIGNATURE, &fault.to_string())
        }
    }
}
