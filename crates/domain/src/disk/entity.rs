//! A disk as the store keeps it.

use super::Disk;
use crate::entity::{Entity, EntityId, EntityKind};
use crate::ids::{AccountId, DiskId};
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

impl EntityId for DiskId {
    type Entity = Disk;

    fn as_str(&self) -> &str {
        self.as_str()
    }
}

impl Entity for Disk {
    type Id = DiskId;

    const KIND: EntityKind = EntityKind {
        name: "disk",
        plural: "disks",
        id_prefix: "d-",
        columns: &["zone", "status", "kind", "category", "charge_type", "name"],
    };

    fn id(&self) -> &DiskId {
        &self.id
    }

    fn account(&self) -> &AccountId {
        &self.account
    }

    fn region(&self) -> &str {
        &self.region
    }

    fn created_at(&self) -> Moment {
        self.created_at
    }

    fn tags(&self) -> &[Tag] {
        &self.tags
    }

    fn resource_group(&self) -> &str {
        &self.resource_group
    }

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
        vec![("name", &self.name)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        let nested = self.attachments.iter().map(|attachment| &attachment.unknown);
        std::iter::once(&self.unknown).chain(nested).collect()
    }
}
