//! What must be true of every action and of every error code.

use std::collections::BTreeSet;

use diskdock::actions;
use diskdock::catalog::errors::{self, *};
use diskdock::catalog::{ErrorCode, ParamSpec, ReplyShape};

/// Codes that no action declares: the gateway and the shared path of all requests answer them.
pub static GATEWAY: &[&ErrorCode] = &[
    &MISSING_PARAMETER,
    &EMPTY_PARAMETER,
    &INVALID_PARAMETER,
    &UNKNOWN_PARAMETER,
    &UNSUPPORTED_PARAMETER,
    &MALFORMED_REQUEST,
    &UNKNOWN_ACTION,
    &ACTION_NOT_HERE,
    &INVALID_VERSION,
    &INVALID_FORMAT,
    &UNSUPPORTED_METHOD,
    &SIGNATURE_MISMATCH,
    &INCOMPLETE_SIGNATURE,
    &SIGNATURE_METHOD,
    &ILLEGAL_TIMESTAMP,
    &TIMESTAMP_EXPIRED,
    &TIMESTAMP_FORMAT,
    &NONCE_USED,
    &ACCESS_KEY_NOT_FOUND,
    &ACCESS_KEY_INACTIVE,
    &MISSING_SECURITY_TOKEN,
    &MISSING_HEADER,
    &NO_AUTHENTICATION,
    &THROTTLING,
    &THROTTLING_USER,
    &TOO_MANY_OPERATIONS,
    &DRY_RUN,
    &CLIENT_TOKEN_MISMATCH,
    &FORBIDDEN_ORIGIN,
    &REQUEST_TOO_LARGE,
    &REQUEST_LINE_TOO_LONG,
    &HEAD_TOO_LARGE,
    &METHOD_NOT_ALLOWED,
    &INTERNAL_ERROR,
    &SERVICE_UNAVAILABLE,
    &REGION_MALFORMED,
    &NEXT_TOKEN_NOT_VALID,
];

fn is_in(error: &ErrorCode, list: &[&'static ErrorCode]) -> bool {
    list.iter().any(|one| std::ptr::eq(*one, error))
}

#[test]
fn names_of_actions_are_unique() {
    let mut seen = BTreeSet::new();
    for entry in actions::all() {
        let name = entry.spec().name;
        assert!(seen.insert(name), "{name} is there twice");
    }
}

#[test]
fn names_of_parameters_are_unique() {
    fn check(action: &str, specs: &[ParamSpec]) {
        let mut seen = BTreeSet::new();
        for spec in specs {
            assert!(seen.insert(spec.name), "{action}: {} is there twice", spec.name);
            check(action, spec.children);
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, entry.spec().parameters);
    }
}

#[test]
fn every_parameter_is_documented() {
    fn check(action: &str, specs: &[ParamSpec]) {
        for spec in specs {
            assert!(spec.doc.trim().ends_with('.'), "{action}: {} has no sentence", spec.name);
            check(action, spec.children);
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, entry.spec().parameters);
    }
}

#[test]
fn every_reply_field_is_documented() {
    fn check(action: &str, shape: &ReplyShape) {
        match shape {
            ReplyShape::List(of) => check(action, of),
            ReplyShape::Object(fields) => {
                for field in *fields {
                    let documented = field.doc.trim().ends_with('.');
                    assert!(documented, "{action}: {} has no sentence", field.name);
                    check(action, &field.shape);
                }
            }
            ReplyShape::Text | ReplyShape::Integer | ReplyShape::Number | ReplyShape::Boolean => {}
        }
    }
    for entry in actions::all() {
        check(entry.spec().name, &entry.spec().reply);
    }
}

#[test]
fn summaries_are_sentences_and_preconditions_are_not() {
    for entry in actions::all() {
        let spec = entry.spec();
        assert!(spec.summary.ends_with('.'), "{}: summary", spec.name);
        for (sentence, _) in (spec.preconditions)() {
            assert!(!sentence.ends_with('.'), "{}: {sentence}", spec.name);
        }
    }
}

#[test]
fn every_error_code_is_used() {
    let mut used: Vec<&'static ErrorCode> = Vec::new();
    for entry in actions::all() {
        used.extend(entry.spec().errors());
        used.push(entry.spec().token_mismatch);
    }
    let known = |error: &ErrorCode| [&used[..], GATEWAY].iter().any(|l| is_in(error, l));
    let idle: Vec<_> = errors::all().filter(|error| !known(error)).collect();
    assert!(idle.is_empty(), "no action declares these: {idle:#?}");
}

#[test]
fn no_error_is_declared_twice() {
    let mut seen = BTreeSet::new();
    for ErrorCode { status, code, message, .. } in errors::all() {
        assert!(seen.insert((status, code, message)), "{status} {code} {message}: twice");
    }
}

/// Some clients look for a code anywhere in the text of an error.
#[test]
fn no_message_contains_the_code_of_another_error() {
    // The vendor's own text for it is the name of another code.
    for error in errors::all().filter(|error| error.code != "DiskError") {
        for other in errors::all().filter(|other| other.code != error.code) {
            let confusing = error.message.contains(other.code) && !error.code.contains(other.code);
            assert!(!confusing, "{} would be taken for {}", error.code, other.code);
        }
    }
}

#[test]
fn every_remedy_ends_with_a_full_stop() {
    for error in errors::all() {
        assert!(error.remedy.ends_with('.'), "{}: {}", error.code, error.remedy);
    }
}
