//! Documents that say who may assume a role: read, checked and evaluated.

use serde_json::Value;

use super::PolicyVerdict;
use super::condition::{ConditionFacts, PolicyCondition};
use super::document::{
    Actions, PolicyError, StatementEffect, conditions, members, only, statements, texts, wrong,
};

/// Kinds of principals.
const PRINCIPALS: [&str; 3] = ["RAM", "Service", "Federated"];
/// The kind of the users, roles and accounts that call: nobody else calls this server.
const CALLERS: &str = "RAM";
/// The action that a document is about.
const ASSUME_ROLE: &str = "sts:AssumeRole";

/// A document that says who may assume a role.
#[derive(Clone, Debug)]
pub struct TrustDocument(Vec<TrustStatement>);

#[derive(Clone, Debug)]
struct TrustStatement {
    effect: StatementEffect,
    actions: Actions,
    /// ARNs of those of the kind RAM.
    callers: Vec<String>,
    conditions: Vec<PolicyCondition>,
}

/// Checks the text of a document: its statements name principals, and allow or deny them
/// `sts:AssumeRole`.
pub fn check_trust(text: &str) -> Result<(), PolicyError> {
    TrustDocument::read(text).map(drop)
}

impl TrustDocument {
    /// Reads the text of a document.
    pub fn read(text: &str) -> Result<TrustDocument, PolicyError> {
        let document =
            serde_json::from_str(text).map_err(|error| PolicyError(error.to_string()))?;
        let statements = statements(&document)?.iter();
        statements.map(TrustStatement::parse).collect::<Result<_, _>>().map(TrustDocument)
    }

    /// Whether a caller may assume the role. `names` are the ARNs that the caller can be named
    /// by: its account, itself. They are compared in any case of letters, as RAM's names are.
    pub fn verdict(&self, names: &[String], facts: &ConditionFacts) -> PolicyVerdict {
        let says =
            |effect| self.0.iter().any(|one| one.effect == effect && one.applies(names, facts));
        if says(StatementEffect::Deny) {
            PolicyVerdict::ExplicitDeny
        } else if says(StatementEffect::Allow) {
            PolicyVerdict::Allow
        } else {
            PolicyVerdict::ImplicitDeny
        }
    }
}

impl TrustStatement {
    fn parse(statement: &Value) -> Result<TrustStatement, PolicyError> {
        let known = &["Effect", "Action", "Principal", "Condition"];
        let (members, effect) = members(statement, known)?;
        let Some(actions) = members.get("Action") else {
            return wrong("a statement has an Action");
        };
        let actions = Actions::only(texts("Action", actions)?);
        let principals = members.get("Principal").and_then(Value::as_object);
        let Some(principals) = principals.filter(|principals| !principals.is_empty()) else {
            return wrong("a statement has a Principal, an object with RAM, Service or Federated");
        };
        only(principals, &PRINCIPALS)?;
        let mut callers = Vec::new();
        for (kind, names) in principals {
            let names = texts(kind, names)?;
            if kind == CALLERS {
                callers = names;
            }
        }
        let conditions = conditions(members)?;
        Ok(TrustStatement { effect, actions, callers, conditions })
    }

    fn applies(&self, names: &[String], facts: &ConditionFacts) -> bool {
        let is_named = |caller: &String| names.iter().any(|name| name.eq_ignore_ascii_case(caller));
        self.actions.covers(ASSUME_ROLE)
            && self.callers.iter().any(is_named)
            && self.conditions.iter().all(|condition| condition.holds(facts))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ACCOUNT: &str = "acs:ram::1000:root";
    const ALICE: &str = "acs:ram::1000:user/alice";

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
    fn check_trust_refuses_documents_without_a_principal() {
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

    fn verdict(statements: &Value, names: &[&str], facts: &ConditionFacts) -> PolicyVerdict {
        let document = json!({ "Version": "1", "Statement": statements }).to_string();
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        TrustDocument::read(&document).unwrap().verdict(&names, facts)
    }

    #[test]
    fn verdict_allows_those_that_the_document_names_and_their_account() {
        let of = |effect: &str, principal: Value| json!({ "Effect": effect, "Action": "sts:AssumeRole", "Principal": principal });
        let facts = ConditionFacts::default();
        let (alice, account) = (&[ACCOUNT, ALICE][..], &[ACCOUNT][..]);
        let in_capitals = "acs:ram::1000:user/Alice";
        for (statements, names, expected) in [
            (json!([of("Allow", json!({ "RAM": ACCOUNT }))]), alice, PolicyVerdict::Allow),
            (json!([of("Allow", json!({ "RAM": [ALICE] }))]), alice, PolicyVerdict::Allow),
            (json!([of("Allow", json!({ "RAM": in_capitals }))]), alice, PolicyVerdict::Allow),
            (json!([of("Allow", json!({ "RAM": [ALICE] }))]), account, PolicyVerdict::ImplicitDeny),
            (json!([of("Allow", json!({ "Service": ALICE }))]), alice, PolicyVerdict::ImplicitDeny),
            (
                json!([
                    of("Allow", json!({ "RAM": ACCOUNT })),
                    of("Deny", json!({ "RAM": ALICE }))
                ]),
                alice,
                PolicyVerdict::ExplicitDeny,
            ),
            (
                json!([{ "Effect": "Allow", "Action": "sts:Other", "Principal": { "RAM": ACCOUNT } }]),
                alice,
                PolicyVerdict::ImplicitDeny,
            ),
        ] {
            assert_eq!(verdict(&statements, names, &facts), expected, "{statements}");
        }
    }

    #[test]
    fn verdict_asks_for_the_conditions_of_a_statement() {
        let condition = json!({ "StringEquals": { "sts:ExternalId": "abcd" } });
        let statements = json!([{ "Effect": "Allow", "Action": "sts:*", "Condition": condition,
            "Principal": { "RAM": [ACCOUNT] } }]);
        let mut facts = ConditionFacts::of_connection(None, true);
        let denied = verdict(&statements, &[ACCOUNT], &facts);
        assert_eq!(denied, PolicyVerdict::ImplicitDeny);
        facts.put("sts:ExternalId", "abcd");
        assert_eq!(verdict(&statements, &[ACCOUNT], &facts), PolicyVerdict::Allow);
    }
}
