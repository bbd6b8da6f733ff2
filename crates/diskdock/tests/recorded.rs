//! Compares the answers in the stories of `tests/it` with the declarations of the catalog.
//!
//! `tests/it` records every answer of a run of all its stories; this runs after it and judges:
//! every precondition was tripped, every code that was answered is declared, and every code that
//! is declared was answered.

#![allow(clippy::unwrap_used, reason = "a test may fail where it stands")]

use std::collections::BTreeSet;
use std::path::Path;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::{ErrorCode, Spec, errors};

/// One kind of answer: action, status, code, and the precondition that did not hold.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Answer {
    action: String,
    status: u16,
    code: String,
    cause: String,
}

fn answers() -> BTreeSet<Answer> {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("answered.tsv");
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let answer = |line: &str| {
        let parts: Vec<&str> = line.split('\t').collect();
        let [action, status, code, cause] = parts[..] else { panic!("{line:?}") };
        Answer {
            action: action.to_owned(),
            status: status.parse().unwrap(),
            code: code.to_owned(),
            cause: cause.to_owned(),
        }
    };
    let answers: BTreeSet<Answer> = text.lines().map(answer).collect();
    assert!(!answers.is_empty(), "record first: cargo test -p diskdock --test it");
    answers
}

/// Every action with its key.
fn keyed() -> impl Iterator<Item = (String, &'static Spec)> {
    actions::all().map(|listed| (listed.key(PRODUCTS), listed.spec()))
}

/// Every code that the catalog declares for an action of its own.
fn declared(spec: &Spec) -> Vec<&'static ErrorCode> {
    // A query has no use for a token.
    let token = (spec.mutates && spec.takes("ClientToken")).then_some(spec.token_mismatch);
    spec.errors().into_iter().chain(token).collect()
}

fn none(what: &str, found: impl IntoIterator<Item = String>) {
    let found: BTreeSet<String> = found.into_iter().collect();
    let lines: Vec<_> = found.iter().map(String::as_str).collect();
    assert!(found.is_empty(), "{what}:\n  {}", lines.join("\n  "));
}

#[test]
fn every_precondition_was_tripped() {
    let answers = answers();
    let mut untripped = Vec::new();
    for (key, spec) in keyed() {
        for (sentence, error) in (spec.preconditions)() {
            let tripped = answers.iter().any(|answer| {
                answer.action == key && answer.cause == sentence && answer.code == error.code
            });
            if !tripped {
                untripped.push(format!("{key}: {sentence}"));
            }
        }
    }
    none("no story trips these preconditions", untripped);
}

#[test]
fn every_answer_is_declared() {
    let is = |answer: &Answer, error: &ErrorCode| {
        (answer.status, answer.code.as_str()) == (error.status, error.code)
    };
    let undeclared = |answer: &&Answer| {
        let own = actions::find(&answer.action).map(|listed| declared(listed.spec()));
        let mut known = own.unwrap_or_default().into_iter().chain(errors::common());
        answer.code != "OK" && answer.cause != "injected" && !known.any(|error| is(answer, error))
    };
    let answers = answers();
    let found = answers.iter().filter(undeclared);
    none("answered and not declared", found.map(|one| format!("{} {}", one.action, one.code)));
}

#[test]
fn every_declared_code_was_answered() {
    let answers = answers();
    let was = |action: Option<&str>, error: &ErrorCode| {
        answers.iter().any(|answer| {
            (answer.status, answer.code.as_str()) == (error.status, error.code)
                && action.is_none_or(|action| answer.action == action)
                && answer.cause != "injected"
        })
    };
    let mut unanswered = BTreeSet::new();
    for (key, spec) in keyed() {
        let missing = declared(spec).into_iter().filter(|error| !was(Some(&key), error));
        unanswered.extend(missing.map(|error| format!("{key} {} {}", error.status, error.code)));
    }
    let missing = errors::common().filter(|error| !was(None, error));
    unanswered.extend(missing.map(|error| format!("any {} {}", error.status, error.code)));
    none("declared and never answered", unanswered);
}
