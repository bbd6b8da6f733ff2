//! The corners of the scheme that no recorded request shows.

use http::HeaderValue;

use super::*;
use crate::gateway::signature::{self, Scheme};

const SECRET: &str = "testsecret";

fn headers(body: &[u8]) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let hash = payload_hash(body);
    for (name, value) in [
        ("x-acs-action", "DetachDisk"),
        ("x-acs-version", "2014-05-26"),
        ("x-acs-date", "2026-01-02T03:04:05Z"),
        ("x-acs-signature-nonce", "n"),
        ("x-acs-content-sha256", &hash),
    ] {
        headers.insert(name, HeaderValue::from_str(value).unwrap());
    }
    headers
}

fn query(pairs: &[(&str, &str)]) -> Vec<Pair> {
    pairs.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Signs as a client does that leaves names as they are.
fn sign_with_raw_names(query: &[Pair], headers: &mut HeaderMap) {
    let signed_headers = BINDING.join(";");
    let canonical = Canonical {
        method: "POST",
        path: "/",
        query,
        headers,
        signed_headers: &signed_headers,
        payload_hash: &hash(b""),
    };
    let text = canonical.text(|target, name| target.extend_from_slice(name.as_bytes()));
    let signature = SigningKey::new(SECRET).sign_acs3(&string_to_sign(&text));
    let signature = String::from_utf8(signature).unwrap();
    let value = format!(
        "{ALGORITHM} Credential=testid, SignedHeaders={signed_headers}, Signature={signature}"
    );
    headers.insert("authorization", HeaderValue::from_str(&value).unwrap());
}

/// Whether the request passes, or what is wrong before the signature is looked at.
fn check(query: &[Pair], headers: &HeaderMap) -> Result<bool, SignatureFault> {
    let received =
        Received { method: "POST", path: "/", query, parameters: query, headers, body: b"" };
    let claims = signature::claims(&received)?;
    assert_eq!(claims.intent.scheme, Scheme::Acs3);
    Ok(signature::verify(&received, &claims, &SigningKey::new(SECRET)).is_ok())
}

fn fault_of(authorization: &str) -> SignatureFault {
    let mut headers = headers(b"");
    headers.insert("authorization", HeaderValue::from_str(authorization).unwrap());
    check(&[], &headers).unwrap_err()
}

#[test]
fn names_may_be_signed_raw() {
    let query = query(&[("Map.#3#a c", "1 2"), ("Name/é", "x")]);
    let mut headers = headers(b"");
    sign_with_raw_names(&query, &mut headers);
    assert_eq!(check(&query, &headers), Ok(true));
    let other = [query[0].clone(), ("Name/e".to_owned(), "x".to_owned())];
    assert_eq!(check(&other, &headers), Ok(false));
}

#[test]
fn raw_parameter_name_cannot_hide_other_parameters() {
    let mut headers = headers(b"");
    sign_with_raw_names(&query(&[("a", "1"), ("b", "2"), ("c d", "3")]), &mut headers);
    for forged in [
        query(&[("a", "1"), ("b=2&c d", "3")]),
        query(&[("a=1&b", "2"), ("c d", "3")]),
        query(&[("a", "1"), ("b", "2"), ("c%20d", "3")]),
    ] {
        assert_eq!(check(&forged, &headers), Ok(false), "{forged:?}");
    }
}

#[test]
fn other_algorithms_are_named_in_the_refusal() {
    for algorithm in ["ACS3-HMAC-SM3", "ACS3-RSA-SHA256", "ACS3-HMAC-SHA2567", "ACS3-"] {
        let fault = fault_of(&format!("{algorithm} Credential=a,SignedHeaders=b,Signature=c"));
        assert_eq!(fault, SignatureFault::UnsupportedAlgorithm(algorithm.to_owned()));
    }
}

#[test]
fn a_malformed_authorization_is_refused() {
    for fields in [
        "",
        " ",
        " Credential=a",
        " Credential=a,SignedHeaders=b",
        " Credential=a,Signature=c",
        " SignedHeaders=b,Signature=c",
        " Credential=,SignedHeaders=b,Signature=c",
        " Credential=a,SignedHeaders=b,Signature=c,Signature=c",
        " Credential=a,SignedHeaders=b,Signature=c,Extra=d",
        " Credential=a,SignedHeaders=b,Signature=c,",
        " Credential=a,SignedHeaders=Host,Signature=c",
        " credential=a,signedheaders=b,signature=c",
    ] {
        let fault = fault_of(&format!("{ALGORITHM}{fields}"));
        assert!(matches!(fault, SignatureFault::MalformedAuthorization(_)), "{fields}: {fault}");
    }
}

#[test]
fn each_fault_of_an_authorization_has_its_own_code() {
    let mut all = headers(b"");
    sign_with_raw_names(&[], &mut all);
    let changed = |name: &'static str, value: &'static str| {
        let mut changed = all.clone();
        changed.insert(name, HeaderValue::from_static(value));
        check(&[], &changed)
    };
    assert_eq!(check(&[], &all), Ok(true));
    assert_eq!(changed("x-acs-date", "yesterday"), Err(SignatureFault::MalformedTimestamp));
    assert_eq!(changed("x-acs-content-sha256", "00"), Err(SignatureFault::ContentHash));
    let missing = SignatureFault::MissingHeader("x-acs-action".to_owned());
    assert_eq!(changed("x-acs-action", " "), Err(missing));
    let unsigned = SignatureFault::UnsignedHeader("x-acs-security-token");
    assert_eq!(changed("x-acs-security-token", "t"), Err(unsigned));
    let differs = SignatureFault::Disagreement { parameter: "Action", header: "x-acs-action" };
    assert_eq!(check(&query(&[("Action", "DeleteDisk")]), &all), Err(differs));
    let mut twice = all.clone();
    twice.append("authorization", HeaderValue::from_static("x"));
    assert_eq!(check(&[], &twice), Err(SignatureFault::RepeatedHeader("authorization".to_owned())));
}

#[test]
fn repeated_signed_header_is_refused() {
    let listed = [BINDING.join(";"), "x-acs-date;".repeat(1000) + "x-acs-date"].join(";");
    let fault = fault_of(&format!("{ALGORITHM} Credential=a,SignedHeaders={listed},Signature=c"));
    assert!(matches!(fault, SignatureFault::MalformedAuthorization(_)), "{fault}");
}
