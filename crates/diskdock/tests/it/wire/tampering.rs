//! No byte that is signed can be changed without notice.

use diskdock::gateway::decode::{self, Pair};
use diskdock::gateway::signature::{SignatureFault, claims};
use http::HeaderValue;

use super::request::{Request, Vector};

/// Every text that differs from `text` in one letter, lacks one, or has one more.
fn variants(text: &str) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    let mut variants = vec![format!("{text}0")];
    for at in 0..letters.len() {
        let mut changed = letters.clone();
        changed[at] = char::from_u32(u32::from(letters[at]) ^ 1).unwrap_or('?');
        variants.push(changed.iter().collect());
        changed.remove(at);
        variants.push(changed.iter().collect());
    }
    variants
}

/// Every list of parameters in which one name or value is changed, or one pair is missing.
fn pair_variants(pairs: &[Pair]) -> Vec<Vec<Pair>> {
    let mut all = Vec::new();
    for (at, (name, value)) in pairs.iter().enumerate() {
        let names = variants(name).into_iter().map(|name| (name, value.clone()));
        let values = variants(value).into_iter().map(|value| (name.clone(), value));
        for pair in names.chain(values) {
            let mut changed = pairs.to_vec();
            changed[at] = pair;
            all.push(changed);
        }
        let mut shorter = pairs.to_vec();
        shorter.remove(at);
        all.push(shorter);
    }
    all
}

fn assert_refused(request: &Request, vector: &Vector, what: &str) {
    assert!(!request.passes(vector.secret()), "{}: {what} not noticed", vector.title());
}

fn is_acs3(vector: &Vector) -> bool {
    vector.scheme == "acs3"
}

#[test]
fn no_query_parameter_can_be_changed() {
    for vector in Vector::signed() {
        let request = vector.request();
        for query in pair_variants(&request.query) {
            let what = format!("{query:?}");
            assert_refused(&Request { query, ..request.clone() }, &vector, &what);
        }
        let mut more = request.clone();
        more.query.push(("Zz".to_owned(), String::new()));
        assert_refused(&more, &vector, "one more parameter");
    }
}

#[test]
fn no_body_parameter_of_a_1_0_request_can_be_changed() {
    for vector in Vector::signed().iter().filter(|vector| !is_acs3(vector)) {
        let request = vector.request();
        for fields in pair_variants(&request.fields().unwrap()) {
            let mut encoder = form_urlencoded::Serializer::new(String::new());
            let body = encoder.extend_pairs(&fields).finish().into_bytes();
            assert_refused(&Request { body, ..request.clone() }, vector, &format!("{fields:?}"));
        }
    }
}

#[test]
fn no_body_byte_of_an_acs3_request_can_be_changed() {
    for vector in Vector::signed().iter().filter(|vector| is_acs3(vector)) {
        let request = vector.request();
        for at in 0..request.body.len() {
            let mut changed = request.clone();
            changed.body[at] ^= 1;
            assert_refused(&changed, vector, &format!("body byte {at}"));
        }
        let mut longer = request.clone();
        longer.body.push(b'&');
        assert_refused(&longer, vector, "a longer body");
    }
}

#[test]
fn neither_method_nor_path_can_be_changed() {
    for vector in Vector::signed() {
        let request = vector.request();
        for method in ["GET", "POST", "PUT", "post", ""].map(String::from) {
            if method != request.method {
                assert_refused(&Request { method, ..request.clone() }, &vector, "method");
            }
        }
        let path = "/x".to_owned();
        assert_refused(&Request { path, ..request }, &vector, "path");
    }
}

fn signed_headers(vector: &Vector) -> Vec<String> {
    let authorization = authorization(vector);
    let (_, rest) = authorization.split_once("SignedHeaders=").unwrap();
    rest.split(',').next().unwrap().split(';').map(String::from).collect()
}

fn authorization(vector: &Vector) -> String {
    vector.request().headers["authorization"].to_str().unwrap().to_owned()
}

fn with_header(request: &Request, name: &str, value: &str) -> Option<Request> {
    let mut changed = request.clone();
    let attachment = changed.headers.get_mut(name).unwrap();
    *attachment = HeaderValue::from_str(value).ok()?;
    Some(changed)
}

#[test]
fn no_signed_header_can_be_changed() {
    for vector in Vector::signed().iter().filter(|vector| is_acs3(vector)) {
        let request = vector.request();
        for name in signed_headers(vector) {
            let value = request.headers[name.as_str()].to_str().unwrap().to_owned();
            for value in variants(&value) {
                let Some(changed) = with_header(&request, &name, &value) else { continue };
                assert_refused(&changed, vector, &format!("{name}: {value}"));
            }
            let mut without = request.clone();
            without.headers.remove(name.as_str());
            assert_refused(&without, vector, &format!("{name} removed"));
            let mut twice = request.clone();
            twice.headers.append(
                http::HeaderName::from_bytes(name.as_bytes()).unwrap(),
                HeaderValue::from_static("x"),
            );
            assert_refused(&twice, vector, &format!("{name} twice"));
        }
    }
}

/// The credential is not signed, but a changed one names another key, hence another secret.
#[test]
fn no_byte_of_the_authorization_can_be_changed() {
    for vector in Vector::signed().iter().filter(|vector| is_acs3(vector)) {
        let request = vector.request();
        for value in variants(&authorization(vector)) {
            let Some(changed) = with_header(&request, "authorization", &value) else { continue };
            let id = changed.claims(|claims| claims.access_key_id.map(String::from));
            if id == Ok(vector.access_key_id.clone()) {
                assert_refused(&changed, vector, &value);
            }
        }
    }
}

#[test]
fn unsigned_binding_headers_are_refused() {
    for vector in Vector::signed().iter().filter(|vector| is_acs3(vector)) {
        for name in signed_headers(vector) {
            let listed = signed_headers(vector).join(";");
            let shorter: Vec<_> =
                signed_headers(vector).into_iter().filter(|n| *n != name).collect();
            let value = authorization(vector).replace(&listed, &shorter.join(";"));
            let changed = with_header(&vector.request(), "authorization", &value).unwrap();
            let fault = changed.received(|received| claims(received).err()).unwrap();
            let binding = [
                "x-acs-action",
                "x-acs-version",
                "x-acs-date",
                "x-acs-signature-nonce",
                "x-acs-content-sha256",
                "x-acs-security-token",
            ];
            let binds = binding.contains(&name.as_str())
                || (name == "content-type" && !changed.body.is_empty());
            let unsigned =
                matches!(fault, Some(SignatureFault::UnsignedHeader(found)) if found == name);
            assert_eq!(unsigned, binds, "{} {name}", vector.title());
            assert_refused(&changed, vector, &name);
        }
    }
}

/// Under 1.0 both places are one; under ACS3 each is signed in its own way.
#[test]
fn a_parameter_moves_between_query_and_body_under_1_0_only() {
    for vector in Vector::signed() {
        let mut moved = vector.request();
        let Some(first) = moved.query.pop() else { continue };
        moved.body.extend_from_slice(b"&");
        let mut encoder = form_urlencoded::Serializer::new(String::new());
        moved.body.extend(encoder.append_pair(&first.0, &first.1).finish().into_bytes());
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        moved.headers.insert("content-type", form);
        assert_eq!(moved.passes(vector.secret()), !is_acs3(&vector), "{}", vector.title());
    }
}

/// The header of a 1.0 request is unsigned: it decides nothing.
#[test]
fn the_action_header_of_a_1_0_request_does_not_count() {
    for vector in Vector::signed().iter().filter(|vector| !is_acs3(vector)) {
        let mut request = vector.request();
        request.headers.insert("x-acs-action", HeaderValue::from_static("DeleteDisk"));
        let action = request.claims(|claims| claims.intent.action.map(String::from));
        assert_eq!(action, Ok(Some(vector.action.clone())));
        assert!(request.passes(vector.secret()));
    }
}

#[test]
fn wrong_secret_or_scheme_is_refused() {
    for vector in Vector::signed() {
        let request = vector.request();
        for secret in variants(vector.secret()).iter().map(String::as_str).chain([""]) {
            assert!(!request.passes(secret), "{}", vector.title());
        }
        let mut other = request.query.clone();
        other.iter_mut().for_each(|(_, value)| value.push('x'));
        let twice = decode::merge(request.query.clone(), other);
        assert!(twice.is_err() || request.query.is_empty());
    }
}
