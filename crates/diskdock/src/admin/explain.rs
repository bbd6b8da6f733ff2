//! Explains what the policies of a key say to a call, without carrying it out.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::State;
use bytes::Bytes;
use serde::Deserialize;
use serde_json::json;

use super::{AdminError, AdminState, ControlResult, Json};
use crate::actions;
use crate::catalog::{ActionError, Caller, Input, Origin};
use crate::service::{self, AccessExplained, Request};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// The id of the key that the call would be signed with.
    key: String,
    /// The action: its name, or `Vpc.CreateVpc` for one of another product than ECS.
    action: String,
    #[serde(default)]
    parameters: BTreeMap<String, String>,
    /// The address that the call would come from.
    address: Option<IpAddr>,
    /// Whether it would come over TLS.
    #[serde(default)]
    secure: bool,
}

const HINT: &str =
    "Send {\"key\": \"…\", \"action\": \"DetachDisk\", \"parameters\": {\"DiskId\": \"d-1\"}}.";

/// Which statement decides about a call.
pub(crate) async fn explain(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let wanted: Wanted =
        serde_json::from_slice(&body).map_err(|error| AdminError::bad(error, HINT))?;
    let listed = actions::find(&wanted.action).ok_or_else(|| {
        let error = format!("there is no action {}", wanted.action);
        AdminError::not_found(error, "See `diskdock catalog`.")
    })?;
    let key = state.gateway.keys.find(&wanted.key).ok_or_else(|| {
        let error = format!("there is no key {}", wanted.key);
        AdminError::not_found(error, "See `diskdock key list`.")
    })?;
    let caller = Caller {
        account: key.account.clone(),
        access_key_id: wanted.key,
        host: String::new(),
        region: wanted.parameters.get("RegionId").cloned(),
        identity: key.identity.clone(),
        origin: Origin { address: wanted.address, secure: wanted.secure },
    };
    let request = Request {
        caller: Arc::new(caller),
        request_id: String::new(),
        rights: key.rights.clone(),
        input: Input::from_sorted(wanted.parameters.into_iter().collect()),
        nonce: None,
    };
    let explained = service::explain(&state.gateway.services, listed, &request).await;
    let AccessExplained { allowed, why, resources } = explained.map_err(failed)?;
    let action = listed.key(actions::PRODUCTS);
    Ok(Json(json!({ "action": action, "allowed": allowed, "why": why, "resources": resources })))
}

fn failed(stop: ActionError) -> AdminError {
    match stop {
        ActionError::Failed(fault) => fault.into(),
        ActionError::Refused(refusal) => AdminError::bad(refusal.message, HINT),
        ActionError::Broken(what) => AdminError::bad(what, "See the server's log."),
    }
}
