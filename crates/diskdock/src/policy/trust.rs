//! Documents that say who may assume a role, checked.

use serde_json::Value;

use super::condition::PolicyCondition;
use super::document::{PolicyError, only, texts, wrong};

/// Kinds of principals.
const PRINCIPALS: [&str; 3] = ["RAM", "Service", "Federated"];

/// Checks the text of a document: its statements name principals, and allow or deny them
/// `sts:AssumeRole`.
pub fn check_trust(text: &str) -> Result<(), PolicyError> {
    let document: Value =
        serde_json::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
    let Some(members) = document.as_object() else {
        return wrong("it is a JSON object with Version and Statement");
    };
    only(members, &["Version", "Statement"])?;
    if members.get("Version").and_then(Value::as_str) != Some("1") {
        return wrong("Version must be \"1\"");
    }
    let statements = members.get("Statement").and_then(Value::as_array);
    match statements {
        Some(statements) if !statements.is_empty() => statements.iter().try_for_each(check),
        _ => wrong("Statement must be a list with at least one entry"),
    }
}

fn check(statement: &Value) -> Result<(), PolicyError> {
    let Some(members) = statement.as_object() else { return wrong("a statement is an object") };
    only(members, &["Effect", "Action", "Principal", "Condition"])?;
    if !matches!(members.get("Effect").and_then(Value::as_str), Some("Allow" | "Deny")) {
        return wrong("Effect must be Allow or Deny");
    }
    let Some(actions) = members.get("Action") else { return wrong("a statement has an Action") };
    texts("Action", actions)?;
    let principals = members.get("Principal").and_then(Value::as_object);
    let Some(principals) = principals.filter(|principals| !principals.is_empty()) else {
        return wrong("a statement has a Principal, an object with RAM, Service or Federated");
    };
    only(principals, &PRINCIPALS)?;
    for (kind, names) in principals {
        texts(kind, names)?;
    }
    members.get("Condition").map_or(Ok(()), |block| PolicyCondition::parse_all(block).map(drop))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::check_trust;

    #[test]
    fn document_with_principals_is_accepted() {
        let root = "acs:ram::1000000000000001:root";
        for principal in [
            json!({ "RAM": [root] }),
            json!({ "RAM": root }),
            json!({ "Service": ["ecs.aliyuncs.com"], "RAM": [root] }),
        ] {
            let statement =
                json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal });
            let document = json!({ "Version": "1", "Statement": [statement] });
            assert_eq!(check_trust(&document.to_string()), Ok(()));
        }
    }

    #[test]
    fn document_that_says_not_who_may_assume_a_role_is_refused() {
        let with = |statement| json!({ "Version": "1", "Statement": [statement] }).to_string();
        let allow = |principal| {
            with(json!({ "Effect": "Allow", "Action": "sts:AssumeRole", "Principal": principal }))
        };
        for text in [
            "{".to_owned(),
            "[]".to_owned(),
            json!({ "Version": "2", "Statement": [] }).to_string(),
            json!({ "Version": "1", "Statement": [] }).to_string(),
            allow(json!({})),
            allow(json!("*")),
            allow(json!({ "Nobody": ["x"] })),
            allow(json!({ "RAM": [] })),
            with(json!({ "Effect": "Allow", "Principal": { "RAM": "x" } })),
            with(
                json!({ "Effect": "May", "Action": "sts:AssumeRole", "Principal": { "RAM": "x" } }),
            ),
            with(json!({ "Effect": "Allow", "Action": "*", "Resource": "*" })),
        ] {
            assert!(check_trust(&text).is_err(), "{text}");
        }
    }
}
