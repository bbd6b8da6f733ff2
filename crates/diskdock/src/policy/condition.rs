//! Conditions of a statement: operators over what is known of a call.

use std::collections::BTreeMap;
use std::net::IpAddr;

use ipnet::IpNet;
use jiff::Timestamp;
use serde_json::Value;

use super::document::PolicyError;
use super::glob;

/// The facts of a call, by the key that conditions name: `acs:SourceIp`,
/// `acs:ResourceTag/team`. Keys are compared without case.
#[derive(Clone, Debug, Default)]
pub struct ConditionFacts(BTreeMap<String, String>);

impl ConditionFacts {
    /// The facts of a connection: `acs:SourceIp`, if the address is known, and
    /// `acs:SecureTransport`.
    pub fn of_connection(address: Option<IpAddr>, is_secure: bool) -> ConditionFacts {
        let mut facts = ConditionFacts::default();
        facts.put("acs:SecureTransport", is_secure.to_string());
        if let Some(address) = address {
            facts.put("acs:SourceIp", address.to_canonical().to_string());
        }
        facts
    }

    /// Adds a fact.
    pub fn put(&mut self, key: &str, value: impl Into<String>) {
        self.0.insert(key.to_ascii_lowercase(), value.into());
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }
}

/// One operator on one key.
#[derive(Clone, Debug)]
pub(super) struct PolicyCondition {
    operator: Operator,
    /// In lower case.
    key: String,
    values: Vec<String>,
}

/// How a fact is compared with the values of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Operator {
    Is(Comparison),
    /// Holds when no value matches.
    IsNot(Comparison),
}

/// The relation of a fact to a single value that it matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Comparison {
    Text,
    TextInAnyCase,
    Pattern,
    Number(Relation),
    Time(Relation),
    Bool,
    Address,
}

/// How a fact lies to a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// All operators, as documents spell them.
const OPERATORS: &[(&str, Operator)] = {
    use Comparison::{Address, Bool, Number, Pattern, Text, TextInAnyCase, Time};
    use Operator::{Is, IsNot};
    &[
        ("StringEquals", Is(Text)),
        ("StringNotEquals", IsNot(Text)),
        ("StringEqualsIgnoreCase", Is(TextInAnyCase)),
        ("StringNotEqualsIgnoreCase", IsNot(TextInAnyCase)),
        ("StringLike", Is(Pattern)),
        ("StringNotLike", IsNot(Pattern)),
        ("NumericEquals", Is(Number(Relation::Equal))),
        ("NumericNotEquals", IsNot(Number(Relation::Equal))),
        ("NumericLessThan", Is(Number(Relation::Less))),
        ("NumericLessThanEquals", Is(Number(Relation::LessOrEqual))),
        ("NumericGreaterThan", Is(Number(Relation::Greater))),
        ("NumericGreaterThanEquals", Is(Number(Relation::GreaterOrEqual))),
        ("DateEquals", Is(Time(Relation::Equal))),
        ("DateNotEquals", IsNot(Time(Relation::Equal))),
        ("DateLessThan", Is(Time(Relation::Less))),
        ("DateLessThanEquals", Is(Time(Relation::LessOrEqual))),
        ("DateGreaterThan", Is(Time(Relation::Greater))),
        ("DateGreaterThanEquals", Is(Time(Relation::GreaterOrEqual))),
        ("Bool", Is(Bool)),
        ("IpAddress", Is(Address)),
        ("NotIpAddress", IsNot(Address)),
    ]
};

impl Relation {
    fn holds<T: PartialOrd>(self, fact: &T, value: &T) -> bool {
        match self {
            Relation::Equal => fact == value,
            Relation::Less => fact < value,
            Relation::LessOrEqual => fact <= value,
            Relation::Greater => fact > value,
            Relation::GreaterOrEqual => fact >= value,
        }
    }
}

impl Comparison {
    /// Whether a value of a document can be compared in this way.
    fn takes(self, value: &str) -> bool {
        match self {
            Comparison::Text | Comparison::TextInAnyCase | Comparison::Pattern => true,
            Comparison::Number(_) => value.parse::<f64>().is_ok(),
            Comparison::Time(_) => value.parse::<Timestamp>().is_ok(),
            Comparison::Bool => bool_of(value).is_some(),
            Comparison::Address => network(value).is_some(),
        }
    }

    fn matches(self, fact: &str, value: &str) -> bool {
        match self {
            Comparison::Text => fact == value,
            Comparison::TextInAnyCase => fact.eq_ignore_ascii_case(value),
            Comparison::Pattern => glob::matches(value, fact),
            Comparison::Number(order) => both(fact.parse::<f64>(), value.parse(), order),
            Comparison::Time(order) => both(fact.parse::<Timestamp>(), value.parse(), order),
            Comparison::Bool => bool_of(fact).is_some() && bool_of(fact) == bool_of(value),
            Comparison::Address => match (fact.parse::<IpAddr>(), network(value)) {
                (Ok(address), Some(network)) => network.contains(&address),
                _ => false,
            },
        }
    }
}

fn both<T: PartialOrd, E>(fact: Result<T, E>, value: Result<T, E>, order: Relation) -> bool {
    matches!((fact, value), (Ok(fact), Ok(value)) if order.holds(&fact, &value))
}

fn bool_of(text: &str) -> Option<bool> {
    text.to_ascii_lowercase().parse().ok()
}

/// An address is a network of its own.
fn network(text: &str) -> Option<IpNet> {
    text.parse().ok().or_else(|| text.parse::<IpAddr>().ok().map(IpNet::from))
}

impl PolicyCondition {
    /// The conditions of a block: operator, key, value or values.
    pub(super) fn parse_all(block: &Value) -> Result<Vec<PolicyCondition>, PolicyError> {
        let wrong = |text: String| Err(PolicyError(text));
        let Some(operators) = block.as_object() else {
            return wrong("Condition must be an object".to_owned());
        };
        let mut conditions = Vec::new();
        for (name, keys) in operators {
            let known = OPERATORS.iter().find(|(known, _)| known == name);
            let Some((_, operator)) = known else { return wrong(format!("{name} is no operator")) };
            let Some(keys) = keys.as_object() else {
                return wrong(format!("{name} must be an object of keys"));
            };
            for (key, values) in keys {
                conditions.push(PolicyCondition::parse(*operator, key, values)?);
            }
        }
        Ok(conditions)
    }

    fn parse(
        operator: Operator,
        key: &str,
        values: &Value,
    ) -> Result<PolicyCondition, PolicyError> {
        let list = values.as_array().cloned().unwrap_or_else(|| vec![values.clone()]);
        let text = |value: &Value| match value {
            Value::String(text) => Some(text.clone()),
            Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
            Value::Null | Value::Array(_) | Value::Object(_) => None,
        };
        let (Operator::Is(comparison) | Operator::IsNot(comparison)) = operator;
        let values: Option<Vec<String>> = list.iter().map(text).collect();
        let values = values.filter(|values| {
            !values.is_empty() && values.iter().all(|value| comparison.takes(value))
        });
        let values = values.ok_or_else(|| {
            PolicyError(format!("the values of {key} cannot be compared in this way"))
        })?;
        Ok(PolicyCondition { operator, key: key.to_ascii_lowercase(), values })
    }

    /// Whether it holds. A key that is not known of a call matches no value.
    pub(super) fn holds(&self, facts: &ConditionFacts) -> bool {
        let fact = facts.get(&self.key);
        let any = |comparison: Comparison| {
            fact.is_some_and(|fact| self.values.iter().any(|v| comparison.matches(fact, v)))
        };
        match self.operator {
            Operator::Is(comparison) => any(comparison),
            Operator::IsNot(comparison) => !any(comparison),
        }
    }
}
