//! Changes of disks and instances by themselves between two looks.

use super::model::{Disk, Doing, Instance};

/// The surroundings of an object.
#[derive(Clone, Copy, Debug)]
pub(super) struct Around {
    /// A driver may have refused or hung, so that an operation may have been compensated.
    pub drivers_fail: bool,
    /// The machine of a disk's instance is paused, and a detach that waits for it has an end.
    pub host_is_paused: bool,
    /// The activity of a disk's instance; `None` if it is gone.
    pub host: Option<Doing>,
}

/// Whether a disk may have become this one; `None` is a disk that is gone.
pub(super) fn disk_may_become(before: &Disk, after: Option<&Disk>, around: Around) -> bool {
    let host_goes = matches!(around.host, None | Some(Doing::Deleting));
    let host_is_made = matches!(around.host, None | Some(Doing::Creating));
    let Some(after) = after else {
        let goes_along = !before.on.is_empty() && before.delete_with_instance && host_goes;
        let is_replaced = before.is_system && before.status == "Detaching";
        return goes_along || is_replaced || (before.status == "Creating" && around.drivers_fail);
    };
    keeps_unchanged_fields(before, after)
        && (after.spec == before.spec || after.spec == before.spec_wanted)
        && (after.size == before.size || (around.drivers_fail && after.size == before.size_before))
        && match (before.status.as_str(), after.status.as_str()) {
            ("ReIniting", "ReIniting") => before.on == after.on || host_goes,
            (same, now) if same == now => before.on == after.on,
            ("ReIniting", "In_use") => before.on == after.on,
            ("ReIniting", "Available") => before.on.is_empty() || host_goes,
            ("Creating", "Available") => before.on.is_empty() || around.drivers_fail,
            ("Creating" | "Attaching", "In_use") => before.on == after.on,
            ("Detaching", "Available") => true,
            ("Detaching", "In_use") => {
                (around.drivers_fail || around.host_is_paused) && before.on == after.on
            }
            ("Attaching", "Available") => around.drivers_fail || host_goes,
            ("In_use", "Available") => host_goes && !before.delete_with_instance,
            ("Creating", "Attaching") => host_is_made,
            _ => false,
        }
}

fn keeps_unchanged_fields(before: &Disk, after: &Disk) -> bool {
    let there = after.on == before.on && after.status != "Available";
    let is_free = after.on.is_empty() && after.device.is_empty() && after.status != "In_use";
    (there && after.device == before.device || is_free)
        && after.owner == before.owner
        && after.source == before.source
        && after.name == before.name
        && after.tag == before.tag
        && after.group == before.group
        && after.is_system == before.is_system
        && (is_free || after.delete_with_instance == before.delete_with_instance)
}

/// The activity of an instance that is in this status now; `None` if it must not be.
pub(super) fn instance_becomes(
    before: &Instance,
    after: Option<&str>,
    drivers_fail: bool,
) -> Option<Doing> {
    use Doing::{Creating, Deleting, Rebooting, Rest, Starting, Stopping};
    let now = after.unwrap_or("gone");
    match (before.doing, now) {
        (Rest, now) if now == before.status => Some(Rest),
        (Creating, "Pending" | "Starting") => Some(Creating),
        (Creating, "Running" | "Stopped") => Some(Rest),
        (Starting, "Starting") => Some(Starting),
        (Starting | Rebooting, "Running") => Some(Rest),
        (Stopping, "Stopping") => Some(Stopping),
        (Stopping, "Stopped") => Some(Rest),
        (Rebooting, "Starting" | "Stopping") => Some(Rebooting),
        (Deleting, "gone" | "Stopping") => Some(Deleting),
        (Deleting, "Running" | "Stopped") if drivers_fail => Some(Rest),
        (Creating, "gone") | (Starting | Rebooting, "Stopped") | (Stopping, "Running")
            if drivers_fail =>
        {
            Some(Rest)
        }
        _ => None,
    }
}
