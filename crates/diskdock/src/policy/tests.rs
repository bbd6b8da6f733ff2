//! Tests of the policy language.

use serde_json::{Value, json};

use super::*;

const DISK: &str = "acs:ecs:cn-hangzhou:1000:disk/d-1";

fn policy(statements: Value) -> Policy {
    Policy::parse("tested", &json!({ "Version": "1", "Statement": statements })).unwrap()
}

fn verdict(policy: &Policy, action: &str, resource: &str) -> PolicyVerdict {
    asked(policy, action, resource, &ConditionFacts::default())
}

fn asked(policy: &Policy, action: &str, resource: &str, facts: &ConditionFacts) -> PolicyVerdict {
    evaluate(std::slice::from_ref(policy), &Question { action, resource, facts }).verdict
}

#[test]
fn evaluate_denies_what_no_statement_is_about() {
    let reads = policy(json!([{ "Effect": "Allow", "Action": "ecs:Describe*", "Resource": "*" }]));
    assert_eq!(verdict(&reads, "ecs:DescribeDisks", DISK), PolicyVerdict::Allow);
    assert_eq!(verdict(&reads, "ecs:describedisks", DISK), PolicyVerdict::Allow);
    assert_eq!(verdict(&reads, "ecs:DetachDisk", DISK), PolicyVerdict::ImplicitDeny);
    assert_eq!(verdict(&reads, "vpc:DescribeVpcs", DISK), PolicyVerdict::ImplicitDeny);
    let facts = ConditionFacts::default();
    let nothing = Question { action: "ecs:DescribeDisks", resource: DISK, facts: &facts };
    assert_eq!(evaluate(&[], &nothing).verdict, PolicyVerdict::ImplicitDeny);
}

#[test]
fn evaluate_lets_a_denial_win_over_all_that_allow() {
    let most = policy(json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": ["ecs:Delete*", "ecs:DetachDisk"], "Resource": "acs:ecs:*:*:disk/*" },
    ]));
    assert_eq!(verdict(&most, "ecs:AttachDisk", DISK), PolicyVerdict::Allow);
    assert_eq!(verdict(&most, "ecs:DetachDisk", DISK), PolicyVerdict::ExplicitDeny);
    let instance = "acs:ecs:cn-hangzhou:1000:instance/i-1";
    assert_eq!(verdict(&most, "ecs:DetachDisk", instance), PolicyVerdict::Allow);
}

#[test]
fn evaluate_names_the_statement_that_decided() {
    let statements = json!([
        { "Effect": "Allow", "Action": "*", "Resource": "*" },
        { "Effect": "Deny", "Action": "ecs:DetachDisk", "Resource": "*" },
    ]);
    let both = [policy(json!([statements[0]])), policy(statements.clone())];
    let facts = ConditionFacts::default();
    let asked = |action| {
        let question = Question { action, resource: DISK, facts: &facts };
        let by = evaluate(&both, &question).by.unwrap();
        (by.number, by.statement.clone())
    };
    assert_eq!(asked("ecs:AttachDisk"), (1, statements[0].clone()));
    assert_eq!(asked("ecs:DetachDisk"), (2, statements[1].clone()));
}

#[test]
fn not_action_covers_everything_else() {
    let but = policy(json!([{ "Effect": "Allow", "NotAction": "ecs:Delete*", "Resource": "*" }]));
    assert_eq!(verdict(&but, "ecs:DetachDisk", DISK), PolicyVerdict::Allow);
    assert_eq!(verdict(&but, "ecs:DeleteDisk", DISK), PolicyVerdict::ImplicitDeny);
}

#[test]
fn resources_match_part_by_part() {
    for (pattern, fits) in [
        ("*", true),
        ("acs:ecs:*:*:disk/d-1", true),
        ("acs:ecs:cn-hangzhou:1000:disk/*", true),
        ("acs:ecs::1000:disk/d-?", true),
        ("acs:ecs:*:*:*", true),
        ("acs:ecs:cn-beijing:*:disk/*", false),
        ("acs:ecs:*:2000:disk/*", false),
        ("acs:ecs:*:*:instance/*", false),
        ("acs:vpc:*:*:*", false),
        ("acs:ecs:*:*", false),
        ("acs::cn-hangzhou:1000:disk/d-1", false),
    ] {
        let one = policy(json!([{ "Effect": "Allow", "Action": "*", "Resource": pattern }]));
        let expected = if fits { PolicyVerdict::Allow } else { PolicyVerdict::ImplicitDeny };
        assert_eq!(verdict(&one, "ecs:DetachDisk", DISK), expected, "{pattern}");
    }
}

#[test]
fn conditions_hold_when_every_operator_and_key_does() {
    let mut facts = ConditionFacts::default();
    facts.put("acs:SourceIp", "10.1.2.3");
    facts.put("acs:CurrentTime", "2026-01-02T03:04:05Z");
    facts.put("acs:SecureTransport", "false");
    facts.put("acs:ResourceTag/team", "storage");
    facts.put("ecs:Count", "7");
    for (condition, holds) in [
        (json!({ "IpAddress": { "acs:SourceIp": ["192.168.0.0/16", "10.0.0.0/8"] } }), true),
        (json!({ "IpAddress": { "acs:SourceIp": "10.1.2.3" } }), true),
        (json!({ "NotIpAddress": { "acs:SourceIp": "10.0.0.0/8" } }), false),
        (json!({ "Bool": { "acs:SecureTransport": "true" } }), false),
        (json!({ "Bool": { "acs:SecureTransport": [false] } }), true),
        (json!({ "DateLessThan": { "acs:CurrentTime": "2026-01-03T00:00:00Z" } }), true),
        (json!({ "DateGreaterThanEquals": { "acs:CurrentTime": "2026-01-03T00:00:00Z" } }), false),
        (json!({ "StringEquals": { "acs:ResourceTag/team": ["web", "storage"] } }), true),
        (json!({ "StringNotEquals": { "acs:ResourceTag/team": ["web", "storage"] } }), false),
        (json!({ "StringEqualsIgnoreCase": { "acs:resourcetag/team": "STORAGE" } }), true),
        (json!({ "StringLike": { "acs:ResourceTag/team": "stor*" } }), true),
        (json!({ "StringNotLike": { "acs:ResourceTag/team": "web*" } }), true),
        (json!({ "StringEquals": { "acs:ResourceTag/other": "x" } }), false),
        (json!({ "StringNotEquals": { "acs:ResourceTag/other": "x" } }), true),
        (json!({ "NumericLessThan": { "ecs:Count": 8 } }), true),
        (json!({ "NumericGreaterThan": { "ecs:Count": "7" } }), false),
        (
            json!({ "NumericLessThanEquals": { "ecs:Count": 7 }, "NumericNotEquals": { "ecs:Count": 7 } }),
            false,
        ),
    ] {
        let one = policy(json!([
            { "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": condition },
        ]));
        let expected = if holds { PolicyVerdict::Allow } else { PolicyVerdict::ImplicitDeny };
        assert_eq!(asked(&one, "ecs:DetachDisk", DISK, &facts), expected, "{condition}");
    }
}

#[test]
fn parse_refuses_documents_that_are_no_policies() {
    let statement = |statement: Value| json!({ "Version": "1", "Statement": [statement] });
    for (document, why) in [
        (json!([]), "JSON object"),
        (json!({ "Version": "2", "Statement": [] }), "Version"),
        (json!({ "Version": "1", "Statement": {} }), "a list"),
        (json!({ "Version": "1", "Statement": [] }), "at least one"),
        (json!({ "Version": "1", "Statement": [], "Id": "1" }), "Id is no member"),
        (statement(json!({ "Effect": "Maybe", "Action": "*", "Resource": "*" })), "Effect"),
        (statement(json!({ "Effect": "Allow", "Resource": "*" })), "Action or NotAction"),
        (statement(json!({ "Effect": "Allow", "Action": [], "Resource": "*" })), "Action must"),
        (statement(json!({ "Effect": "Allow", "Action": "*" })), "has a Resource"),
        (statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "disk" })), "acs:"),
        (
            statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "Near": { "acs:SourceIp": "x" } } })),
            "no operator",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "*", "Resource": "*",
                "Condition": { "IpAddress": { "acs:SourceIp": "x" } } })),
            "cannot be compared",
        ),
        (
            statement(json!({ "Effect": "Allow", "Action": "x".repeat(7_000), "Resource": "*" })),
            "characters",
        ),
    ] {
        let error = Policy::parse("tested", &document).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
