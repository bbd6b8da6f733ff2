"""Snapshots in tests of real machines: taken, described, made into disks, and searched for what should not be there."""

import concurrent.futures
import json
import os
import time

from guest import path_of
from host import REGION, SOON_S, ZONE, Disk, newest_record, until

MIB = 1 << 20


class Snapshot:
    def __init__(self, host, snapshot_id):
        self.host, self.id = host, snapshot_id

    def described(self):
        body = self.host.call("describe_snapshots", region_id=REGION, snapshot_ids=json.dumps([self.id]))
        return body.snapshots.snapshot[0] if body.snapshots.snapshot else None

    def status(self):
        found = self.described()
        return found.status if found else "gone"

    def wait(self, status, within_s=SOON_S):
        until(lambda: self.status() == status, f"{self.id} being {status}", within_s)
        return self

    def ends(self, within_s=SOON_S):
        """How it ended."""
        return until(lambda: self.status() not in ("progressing",) and self.status(), f"the end of {self.id}", within_s)

    def delete(self, force=True):
        self.host.call("delete_snapshot", snapshot_id=self.id, force=force)
        return self.wait("gone")

    def disk(self, size=20):
        """A new Available disk with its content."""
        body = self.host.call("create_disk", region_id=REGION, zone_id=ZONE, size=size, disk_category="cloud_essd",
                              snapshot_id=self.id)
        return Disk(self.host, body.disk_id).wait("Available")


def begin(host, disk):
    """A snapshot of a disk, which has been asked for."""
    return Snapshot(host, host.call("create_snapshot", disk_id=disk.id).snapshot_id)


def only(host, disk):
    """The one snapshot of a disk; None if there is none."""
    found = host.call("describe_snapshots", region_id=REGION, disk_id=disk.id).snapshots.snapshot
    assert len(found) <= 1, found
    return Snapshot(host, found[0].snapshot_id) if found else None


def fill(disk, mib, at_mib=8192):
    """Random bytes in an Available disk, so that a copy of it has something to do."""
    with disk.file.open("r+b") as opened:
        opened.seek(at_mib * MIB)
        for _ in range(mib):
            opened.write(os.urandom(MIB))


def jobs(machine):
    """The jobs of a machine."""
    with machine.qmp() as qmp:
        return qmp("query-jobs")


def pause(host, disk):
    """A snapshot that QEMU has begun to copy, and does not go on with."""
    snapshot = begin(host, disk)
    until(lambda: [job for job in jobs(host.machine) if job["id"] == snapshot.id], "a job", pause_s=0.001)
    with host.machine.qmp() as qmp:
        qmp("job-pause", id=snapshot.id)
    assert snapshot.status() == "progressing"
    return snapshot


def longest_write(guest, disk, seconds, span_mib):
    """The longest time that one 4 KiB write with its sync takes in a guest, in milliseconds."""
    return float(guest.check(f"disk-bench {path_of(disk.serial)} stall {seconds} {span_mib}", timeout=4 * seconds))


def longest_write_of_snapshot(host, disk, seconds, span_mib):
    """The same with a snapshot that begins after a second; and the seconds that the snapshot took."""
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        writer = pool.submit(longest_write, host.machine.guest, disk, seconds, span_mib)
        time.sleep(1)
        begun = time.monotonic()
        snapshot = begin(host, disk).wait("accomplished")
        took = time.monotonic() - begun
        found = writer.result()
    snapshot.delete()
    return found, took


def give_blocks(guest, disk, mib):
    """The first MiB of a disk get blocks of their own, so that writes to them need no new ones."""
    guest.check(f"dd if=/dev/zero of={path_of(disk.serial)} bs=1M count={mib} conv=fsync 2>/dev/null", timeout=300)


def expect_no_orphans(host, *machines):
    """Every file belongs to something that the store knows and that is whole, and no machine holds on to a snapshot."""

    def orphans():
        described = host.call("describe_snapshots", region_id=REGION, page_size=100).snapshots.snapshot
        whole = {one.snapshot_id for one in described if one.status == "accomplished"}
        files = [path.name for path in (host.data / "snapshots").iterdir()]
        found = [name for name in files if name.rsplit(".", 1)[0] not in whole or name.endswith(".part")]
        found += [f"{name} has no file" for name in whole - {name.rsplit(".", 1)[0] for name in files}]
        disks = {one.disk_id for one in host.call("describe_disks", region_id=REGION, page_size=100).disks.disk}
        found += [path.name for path in (host.data / "disks").iterdir() if path.name.split(".")[0] not in disks]
        for record in host.data.glob("machines/*/machine.json"):
            found += [one["snapshot"] for one in newest_record(record).get("snapshots", [])]
        for machine in machines:
            found += [job["id"] for job in jobs(machine)]
            found += [node for node in machine.nodes() if node.startswith("s-")]
        return found

    until(lambda: orphans() == [], "a directory without orphans", 2 * SOON_S, pause_s=0.5)
    host.agrees()
