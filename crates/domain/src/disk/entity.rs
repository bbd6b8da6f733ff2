//! A disk as the store keeps it.

use super::Disk;
use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::DiskId;
use crate::unknown::UnknownFields;

impl EntityId for DiskId {
    type Entity = Disk;
}

impl Entity for Disk {
    common_fields!(DiskId);

    const KIND: EntityKind = EntityKind {
        name: "disk",
        plural: "disks",
        id_prefix: "d-",
        by_name: false,
        columns: &["zone", "status", "kind", "category", "charge_type", "name"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![
            &self.zone,
            self.status().as_str(),
            self.kind.as_str(),
            self.category.as_str(),
            self.charge_type.as_str(),
            &self.name,
        ]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![
            ("name", &self.name),
            ("source_snapshot", &self.source_snapshot),
            ("policy", &self.auto_snapshot_policy),
            ("health", if self.damage.is_some() { self.health().as_str() } else { "" }),
        ]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        let nested = self.attachments.iter().map(|attachment| &attachment.unknown);
        std::iter::once(&self.unknown).chain(nested).collect()
    }
}
