//! `ACS3-HMAC-SHA256`: HMAC over the query, the headers that the client lists, and the body.

use http::HeaderMap;
use sha2::{Digest, Sha256};

use super::encode::{hexadecimal, is_plain, push_encoded};
use super::{Claims, Intent, Mismatch, Pair, Received, SignatureFault, SigningKey};
use super::{for_each_sorted, parse_timestamp, same};

/// The one supported algorithm.
const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The headers that a signature must cover to bind action, time and body.
const BINDING: [&str; 5] = [
    "x-acs-action",
    "x-acs-version",
    "x-acs-date",
    "x-acs-signature-nonce",
    "x-acs-content-sha256",
];

/// A request that is to be signed.
#[derive(Clone, Copy, Debug)]
pub struct Acs3Request<'a> {
    /// The HTTP method, in upper case.
    pub method: &'a str,
    /// The path, encoded.
    pub path: &'a str,
    /// The decoded query, in any order.
    pub query: &'a [Pair],
    /// The headers that will be sent. `host`, `content-type` and every `x-acs-` one get signed;
    /// `x-acs-content-sha256` must be the [`payload_hash`] of the body.
    pub headers: &'a HeaderMap,
    /// The body, byte for byte.
    pub body: &'a [u8],
    /// The access key whose secret signs.
    pub access_key_id: &'a str,
}

/// The signature of a request and the headers that the client lists as signed.
#[derive(Clone, Debug)]
pub(super) struct Acs3Proof<'a> {
    signed_headers: &'a str,
    signature: &'a str,
    /// Computed here, never taken from the header.
    payload_hash: String,
}

/// The value that the header `x-acs-content-sha256` must have.
pub fn payload_hash(body: &[u8]) -> String {
    hash(body)
}

/// Signs a request: the result is its `Authorization` header.
pub fn sign_acs3(request: &Acs3Request, secret: &str) -> String {
    let signable =
        |name: &str| matches!(name, "host" | "content-type") || name.starts_with("x-acs-");
    let mut names: Vec<&str> =
        request.headers.keys().map(|name| name.as_str()).filter(|name| signable(name)).collect();
    names.sort_unstable();
    let signed_headers = names.join(";");
    let canonical = Canonical {
        method: request.method,
        path: request.path,
        query: request.query,
        headers: request.headers,
        signed_headers: &signed_headers,
        payload_hash: &hash(request.body),
    };
    let to_sign = string_to_sign(&canonical.text(push_encoded));
    let signature = SigningKey::new(secret).sign_acs3(&to_sign);
    let signature = String::from_utf8_lossy(&signature);
    let id = request.access_key_id;
    format!("{ALGORITHM} Credential={id},SignedHeaders={signed_headers},Signature={signature}")
}

pub(super) fn claims<'a>(
    received: &Received<'a>,
    intent: Intent<'a>,
) -> Result<Claims<'a>, SignatureFault> {
    let authorization = Authorization::read(received)?;
    let need = |name| {
        received.header(name).ok_or_else(|| SignatureFault::MissingHeader(String::from(name)))
    };
    for name in BINDING {
        need(name)?;
    }
    check_coverage(received, authorization.signed_headers)?;
    check_agreement(received, "Action", "x-acs-action")?;
    check_agreement(received, "Version", "x-acs-version")?;
    let timestamp_s =
        parse_timestamp(need("x-acs-date")?).ok_or(SignatureFault::MalformedTimestamp)?;
    let payload_hash = hash(received.body);
    if need("x-acs-content-sha256")? != payload_hash {
        return Err(SignatureFault::ContentHash);
    }
    let Authorization { credential, signed_headers, signature } = authorization;
    Ok(Claims {
        intent,
        access_key_id: Some(credential),
        nonce: Some(need("x-acs-signature-nonce")?),
        timestamp_s: Some(timestamp_s),
        security_token: received.header("x-acs-security-token"),
        bearer_token: None,
        proof: super::Proof::Acs3(Acs3Proof { signed_headers, signature, payload_hash }),
    })
}

/// Checks that each header that counts is signed, and that each signed one is there once.
fn check_coverage(received: &Received, signed_headers: &str) -> Result<(), SignatureFault> {
    let signed = |name: &str| signed_headers.split(';').any(|listed| listed == name);
    let present = |name: &str| received.headers.contains_key(name);
    if let Some(name) = BINDING.into_iter().find(|name| !signed(name)) {
        return Err(SignatureFault::UnsignedHeader(name));
    }
    // The content type decides how the body is read. It is free while there is no body, because
    // some clients add one after signing.
    for (name, counts) in [
        ("content-type", !received.body.is_empty() && present("content-type")),
        ("x-acs-security-token", present("x-acs-security-token")),
    ] {
        if counts && !signed(name) {
            return Err(SignatureFault::UnsignedHeader(name));
        }
    }
    // A header listed over and over would blow up the canonical request.
    if signed_headers.split(';').count() > received.headers.keys_len() {
        return Err(SignatureFault::MalformedAuthorization(
            "SignedHeaders lists more than was sent",
        ));
    }
    for name in signed_headers.split(';') {
        match received.headers.get_all(name).iter().count() {
            0 => return Err(SignatureFault::MissingHeader(name.to_owned())),
            1 => {}
            _ => return Err(SignatureFault::RepeatedHeader(name.to_owned())),
        }
    }
    Ok(())
}

/// Checks that a parameter, if given, only repeats its header: the Java client sends both.
fn check_agreement(
    received: &Received,
    parameter: &'static str,
    header: &'static str,
) -> Result<(), SignatureFault> {
    match received.parameter(parameter) {
        Some(value) if received.header(header) != Some(value) => {
            Err(SignatureFault::Disagreement { parameter, header })
        }
        _ => Ok(()),
    }
}

impl<'a> Acs3Proof<'a> {
    /// The signature as received.
    pub(super) fn signature(&self) -> &'a str {
        self.signature
    }

    fn canonical<'b>(&'b self, received: &Received<'b>) -> Canonical<'b> {
        Canonical {
            method: received.method,
            path: received.path,
            query: received.query,
            headers: received.headers,
            signed_headers: self.signed_headers,
            payload_hash: &self.payload_hash,
        }
    }
}

/// The string to sign of a request.
pub(super) fn covered(received: &Received, proof: &Acs3Proof) -> Mismatch {
    let encoded = proof.canonical(received).text(push_encoded);
    mismatch(&encoded, &string_to_sign(&encoded))
}

fn mismatch(canonical: &[u8], to_sign: &[u8]) -> Mismatch {
    Mismatch::Acs3 {
        string_to_sign: String::from_utf8_lossy(to_sign).into_owned(),
        canonical_request: String::from_utf8_lossy(canonical).into_owned(),
    }
}

pub(super) fn verify(
    received: &Received,
    proof: &Acs3Proof,
    key: &SigningKey,
) -> Result<(), Mismatch> {
    let canonical = proof.canonical(received);
    let encoded = canonical.text(push_encoded);
    let to_sign = string_to_sign(&encoded);
    if same(&key.sign_acs3(&to_sign), proof.signature) {
        return Ok(());
    }
    if may_have_raw_names(received.query) {
        let raw = canonical.text(|target, name| target.extend_from_slice(name.as_bytes()));
        if same(&key.sign_acs3(&string_to_sign(&raw)), proof.signature) {
            return Ok(());
        }
    }
    Err(mismatch(&encoded, &to_sign))
}

/// Whether some clients would have written a name differently, namely without encoding it.
///
/// A name with a separator in it stays out: `a=1&b` with value `2`, written raw, looks like two
/// parameters, so that a captured signature of those two would fit it.
fn may_have_raw_names(query: &[Pair]) -> bool {
    let separator = |letter: char| matches!(letter, '&' | '=' | '%') || letter.is_ascii_control();
    query.iter().any(|(name, _)| !is_plain(name))
        && !query.iter().any(|(name, _)| name.contains(separator))
}

/// The parts of the canonical request.
struct Canonical<'a> {
    method: &'a str,
    path: &'a str,
    query: &'a [Pair],
    headers: &'a HeaderMap,
    signed_headers: &'a str,
    payload_hash: &'a str,
}

impl Canonical<'_> {
    fn text(&self, push_name: impl Fn(&mut Vec<u8>, &str)) -> Vec<u8> {
        let mut text = Vec::with_capacity(1024);
        for part in [self.method, "\n", self.path, "\n"] {
            text.extend_from_slice(part.as_bytes());
        }
        let start = text.len();
        for_each_sorted(self.query, |(name, value)| {
            if text.len() > start {
                text.push(b'&');
            }
            push_name(&mut text, name);
            text.push(b'=');
            push_encoded(&mut text, value);
        });
        text.push(b'\n');
        self.push_headers(&mut text);
        for part in ["\n", self.signed_headers, "\n", self.payload_hash] {
            text.extend_from_slice(part.as_bytes());
        }
        text
    }

    fn push_headers(&self, text: &mut Vec<u8>) {
        for name in self.signed_headers.split(';') {
            let value = self.headers.get(name).map_or(&b""[..], |value| value.as_bytes());
            text.extend_from_slice(name.as_bytes());
            text.push(b':');
            text.extend_from_slice(value.trim_ascii());
            text.push(b'\n');
        }
    }
}

/// The fields of an `Authorization` header.
struct Authorization<'a> {
    credential: &'a str,
    signed_headers: &'a str,
    signature: &'a str,
}

impl<'a> Authorization<'a> {
    fn read(received: &Received<'a>) -> Result<Self, SignatureFault> {
        if received.headers.get_all("authorization").iter().count() > 1 {
            return Err(SignatureFault::RepeatedHeader("authorization".to_owned()));
        }
        let wrong = SignatureFault::MalformedAuthorization;
        let text = received.header("authorization").ok_or(wrong("it is not text"))?;
        let (algorithm, fields) = text.split_once(' ').unwrap_or((text, ""));
        if algorithm != ALGORITHM {
            return Err(SignatureFault::UnsupportedAlgorithm(algorithm.to_owned()));
        }
        let (mut credential, mut signed_headers, mut signature) = (None, None, None);
        for field in fields.split(',') {
            let (name, value) = field.split_once('=').ok_or(wrong("a field has no value"))?;
            let slot = match name.trim_ascii() {
                "Credential" => &mut credential,
                "SignedHeaders" => &mut signed_headers,
                "Signature" => &mut signature,
                _ => return Err(wrong("it has an unknown field")),
            };
            let value = value.trim_ascii();
            if value.is_empty() || slot.replace(value).is_some() {
                return Err(wrong("a field is empty or given twice"));
            }
        }
        let signed_headers = signed_headers.ok_or(wrong("SignedHeaders is missing"))?;
        if signed_headers.bytes().any(|byte| byte.is_ascii_uppercase()) {
            return Err(wrong("SignedHeaders must be in lower case"));
        }
        Ok(Authorization {
            credential: credential.ok_or(wrong("Credential is missing"))?,
            signed_headers,
            signature: signature.ok_or(wrong("Signature is missing"))?,
        })
    }
}

fn string_to_sign(canonical: &[u8]) -> Vec<u8> {
    format!("{ALGORITHM}\n{}", hash(canonical)).into_bytes()
}

fn hash(bytes: &[u8]) -> String {
    // Only ASCII is written.
    String::from_utf8_lossy(&hexadecimal(&Sha256::digest(bytes))).into_owned()
}

#[cfg(test)]
mod tests;
