//! Imported images: look again at once.

use axum::extract::State;
use serde_json::json;

use super::{Answer, Desk, Problem, Told};
use crate::assembly::restock;

/// Looks at the images of the data directory, which the command line has changed.
pub async fn reload(State(desk): State<Desk>) -> Answer {
    let looked = restock(&desk.shelf, &desk.gateway.services.world).await;
    looked.map_err(|fault| Problem::bad(fault, "Run `diskdock doctor` on the data directory."))?;
    let world = desk.gateway.services.world.current();
    let imported = world.offer.images().iter().filter(|image| image.is_own());
    let ids: Vec<&str> = imported.map(|image| image.id.as_str()).collect();
    Ok(Told(json!({ "imported": ids, "faults": desk.shelf.faults() })))
}
