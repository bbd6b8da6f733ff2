//! Access keys: list, create, disable, enable, delete.

use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{AdminError, AdminState, ControlResult, Json};
use crate::catalog::times::with_seconds;
use crate::gateway::keys::{DEFAULT_ACCOUNT, DEVELOPMENT_ID, StartKeys, new_key};
use crate::policy::Policy;
use crate::store::{AccessKey, KeyStatus};

const LIST_HINT: &str = "See `diskdock key list`.";

/// All keys, without their secrets.
pub(crate) async fn list(State(state): State<AdminState>) -> ControlResult {
    let keys = state.gateway.services.store.read(|tx| tx.access_keys()).await?;
    let mut shown: Vec<Value> = keys.iter().map(shown).collect();
    let StartKeys { development, given } = state.gateway.keys.of_start();
    let of_start = |id: &str, sort: &str| json!({ "id": id, "account": DEFAULT_ACCOUNT, "status": "Active", sort: true });
    shown.extend(development.then(|| of_start(DEVELOPMENT_ID, "development")));
    shown.extend(given.iter().map(|key| of_start(&key.id, "given")));
    Ok(Json(json!({ "keys": shown })))
}

/// A key as it is listed, without its secret.
pub(crate) fn shown(key: &AccessKey) -> Value {
    let mut shown = json!({
        "id": key.id,
        "account": key.account,
        "status": key.status,
        "created_at": with_seconds(key.created_at),
        "policies": key.policies,
    });
    if let Some(session) = &key.session {
        shown["role"] = session.role_name.clone().into();
        shown["expires_at"] = with_seconds(session.expires_at).into();
    }
    shown
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct NewKeyRequest {
    account: Option<String>,
    #[serde(default)]
    policies: Vec<Value>,
}

/// A new key. Its secret is told this once.
pub(crate) async fn create(State(state): State<AdminState>, body: Bytes) -> ControlResult {
    let wanted: NewKeyRequest = if body.is_empty() {
        NewKeyRequest::default()
    } else {
        let hint = "Send {\"account\": \"…\", \"policies\": [{…}]} or nothing.";
        serde_json::from_slice(&body).map_err(|error| AdminError::bad(error, hint))?
    };
    for policy in &wanted.policies {
        let hint = "Send policies in the language of RAM.";
        Policy::parse("", policy).map_err(|error| AdminError::bad(error, hint))?;
    }
    let account = wanted.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    let made = new_key(account.into(), state.gateway.services.clock.now());
    let key = AccessKey { policies: wanted.policies, ..made };
    let saved = key.clone();
    state.gateway.services.store.write(move |tx| tx.save_access_key(&saved)).await?;
    reload(&state).await?;
    let mut reply = shown(&key);
    reply["secret"] = key.secret.into();
    Ok(Json(reply))
}

/// Disables or enables a key.
pub(crate) async fn switch(
    State(state): State<AdminState>,
    Path((id, verb)): Path<(String, String)>,
) -> ControlResult {
    let status = match verb.as_str() {
        "disable" => KeyStatus::Inactive,
        "enable" => KeyStatus::Active,
        other => return Err(AdminError::not_found(format!("no such verb: {other}"), LIST_HINT)),
    };
    let mut key = find(&state, &id).await?;
    key.status = status;
    let saved = key.clone();
    state.gateway.services.store.write(move |tx| tx.save_access_key(&saved)).await?;
    reload(&state).await?;
    Ok(Json(shown(&key)))
}

/// Removes a key.
pub(crate) async fn remove(
    State(state): State<AdminState>,
    Path(id): Path<String>,
) -> ControlResult {
    let key = find(&state, &id).await?;
    let gone = key.id.clone();
    state.gateway.services.store.write(move |tx| tx.remove_access_key(&gone)).await?;
    reload(&state).await?;
    Ok(Json(json!({ "deleted": key.id })))
}

async fn find(state: &AdminState, id: &str) -> Result<AccessKey, AdminError> {
    let keys = state.gateway.services.store.read(|tx| tx.access_keys()).await?;
    keys.into_iter()
        .find(|key| key.id == id)
        .ok_or_else(|| AdminError::not_found(format!("there is no key {id}"), LIST_HINT))
}

async fn reload(state: &AdminState) -> Result<(), AdminError> {
    let keys = &state.gateway.keys;
    Ok(keys.reload(&state.gateway.services.store).await?)
}
