//! Faults of a 1.0 request are reported before its secret is needed.

use diskdock::gateway::signature::{Scheme, SignatureFault, claims, intent};

use super::request::{Request, Vector};

fn base() -> Request {
    Vector::signed().into_iter().find(|vector| vector.scheme == "rpc-1.0").unwrap().request()
}

fn fault_with(name: &str, value: Option<&str>) -> Option<SignatureFault> {
    let mut request = base();
    request.query.retain(|pair| pair.0 != name);
    request.query.extend(value.map(|value| (name.to_owned(), value.to_owned())));
    request.received(|received| claims(received).err()).unwrap()
}

#[test]
fn each_common_parameter_is_mandatory() {
    for name in [
        "AccessKeyId",
        "Signature",
        "SignatureMethod",
        "SignatureVersion",
        "SignatureNonce",
        "Timestamp",
    ] {
        assert_eq!(fault_with(name, None), Some(SignatureFault::MissingParameter(name)));
        assert_eq!(fault_with(name, Some("")), Some(SignatureFault::MissingParameter(name)));
    }
}

#[test]
fn unsupported_kinds_of_signature_are_named() {
    for method in ["HMAC-SHA256", "SHA256withRSA", "hmac-sha1"] {
        let fault = SignatureFault::UnsupportedMethod(method.to_owned());
        assert_eq!(fault_with("SignatureMethod", Some(method)), Some(fault));
    }
    let fault = SignatureFault::UnsupportedVersion("2.0".to_owned());
    assert_eq!(fault_with("SignatureVersion", Some("2.0")), Some(fault));
    assert_eq!(fault_with("Timestamp", Some("now")), Some(SignatureFault::MalformedTimestamp));
}

#[test]
fn action_and_format_are_read_from_faulty_requests() {
    let mut request = base();
    request.query.retain(|pair| pair.0 != "Timestamp" && pair.0 != "Format");
    request.query.push(("Format".to_owned(), "XML".to_owned()));
    request
        .received(|received| {
            let intent = intent(received);
            assert_eq!(intent.scheme, Scheme::Rpc);
            assert_eq!(intent.format, Some("XML"));
            assert_eq!(intent.action, Some("DetachDisk"));
            assert!(claims(received).is_err());
        })
        .unwrap();
}

/// A bearer request that is signed with an empty secret proves nothing by that.
#[test]
fn a_signed_bearer_request_is_a_bearer_request() {
    let mut request = base();
    request.query.retain(|pair| pair.0 != "AccessKeyId");
    request.query.push(("BearerToken".to_owned(), "t".to_owned()));
    let seen = request.claims(|claims| (claims.intent.scheme, claims.bearer_token.is_some()));
    assert_eq!(seen, Ok((Scheme::Bearer, true)));
    assert!(!request.passes(""));
}
