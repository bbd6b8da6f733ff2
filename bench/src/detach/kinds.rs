//! DetachDisk of disks to which something was done before, beside the bare commands.

use std::io;

use super::{Host, PLACE, Report, compared, import, text};
use crate::bench::Bench;

/// Rounds for each kind of disk.
const ROUNDS: usize = 30;

/// A kind of disk, and how one is made; the instance is Running.
struct Kind {
    name: &'static str,
    make: fn(&Host, &str) -> io::Result<String>,
}

const KINDS: [Kind; 4] = [
    Kind { name: "with a snapshot", make: with_snapshot },
    Kind { name: "set back to a snapshot", make: set_back },
    Kind { name: "made from a snapshot", make: made_from_snapshot },
    Kind { name: "encrypted", make: encrypted },
];

/// For a server that limits disks as ECS documents.
const THROTTLED: Kind =
    Kind { name: "with limits of its performance", make: |host, _| host.disk(&[]) };

/// From the call to Available, for each kind of disk.
pub(crate) fn detach_kinds(bench: &mut Bench) -> io::Result<()> {
    let data = bench.scratch.join("machines-kinds");
    import(&bench.server, &data)?;
    let host = Host::start(&bench.server, &data, &[])?;
    let instance = host.launch()?;
    let bare = host.disk(&[])?;
    for kind in &KINDS {
        measure(bench, &host, &instance, &bare, kind)?;
    }
    // The server ends, and its machines go on.
    drop(host);
    let host = Host::start(&bench.server, &data, &["--throttle-disks", "documented"])?;
    measure(bench, &host, &instance, &bare, &THROTTLED)?;
    host.release(&instance)
}

fn measure(
    bench: &mut Bench,
    host: &Host,
    instance: &str,
    bare: &str,
    kind: &Kind,
) -> io::Result<()> {
    let disk = (kind.make)(host, instance)?;
    let pairs = host.measure(instance, &disk, bare, Report::Device, ROUNDS)?;
    let what = format!("DetachDisk of a disk {}", kind.name);
    bench.rows.push(compared(&what, &pairs, |took| took.whole));
    Ok(())
}

/// A snapshot of a disk that the instance has.
fn snapshot(host: &Host, instance: &str, disk: &str) -> io::Result<String> {
    host.attach(instance, disk)?;
    let answer = host.call("CreateSnapshot", &[("DiskId", disk)])?;
    let id = text(&answer, "/SnapshotId")?;
    let ids = format!("[\"{id}\"]");
    let own = [("RegionId", PLACE[0].1), ("SnapshotIds", ids.as_str())];
    host.until("DescribeSnapshots", &own, "/Snapshots/Snapshot/0/Status", "accomplished")?;
    host.call("DetachDisk", &[("InstanceId", instance), ("DiskId", disk)])?;
    host.until_disk_is(disk, "Available")?;
    Ok(id)
}

fn with_snapshot(host: &Host, instance: &str) -> io::Result<String> {
    let disk = host.disk(&[])?;
    snapshot(host, instance, &disk)?;
    Ok(disk)
}

fn set_back(host: &Host, instance: &str) -> io::Result<String> {
    let disk = host.disk(&[])?;
    let snapshot = snapshot(host, instance, &disk)?;
    host.call("ResetDisk", &[("DiskId", &disk), ("SnapshotId", &snapshot)])?;
    host.until_disk_is(&disk, "Available")?;
    Ok(disk)
}

fn made_from_snapshot(host: &Host, instance: &str) -> io::Result<String> {
    let disk = host.disk(&[])?;
    let snapshot = snapshot(host, instance, &disk)?;
    host.disk(&[("SnapshotId", &snapshot)])
}

fn encrypted(host: &Host, _: &str) -> io::Result<String> {
    host.disk(&[("Encrypted", "true")])
}
