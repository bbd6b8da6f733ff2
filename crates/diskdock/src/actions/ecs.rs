//! The product ECS: disks, instances, and where they are.

use super::{
    disk, instance, key_pair, region, security_group, snapshot, snapshot_policy, tag, task,
};
use crate::catalog::errors::{ACTION_NOT_HERE, RAM_FORBIDDEN, UNKNOWN_ACTION};
use crate::catalog::{ErrorDialect, Product};

/// Elastic Compute Service.
pub(super) static ECS: Product = Product {
    code: "Ecs",
    version: "2014-05-26",
    ram_code: "ecs",
    host_prefix: "ecs",
    is_regional: true,
    groups: &[
        &disk::GROUP,
        &instance::GROUP,
        &region::GROUP,
        &snapshot::GROUP,
        &security_group::GROUP,
        &snapshot_policy::GROUP,
        &key_pair::GROUP,
        &tag::GROUP,
        &task::GROUP,
    ],
    // Public SDKs list the names.
    known_actions: include_str!("ecs_actions.txt"),
    errors: ErrorDialect {
        unknown_action: &UNKNOWN_ACTION,
        action_not_here: &ACTION_NOT_HERE,
        not_allowed: &RAM_FORBIDDEN,
    },
    go_sdk: "v7",
};
