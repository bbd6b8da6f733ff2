//! An example of a request: as it goes over the wire, with what every request carries besides the
//! parameters of its action.

use maud::{Markup, html};

use crate::actions::EXAMPLE;
use crate::catalog::pages::example_pairs;
use crate::catalog::{Listed, Spec};
use crate::gateway::signature::percent_encode;

/// The region whose host the example calls.
const REGION: &str = "cn-hangzhou";
/// What every request carries, with where it says what.
const CARRIED: &str = "x-acs-action: {action}
x-acs-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855
x-acs-date: 2026-01-31T12:00:00Z
x-acs-signature-nonce: 3156853299f313e23d1673dc12e1703d
x-acs-version: {version}
accept: application/json
authorization: ACS3-HMAC-SHA256 Credential=LTAI…,SignedHeaders=host;x-acs-action;…,Signature=…";

/// The request, folded.
pub(super) fn example(listed: Listed) -> Markup {
    html! {
        details {
            summary { "Request" }
            p.hint {
                "The first line has the parameters of the action, the others are common to all \
                 actions. An older client sends these in the query, too: Action, Version, Format, \
                 AccessKeyId, Timestamp, SignatureMethod, SignatureVersion, SignatureNonce, \
                 Signature. Both are "
                a href="/explorer/signature" { "checked" } "."
            }
            pre tabindex="0" aria-label="Request" { (text(listed)) }
        }
    }
}

fn text(listed: Listed) -> String {
    let (spec, product) = (listed.spec(), listed.product);
    let pairs = pairs(spec).into_iter();
    let query = pairs.map(|(name, value)| format!("{name}={}", percent_encode(&value)));
    let query = query.collect::<Vec<_>>().join("&");
    let mark = if query.is_empty() { "" } else { "?" };
    let host = product.host(REGION);
    let carried = CARRIED.replace("{action}", spec.name).replace("{version}", product.version);
    format!("POST /{mark}{query} HTTP/1.1\nhost: {host}\n{carried}")
}

/// The parameters: those of the console's own example of the action, if it has one, else those
/// that the action requires.
fn pairs(spec: &Spec) -> Vec<(String, String)> {
    let Some((_, shown)) = EXAMPLE.iter().find(|(action, _)| *action == spec.name) else {
        return example_pairs(spec);
    };
    let of = |name: &str, value: &str| {
        let parameter = spec.parameters.iter().find(|one| one.name == name);
        let stands_for = value.starts_with('{');
        parameter.filter(|_| stands_for).map_or(value, |one| one.example).to_owned()
    };
    shown.iter().map(|(name, value)| ((*name).to_owned(), of(name, value))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::actions::{all, find};
    use crate::catalog::{Entry, Input};

    #[test]
    fn example_has_the_parameters_and_what_is_common_to_all_actions() {
        let text = text(find("DetachDisk").unwrap());
        let (first, rest) = text.split_once('\n').unwrap();
        assert!(
            first.starts_with("POST /?InstanceId=i-") && first.contains("&DiskId=d-"),
            "{first}"
        );
        for name in ["host: ecs", "x-acs-action: DetachDisk", "x-acs-version: 2014-05-26"] {
            assert!(rest.contains(name), "{name}: {rest}");
        }
    }

    #[test]
    fn every_example_is_taken_by_its_action() {
        for listed in all() {
            let mut pairs = pairs(listed.spec());
            assert!(!pairs.iter().any(|(_, value)| value.contains('{')), "{pairs:?}");
            pairs.sort();
            let input = Input::from_sorted(pairs);
            let refusal = match listed.entry {
                Entry::Query(query) => query.parse(&input).err(),
                Entry::Action(action) => action.parse(&input).err(),
            };
            assert!(refusal.is_none(), "{}: {refusal:?}", listed.spec().name);
        }
    }
}
