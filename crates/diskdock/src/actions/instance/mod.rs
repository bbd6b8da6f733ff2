//! Instances: run, create, start, stop, reboot, delete, describe.

pub(crate) mod arriving;
mod batch;
mod build;
pub(crate) mod create_instance;
pub(crate) mod delete_instance;
pub(crate) mod delete_instances;
pub(crate) mod describe_instance_attachment_attributes;
pub(crate) mod describe_instance_attribute;
pub(crate) mod describe_instance_auto_renew_attribute;
pub(crate) mod describe_instance_history_events;
pub(crate) mod describe_instance_maintenance_attributes;
pub(crate) mod describe_instance_ram_role;
pub(crate) mod describe_instance_status;
pub(crate) mod describe_instances;
pub(crate) mod describe_network_interfaces;
pub(crate) mod describe_user_data;
mod empty_instance;
pub(crate) mod get_instance_console_output;
mod interface_item;
mod item;
mod item_parts;
mod launch;
mod lookup;
pub(crate) mod machine_spec;
pub(crate) mod modify_instance_attribute;
pub(crate) mod modify_instance_charge_type;
pub(crate) mod modify_instance_spec;
pub(crate) mod power_facts;
pub(crate) mod reboot_instance;
pub(crate) mod reboot_instances;
pub(crate) mod resource;
pub(crate) mod run_instances;
pub(crate) mod start_instance;
pub(crate) mod start_instances;
pub(crate) mod stop_instance;
pub(crate) mod stop_instances;
mod view;

#[cfg(test)]
mod tests;

use describe_instance_attachment_attributes as attachment;
use describe_instance_auto_renew_attribute as auto_renew;
use describe_instance_history_events as history_events;
use describe_instance_maintenance_attributes as maintenance;

use crate::catalog::{ActionGroup, Entry};

/// The group.
pub(crate) static GROUP: ActionGroup =
    ActionGroup { title: "Instances", resources: &[&resource::INSTANCE], actions: ACTIONS };

/// Its actions, in order.
static ACTIONS: &[Entry] = &[
    Entry::Action(&run_instances::RunInstances),
    Entry::Action(&create_instance::CreateInstance),
    Entry::Action(&start_instance::StartInstance),
    Entry::Action(&start_instances::StartInstances),
    Entry::Action(&stop_instance::StopInstance),
    Entry::Action(&stop_instances::StopInstances),
    Entry::Action(&reboot_instance::RebootInstance),
    Entry::Action(&reboot_instances::RebootInstances),
    Entry::Action(&delete_instance::DeleteInstance),
    Entry::Action(&delete_instances::DeleteInstances),
    Entry::Query(&describe_instances::DescribeInstances),
    Entry::Query(&describe_instance_status::DescribeInstanceStatus),
    Entry::Query(&describe_instance_attribute::DescribeInstanceAttribute),
    Entry::Query(&describe_user_data::DescribeUserData),
    Entry::Query(&describe_instance_ram_role::DescribeInstanceRamRole),
    Entry::Query(&describe_network_interfaces::DescribeNetworkInterfaces),
    Entry::Query(&maintenance::DescribeInstanceMaintenanceAttributes),
    Entry::Query(&attachment::DescribeInstanceAttachmentAttributes),
    Entry::Query(&auto_renew::DescribeInstanceAutoRenewAttribute),
    Entry::Query(&history_events::DescribeInstanceHistoryEvents),
    Entry::Action(&modify_instance_attribute::ModifyInstanceAttribute),
    Entry::Action(&modify_instance_spec::ModifyInstanceSpec),
    Entry::Action(&modify_instance_charge_type::ModifyInstanceChargeType),
    Entry::Query(&get_instance_console_output::GetInstanceConsoleOutput),
];
