//! Parameters that no action reads: those of the gateway, unknown ones, and those that are
//! accepted without effect.

use super::Services;
use crate::catalog::errors::UNKNOWN_PARAMETER;
use crate::catalog::{Input, ParamSpec, Refusal, Repeat};

/// Parameters that belong to the gateway and not to any action.
pub(crate) const COMMON: &[&str] = &[
    "AccessKeyId",
    "Action",
    "BearerToken",
    "Format",
    "SecurityToken",
    "Signature",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureType",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

/// Parameters that every action accepts because old clients send them.
pub(crate) const LEGACY: &[&str] =
    &["OwnerAccount", "OwnerId", "RegionId", "ResourceOwnerAccount", "ResourceOwnerId"];

/// Names of parameters that are unknown or have no effect; an error if the server is strict.
pub(super) fn ignored(
    services: &Services,
    specs: &[ParamSpec],
    input: &Input,
) -> Result<Vec<String>, Refusal> {
    let gateways = |name: &&str| !COMMON.contains(name) && !LEGACY.contains(name);
    let mut names: Vec<String> = input.unread().filter(gateways).map(str::to_owned).collect();
    // The gateway's own names are no action's parameters: most of a request need not be looked up.
    let own = input.pairs().iter().filter(|(name, _)| !COMMON.contains(&name.as_str()));
    for (name, _) in own {
        if !is_honoured(specs, name) && !names.contains(name) {
            names.push(name.clone());
        }
    }
    match names.first() {
        Some(first) if services.strict => Err(Refusal::about(&UNKNOWN_PARAMETER, first)),
        _ => Ok(names),
    }
}

/// Whether the parameter of this full name has an effect; true for names that no spec has, which
/// are found because no action reads them.
fn is_honoured(specs: &[ParamSpec], name: &str) -> bool {
    let head = name.split('.').next().unwrap_or(name);
    let matching = |spec: &&ParamSpec| {
        name == spec.name || name.strip_prefix(spec.name).is_some_and(|rest| rest.starts_with('.'))
    };
    let Some(spec) = specs.iter().filter(matching).max_by_key(|spec| spec.name.len()) else {
        return specs.iter().all(|spec| spec.name != head);
    };
    let rest = name[spec.name.len()..].trim_start_matches('.');
    let inner = match spec.repeat {
        Repeat::Numbered => rest.split_once('.').map_or("", |(_, inner)| inner),
        Repeat::Structure => rest,
        Repeat::Once | Repeat::JsonArray | Repeat::Commas => "",
    };
    spec.honoured && (inner.is_empty() || is_honoured(spec.children, inner))
}
