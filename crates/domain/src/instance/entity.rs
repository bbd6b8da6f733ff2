//! An instance as the store keeps it.

use super::Instance;
use crate::custom_image::CustomImage;
use crate::entity::{Entity, EntityId, EntityKind, common_fields};
use crate::ids::InstanceId;
use crate::unknown::UnknownFields;

impl EntityId for InstanceId {
    type Entity = Instance;
}

impl Entity for Instance {
    common_fields!(InstanceId);

    const KIND: EntityKind = EntityKind {
        name: "instance",
        plural: "instances",
        id_prefix: "i-",
        by_name: false,
        columns: &["zone", "status"],
    };

    fn columns(&self) -> Vec<&str> {
        vec![&self.zone, self.status.as_str()]
    }

    fn terms(&self) -> Vec<(&'static str, &str)> {
        let mut terms = vec![("name", self.name.as_str()), ("vswitch", &self.network.vswitch)];
        terms.extend(self.network.security_groups.iter().map(|id| ("security_group", id.as_str())));
        // Public images have ids of other forms, and nobody asks for the instances of one.
        if self.image.starts_with(CustomImage::KIND.id_prefix) {
            terms.push(("image", &self.image));
        }
        terms
    }

    fn unknown_fields(&self) -> Vec<&UnknownFields> {
        vec![&self.unknown, &self.network.unknown]
    }
}
