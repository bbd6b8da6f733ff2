//! Which fields of a form offer what really exists, and which of it fits.

use crate::catalog::{ParamSpec, Spec};

/// What a field offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Picker {
    /// `disk`, `instance`, `region`, `zone`, `type` or `image`: the script knows how to list it.
    pub kind: &'static str,
    /// The statuses that fit, separated by spaces; empty if all do.
    pub fits: &'static str,
}

/// Statuses that an action wants, by the start of its name.
const WANTED: &[(&str, &str, &str)] = &[
    ("AttachDisk", "disk", "Available"),
    ("AttachDisk", "instance", "Running Stopped"),
    ("DeleteDisk", "disk", "Available"),
    ("DetachDisk", "disk", "In_use"),
    ("DetachDisk", "instance", "Running Stopped"),
    ("DeleteInstance", "instance", "Stopped"),
    ("RebootInstance", "instance", "Running"),
    ("ResizeDisk", "disk", "Available In_use"),
    ("StartInstance", "instance", "Stopped"),
    ("StopInstance", "instance", "Running"),
];

/// What the field of this parameter offers, if anything.
pub fn picker(action: &Spec, parameter: &ParamSpec) -> Option<Picker> {
    let kind = match parameter.name {
        "DiskId" | "DiskIds" => "disk",
        "InstanceId" | "InstanceIds" => "instance",
        "RegionId" => "region",
        "ZoneId" => "zone",
        "InstanceType" | "InstanceTypes" => "type",
        "ImageId" => "image",
        _ => return None,
    };
    let wanted = WANTED.iter().find(|(start, of, _)| action.name.starts_with(start) && *of == kind);
    Some(Picker { kind, fits: wanted.map_or("", |(_, _, fits)| fits) })
}
