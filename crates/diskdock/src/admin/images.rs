//! Imported images: read them again at once.

use axum::extract::State;
use serde_json::json;

use super::{AdminError, AdminState, ControlResult, Json};

/// Reads the images of the data directory, which the command line has changed.
pub(crate) async fn reload(State(state): State<AdminState>) -> ControlResult {
    let environments = &state.gateway.services.environment;
    if environments.current().on_hosts {
        let hint = "Import it on a host: diskdock image import --data-dir <the host's>.";
        return Err(AdminError::conflict("the images of this server are on its hosts", hint));
    }
    let looked = state.inventory_source.refresh(|found| environments.inventory(found)).await;
    looked
        .map_err(|fault| AdminError::bad(fault, "Run `diskdock doctor` on the data directory."))?;
    let environment = environments.current();
    let imported = environment.inventory.images().iter().filter(|image| image.is_own());
    let ids: Vec<&str> = imported.map(|image| image.id.as_str()).collect();
    Ok(Json(json!({ "imported": ids, "faults": state.inventory_source.faults() })))
}
