//! An instance as the store keeps it.

use super::Instance;
use crate::entity::{Entity, EntityId, EntityKind};
use crate::ids::{AccountId, InstanceId};
use crate::moment::Moment;
use crate::tag::Tag;
use crate::unknown::UnknownFields;

impl EntityId for InstanceId {
    type Entity = Instance;

    fn as_str(&self) -> &str {
        self.as_str()
    }
}

impl Entity for Instance {
    type Id = InstanceId;

    const KIND: EntityKind = EntityKind {
        name: "instance",
        plural: "instances",
        id_prefix: "i-",
        columns: &["zone", "status"],
    };

    fn id(&self) -> &InstanceId {
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
        vec![&self.zone, self.status.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        vec![("name", &self.name)]
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown, &self.network.unknown]
    }
}
