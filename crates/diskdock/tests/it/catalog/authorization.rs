//! Resources that policies are asked about for every action, against the facts of the API.
//!
//! Each action is explained for a user who may do everything: with its required parameters, and
//! with all that name something, of every kind that it takes.

use std::collections::BTreeSet;

use diskdock::actions::{self, PRODUCTS};
use diskdock::catalog::{Listed, ParamSpec, Shape};
use serde_json::{Value, json};

use super::examples::{Pairs, put, put_required};
use super::facts::{compare, is_about, rows};
use crate::harness::{ACCOUNT, REGION, TestServer};

/// Parameters that say of what kind the named resources are.
const KINDS: [&str; 2] = ["ResourceType", "PolicyType"];
/// Parameters that name resources, although their types do not tell the kind.
const NAMES: [&str; 3] = ["ResourceId", "ResourceNames", "RoleArn"];

/// Puts all parameters that name something.
fn put_naming(specs: &[ParamSpec], prefix: &str, out: &mut Pairs) {
    for spec in specs {
        let is_naming = spec.names.is_some() || NAMES.contains(&spec.name);
        if spec.children.is_empty() && is_naming {
            put(spec, prefix, out);
        }
        let inside = if spec.repeat == diskdock::catalog::Repeat::Numbered { ".1." } else { "." };
        put_naming(spec.children, &format!("{prefix}{}{inside}", spec.name), out);
    }
}

/// The requests that an action is explained with, and whether they have required parameters only.
fn requests(listed: &Listed) -> Vec<(bool, Pairs)> {
    let specs = listed.spec().parameters;
    let mut bare = Pairs::new();
    put_required(specs, "", &mut bare);
    let mut full = bare.clone();
    put_naming(specs, "", &mut full);
    let kinds = specs.iter().find(|spec| KINDS.contains(&spec.name));
    let mut all = vec![(true, bare.clone()), (false, full.clone())];
    if let Some(ParamSpec { name, shape: Shape::Choice(words, _), .. }) = kinds {
        for word in *words {
            for (is_bare, mut pairs) in [(true, bare.clone()), (false, full.clone())] {
                pairs.insert((*name).to_owned(), (*word).to_owned());
                all.push((is_bare, pairs));
            }
        }
    }
    for (_, pairs) in &mut all {
        let region = pairs.keys().any(|name| name.eq_ignore_ascii_case("RegionId"));
        if !region {
            pairs.insert("RegionId".to_owned(), REGION.to_owned());
        }
    }
    all
}

/// A resource's name with blanks for the region, the account and the id.
fn template(arn: &str) -> String {
    let parts: Vec<&str> = arn.splitn(5, ':').collect();
    let [_, product, region, account, rest] = parts[..] else { panic!("{arn}") };
    if rest == "*" {
        return "*".to_owned();
    }
    let region = if region == "*" { "*" } else { "{region}" };
    let account = if account == ACCOUNT { "{account}" } else { account };
    let rest = match rest.split_once('/') {
        Some((kind, id)) if id != "*" => format!("{kind}/{{id}}"),
        Some(_) | None => rest.to_owned(),
    };
    format!("acs:{product}:{region}:{account}:{rest}")
}

/// The id of a key of a user who may do everything.
async fn administrator(server: &TestServer) -> String {
    let user = ("UserName", "carol");
    server.ok("Ram.CreateUser", &[user]).await;
    let policy = [("PolicyType", "System"), ("PolicyName", "AdministratorAccess")];
    server.ok("Ram.AttachPolicyToUser", &[user, policy[0], policy[1]]).await;
    let reply = server.ok("Ram.CreateAccessKey", &[user]).await.json;
    reply["AccessKey"]["AccessKeyId"].as_str().unwrap().to_owned()
}

async fn asked(server: &TestServer, key: &str, action: &str, pairs: &Pairs) -> BTreeSet<String> {
    let body = json!({ "key": key, "action": action, "parameters": pairs });
    let reply = server.control("POST", "/explain", &body.to_string()).await;
    let resources = reply["resources"].as_array().unwrap().iter();
    let name = |one: &Value| template(one["resource"].as_str().unwrap());
    resources.map(name).collect()
}

#[tokio::test]
async fn policies_are_asked_about_the_resources_of_the_api() {
    let server = TestServer::new().await;
    let key = administrator(&server).await;
    let facts = rows("authorization.tsv");
    let mut found = BTreeSet::new();
    for listed in actions::all().filter(|listed| !listed.spec().open) {
        let action = listed.key(PRODUCTS);
        let facts: Vec<_> = facts.iter().filter(|fact| is_about(fact, &listed)).collect();
        let known: BTreeSet<&str> = facts.iter().map(|fact| fact[3].as_str()).collect();
        let (mut always, mut ours) = (BTreeSet::new(), BTreeSet::new());
        for (is_bare, pairs) in requests(&listed) {
            let asked = asked(&server, &key, &action, &pairs).await;
            always.extend(asked.iter().filter(|_| is_bare).cloned());
            ours.extend(asked);
        }
        if let Some(fact) = facts.first() {
            let name = format!("{}:{}", listed.product.ram_code, listed.spec().name);
            assert_eq!(name, fact[2], "the action as policies name it");
        }
        if known.is_empty() {
            continue;
        }
        if known.contains("-") {
            // It is not known what is asked: nothing in particular, or what the request names.
            let all = ours.iter().filter(|arn| arn.ends_with("/*"));
            found.extend(all.map(|arn| format!("{action} {arn} unknown")));
            continue;
        }
        for fact in facts {
            if !ours.contains(&fact[3]) {
                found.insert(format!("{action} {} missing", fact[3]));
            } else if fact[4] == "required" && !always.contains(&fact[3]) {
                found.insert(format!("{action} {} is not always asked", fact[3]));
            }
        }
        let unknown = ours.iter().filter(|arn| !known.contains(arn.as_str()));
        found.extend(unknown.map(|arn| format!("{action} {arn} unknown")));
    }
    compare("authorization.txt", &found);
}
