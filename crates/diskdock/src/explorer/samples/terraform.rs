//! Terraform, where the provider `aliyun/alicloud` has a resource that makes the call.

use super::plan::Plan;
use super::quote::hcl as quote;
use super::template::{comments, fill};
use super::{NoSample, Target};
use crate::catalog::Spec;
use crate::gateway::decode::Pair;

const TEMPLATE: &str = include_str!("templates/terraform.txt");

/// How an argument is written.
#[derive(Clone, Copy, PartialEq)]
enum LiteralForm {
    /// A text.
    Text,
    /// A number, `true` or `false`.
    Bare,
    /// The only one of a list of texts.
    Element,
}

use LiteralForm::{Bare, Element, Text};

/// A parameter, the argument that carries it, and how.
type Argument = (&'static str, &'static str, LiteralForm);

/// A resource of the provider.
struct TerraformResource {
    kind: &'static str,
    /// Parameters and the arguments that carry them.
    arguments: &'static [Argument],
    /// Arguments that the resource does not do without, with the parameter that gives them.
    required: &'static [(&'static str, &'static str)],
}

#[rustfmt::skip]
static DISK: TerraformResource = TerraformResource {
    kind: "alicloud_ecs_disk",
    required: &[],
    arguments: &[
        ("ZoneId", "zone_id", Text), ("InstanceId", "instance_id", Text), ("Size", "size", Bare),
        ("DiskCategory", "category", Text), ("PerformanceLevel", "performance_level", Text),
        ("DiskName", "disk_name", Text), ("Description", "description", Text),
        ("MultiAttach", "multi_attach", Text), ("Encrypted", "encrypted", Bare),
        ("KMSKeyId", "kms_key_id", Text), ("BurstingEnabled", "bursting_enabled", Bare),
        ("ProvisionedIops", "provisioned_iops", Bare), ("SnapshotId", "snapshot_id", Text),
        ("ResourceGroupId", "resource_group_id", Text), ("StorageSetId", "storage_set_id", Text),
        ("StorageSetPartitionNumber", "storage_set_partition_number", Bare),
        ("DryRun", "dry_run", Bare),
    ],
};

#[rustfmt::skip]
static ATTACHMENT: TerraformResource = TerraformResource {
    kind: "alicloud_ecs_disk_attachment",
    required: &[],
    arguments: &[
        ("InstanceId", "instance_id", Text), ("DiskId", "disk_id", Text),
        ("DeleteWithInstance", "delete_with_instance", Bare), ("Bootable", "bootable", Bare),
        ("KeyPairName", "key_pair_name", Text), ("Password", "password", Text),
    ],
};

#[rustfmt::skip]
static INSTANCE: TerraformResource = TerraformResource {
    kind: "alicloud_instance",
    required: &[
        ("image_id", "ImageId"), ("instance_type", "InstanceType"),
        ("security_groups", "SecurityGroupId"), ("vswitch_id", "VSwitchId"),
    ],
    arguments: &[
        ("ZoneId", "availability_zone", Text), ("InstanceType", "instance_type", Text),
        ("ImageId", "image_id", Text), ("InstanceName", "instance_name", Text),
        ("Description", "description", Text), ("HostName", "host_name", Text),
        ("Password", "password", Text), ("KeyPairName", "key_name", Text),
        ("SecurityGroupId", "security_groups", Element), ("VSwitchId", "vswitch_id", Text),
        ("PrivateIpAddress", "private_ip", Text), ("UserData", "user_data", Text),
        ("InternetChargeType", "internet_charge_type", Text),
        ("InternetMaxBandwidthOut", "internet_max_bandwidth_out", Bare),
        ("InstanceChargeType", "instance_charge_type", Text), ("Period", "period", Bare),
        ("PeriodUnit", "period_unit", Text), ("SpotStrategy", "spot_strategy", Text),
        ("SpotPriceLimit", "spot_price_limit", Bare),
        ("DeletionProtection", "deletion_protection", Bare),
        ("CreditSpecification", "credit_specification", Text),
        ("ResourceGroupId", "resource_group_id", Text), ("RamRoleName", "role_name", Text),
        ("AutoReleaseTime", "auto_release_time", Text), ("DryRun", "dry_run", Bare),
        ("SystemDisk.Category", "system_disk_category", Text),
        ("SystemDisk.Size", "system_disk_size", Bare),
        ("SystemDisk.PerformanceLevel", "system_disk_performance_level", Text),
        ("SystemDisk.DiskName", "system_disk_name", Text),
        ("SystemDisk.Description", "system_disk_description", Text),
        ("SystemDisk.Encrypted", "system_disk_encrypted", Bare),
        ("SystemDisk.KMSKeyId", "system_disk_kms_key_id", Text),
    ],
};

/// Arguments of a `data_disks` block.
#[rustfmt::skip]
const DATA_DISK: &[Argument] = &[
    ("Size", "size", Bare), ("Category", "category", Text), ("DiskName", "name", Text),
    ("Description", "description", Text), ("Encrypted", "encrypted", Bare),
    ("KMSKeyId", "kms_key_id", Text), ("PerformanceLevel", "performance_level", Text),
    ("SnapshotId", "snapshot_id", Text), ("Device", "device", Text),
    ("DeleteWithInstance", "delete_with_instance", Bare),
    ("AutoSnapshotPolicyId", "auto_snapshot_policy_id", Text),
];

/// The configuration, and how to apply it.
pub(crate) fn write(plan: &Plan<'_>) -> Result<(String, String), NoSample> {
    let resource = resource(plan.spec)?;
    if let Some((name, _)) = plan.pairs.iter().find(|(_, value)| value.contains('\0')) {
        let why = format!("{name} has a character with the number 0, which Terraform cannot hold.");
        return Err(NoSample::because(why));
    }
    let mut body = Body { pairs: &plan.pairs, sent: vec!["RegionId".to_owned()] };
    let mut lines = body.arguments("", resource.arguments);
    refuse_incomplete(resource, &lines)?;
    lines.extend(body.data_disks());
    lines.extend(body.tags());
    let left: Vec<&str> = plan
        .pairs
        .iter()
        .map(|(name, _)| name.as_str())
        .filter(|name| !body.has_sent(name))
        .collect();
    let mut notes = plan.notes();
    if !left.is_empty() {
        let left = left.join(", ");
        notes.push(format!("{} has no argument for {left}: left out.", resource.kind));
    }
    let changed = |(_, value): &Pair| value.chars().any(is_combining);
    if plan.pairs.iter().any(changed) {
        notes.push("Terraform joins a letter and a mark on it into one character.".to_owned());
    }
    let slots = [
        ("region", quote(&plan.region)),
        ("server", server(plan.target)),
        ("summary", plan.spec.summary.to_owned()),
        ("notes", comments("# ", &notes)),
        ("kind", resource.kind.to_owned()),
        ("arguments", lines.join("\n")),
    ];
    Ok((fill(TEMPLATE, "configuration", &slots), fill(TEMPLATE, "how to run", &[])))
}

/// A mark that stands on the letter before it.
fn is_combining(letter: char) -> bool {
    matches!(letter, '\u{300}'..='\u{36f}')
}

/// The server's address, if it is not the cloud.
fn server(target: &Target) -> String {
    match target {
        Target::Cloud { .. } => String::new(),
        Target::ThisServer { endpoint, https, .. } => {
            let protocol = if *https { "HTTPS" } else { "HTTP" }.to_owned();
            let slots = [("endpoint", quote(endpoint)), ("protocol", protocol)];
            fill(TEMPLATE, "this server", &slots)
        }
    }
}

/// Terraform would refuse the configuration.
fn refuse_incomplete(resource: &TerraformResource, lines: &[String]) -> Result<(), NoSample> {
    let is_there = |argument: &str| lines.iter().any(|line| line.starts_with(argument));
    let missing = resource.required.iter().filter(|(argument, _)| !is_there(argument));
    let missing: Vec<&str> = missing.map(|(_, parameter)| *parameter).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(", ");
    Err(NoSample::because(format!("{} does not do without {names}. Fill it in.", resource.kind)))
}

/// The resource's arguments, and which parameters they come from.
struct Body<'a> {
    pairs: &'a [Pair],
    sent: Vec<String>,
}

impl Body<'_> {
    fn take(&mut self, name: &str) -> Option<String> {
        let (_, value) = self.pairs.iter().find(|(known, _)| known == name)?;
        self.sent.push(name.to_owned());
        Some(value.clone())
    }

    fn has_sent(&self, name: &str) -> bool {
        self.sent.iter().any(|sent| sent == name)
    }

    /// `argument = value` lines, with the signs below each other as `terraform fmt` wants them.
    fn arguments(&mut self, prefix: &str, arguments: &[Argument]) -> Vec<String> {
        let mut found = Vec::new();
        for (parameter, argument, form) in arguments {
            if let Some(value) = self.take(&format!("{prefix}{parameter}")) {
                found.push(((*argument).to_owned(), written(*form, &value)));
            }
        }
        aligned(&found)
    }

    fn data_disks(&mut self) -> Vec<String> {
        let mut lines = Vec::new();
        for number in 1.. {
            let prefix = format!("DataDisk.{number}.");
            if !self.pairs.iter().any(|(name, _)| name.starts_with(&prefix)) {
                break;
            }
            let arguments = self.arguments(&prefix, DATA_DISK);
            lines.push("data_disks {".to_owned());
            lines.extend(arguments.iter().map(|line| format!("  {line}")));
            lines.push("}".to_owned());
        }
        lines
    }

    fn tags(&mut self) -> Vec<String> {
        let mut tags = Vec::new();
        for number in 1.. {
            let Some(key) = self.take(&format!("Tag.{number}.Key")) else { break };
            let value = self.take(&format!("Tag.{number}.Value")).unwrap_or_default();
            tags.push((quote(&key), quote(&value)));
        }
        if tags.is_empty() {
            return Vec::new();
        }
        let mut lines = vec!["tags = {".to_owned()];
        lines.extend(aligned(&tags).iter().map(|line| format!("  {line}")));
        lines.push("}".to_owned());
        lines
    }
}

fn aligned(pairs: &[(String, String)]) -> Vec<String> {
    let width = pairs.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    let line = |(name, value): &(String, String)| {
        format!("{name}{} = {value}", " ".repeat(width - name.chars().count()))
    };
    pairs.iter().map(line).collect()
}

fn written(form: LiteralForm, value: &str) -> String {
    let is_bare = matches!(value, "true" | "false")
        || value.parse::<f64>().is_ok_and(|number| number.to_string() == value);
    match form {
        LiteralForm::Bare if is_bare => value.to_owned(),
        LiteralForm::Bare | LiteralForm::Text => quote(value),
        LiteralForm::Element => format!("[{}]", quote(value)),
    }
}

fn resource(spec: &Spec) -> Result<&'static TerraformResource, NoSample> {
    let why = match spec.name {
        "CreateDisk" => return Ok(&DISK),
        "AttachDisk" => return Ok(&ATTACHMENT),
        "RunInstances" | "CreateInstance" => return Ok(&INSTANCE),
        "DetachDisk" => {
            "Terraform detaches a disk when its alicloud_ecs_disk_attachment is taken out of the \
             configuration. See the sample of AttachDisk."
        }
        "DeleteDisk" => {
            "Terraform deletes a disk when its alicloud_ecs_disk is taken out of the \
             configuration. See the sample of CreateDisk."
        }
        "DeleteInstance" | "DeleteInstances" => {
            "Terraform deletes an instance when its alicloud_instance is taken out of the \
             configuration. See the sample of RunInstances."
        }
        "ModifyDiskAttribute" | "ModifyDiskChargeType" => {
            "Terraform changes a disk when the arguments of its alicloud_ecs_disk change. See the \
             sample of CreateDisk."
        }
        "StartInstance" | "StartInstances" | "StopInstance" | "StopInstances" => {
            "Terraform starts and stops an instance by the argument status of its \
             alicloud_instance. See the sample of RunInstances."
        }
        _ if !spec.mutates => "Terraform looks things up with data sources, not with resources.",
        _ => "Terraform has no resource for this action.",
    };
    Err(NoSample::because(why))
}
