//! Instances: run, create, start, stop, reboot, delete, describe.

mod batch;
mod build;
pub mod create_instance;
pub mod delete_instance;
pub mod delete_instances;
pub mod describe_instance_status;
pub mod describe_instances;
mod empty_instance;
pub mod get_instance_console_output;
mod item;
mod item_parts;
mod launch;
mod machine_spec;
mod power;
pub mod reboot_instance;
pub mod reboot_instances;
pub mod resource;
pub mod run_instances;
pub mod start_instance;
pub mod start_instances;
pub mod stop_instance;
pub mod stop_instances;
mod view;

#[cfg(test)]
mod tests;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub static GROUP: ActionGroup =
    ActionGroup { title: "Instances", resources: &[&resource::INSTANCE], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Mutation(&run_instances::RunInstances),
    Entry::Mutation(&create_instance::CreateInstance),
    Entry::Mutation(&start_instance::StartInstance),
    Entry::Mutation(&start_instances::StartInstances),
    Entry::Mutation(&stop_instance::StopInstance),
    Entry::Mutation(&stop_instances::StopInstances),
    Entry::Mutation(&reboot_instance::RebootInstance),
    Entry::Mutation(&reboot_instances::RebootInstances),
    Entry::Mutation(&delete_instance::DeleteInstance),
    Entry::Mutation(&delete_instances::DeleteInstances),
    Entry::Reading(&describe_instances::DescribeInstances),
    Entry::Reading(&describe_instance_status::DescribeInstanceStatus),
    Entry::Reading(&get_instance_console_output::GetInstanceConsoleOutput),
];
