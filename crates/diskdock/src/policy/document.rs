//! A policy document, read and checked.

use serde_json::{Map, Value};
use thiserror::Error;

use super::condition::PolicyCondition;
use super::glob;

/// Characters of a document, at most (documentation of CreatePolicy).
const LONGEST: usize = 6_144;

/// Why a document is no policy.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct PolicyError(pub(super) String);

/// A policy.
#[derive(Clone, Debug)]
pub struct Policy {
    /// Its name, for people.
    pub(super) name: String,
    pub(super) statements: Vec<Statement>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StatementEffect {
    /// It allows.
    Allow,
    /// It denies.
    Deny,
}

impl StatementEffect {
    /// The effect that the members of a statement say.
    fn parse(members: &Map<String, Value>) -> Result<StatementEffect, PolicyError> {
        match members.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Ok(StatementEffect::Allow),
            Some("Deny") => Ok(StatementEffect::Deny),
            _ => wrong("Effect must be Allow or Deny"),
        }
    }
}

/// A statement.
#[derive(Clone, Debug)]
pub(super) struct Statement {
    /// As it was written.
    pub written: Value,
    pub effect: StatementEffect,
    pub actions: Actions,
    pub resources: Vec<String>,
    pub conditions: Vec<PolicyCondition>,
}

/// The actions of a statement, as patterns in lower case: names are compared without case.
#[derive(Clone, Debug)]
pub(super) enum Actions {
    /// These.
    Only(Vec<String>),
    /// All but these.
    AllBut(Vec<String>),
}

fn lower(texts: Vec<String>) -> Vec<String> {
    texts.into_iter().map(|text| text.to_ascii_lowercase()).collect()
}

impl Actions {
    /// Those that these patterns name, in any case of letters.
    pub(super) fn only(patterns: Vec<String>) -> Actions {
        Actions::Only(lower(patterns))
    }

    pub(super) fn covers(&self, action: &str) -> bool {
        let action = action.to_ascii_lowercase();
        let is_in = |patterns: &[String]| patterns.iter().any(|one| glob::matches(one, &action));
        match self {
            Actions::Only(patterns) => is_in(patterns),
            Actions::AllBut(patterns) => !is_in(patterns),
        }
    }
}

pub(super) fn wrong<T>(text: impl Into<String>) -> Result<T, PolicyError> {
    Err(PolicyError(text.into()))
}

impl Policy {
    /// Reads the text of a document. The name is for people.
    pub fn read(name: &str, text: &str) -> Result<Policy, PolicyError> {
        let document =
            serde_json::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        Policy::parse(name, &document)
    }

    /// Reads a document: `{"Version": "1", "Statement": [...]}`. The name is for people.
    pub fn parse(name: &str, document: &Value) -> Result<Policy, PolicyError> {
        if document.to_string().len() > LONGEST {
            return wrong(format!("a policy has at most {LONGEST} characters"));
        }
        let statements = statements(document)?;
        let statements = statements.iter().map(Statement::parse).collect::<Result<_, _>>()?;
        Ok(Policy { name: name.to_owned(), statements })
    }
}

impl Statement {
    fn parse(value: &Value) -> Result<Statement, PolicyError> {
        let known = &["Effect", "Action", "NotAction", "Resource", "Condition"];
        let (members, effect) = members(value, known)?;
        let actions = match (members.get("Action"), members.get("NotAction")) {
            (Some(actions), None) => Actions::only(texts("Action", actions)?),
            (None, Some(actions)) => Actions::AllBut(lower(texts("NotAction", actions)?)),
            (Some(_), Some(_)) | (None, None) => {
                return wrong("a statement has either Action or NotAction");
            }
        };
        let Some(resources) = members.get("Resource") else {
            return wrong("a statement has a Resource; \"*\" is any");
        };
        let resources = texts("Resource", resources)?;
        if let Some(bad) = resources.iter().find(|one| *one != "*" && !one.starts_with("acs:")) {
            return wrong(format!("Resource {bad:?} does not begin with acs:"));
        }
        let conditions = conditions(members)?;
        Ok(Statement { written: value.clone(), effect, actions, resources, conditions })
    }
}

/// The statements of a document of either kind, `{"Version": "1", "Statement": [...]}`: one at
/// least.
pub(super) fn statements(document: &Value) -> Result<&[Value], PolicyError> {
    let Some(members) = document.as_object() else {
        return wrong("a policy is a JSON object with Version and Statement");
    };
    only(members, &["Version", "Statement"])?;
    if members.get("Version").and_then(Value::as_str) != Some("1") {
        return wrong("Version must be \"1\"");
    }
    match members.get("Statement").and_then(Value::as_array) {
        None => wrong("Statement must be a list"),
        Some(statements) if statements.is_empty() => {
            wrong("Statement must have at least one entry")
        }
        Some(statements) => Ok(statements),
    }
}

/// The members of a statement of either kind, which may have these, and its effect.
pub(super) fn members<'a>(
    statement: &'a Value,
    known: &[&str],
) -> Result<(&'a Map<String, Value>, StatementEffect), PolicyError> {
    let Some(members) = statement.as_object() else { return wrong("a statement is an object") };
    only(members, known)?;
    Ok((members, StatementEffect::parse(members)?))
}

/// The conditions among the members of a statement.
pub(super) fn conditions(
    members: &Map<String, Value>,
) -> Result<Vec<PolicyCondition>, PolicyError> {
    members.get("Condition").map_or(Ok(Vec::new()), PolicyCondition::parse_all)
}

pub(super) fn only(members: &Map<String, Value>, known: &[&str]) -> Result<(), PolicyError> {
    match members.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => wrong(format!("{name} is no member here; these are: {}", known.join(", "))),
        None => Ok(()),
    }
}

/// One text, or a list of at least one.
pub(super) fn texts(name: &str, value: &Value) -> Result<Vec<String>, PolicyError> {
    let found = match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(list) => {
            list.iter().map(|one| one.as_str().map(str::to_owned)).collect::<Option<Vec<_>>>()
        }
        _ => None,
    };
    let found = found.filter(|list| !list.is_empty() && list.iter().all(|one| !one.is_empty()));
    found.ok_or_else(|| PolicyError(format!("{name} must be a text or a list of texts")))
}
