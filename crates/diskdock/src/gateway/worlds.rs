//! The gateways of other worlds in this server: an access key leads to its own.

use std::sync::{Arc, PoisonError, RwLock};

use http::request::Parts;

use super::{Decoded, Gateway, SharedGateway, signature};

/// The gateways of other worlds.
#[derive(Default)]
pub struct OtherWorlds {
    gateways: RwLock<Vec<SharedGateway>>,
}

impl OtherWorlds {
    /// Requests with a key of this gateway go to it from now on.
    pub(crate) fn add(&self, gateway: &SharedGateway) {
        let mut gateways = self.gateways.write().unwrap_or_else(PoisonError::into_inner);
        gateways.push(Arc::clone(gateway));
    }

    /// No more requests go to this gateway.
    pub(crate) fn remove(&self, gateway: &SharedGateway) {
        let mut gateways = self.gateways.write().unwrap_or_else(PoisonError::into_inner);
        gateways.retain(|other| !Arc::ptr_eq(other, gateway));
    }

    fn with_key(&self, id: &str) -> Option<SharedGateway> {
        let gateways = self.gateways.read().unwrap_or_else(PoisonError::into_inner);
        gateways.iter().find(|gateway| gateway.keys.find(id).is_some()).cloned()
    }

    fn is_empty(&self) -> bool {
        self.gateways.read().unwrap_or_else(PoisonError::into_inner).is_empty()
    }
}

impl Gateway {
    /// The gateway of the world that the key of this request leads to, if it is another one. The
    /// signature is verified there.
    pub(super) fn other_world(&self, parts: &Parts, body: &[u8]) -> Option<SharedGateway> {
        if self.worlds.is_empty() {
            return None;
        }
        let decoded = Decoded::of(parts, body).ok()?;
        let received = decoded.received(parts, body);
        let id = signature::claims(&received).ok()?.access_key_id?;
        self.other_world_of(id)
    }

    /// The gateway of the world that a key of this id leads to, if it is another one.
    pub(crate) fn other_world_of(&self, id: &str) -> Option<SharedGateway> {
        if self.keys.find(id).is_some() { None } else { self.worlds.with_key(id) }
    }

    /// Whether a key of this id leads here or to another world.
    pub(crate) fn knows_key(&self, id: &str) -> bool {
        self.keys.find(id).is_some() || self.worlds.with_key(id).is_some()
    }
}
