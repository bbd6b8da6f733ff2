//! Tells a program that waits for a resource when to look again.

use std::time::Duration;

use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::json;

use super::{AdminState, Json};

/// A reply comes after this time at the latest.
const LONGEST: Duration = Duration::from_secs(1);

/// The store to wait for, and what is known of it.
#[derive(Debug, Deserialize)]
pub(crate) struct ChangeFilter {
    /// An access key: writes in the world that it leads to count.
    key: Option<String>,
    /// The number of the last reply; the next one comes at once without it.
    after: Option<u64>,
}

/// Waits for a write of this server, for a second at most, and gives the number to wait for the
/// next one after. Writes of other servers over the same store do not count.
pub(crate) async fn changes(
    State(state): State<AdminState>,
    Query(wanted): Query<ChangeFilter>,
) -> Json {
    let other = wanted.key.and_then(|id| state.gateway.other_world_of(&id));
    let gateway = other.as_ref().unwrap_or(&state.gateway);
    let changes = gateway.services.store.changes();
    let number = match wanted.after {
        Some(number) => changes.after(number, LONGEST).await,
        None => changes.number(),
    };
    Json(json!({ "number": number }))
}
