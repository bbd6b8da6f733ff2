//! Decides whether a request was signed by the holder of a secret.
//!
//! Two schemes exist side by side: version 1.0, whose signature is a parameter, and
//! `ACS3-HMAC-SHA256`, whose signature is a header. Everything here is a function of the bytes
//! received: looking up the secret, the clock and the replay memory belong to the caller, who
//! first reads the [`Intent`], then the [`Claims`], and with the secret calls [`verify`].

mod acs3;
mod encode;
mod fault;
mod rpc;
mod signing_key;
mod timestamp;

use http::HeaderMap;
use subtle::ConstantTimeEq;

pub use acs3::{Acs3Request, payload_hash, sign_acs3};
pub use encode::percent_encode;
pub use fault::{Mismatch, SignatureFault};
pub use rpc::{sign_rpc, string_to_sign as rpc_string_to_sign};
pub use signing_key::SigningKey;
pub(crate) use timestamp::parse_timestamp;

use super::decode::Pair;

/// A request as it arrived, with its parameters decoded.
#[derive(Clone, Copy, Debug)]
pub struct Received<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path, still encoded.
    pub path: &'a str,
    /// The query alone, in any order.
    pub query: &'a [Pair],
    /// Query and body together, as [`merge`](super::decode::merge) sorts them.
    pub parameters: &'a [Pair],
    /// The HTTP headers.
    pub headers: &'a HeaderMap,
    /// The body, byte for byte.
    pub body: &'a [u8],
}

impl<'a> Received<'a> {
    /// The value of a parameter, which may be empty.
    fn parameter(&self, name: &str) -> Option<&'a str> {
        let at = self.parameters.binary_search_by(|pair| pair.0.as_str().cmp(name)).ok()?;
        Some(self.parameters[at].1.as_str())
    }

    /// The value of a parameter unless it is absent or empty.
    pub(super) fn filled(&self, name: &str) -> Option<&'a str> {
        self.parameter(name).filter(|value| !value.is_empty())
    }

    /// The value of a header unless it is absent, empty or not text.
    pub(super) fn header(&self, name: &str) -> Option<&'a str> {
        let value = std::str::from_utf8(self.headers.get(name)?.as_bytes()).ok()?;
        Some(value.trim_ascii()).filter(|value| !value.is_empty())
    }
}

/// The authentication scheme of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// Signature version 1.0, in parameters.
    Rpc,
    /// `ACS3-…`, in the `Authorization` header.
    Acs3,
    /// A bearer token without a valid signature.
    Bearer,
    /// No authentication.
    Anonymous,
}

/// The requested action and format, readable even when the rest of the request is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intent<'a> {
    /// The scheme that the request uses.
    pub scheme: Scheme,
    /// The action.
    pub action: Option<&'a str>,
    /// The version of the API.
    pub version: Option<&'a str>,
    /// The requested format of the reply, as written.
    pub format: Option<&'a str>,
}

/// A request's claims about its sender; unverified until [`verify`] has succeeded.
#[derive(Clone, Debug)]
pub struct Claims<'a> {
    /// The requested action and format.
    pub intent: Intent<'a>,
    /// The access key whose secret signed the request; always present for a signed one.
    pub access_key_id: Option<&'a str>,
    /// The nonce; always present for a signed one.
    pub nonce: Option<&'a str>,
    /// When it was signed, in seconds since 1970; always present for a signed one.
    pub timestamp_s: Option<i64>,
    /// The token that belongs to a temporary access key.
    pub security_token: Option<&'a str>,
    /// The token of a [`Scheme::Bearer`] request.
    pub bearer_token: Option<&'a str>,
    proof: Proof<'a>,
}

/// The signature as received, and the parts of the request that it covers.
#[derive(Clone, Debug)]
enum Proof<'a> {
    None,
    Rpc { signature: &'a str },
    Acs3(acs3::Acs3Proof<'a>),
}

/// Reads action and format. It never fails, so that even an error has the requested format.
pub fn intent<'a>(received: &Received<'a>) -> Intent<'a> {
    let scheme = scheme(received);
    let field = |parameter: &str, header: &str| match scheme {
        // The header is not covered by a 1.0 signature, so it must not count.
        Scheme::Rpc => received.filled(parameter),
        // The header is always signed; a parameter may only repeat it.
        Scheme::Acs3 => received.header(header),
        Scheme::Bearer | Scheme::Anonymous => {
            received.filled(parameter).or_else(|| received.header(header))
        }
    };
    Intent {
        scheme,
        action: field("Action", "x-acs-action"),
        version: field("Version", "x-acs-version"),
        format: received.filled("Format"),
    }
}

fn scheme(received: &Received) -> Scheme {
    let authorization = received.headers.get("authorization");
    if authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS3-")) {
        return Scheme::Acs3;
    }
    let bearer = bearer_token(received).is_some();
    let signed = received.parameter("Signature").is_some()
        || received.parameter("SignatureVersion").is_some();
    // The old Go client signs bearer requests with an empty secret, which proves nothing.
    if signed && !(bearer && received.parameter("AccessKeyId").is_none()) {
        return Scheme::Rpc;
    }
    if bearer { Scheme::Bearer } else { Scheme::Anonymous }
}

fn bearer_token<'a>(received: &Received<'a>) -> Option<&'a str> {
    received.header("x-acs-bearer-token").or_else(|| received.filled("BearerToken"))
}

/// Reads and checks all that can be checked without the secret.
pub fn claims<'a>(received: &Received<'a>) -> Result<Claims<'a>, SignatureFault> {
    claims_of(received, intent(received))
}

/// The same where the [`Intent`] was read already.
pub(super) fn claims_of<'a>(
    received: &Received<'a>,
    intent: Intent<'a>,
) -> Result<Claims<'a>, SignatureFault> {
    match intent.scheme {
        Scheme::Rpc => rpc::claims(received, intent),
        Scheme::Acs3 => acs3::claims(received, intent),
        Scheme::Bearer | Scheme::Anonymous => Ok(unsigned(received, intent)),
    }
}

fn unsigned<'a>(received: &Received<'a>, intent: Intent<'a>) -> Claims<'a> {
    let either = |parameter: &str, header: &str| {
        received.filled(parameter).or_else(|| received.header(header))
    };
    Claims {
        intent,
        access_key_id: None,
        nonce: either("SignatureNonce", "x-acs-signature-nonce"),
        timestamp_s: either("Timestamp", "x-acs-date").and_then(parse_timestamp),
        security_token: None,
        bearer_token: bearer_token(received),
        proof: Proof::None,
    }
}

/// Checks the signature against the secret of the claimed access key.
///
/// `claims` must come from the same request. A request without a signature never passes.
pub fn verify(received: &Received, claims: &Claims, key: &SigningKey) -> Result<(), Mismatch> {
    match &claims.proof {
        Proof::None => Err(Mismatch::Unsigned),
        Proof::Rpc { signature } => rpc::verify(received, signature, key),
        Proof::Acs3(proof) => acs3::verify(received, proof, key),
    }
}

/// The string to sign of this request and the signature that it has; `None` if it is not signed.
/// For the checker, which finds mistakes of signers.
pub fn explain<'a>(received: &Received, claims: &Claims<'a>) -> Option<(Mismatch, &'a str)> {
    match &claims.proof {
        Proof::None => None,
        Proof::Rpc { signature } => Some((rpc::covered(received), signature)),
        Proof::Acs3(proof) => Some((acs3::covered(received, proof), proof.signature())),
    }
}

/// Compares signatures in constant time.
fn same(expected: &[u8], given: &str) -> bool {
    expected.ct_eq(given.as_bytes()).into()
}

/// Visits parameters in the order in which they are signed.
fn for_each_sorted<'a>(pairs: &'a [Pair], mut visit: impl FnMut(&'a Pair)) {
    if pairs.is_sorted_by(|left, right| left.0 <= right.0) {
        pairs.iter().for_each(visit);
        return;
    }
    let mut sorted: Vec<&Pair> = pairs.iter().collect();
    sorted.sort_by(|left, right| left.0.cmp(&right.0));
    sorted.into_iter().for_each(&mut visit);
}
