//! One story file for each action.

mod attach_disk;
mod batch;
mod create_disk;
mod create_instance;
mod delete_disk;
mod delete_instances;
mod describe_disks;
mod describe_instance_attribute;
mod describe_instance_status;
mod describe_instances;
mod detach_disk;
mod get_instance_console_output;
mod instance_life;
mod modify_disk_attribute;
mod modify_disk_charge_type;
mod modify_disk_spec;
mod modify_instance_attribute;
mod place;
mod reboot_instances;
mod resize_disk;
mod run_instances;
mod start_instances;
mod stop_instances;
mod tasks;
