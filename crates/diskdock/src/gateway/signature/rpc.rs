//! Signature version 1.0: HMAC-SHA1 over the method and every parameter but the signature.

use super::encode::{push_encoded, push_twice_encoded};
use super::{Claims, Intent, Mismatch, Pair, Proof, Received, SignatureFault, SigningKey};
use super::{for_each_sorted, parse_timestamp, same};

/// Signs parameters, in any order; one called `Signature` is left out.
pub fn sign_rpc(method: &str, parameters: &[Pair], secret: &str) -> String {
    SigningKey::new(secret).sign_rpc(&string_to_sign(method, "/", parameters))
}

pub(super) fn claims<'a>(
    received: &Received<'a>,
    intent: Intent<'a>,
) -> Result<Claims<'a>, SignatureFault> {
    let need =
        |name: &'static str| received.filled(name).ok_or(SignatureFault::MissingParameter(name));
    let access_key_id = need("AccessKeyId")?;
    let signature = need("Signature")?;
    let method = need("SignatureMethod")?;
    if method != "HMAC-SHA1" {
        return Err(SignatureFault::UnsupportedMethod(method.to_owned()));
    }
    let version = need("SignatureVersion")?;
    if version != "1.0" {
        return Err(SignatureFault::UnsupportedVersion(version.to_owned()));
    }
    let nonce = need("SignatureNonce")?;
    let timestamp_s =
        parse_timestamp(need("Timestamp")?).ok_or(SignatureFault::MalformedTimestamp)?;
    Ok(Claims {
        intent,
        access_key_id: Some(access_key_id),
        nonce: Some(nonce),
        timestamp_s: Some(timestamp_s),
        security_token: received.filled("SecurityToken"),
        bearer_token: None,
        proof: Proof::Rpc { signature },
    })
}

pub(super) fn verify(received: &Received, given: &str, key: &SigningKey) -> Result<(), Mismatch> {
    let to_sign = string_to_sign(received.method, received.path, received.parameters);
    if same(key.sign_rpc(&to_sign).as_bytes(), given) {
        return Ok(());
    }
    Err(mismatch(&to_sign))
}

/// The string to sign of a request.
pub(super) fn covered(received: &Received) -> Mismatch {
    mismatch(&string_to_sign(received.method, received.path, received.parameters))
}

fn mismatch(to_sign: &[u8]) -> Mismatch {
    // Every byte of it is ASCII except those of a strange method.
    Mismatch::Rpc { string_to_sign: String::from_utf8_lossy(to_sign).into_owned() }
}

/// `METHOD&path&parameters` where the parameters, being encoded as a whole, are encoded twice.
pub fn string_to_sign(method: &str, path: &str, parameters: &[Pair]) -> Vec<u8> {
    let plain: usize = parameters.iter().map(|(name, value)| name.len() + value.len() + 6).sum();
    let mut text = Vec::with_capacity(plain + plain / 2 + 16);
    text.extend_from_slice(method.as_bytes());
    text.push(b'&');
    push_encoded(&mut text, path);
    let mut separator: &[u8] = b"&";
    for_each_sorted(parameters, |(name, value)| {
        if name != "Signature" {
            text.extend_from_slice(separator);
            push_twice_encoded(&mut text, name);
            text.extend_from_slice(b"%3D");
            push_twice_encoded(&mut text, value);
            separator = b"%26";
        }
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(list: &[(&str, &str)]) -> Vec<Pair> {
        list.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    #[test]
    fn signs_the_documented_example() {
        let parameters = pairs(&[
            ("Timestamp", "2016-02-23T12:46:24Z"),
            ("Format", "XML"),
            ("AccessKeyId", "testid"),
            ("Action", "DescribeRegions"),
            ("SignatureMethod", "HMAC-SHA1"),
            ("SignatureNonce", "3ee8c1b8-83d3-44af-a94f-4e0ad82fd6cf"),
            ("Version", "2014-05-26"),
            ("SignatureVersion", "1.0"),
        ]);
        assert_eq!(sign_rpc("GET", &parameters, "testsecret"), "OLeaidS1JvxuMvnyHOwuJ+uX5qY=");
    }

    #[test]
    fn the_string_to_sign_keeps_empty_values_and_drops_the_signature() {
        let parameters = pairs(&[("b", ""), ("Signature", "x"), ("a", "1 *~"), ("Signaturf", "&")]);
        let text = string_to_sign("POST", "/", &parameters);
        let expected = "POST&%2F&Signaturf%3D%2526%26a%3D1%2520%252A~%26b%3D";
        assert_eq!(String::from_utf8_lossy(&text), expected);
        assert_eq!(string_to_sign("GET", "/", &[]), b"GET&%2F");
    }
}
