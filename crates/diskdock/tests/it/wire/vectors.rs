//! Every recorded request of every client is understood as its client meant it.

use diskdock::gateway::decode;
use diskdock::gateway::signature::{self, Mismatch, Scheme};

use super::request::Vector;

#[test]
fn recorded_signed_requests_verify() {
    let signed = Vector::signed();
    assert_eq!(signed.len(), 85);
    for vector in signed {
        assert_eq!(vector.request().verify(vector.secret()), Ok(Ok(())), "{}", vector.title());
    }
}

#[test]
fn the_string_to_sign_is_the_recorded_one() {
    for vector in Vector::signed() {
        let recorded = vector.string_to_sign.as_deref().unwrap();
        let refused = vector.request().verify("not the secret").unwrap().unwrap_err();
        match &refused {
            Mismatch::Rpc { string_to_sign } => {
                assert_eq!(string_to_sign, recorded, "{}", vector.title());
                let text = format!(
                    "Specified signature is not matched with our calculation. \
                     server string to sign is:{recorded}"
                );
                assert_eq!(refused.to_string(), text);
            }
            Mismatch::Acs3 { string_to_sign, .. } => {
                assert_eq!(string_to_sign, recorded, "{}", vector.title());
                let text = format!(
                    "Specified signature does not match our calculation. \
                     server StringToSign is [{recorded}] server CanonicalRequest is [POST\n/\n"
                );
                assert!(refused.to_string().starts_with(&text), "{refused}");
            }
            Mismatch::Unsigned => panic!("{} is signed", vector.title()),
        }
    }
}

#[test]
fn the_claims_are_those_of_the_client() {
    for vector in Vector::signed() {
        let scheme = if vector.scheme == "acs3" { Scheme::Acs3 } else { Scheme::Rpc };
        let sts = vector.client.contains("STS");
        let checked = vector.request().claims(|claims| {
            assert_eq!(claims.intent.scheme, scheme);
            assert_eq!(claims.intent.action, Some(vector.action.as_str()), "{}", vector.title());
            assert_eq!(claims.intent.version, Some("2014-05-26"));
            assert_eq!(claims.access_key_id, vector.access_key_id.as_deref());
            assert_eq!(claims.security_token.is_some(), sts, "{}", vector.title());
            assert!(claims.nonce.is_some() && claims.timestamp_s.is_some());
        });
        assert_eq!(checked, Ok(()), "{}", vector.title());
    }
}

#[test]
fn recorded_unsigned_requests_do_not_verify() {
    let unsigned: Vec<_> = Vector::all().into_iter().filter(|v| v.secret.is_none()).collect();
    assert_eq!(unsigned.len(), 4);
    for vector in unsigned {
        let bearer = vector.client.contains("bearer");
        let scheme = if bearer { Scheme::Bearer } else { Scheme::Anonymous };
        let request = vector.request();
        let seen = request.claims(|claims| {
            assert_eq!(claims.bearer_token, bearer.then_some("bt-1"));
            assert_eq!(claims.intent.action, Some("DetachDisk"));
            claims.intent.scheme
        });
        assert_eq!(seen, Ok(scheme), "{}", vector.title());
        assert_eq!(request.verify(""), Ok(Err(Mismatch::Unsigned)));
    }
}

#[test]
fn our_own_signature_is_the_recorded_one() {
    for vector in Vector::signed().iter().filter(|vector| vector.scheme == "rpc-1.0") {
        let request = vector.request();
        let mut parameters = request.query.clone();
        parameters.extend(request.fields().unwrap());
        let ours = signature::sign_rpc(&request.method, &parameters, vector.secret());
        assert_eq!(Some(ours), vector.signature, "{}", vector.title());
    }
}

/// The wire has several spellings of one value, and a proxy may turn one into another.
#[test]
fn another_spelling_of_the_same_query_verifies() {
    let respellings: [fn(&str) -> String; 6] = [
        |raw| raw.replace('+', "%20"),
        |raw| raw.replace("%20", "+"),
        |raw| raw.replace("%2A", "*").replace("%7E", "~").replace("%3A", ":"),
        |raw| raw.replace('*', "%2A").replace('~', "%7E").replace('a', "%61"),
        |raw| format!("&{}&&", raw.replace("%2F", "%2f").replace("%3D", "%3d")),
        |raw| raw.split('&').rev().collect::<Vec<_>>().join("&"),
    ];
    for vector in Vector::signed() {
        for respell in respellings {
            let raw = respell(&vector.query);
            let request =
                super::request::Request { query: decode::query(&raw).unwrap(), ..vector.request() };
            assert!(request.passes(vector.secret()), "{} {raw}", vector.title());
        }
    }
}
