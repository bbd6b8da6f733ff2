"""Snapshots of several disks of a running machine: all of the same moment, or none of them."""


import hashlib

import pytest
from guest import path_of
from host import REGION, SOON_S, until
from snapshots import Snapshot, expect_no_orphans, fill
from test_kills import restarted_at

STEPS = ["snapshots.recorded", "snapshots.opened", "snapshots.begun", "snapshot.whole", "snapshot.off_record",
         "operation.ending", "operation.ended"]


@pytest.fixture
def disks(shared):
    """Two disks on the guest of this file, into which it writes the same number, first into the first one."""
    machine, made = shared.machine, [shared.disk(), shared.disk()]
    for disk in made:
        fill(disk, 32)
        disk.attach(machine)
        machine.guest.wait_disk(disk.serial)
    writes = " && ".join(f"printf '%-511d\\n' $n | dd of={path_of(disk.serial)} bs=512 conv=notrunc,fsync 2>/dev/null"
                         for disk in made)
    # Each has a number before the first snapshot, however slow the guest is.
    machine.guest.check(f"n=1; {writes}")
    machine.guest.check(f"(n=2; while {writes}; do n=$((n+1)); done) >/dev/null 2>&1 & echo $! >/run/counts")
    yield made
    machine.guest.check("kill $(cat /run/counts)")
    for disk in made:
        disk.detach(machine)
        shared.call("delete_disk", disk_id=disk.id)
        disk.wait("gone")


def group_of(host, disks):
    return host.call("create_snapshot_group", region_id=REGION, instance_id=host.machine.id,
                     disk_id=[disk.id for disk in disks]).snapshot_group_id


def described(host, group):
    found = host.call("describe_snapshot_groups", region_id=REGION, snapshot_group_id=[group])
    return found.snapshot_groups.snapshot_group[0]


def ends(host, group):
    def ended():
        status = described(host, group).status
        return status if status != "progressing" else None

    return until(ended, f"the end of {group}", SOON_S)


def expect_one_moment(host, group, disks):
    """The second disk has the number of the first one, or the one before."""
    members = described(host, group).snapshots.snapshot
    by_disk = {one.source_disk_id: Snapshot(host, one.snapshot_id) for one in members}
    numbers = []
    for disk in disks:
        made = by_disk[disk.id].disk()
        with made.file.open("rb") as opened:
            numbers.append(int(opened.read(512)))
        host.call("delete_disk", disk_id=made.id)
    first, second = numbers
    assert second <= first <= second + 1, numbers
    host.call("delete_snapshot_group", region_id=REGION, snapshot_group_id=group)
    for snapshot in by_disk.values():
        snapshot.wait("gone")


def test_group_of_two_disks_is_of_one_moment(shared, disks):
    for _ in range(5):
        group = group_of(shared, disks)
        assert ends(shared, group) == "accomplished"
        expect_one_moment(shared, group, disks)
    expect_no_orphans(shared, shared.machine)


@pytest.mark.parametrize("failpoint", STEPS)
def test_group_completes_after_a_server_kill_at(shared, disks, failpoint):
    restarted_at(shared, failpoint, lambda: group_of(shared, disks))
    found = shared.call("describe_snapshot_groups", region_id=REGION).snapshot_groups.snapshot_group
    group, = [one.snapshot_group_id for one in found]
    assert ends(shared, group) == "accomplished"
    expect_one_moment(shared, group, disks)
    expect_no_orphans(shared, shared.machine)


def test_copy_of_a_snapshot_outlives_it(host):
    disk, machine = host.disk(), host.ready()
    disk.attach(machine)
    machine.guest.wait_disk(disk.serial)
    pattern = machine.guest.write_pattern(disk.serial, seed=4)
    first = Snapshot(host, host.call("create_snapshot", disk_id=disk.id).snapshot_id).wait("accomplished")

    def copy():
        return host.call("copy_snapshot", region_id=REGION, snapshot_id=first.id, destination_region_id="cn-shanghai",
                         destination_snapshot_name="copy", destination_snapshot_description="copy").snapshot_id

    restarted_at(host, "snapshot.copied", copy)
    copies = lambda: host.call("describe_snapshots", region_id="cn-shanghai").snapshots.snapshot  # noqa: E731
    until(lambda: [one.status for one in copies()] == ["accomplished"], "the copy")
    found = copies()
    first.delete()
    body = host.call("create_disk", region_id="cn-shanghai", zone_id="cn-shanghai-b", size=20,
                     disk_category="cloud_essd", snapshot_id=found[0].snapshot_id)
    made = host.data / "disks" / f"{body.disk_id}.raw"
    until(made.exists, "the disk")
    with made.open("rb") as opened:
        assert hashlib.sha256(opened.read(1 << 20)).hexdigest() == pattern
