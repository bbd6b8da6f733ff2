//! Access keys: list, create, disable, enable, delete.

use axum::extract::{Path, State};
use bytes::Bytes;
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Desk, Problem, Told};
use crate::catalog::times::with_seconds;
use crate::gateway::keys::{DEFAULT_ACCOUNT, DEVELOPMENT_ID, new_key};
use crate::store::{AccessKey, KeyStatus};

const LIST_HINT: &str = "See `diskdock key list`.";

/// All keys, without their secrets.
pub async fn list(State(desk): State<Desk>) -> Answer {
    let keys = desk.gateway.services.store.read(|books| books.access_keys())??;
    let mut shown: Vec<Value> = keys.iter().map(shown).collect();
    if desk.gateway.keys.has_development_key() {
        shown.push(json!({
            "id": DEVELOPMENT_ID,
            "account": DEFAULT_ACCOUNT,
            "status": "Active",
            "development": true,
        }));
    }
    Ok(Told(json!({ "keys": shown })))
}

fn shown(key: &AccessKey) -> Value {
    json!({
        "id": key.id,
        "account": key.account,
        "status": key.status,
        "created_at": with_seconds(key.created_at),
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    account: Option<String>,
}

/// A new key. Its secret is told this once.
pub async fn create(State(desk): State<Desk>, body: Bytes) -> Answer {
    let wanted: Wanted = if body.is_empty() {
        Wanted::default()
    } else {
        let hint = "Send {\"account\": \"…\"} or nothing.";
        serde_json::from_slice(&body).map_err(|error| Problem::bad(error, hint))?
    };
    let account = wanted.account.unwrap_or_else(|| DEFAULT_ACCOUNT.to_owned());
    let key = new_key(account.into(), desk.gateway.services.clock.now());
    let saved = key.clone();
    desk.gateway.services.store.write(move |books| books.save_access_key(&saved)).await?;
    reload(&desk)?;
    let mut told = shown(&key);
    told["secret"] = key.secret.into();
    Ok(Told(told))
}

/// Disables or enables a key.
pub async fn switch(State(desk): State<Desk>, Path((id, verb)): Path<(String, String)>) -> Answer {
    let status = match verb.as_str() {
        "disable" => KeyStatus::Inactive,
        "enable" => KeyStatus::Active,
        other => return Err(Problem::not_found(format!("no such verb: {other}"), LIST_HINT)),
    };
    let mut key = find(&desk, &id)?;
    key.status = status;
    let saved = key.clone();
    desk.gateway.services.store.write(move |books| books.save_access_key(&saved)).await?;
    reload(&desk)?;
    Ok(Told(shown(&key)))
}

/// Removes a key.
pub async fn remove(State(desk): State<Desk>, Path(id): Path<String>) -> Answer {
    let key = find(&desk, &id)?;
    let gone = key.id.clone();
    desk.gateway.services.store.write(move |books| books.remove_access_key(&gone)).await?;
    reload(&desk)?;
    Ok(Told(json!({ "deleted": key.id })))
}

fn find(desk: &Desk, id: &str) -> Result<AccessKey, Problem> {
    let keys = desk.gateway.services.store.read(|books| books.access_keys())??;
    keys.into_iter()
        .find(|key| key.id == id)
        .ok_or_else(|| Problem::not_found(format!("there is no key {id}"), LIST_HINT))
}

fn reload(desk: &Desk) -> Result<(), Problem> {
    let keys = &desk.gateway.keys;
    Ok(keys.reload(&desk.gateway.services.store, keys.has_development_key())?)
}
